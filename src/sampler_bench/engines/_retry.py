"""What can go wrong on the way to a text, and the one place where it is tried again.

A `Fault` is a server or network fault. It never leaves this room: it ends as `Unwritten` in the
record of a text, or as an `EngineError` where no text is at stake. What no retry can help (a wrong
key, an unknown model, a parameter refused) is an `EngineError` from the start.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from ..records import Completion, Unwritten

T = TypeVar("T")
Reason = Literal["timeout", "connection", "overload", "protocol", "context"]
LONGEST_WAIT_SECONDS = 600.0  # a server that asks for more is as good as away


class Fault(Exception):
    """No text came, and it is nobody's configuration that is to blame.

    Attributes:
        reason: one word, as in `Unwritten`.
        may_pass: True where another attempt makes sense.
        wait: seconds that the server asked us to wait; None where it did not.
        crowded: True where it was silent to us while it answered others: too many are asked for.
        retries: attempts lost before this one; filled in by `patiently`.
    """

    def __init__(
        self,
        reason: Reason,
        detail: str,
        *,
        may_pass: bool = True,
        wait: float | None = None,
        crowded: bool = False,
    ) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail
        self.may_pass = may_pass
        self.wait = wait
        self.crowded = crowded
        self.retries = 0


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long to try again.

    Attributes:
        retries: attempts after the first.
        first_seconds: longest wait before the second attempt; it doubles from there.
        cap_seconds: longest wait of our own choosing.
    """

    retries: int = 4
    first_seconds: float = 0.5
    cap_seconds: float = 30.0

    def wait(self, attempt: int, rng: random.Random, asked: float | None) -> float:
        """Seconds to wait after the given attempt (0 is the first), with jitter.

        A server's own wish is obeyed, with up to a tenth more so that clients do not return at
        once. Otherwise half to all of the doubling wait ("equal jitter").
        """
        if asked is not None:
            return asked * (1 + 0.1 * rng.random())
        longest = min(self.cap_seconds, self.first_seconds * 2.0**attempt)
        return longest * (0.5 + 0.5 * rng.random())


async def patiently(
    attempt: Callable[[], Awaitable[T]], patience: Patience, seed: int
) -> tuple[T, int]:
    """Try until it works, a fault will not pass, or patience ends.

    Args:
        attempt: raises `Fault` where it failed.
        patience: how often and how long.
        seed: of the jitter, so that nothing here depends on hidden chance.

    Returns:
        What the attempt returned, and how many attempts were lost before it.

    Raises:
        Fault: the last one, with its `retries`.
    """
    rng = random.Random(seed)
    for lost in range(patience.retries + 1):
        try:
            return await attempt(), lost
        except Fault as fault:
            fault.retries = lost
            asked_too_much = (fault.wait or 0.0) > LONGEST_WAIT_SECONDS
            if lost == patience.retries or not fault.may_pass or asked_too_much:
                raise
            await asyncio.sleep(patience.wait(lost, rng, fault.wait))
    raise AssertionError("unreachable: the last attempt returns or raises")


async def write_patiently(
    attempt: Callable[[], Awaitable[Completion]], patience: Patience, seed: int
) -> Completion | Unwritten:
    """As `patiently`, for a text: it comes with its lost attempts, or with why it does not."""
    try:
        written, lost = await patiently(attempt, patience, seed)
    except Fault as fault:
        return Unwritten(fault.reason, fault.detail, fault.retries)
    return replace(written, retries=lost)
