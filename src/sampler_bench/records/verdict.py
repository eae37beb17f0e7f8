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
        best: the recommended configuration. `tried` says whether any text of it counted.
        objective: expected objective of `best` over the study's prompts and fresh seeds.
        baseline: what it is compared with.
        gain: `compared` minus baseline.
        sentence: `better`, `as good` or `cannot tell`.
        margin: differences up to this many points count as none.
        compared: whose gain it is: the best, or where that is the baseline itself, the setting that
            was likeliest to beat it by more than the margin. None where there is nobody.
        equivalent: the best, then the tried ones that may be within the margin of the best of the
            space.
        possible: the untried ones that may be so too, of those that stand for the space.
        simplest: the one with the fewest knobs that act that is shown to be as good.
        probability_best: that no other configuration that was looked at is better.
        probability_beaten: that some setting of the space is better than the baseline by more than
            the margin; NaN where the baseline is not known.
        best_tried: the best by the model of those that were tried; None where none was.
        new_prompts: objective for new prompts of the same kind; None: not known.
        gain_on_new_prompts: gain there.
        needed: what it would take to show the gain over the baseline, where it looks like one,
            and to separate the first two.
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
    compared: SamplerConfig | None = None
    equivalent: tuple[SamplerConfig, ...] = ()
    possible: tuple[SamplerConfig, ...] = ()
    simplest: SamplerConfig | None = None
    probability_best: float = math.nan
    probability_beaten: float = math.nan
    best_tried: SamplerConfig | None = None
    new_prompts: Estimate | None = None
    gain_on_new_prompts: Estimate | None = None
    needed: tuple[Needed, ...] = ()
    saved: int = 0
    notes: tuple[str, ...] = ()
