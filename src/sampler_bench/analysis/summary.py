"""What was seen of each configuration, and what the model believes of it.

Two kinds of numbers stand side by side and are never mixed. *Seen*: mean, standard deviation,
failure rate and objective of a configuration's own texts, with model-free intervals (`intervals`).
*Estimated*: its objective with a 95 % interval from the posterior of the whole study, which shrinks
lucky means; ranking goes by the estimate. Repeats of one configuration are pooled, those of the
confirmation on fresh seeds too, which are also shown apart. The order of rows changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .._arrays import Floats
from ..records import FAILED, JUDGED, MISSING, UNKNOWN, Estimate, SamplerConfig, ScoreTable
from ..search import Problem
from .intervals import mean_interval, rate_interval
from .reading import posterior_of, worths


@dataclass(frozen=True, slots=True)
class PromptSummary:
    """One configuration on one prompt.

    Attributes:
        mean: of its judged texts; NaN where all failed.
        objective: mean worth of the texts that counted.
        texts: how many texts counted.
    """

    prompt: int
    mean: float
    objective: float
    texts: int


@dataclass(frozen=True, slots=True)
class ConfigSummary:
    """One configuration. Scores run from 0 to 10, higher is better; NaN: nothing was seen.

    Attributes:
        scores: of its judged texts: the search's before the fresh ones, then by prompt and repeat.
        mean, std: of these scores (std with n - 1; NaN under two texts).
        judged, failed, missing: how many texts; missing ones count for nothing.
        failure: failed / (judged + failed), with its exact interval.
        objective: as seen: mean over texts of score or failure score, with model-free interval.
        estimate: the objective with its 95 % interval, from the posterior of the whole study.
        by_prompt: for each prompt seen.
        fresh: the objective as seen on the confirmation's texts alone.
        fresh_texts: how many texts of the confirmation counted.
    """

    config: SamplerConfig
    scores: tuple[float, ...]
    mean: float
    std: float
    judged: int
    failed: int
    missing: int
    failure: Estimate
    objective: Estimate
    estimate: Estimate
    by_prompt: tuple[PromptSummary, ...]
    fresh: Estimate = UNKNOWN
    fresh_texts: int = 0

    @property
    def texts(self) -> int:
        """How many texts count."""
        return self.judged + self.failed

    @property
    def failure_rate(self) -> float:
        """Failed / (judged + failed); NaN where no text counts."""
        return self.failure.mean


def summarise(table: ScoreTable, problem: Problem) -> list[ConfigSummary]:
    """Summarise every configuration with a text that was written or lost, best estimate first.

    Configurations without any text that counts come last, by their text form.
    """
    table = _sorted(table)
    seen = {int(i) for i in table.config[table.state <= MISSING]}
    known = sorted(seen, key=lambda i: table.configs[i].text)
    estimates = estimate(table, problem, [table.configs[i] for i in known])
    rows = [
        _summary(table.take(table.config == i), i, problem, estimated)
        for i, estimated in zip(known, estimates, strict=True)
    ]
    return sorted(rows, key=_place)


def _place(row: ConfigSummary) -> tuple[bool, float, str]:
    return (row.texts == 0, -row.estimate.mean if row.texts else 0.0, row.config.text)


def _sorted(table: ScoreTable) -> ScoreTable:
    """The rows by phase, prompt and repeat, so that the order of asking is gone."""
    keys = (table.score, table.state, table.repeat, table.prompt, table.fresh)
    return table.take(np.lexsort(keys))


def estimate(
    table: ScoreTable, problem: Problem, configs: Sequence[SamplerConfig]
) -> list[Estimate]:
    """The posterior's estimate of each configuration's objective, with 95 % intervals."""
    if not len(table.evidence()) or not configs:
        return [UNKNOWN] * len(configs)
    return worths(posterior_of(table, problem), configs)


def _summary(mine: ScoreTable, index: int, problem: Problem, estimated: Estimate) -> ConfigSummary:
    judged, failed = mine.state == JUDGED, mine.state == FAILED
    scores = mine.score[judged]
    fresh = mine.take(mine.fresh)
    return ConfigSummary(
        config=mine.configs[index],
        scores=tuple(map(float, scores)),
        mean=float(scores.mean()) if len(scores) else math.nan,
        std=float(scores.std(ddof=1)) if len(scores) > 1 else math.nan,
        judged=int(judged.sum()),
        failed=int(failed.sum()),
        missing=int((mine.state == MISSING).sum()),
        failure=rate_interval(int(failed.sum()), int((judged | failed).sum())),
        objective=_objective(mine, problem),
        estimate=estimated,
        by_prompt=_by_prompt(mine, problem),
        fresh=_objective(fresh, problem),
        fresh_texts=len(fresh.evidence()),
    )


def _objective(mine: ScoreTable, problem: Problem) -> Estimate:
    """(1 - f) x mean + f x failure score: the mean worth of the texts that count."""
    counted = mine.evidence()
    return mean_interval(_worth(counted, problem), counted.prompt, problem.n_prompts)


def _worth(counted: ScoreTable, problem: Problem) -> Floats:
    return np.where(counted.state == FAILED, problem.failure_score, counted.score)


def _by_prompt(mine: ScoreTable, problem: Problem) -> tuple[PromptSummary, ...]:
    counted = mine.evidence()
    worth, found = _worth(counted, problem), []
    for prompt in np.unique(counted.prompt):
        here = counted.prompt == prompt
        scores = counted.score[here & (counted.state == JUDGED)]
        mean = float(scores.mean()) if len(scores) else math.nan
        found.append(PromptSummary(int(prompt), mean, float(worth[here].mean()), int(here.sum())))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class SamplerSummary:
    """One sampler: its configurations' estimates, and its own texts.

    Attributes:
        mean, std: of the estimated objectives of its configurations (std over configurations).
        low, high: the lowest and highest of them.
        best: the configuration with the highest estimate.
    """

    sampler: str
    mean: float
    std: float
    low: float
    high: float
    configurations: int
    texts: int
    failed: int
    best: ConfigSummary


def by_sampler(rows: Sequence[ConfigSummary]) -> list[SamplerSummary]:
    """Summarise each sampler, the one with the best configuration first."""
    groups: dict[str, list[ConfigSummary]] = {}
    for row in sorted((row for row in rows if row.texts), key=_place):
        groups.setdefault(row.config.sampler, []).append(row)
    return [_sampler(name, mine) for name, mine in groups.items()]


def _sampler(name: str, mine: list[ConfigSummary]) -> SamplerSummary:
    """From its configurations, the best first."""
    values = np.array([row.estimate.mean for row in mine])
    return SamplerSummary(
        sampler=name,
        mean=float(values.mean()),
        std=float(values.std(ddof=1)) if len(values) > 1 else math.nan,
        low=float(values.min()),
        high=float(values.max()),
        configurations=len(mine),
        texts=sum(row.texts for row in mine),
        failed=sum(row.failed for row in mine),
        best=mine[0],
    )
