"""What was seen of each configuration, and what the model believes of it.

Two kinds of numbers stand side by side and are never mixed. *Seen*: mean, standard deviation and
failure rate of a configuration's own texts. *Estimated*: its objective with a 95 % interval from
the posterior of the whole study, which shrinks lucky means; ranking goes by the estimate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..records import FAILED, JUDGED, MISSING, Estimate, SamplerConfig, ScoreTable
from .verdict import Z, posterior_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..search import Problem

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class ConfigSummary:
    """One configuration. Scores run from 0 to 10, higher is better; NaN: nothing was seen.

    Attributes:
        scores: of its judged texts, in the order of asking.
        mean, std: of these scores (std with n - 1; NaN under two texts).
        judged, failed, missing: how many texts; missing ones count for nothing.
        failure_rate: failed / (judged + failed).
        objective: (1 - failure_rate) x mean + failure_rate x failure score, as seen.
        estimate: the objective with its 95 % interval, from the posterior of the whole study.
        by_prompt: (prompt, mean of its judged texts, how many texts counted) for each prompt seen.
    """

    config: SamplerConfig
    scores: tuple[float, ...]
    mean: float
    std: float
    judged: int
    failed: int
    missing: int
    failure_rate: float
    objective: float
    estimate: Estimate
    by_prompt: tuple[tuple[int, float, int], ...]

    @property
    def texts(self) -> int:
        """How many texts count."""
        return self.judged + self.failed


def summarise(table: ScoreTable, problem: Problem) -> list[ConfigSummary]:
    """Summarise every configuration that has a row, best estimate first.

    Configurations without any text that counts come last, in the order of their first row.
    """
    if not len(table):
        return []
    estimates = estimate(table, problem, table.configs)
    rows = [_summary(table, i, problem, estimates[i]) for i in range(len(table.configs))]
    rows = [row for row in rows if row.texts or row.missing]
    return sorted(rows, key=lambda row: (row.texts == 0, -row.estimate.mean, row.config.text))


def estimate(
    table: ScoreTable, problem: Problem, configs: Sequence[SamplerConfig]
) -> list[Estimate]:
    """The posterior's estimate of each configuration's objective, with 95 % intervals."""
    if not len(table.evidence()) or not configs:
        return [Estimate(NAN, NAN, NAN)] * len(configs)
    posterior = posterior_of(table, problem)
    mean, sd = posterior.marginal_at(posterior.frame.place(configs))
    return [
        Estimate(float(m), float(m - Z * s), float(m + Z * s))
        for m, s in zip(mean, sd, strict=True)
    ]


def _summary(table: ScoreTable, index: int, problem: Problem, estimated: Estimate) -> ConfigSummary:
    mine = table.take(table.config == index)
    judged, failed = mine.state == JUDGED, mine.state == FAILED
    scores = mine.score[judged]
    texts = int(judged.sum() + failed.sum())
    mean = float(scores.mean()) if len(scores) else NAN
    rate = float(failed.sum() / texts) if texts else NAN
    return ConfigSummary(
        config=table.configs[index],
        scores=tuple(map(float, scores)),
        mean=mean,
        std=float(scores.std(ddof=1)) if len(scores) > 1 else NAN,
        judged=int(judged.sum()),
        failed=int(failed.sum()),
        missing=int((mine.state == MISSING).sum()),
        failure_rate=rate,
        objective=objective(mean, rate, problem.failure_score),
        estimate=estimated,
        by_prompt=_by_prompt(mine, judged, failed),
    )


def objective(mean: float, failure_rate: float, failure_score: float) -> float:
    """(1 - f) x mean + f x failure score; where all failed there is no mean, and none is needed."""
    if failure_rate == 1.0:
        return failure_score
    return (1 - failure_rate) * mean + failure_rate * failure_score


def _by_prompt(
    mine: ScoreTable, judged: NDArray[np.bool_], failed: NDArray[np.bool_]
) -> tuple[tuple[int, float, int], ...]:
    found = []
    for prompt in np.unique(mine.prompt[judged | failed]):
        scores = mine.score[judged & (mine.prompt == prompt)]
        counted = int(((judged | failed) & (mine.prompt == prompt)).sum())
        found.append((int(prompt), float(scores.mean()) if len(scores) else NAN, counted))
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
    best: ConfigSummary


def by_sampler(rows: Sequence[ConfigSummary]) -> list[SamplerSummary]:
    """Summarise each sampler, the one with the best configuration first."""
    found = []
    for sampler in dict.fromkeys(row.config.sampler for row in rows if row.texts):
        mine = [row for row in rows if row.config.sampler == sampler and row.texts]
        values = np.array([row.estimate.mean for row in mine])
        found.append(
            SamplerSummary(
                sampler=sampler,
                mean=float(values.mean()),
                std=float(values.std(ddof=1)) if len(values) > 1 else NAN,
                low=float(values.min()),
                high=float(values.max()),
                configurations=len(mine),
                texts=sum(row.texts for row in mine),
                best=max(mine, key=lambda row: row.estimate.mean),
            )
        )
    return sorted(found, key=lambda summary: -summary.high)
