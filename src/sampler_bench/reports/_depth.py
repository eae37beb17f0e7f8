"""The parts of the results document that look behind the verdict: knobs, curves, scatter, time."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..analysis.ablation import ablation
from ..analysis.best_of_n import curves
from ..analysis.settling import settling
from ..analysis.variance import parts
from ..records import Estimate, Score, ScoreTable, Trial, Value, Verdict
from ..search import Problem
from ._document import CurveResult, Interval, KnobResult, MomentResult, VarianceResult

DIGITS = 6  # after the point, of every number that is no count


def knobs(table: ScoreTable, problem: Problem, found: Verdict | None) -> list[KnobResult]:
    """What each knob of the recommended configuration contributes."""
    if found is None:
        return []
    return [
        KnobResult(
            parameter=row.parameter,
            value=_plain(row.value),
            neutral=_plain(row.neutral),
            without=row.without.text,
            gain=interval(row.gain),
            texts=row.texts,
        )
        for row in ablation(table, problem, found.best)
    ]


def best_of(table: ScoreTable, problem: Problem) -> list[CurveResult]:
    """The best of N of every sampler."""
    return [
        CurveResult(
            sampler=curve.sampler, sizes=list(curve.sizes), best=list(map(interval, curve.best))
        )
        for curve in curves(table, problem)
    ]


def settled(table: ScoreTable, problem: Problem) -> list[MomentResult]:
    """How the answer settled as texts came in."""
    return [
        MomentResult(
            texts=moment.texts,
            config=moment.config.text,
            objective=interval(moment.objective),
            gain=None if moment.gain is None else interval(moment.gain),
        )
        for moment in settling(table, problem)
    ]


def variance(
    table: ScoreTable, problem: Problem, found: Verdict | None, trials: Sequence[Trial]
) -> VarianceResult | None:
    """Where the scatter comes from."""
    if found is None:
        return None
    scores = [[j.value for j in t.judgments if isinstance(j, Score)] for t in trials]
    told = parts(table, problem, found.best, scores)
    if told is None:
        return None
    return VarianceResult(
        settings=interval(told.settings),
        sampler=interval(told.sampler),
        prompt=interval(told.prompt),
        interaction=interval(told.interaction),
        text=interval(told.text),
        judge=interval(told.judge),
    )


def interval(estimate: Estimate) -> Interval:
    """An estimate as the document writes it."""
    return Interval(
        mean=number(estimate.mean), low=number(estimate.low), high=number(estimate.high)
    )


def number(value: float) -> float | None:
    """A number as the document writes it; null where it is not known."""
    return None if math.isnan(value) else round(float(value), DIGITS)


def _plain(value: Value) -> int | float | str | list[str]:
    return list(value) if isinstance(value, tuple) else value
