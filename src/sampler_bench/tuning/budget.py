"""A budget is a promise: texts and dollars that a run never exceeds, minutes after which it ends.

A search that a limit ends leaves a share of it for the confirmation on fresh seeds (`Reserve`).

When the minutes are over nothing more is begun; what a judge was asked for may still come
(`parts.Pace.grace_seconds`). Money is reserved before a judgment is asked for, at the highest price
seen so far (or the judge's own estimate), and settled when the bill is known. A search is ended by
bills, never by the estimate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ..records import INTERRUPTED, Trial, Unscored

KEPT = "kept for fresh seeds"
Limit = Literal["max_samples", "max_cost", "max_minutes"]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    Attributes:
        words: `done`, `interrupted`, or what has come of the limit.
        limit: that ended it; None where none did.
    """

    words: str
    limit: Limit | None = None

    def __str__(self) -> str:
        return f"{self.words} ({self.limit})" if self.limit else self.words


DONE, STOPPED = Ended("done"), Ended("interrupted")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may use at most; None for no limit. Minutes count for this run alone."""

    max_samples: int | None = None
    max_cost: float | None = None
    max_minutes: float | None = None


@dataclass(frozen=True, slots=True)
class Reserve:
    """What a search leaves for the confirmation, where a limit ends it.

    Attributes:
        texts: of `max_samples`; None where they allow all that the study would take.
        share: of the dollars and the minutes, 0 to 1.
    """

    texts: int | None = None
    share: float = 0.0


NOTHING_KEPT = Reserve()


@dataclass(frozen=True, slots=True)
class Open:
    """What was asked for and is not done: judgments to come, and about how many seconds of work."""

    judgments: int = 0
    seconds: float = 0.0


class Budget:
    """Keeps count of texts asked for, dollars spent or promised, and time.

    Args:
        limits: what may be used.
        estimate: expected price of one judgment, in US dollars.
        now: a monotonic clock in seconds.
        began: when the run began, on that clock; None for now.

    Attributes:
        now: that clock.
        price: what one judgment is expected to cost at most.
        dollars_over: whether the search has had its share of the dollars.
    """

    def __init__(
        self,
        limits: Limits,
        estimate: float,
        now: Callable[[], float],
        began: float | None = None,
    ) -> None:
        self.limits = limits
        self.spent = 0.0
        self.promised = 0.0
        self.exhausted = self.dollars_over = False
        self._bills, self._billed = 0, 0.0
        self._promises = 0
        self.price = estimate
        self.now = now
        began = now() if began is None else began
        self._end = None if limits.max_minutes is None else began + 60 * limits.max_minutes

    def recall(self, trials: list[Trial], besides: float = 0.0) -> None:
        """Count what earlier runs of the study have spent, and `besides` dollars on other things.

        The highest price is that of a single judgment, not of all that a text has cost.
        """
        self.spent += besides
        for trial in trials:
            for judgment in trial.judgments:
                if isinstance(judgment, Unscored) and judgment.reason == INTERRUPTED:
                    self.spent += judgment.cost  # what it may have cost, and no bill
                    continue
                self._bill(judgment.cost - judgment.lost)
                self.spent += judgment.lost

    def seconds_left(self) -> float | None:
        """Seconds until the time is up; None where time is not limited."""
        return None if self._end is None else max(0.0, self._end - self.now())

    def texts_left(self, asked: int, reserve: Reserve | None = None) -> int | None:
        """How many more texts may be asked for beside the reserve; None where no limit is set."""
        if self.limits.max_samples is None:
            return None
        kept = (reserve.texts if reserve else None) or 0
        return max(0, self.limits.max_samples - kept - asked)

    def reserve(self) -> bool:
        """Set the price of one judgment aside; False where the money does not reach."""
        cap = self.limits.max_cost
        if cap is not None and self.spent + self.promised + self.price > cap + 1e-9:
            return False
        self._promises += 1
        self.promised += self.price
        return True

    def settle(self, reserved: float, cost: float) -> None:
        """Replace a reservation of `reserved` dollars by the real bill."""
        self._promises -= 1
        self.promised = self.promised - reserved if self._promises else 0.0  # no rest of a sum
        self._bill(cost)

    def spent_up(self) -> Ended | None:
        """Say which budget is used up; None while nothing is."""
        if self.seconds_left() == 0:
            return Ended(f"{self.limits.max_minutes:g} minutes are over", "max_minutes")
        cap = self.limits.max_cost
        if self.exhausted:
            told = f"${self.spent:.4f} of ${cap:g} spent, too little for the next text"
            return Ended(told, "max_cost")
        return None

    def search_over(self, asked: int, reserve: Reserve, open_ones: Open) -> Ended | None:
        """Say which limit has come down to what is kept for the confirmation; None while none has.

        Args:
            asked: texts asked for so far.
            reserve: what is kept.
            open_ones: what was asked for and is not done; it still takes money and time.
        """
        if reserve.texts is not None and not self.texts_left(asked, reserve):
            return self._texts_over(asked, reserve.texts)
        if not reserve.share:
            return None  # it may have all
        if self._dollars_over(reserve, open_ones):
            told = f"${self.spent:.4f} spent, the rest of ${self.limits.max_cost:g} {KEPT}"
            return Ended(told, "max_cost")
        left, minutes = self.seconds_left(), self.limits.max_minutes
        if left is None or minutes is None:
            return None
        if left - open_ones.seconds > reserve.share * 60 * minutes:
            return None
        return Ended(f"the rest of {minutes:g} minutes {KEPT}", "max_minutes")

    def _texts_over(self, asked: int, kept: int) -> Ended:
        most = self.limits.max_samples or 0
        if asked <= most - kept:
            beside = f", {kept} {KEPT}" if kept else ""
            return Ended(f"{asked} texts were asked for{beside}", "max_samples")
        enough = math.ceil((max(asked, most) + 1) / (1 - min((kept + 0.5) / most, 0.9)))
        return Ended(
            f"the search had none of {most} texts: {asked} were asked for before, {kept} {KEPT}; "
            f"with {enough} it goes on",
            "max_samples",
        )

    def awaits_bill(self, reserve: Reserve, open_ones: Open) -> bool:
        """Whether what is open may take the search's share, and no bill tells yet: wait for one."""
        promised = open_ones.judgments * self.price
        return (
            reserve.share > 0
            and not self._bills
            and promised > 0
            and self._takes_share(promised, reserve)
        )

    def _dollars_over(self, reserve: Reserve, open_ones: Open) -> bool:
        usual = self._billed / self._bills if self._bills else 0.0
        self.dollars_over |= self._takes_share(open_ones.judgments * usual, reserve)
        return self.dollars_over

    def _takes_share(self, ahead: float, reserve: Reserve) -> bool:
        cap, ahead = self.limits.max_cost, self.spent + ahead
        return cap is not None and ahead > 0 and ahead >= (1 - reserve.share) * cap - 1e-9

    def _bill(self, cost: float) -> None:
        self.spent += cost
        self._bills, self._billed = self._bills + 1, self._billed + cost
        self.price = max(self.price, cost)
