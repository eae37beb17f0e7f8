"""The parts of the results document that look behind the verdict: knobs, curves, scatter, time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..analysis.ablation import ablation
from ..analysis.best_of_n import curves
from ..analysis.intervals import on_the_scale
from ..analysis.settling import settling
from ..analysis.variance import parts
from ..records import Estimate, Needed, Score, ScoreTable, Trial, Value, Verdict
from ..search import Problem
from ..store import StudyRow
from ._document import (
    CurveResult,
    Interval,
    KnobResult,
    MomentResult,
    NeededResult,
    VarianceResult,
)
from ._metadata import written_of

DIGITS = 6  # after the point, of every number that is no count


def knobs(table: ScoreTable, problem: Problem, found: Verdict | None) -> list[KnobResult]:
    """What each knob of the recommended configuration contributes."""
    if found is None:
        return []
    return [
        KnobResult(
            parameter=row.parameter,
            value=plain(row.value),
            neutral=plain(row.neutral),
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
            sampler=curve.sampler, sizes=list(curve.sizes), best=list(map(worth, curve.best))
        )
        for curve in curves(table, problem)
    ]


def settled(table: ScoreTable, problem: Problem) -> list[MomentResult]:
    """How the answer settled as texts came in."""
    return [
        MomentResult(
            texts=moment.texts,
            config=moment.config.text,
            objective=worth(moment.objective),
            gain=None if moment.gain is None else interval(moment.gain),
        )
        for moment in settling(table, problem)
    ]


def variance(
    table: ScoreTable,
    problem: Problem,
    found: Verdict | None,
    trials: Sequence[Trial],
    judges: tuple[str, ...],
) -> VarianceResult | None:
    """Where the scatter comes from; the noise of judging from texts that all `judges` scored."""
    if found is None:
        return None
    said = [{j.judge: j.value for j in t.judgments if isinstance(j, Score)} for t in trials]
    whole = [[one[name] for name in judges] for one in said if one.keys() >= set(judges)]
    told = parts(table, problem, found.best, whole)
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


@dataclass(frozen=True, slots=True)
class Price:
    """What one more text takes at the pace of a study: minutes and US dollars; NaN: not known."""

    minutes: float
    dollars: float


def price_of(study: StudyRow, trials: Sequence[Trial]) -> Price:
    """The pace of a study so far.

    A study that was interrupted has idle time on its clock, and a server that writes several texts
    at once works more seconds than pass; so the smaller of the two is taken.
    """
    written = written_of(trials)
    if not written:
        return Price(math.nan, math.nan)
    work = sum(text.seconds for text in written)
    work += sum(j.seconds for t in trials for j in t.judgments if isinstance(j, Score))
    passed = study.updated - study.created
    seconds = min(work, passed) if passed > 0 else work
    cost = sum(j.cost for t in trials for j in t.judgments)
    return Price(seconds / 60 / len(written), cost / len(written))


def needed(it: Needed, price: Price) -> NeededResult:
    """What it would take to tell two configurations apart."""
    return NeededResult(
        first=it.first.text,
        second=it.second.text,
        gap=round(it.gap, DIGITS),
        visible=round(it.visible, DIGITS),
        texts=it.texts,
        minutes=number(it.texts * price.minutes),
        dollars=number(it.texts * price.dollars),
        alone=it.alone,
        alone_minutes=number(it.alone * price.minutes),
        alone_dollars=number(it.alone * price.dollars),
    )


def interval(estimate: Estimate) -> Interval:
    """An estimate as the document writes it."""
    return Interval(
        mean=number(estimate.mean), low=number(estimate.low), high=number(estimate.high)
    )


def worth(estimate: Estimate) -> Interval:
    """An estimate of an objective as the document writes it: it ends where the scale ends."""
    return interval(on_the_scale(estimate))


def number(value: float) -> float | None:
    """A number as the document writes it; null where it is not known."""
    return None if math.isnan(value) else round(float(value), DIGITS)


def plain(value: Value) -> int | float | str | list[str]:
    """A knob's value as the document writes it: texts as a list."""
    return list(value) if isinstance(value, tuple) else value
