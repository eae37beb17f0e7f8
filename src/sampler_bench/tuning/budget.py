"""A budget is a promise: texts and dollars that a run never exceeds, minutes after which it ends.

When the minutes are over nothing more is begun; what a judge was asked for may still come
(`parts.Pace.grace_seconds`). Money is reserved before a judgment is asked for, at the highest price
seen so far (or the judge's own estimate), and settled when the bill is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..records import Trial


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may use at most; None for no limit. Minutes count for this run alone."""

    max_samples: int | None = None
    max_cost: float | None = None
    max_minutes: float | None = None


class Budget:
    """Keeps count of texts asked for, dollars spent or promised, and time.

    Args:
        limits: what may be used.
        estimate: expected price of one judgment, in US dollars.
        now: a monotonic clock in seconds.
        began: when the run began, on that clock; None for now.
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
        self.exhausted = False
        self._price = estimate
        self._now = now
        began = now() if began is None else began
        self._end = None if limits.max_minutes is None else began + 60 * limits.max_minutes

    def recall(self, trials: list[Trial], besides: float = 0.0) -> None:
        """Count what earlier runs of the study have spent, and `besides` dollars on other things.

        The highest price is that of a single judgment, not of all that a text has cost.
        """
        self.spent += besides
        for trial in trials:
            for judgment in trial.judgments:
                self._bill(judgment.cost - judgment.lost)
                self.spent += judgment.lost

    def seconds_left(self) -> float | None:
        """Seconds until the time is up; None where time is not limited."""
        return None if self._end is None else max(0.0, self._end - self._now())

    def texts_left(self, asked: int) -> int | None:
        """How many more texts may be asked for; None where they are not limited."""
        if self.limits.max_samples is None:
            return None
        return max(0, self.limits.max_samples - asked)

    def reserve(self) -> bool:
        """Set the price of one judgment aside; False where the money does not reach."""
        cap = self.limits.max_cost
        if cap is not None and self.spent + self.promised + self._price > cap + 1e-9:
            return False
        self.promised += self._price
        return True

    def settle(self, reserved: float, cost: float) -> None:
        """Replace a reservation of `reserved` dollars by the real bill."""
        self.promised = max(0.0, self.promised - reserved)
        self._bill(cost)

    @property
    def price(self) -> float:
        """What one judgment is expected to cost at most."""
        return self._price

    def spent_up(self) -> str | None:
        """Say which budget is used up, in words; None while nothing is."""
        if self.seconds_left() == 0:
            return f"{self.limits.max_minutes:g} minutes are over (max_minutes)"
        cap = self.limits.max_cost
        if self.exhausted:
            return f"${self.spent:.4f} of ${cap:g} spent, too little for the next text (max_cost)"
        return None

    def _bill(self, cost: float) -> None:
        self.spent += cost
        self._price = max(self._price, cost)
