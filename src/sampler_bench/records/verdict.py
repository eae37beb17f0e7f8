"""The answer of a study."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .config import SamplerConfig


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval. NaN bounds mean that the data cannot tell."""

    mean: float
    low: float
    high: float


UNKNOWN = Estimate(math.nan, math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class Needed:
    """What it would take to tell two configurations apart.

    Attributes:
        gap: how far apart they are taken to be, in points.
        visible: the gap that the texts so far would show with 80 % power.
        texts: how many more, half on each, would show `gap` with 80 % power.
        alone: how many would in a study that does not count these.
    """

    first: SamplerConfig
    second: SamplerConfig
    gap: float
    visible: float
    texts: int
    alone: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of a study.

    Attributes:
        best: the recommended configuration. `tried` says whether any text of it was judged.
        objective: expected objective of `best` over the study's prompts and fresh seeds.
        baseline: what it is compared with, and `gain` = best minus baseline.
        sentence: `better`, `as good` or `cannot tell`.
        margin: differences up to this many points count as none.
        equivalent: the best, then the tried ones that the data cannot tell apart from it within the
            margin.
        simplest: the one with the fewest knobs that act that is shown to be as good.
        best_tried: the best by the model of those that were tried; None where none was.
        new_prompts: objective for new prompts of the same kind; None: not known.
        gain_on_new_prompts: gain there.
        needed: what it would take to decide on the baseline, and to separate the first two.
        saved: texts kept for fresh seeds that were not spent, as they could change nothing.
        notes: plain sentences for the reader: what more it would take, what is not known.
    """

    best: SamplerConfig
    tried: bool
    objective: Estimate
    baseline: SamplerConfig | None
    gain: Estimate | None
    sentence: str
    margin: float
    equivalent: tuple[SamplerConfig, ...] = ()
    simplest: SamplerConfig | None = None
    probability_best: float = float("nan")
    best_tried: SamplerConfig | None = None
    new_prompts: Estimate | None = None
    gain_on_new_prompts: Estimate | None = None
    needed: tuple[Needed, ...] = ()
    saved: int = 0
    notes: tuple[str, ...] = ()
