"""One server of a pool: how many texts it is given at once, and when it is left alone.

Where a server tells its slots, that many texts run there at once. Where it does not, the number
grows by one after each round of successes and halves when the server complains (additive increase,
multiplicative decrease; Chiu and Jain 1989). Slots that share one context (llama.cpp's default, in
2026) may not hold as many long texts: where they have filled it together, half as many follow. A
server that lets a text wait in line for too long, while it writes others, is well: it gets half as
many from then on, and never more again.
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


@dataclass(slots=True)
class Member:
    """One server of a pool, and how it fares.

    Attributes:
        limit: texts at once; grows and shrinks where `fixed` is False.
        ceiling: as far as `limit` may grow.
        crowded_at: when it was last seen to let texts wait for too long.
        running: texts in flight.
        streak: successes since the limit last changed.
        failures: faults in a row, the same trouble counted once.
        doubted: whether it must be asked who it is before it is given a text.
        rests_until: moment before which it is left alone.
        info: what it said when it was checked; None while it has not answered.
        refused: why it is not used any more; empty while it is.
    """

    engine: RemoteEngine
    limit: float = FIRST_LIMIT
    ceiling: float = LARGEST_LIMIT
    crowded_at: float = 0.0
    fixed: bool = False
    running: int = 0
    streak: int = 0
    failures: int = 0
    doubted: bool = True
    rests_until: float = 0.0
    info: ServerInfo | None = None
    refused: str = ""
    checking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def succeeded(self) -> None:
        """Note a text: after a full round of them, allow one more at once."""
        self.failures = 0
        self.streak += 1
        if not self.fixed and self.streak >= self.limit:
            self.limit = min(self.limit + 1, self.ceiling)
            self.streak = 0

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
        """Note a text that waited in line for too long: half as many at once from now on.

        Args:
            began: when it was asked for. One asked for before the last such note says nothing new.
            now: on the same clock.

        Returns:
            Whether there was something new to note.
        """
        if began < self.crowded_at:
            return False
        self.limit = self.ceiling = max(1.0, min(self.limit, self.running) // 2)
        self.streak, self.crowded_at = 0, now
        return True

    def has_room(self, now: float) -> bool:
        """Say whether it may be given a text; only one at a time until the first succeeds."""
        if self.refused or self.rests_until > now:
            return False
        return self.running < (1 if self.failures else int(self.limit))
