"""The results document on what it means: the verdict and what lies behind it."""

from __future__ import annotations

from typing import Literal

from ._parts import Interval, Number, Part


class ImportanceResult(Part):
    """A parameter's share of the variance over its sampler's space, 0 to 1."""

    sampler: str
    parameter: str
    share: Interval
    told: bool = False


class RangeResult(Part):
    """Over a sampler's good region, a parameter runs from `low` to `high`, or takes these `words`.

    `whole` is True where that is all that was allowed: the data do not narrow it. `end` is `low` or
    `high` where it reaches that end of what was allowed: beyond may be better.
    """

    sampler: str
    parameter: str
    low: Number = None
    high: Number = None
    words: list[str | list[str]] = []
    whole: bool = False
    end: Literal["low", "high"] | None = None


class AxisResult(Part):
    """A knob and the values along it; `log` where equal ratios lie equally far apart."""

    name: str
    values: list[float | str]
    log: bool = False


class SliceResult(Part):
    """The objective over one knob (a curve) or two (a surface), as the model estimates it.

    `mean`, `low` and `high` (95 %, each point on its own) run over all combinations of the axes'
    values, the first axis varying fastest. `held` are the sampler's other knobs.
    """

    sampler: str
    axes: list[AxisResult]
    held: dict[str, int | float | str | list[str]] = {}
    mean: list[float] = []
    low: list[float] = []
    high: list[float] = []


class NeededResult(Part):
    """What it would take to tell `first` and `second` apart.

    `texts` more texts, half on each, would show a difference of `gap` points with 80 % power, and
    take about so many `minutes` and `dollars` at the pace of this study; the texts so far show one
    of `visible` points. A new benchmark of the two, which does not count these texts, needs `alone`
    texts, `alone_minutes` and `alone_dollars`.
    """

    first: str
    second: str
    gap: float
    visible: float
    texts: int
    minutes: Number = None
    dollars: Number = None
    alone: int = 0
    alone_minutes: Number = None
    alone_dollars: Number = None


class VerdictResult(Part):
    """The answer: `sentence` is `better`, `as good` or `cannot tell`.

    `as good` is said where nothing in the space is better than the baseline by more than `margin`,
    with a probability of 95 % or more; `probability_beaten` is that of something being so.
    `compared` is whose `gain` it is: the best, or where that is the baseline itself, the setting
    that was likeliest to beat it. `probability_best` is that of no other configuration being
    better, `probability_better` that of `compared` being better than the baseline. `equivalent`
    and `possible` settings may be within `margin` of the best of the space: each is so with a
    probability of at least 1.5 %, or is needed for all together to hold one that is with 97.5 %.
    `best_tried` is the tried one with the highest estimate; where it is not the best, `notes` say
    why. `new_prompts` and `gain_on_new_prompts` speak of other prompts of the same kind; null where
    there are too few to know. `needed` says what would show the gain, where it looks like
    one, and separate the first two. `saved` texts kept for fresh seeds were not spent, as they
    could not have changed the sentence.
    """

    best: str
    tried: bool = True
    objective: Interval = Interval()
    baseline: str | None = None
    gain: Interval | None = None
    sentence: str = "cannot tell"
    margin: float = 0.1
    compared: str | None = None
    equivalent: list[str] = []
    possible: int = 0
    simplest: str | None = None
    probability_best: Number = None
    probability_better: Number = None
    probability_beaten: Number = None
    best_tried: str | None = None
    new_prompts: Interval | None = None
    gain_on_new_prompts: Interval | None = None
    needed: list[NeededResult] = []
    saved: int = 0
    notes: list[str] = []

    @property
    def others(self) -> list[str]:
        """The equivalents beside the best; without a baseline that it surely beats."""
        beaten = self.baseline if self.sentence == "better" else None
        return [config for config in self.equivalent if config not in (self.best, beaten)]


class DiversitySummary(Part):
    """Variety over the study.

    `size` is how many texts a measured set has, `pairs` how many pairs of texts the estimates come
    from; `front` names the configurations that no other beats in both quality and diversity, the
    best one first. `embedding` is the model that tells distinct answers; from a cosine similarity
    of `same_from` on two are the same, and 95 % of the answers to different prompts are less alike
    than `across_prompts`, which should lie well below.
    """

    size: int = 0
    pairs: int = 0
    embedding: str = ""
    same_from: Number = None
    answers_of: int = 0
    across_prompts: Number = None
    front: list[str] = []


class KnobResult(Part):
    """What a knob of the recommended configuration contributes: its objective minus that without.

    `without` is the configuration with this knob at `neutral`, `texts` how many texts it has of its
    own; 0 means that the gain is what the model expects from its neighbours.
    """

    parameter: str
    value: int | float | str | list[str]
    neutral: int | float | str | list[str]
    without: str
    gain: Interval
    texts: int = 0


class CurveResult(Part):
    """The expected objective of the best of N random settings of a sampler, for each of `sizes`.

    An unbiased mean over all subsets of that size; intervals are the model's uncertainty about the
    settings' objectives. All samplers have the same sizes, as far as they have so many settings.
    """

    sampler: str
    sizes: list[int]
    best: list[Interval]


class MomentResult(Part):
    """What would have been recommended after so many texts; `gain` is over the baseline.

    Looking back: the texts until then, through the model as it is fitted to all of them.
    """

    texts: int
    config: str
    objective: Interval
    gain: Interval | None = None


class VarianceResult(Part):
    """Where the scatter of scores comes from: standard deviations in points with 95 % intervals.

    `settings`: over the settings of the space, `sampler` the part between samplers; `prompt`;
    `interaction`: settings that suit some prompts better; `text`: single texts of the recommended
    configuration, what the judge adds included; `judge`: one judgment of one and the same text.
    """

    settings: Interval = Interval()
    sampler: Interval = Interval()
    prompt: Interval = Interval()
    interaction: Interval = Interval()
    text: Interval = Interval()
    judge: Interval = Interval()
