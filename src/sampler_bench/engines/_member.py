"""One server of a pool: how many texts it is given at once, and when it is left alone.

Where a server tells its slots, that many texts run there at once, and one more may wait at its door
where the engine says so (`RemoteEngine.ahead`). Where it does not, the number
grows by one after each round of successes and halves when the server complains (additive increase,
multiplicative decrease; Chiu and Jain 1989). Slots that share one context (llama.cpp's default, in
2026) may not hold as many long texts: where they have filled it together, half as many follow. A
server that lets texts wait in line for too long, while it writes others, is well: it gets half as
many from then on, and more only slowly. One text alone may have been lost there, and says nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from . import ServerInfo
from ._remote import RemoteEngine
from ._retry import Fault

FIRST_LIMIT = 2
LARGEST_LIMIT = 64
LONGEST_REST_SECONDS = 60.0
SLOWLY = 4  # rounds of successes for one more, where texts waited for too long


@dataclass(slots=True)
class Member:
    """One server of a pool, and how it fares.

    Attributes:
        limit: texts at once; grows and shrinks where `fixed` is False.
        ceiling: above it `limit` grows slowly, as texts waited for too long, and none waits at the
            door; None: none did.
        crowded_at: when it was last seen to let texts wait for too long, be it at its door.
        waited_at: when one text last waited for too long since; None: none did.
        running: texts in flight.
        most: texts that were in flight at once since `crowded_at`.
        streak: successes since the limit last changed.
        failures: faults in a row, the same trouble counted once.
        doubted: whether it must be asked who it is before it is given a text.
        rests_until: moment before which it is left alone.
        info: what it said when it was checked; None while it has not answered.
        refused: why it is not used any more; empty while it is.
    """

    engine: RemoteEngine
    limit: float = FIRST_LIMIT
    ceiling: float | None = None
    crowded_at: float = 0.0
    waited_at: float | None = None
    fixed: bool = False
    running: int = 0
    most: int = 0
    streak: int = 0
    failures: int = 0
    doubted: bool = True
    rests_until: float = 0.0
    info: ServerInfo | None = None
    refused: str = ""
    checking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def accept(self, info: ServerInfo) -> None:
        """Note who it is. What was learnt before stands: that fewer fit, or are in time."""
        self.info, self.doubted = info, False
        if info.slots:
            known = self.limit if self.fixed else info.slots
            ceiling = info.slots if self.ceiling is None else self.ceiling
            self.limit = min(float(info.slots), known, ceiling)
            self.fixed = True

    def begin(self) -> None:
        """Note a text that is given to it."""
        self.running += 1
        self.most = max(self.most, self.running)

    def succeeded(self) -> None:
        """Note a text: after a full round of them, allow one more at once."""
        self.failures = 0
        self.streak += 1
        slowly = self.ceiling is not None and self.limit >= self.ceiling
        if self.streak < self.limit * (SLOWLY if slowly else 1) or (self.fixed and not slowly):
            return
        slots = self.info.slots if self.info is not None else 0
        self.limit, self.streak = min(self.limit + 1, float(slots or LARGEST_LIMIT)), 0
        self.ceiling = self.limit if slowly else self.ceiling

    def failed(self, fault: Fault, now: float, rest_seconds: float) -> None:
        """Note a fault: allow half as many at once, and rest, longer each time."""
        self.streak = 0
        if self.rests_until > now:
            return  # one of many texts that the same trouble cost
        if not self.fixed or fault.reason == "context":
            self.limit = max(1.0, self.limit // 2)
        if fault.reason == "context":
            self.rests_until = now + rest_seconds  # until what it lost has come back
            return
        writes = self.running > 1 and not self.doubted
        if fault.reason == "overload" and fault.wait is None and writes:
            return  # it works, only not for so many
        self.failures += 1
        self.doubted = True
        rest = min(rest_seconds * 2.0 ** (self.failures - 1), LONGEST_REST_SECONDS)
        self.rests_until = now + max(rest, fault.wait or 0.0)

    def crowd(self, began: float, now: float) -> bool:
        """Note a text that waited in line for too long; at the second, allow half as many at once.

        Args:
            began: when it was asked for. One asked for before the last such note says nothing new.
            now: on the same clock. Two texts count together where the first ended its waiting not
                longer before the second began than that has waited itself.

        Returns:
            Whether half as many are allowed from now on.
        """
        if began < self.crowded_at:
            return False
        if self.info is not None and self.info.slots and self.most > self.info.slots:
            self.ceiling = self.limit  # the one at the door waited: nobody stands there any more
            self.crowded_at, self.most = now, self.info.slots
            return False
        alone = self.waited_at is None or self.waited_at < 2 * began - now
        if alone:
            self.waited_at = now
            return False
        self.limit = self.ceiling = max(1.0, min(self.limit, max(self.most, self.running)) // 2)
        self.streak, self.crowded_at = 0, now
        self.waited_at, self.most = None, self.running
        return True

    def has_room(self, now: float) -> bool:
        """Say whether it may be given a text; only one at a time until the first succeeds."""
        if self.refused or self.rests_until > now:
            return False
        return self.running < (1 if self.failures else int(self.limit) + self._ahead)

    @property
    def _ahead(self) -> int:
        """How many may wait at its door: none where it was seen to hold fewer than its slots."""
        whole = self.info is not None and self.limit == self.info.slots and self.ceiling is None
        return self.engine.ahead if whole else 0
