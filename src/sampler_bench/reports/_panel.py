"""The judge panel as a part of the results document."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..analysis.panel import Agreement, JudgeSummary, agreement, judges
from ..records import Estimate, Trial
from ._document import AgreementResult, Interval, JudgeResult, PanelResult

DIGITS = 6


def panel_result(trials: Sequence[Trial]) -> PanelResult | None:
    """How the judges of a study judged; None where nobody was asked."""
    found = judges(trials)
    if not found:
        return None
    pairs = [_pair(pair) for pair in agreement(trials)]
    return PanelResult(judges=[_judge(one) for one in found], agreement=pairs)


def _judge(one: JudgeSummary) -> JudgeResult:
    return JudgeResult(
        judge=one.judge,
        texts=one.texts,
        mean=_number(one.mean),
        std=_number(one.std),
        values=one.values,
        top=_number(one.top),
        at_top=_number(one.at_top),
        length=_interval(one.length),
        drift=_interval(one.drift),
        failed=one.failed,
        cost=round(one.cost, DIGITS),
        seconds=round(one.seconds, 3),
        tokens=one.tokens,
    )


def _pair(pair: Agreement) -> AgreementResult:
    return AgreementResult(
        first=pair.first,
        second=pair.second,
        texts=pair.texts,
        correlation=_interval(pair.correlation),
        difference=_number(pair.difference),
    )


def _interval(found: Estimate) -> Interval:
    return Interval(mean=_number(found.mean), low=_number(found.low), high=_number(found.high))


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, DIGITS)
