"""The judge panel as a part of the results document."""

from __future__ import annotations

from collections.abc import Sequence

from ..analysis.panel import Agreement, JudgeSummary, agreement, judges
from ..records import Trial
from ._depth import DIGITS, interval, number
from ._document import AgreementResult, JudgeResult, PanelResult


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
        mean=number(one.mean),
        std=number(one.std),
        values=one.values,
        top=number(one.top),
        at_top=number(one.at_top),
        length=interval(one.length),
        drift=interval(one.drift),
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
        correlation=interval(pair.correlation),
        difference=number(pair.difference),
    )
