"""A score table as sufficient statistics of its (configuration, prompt) cells.

The model's cost grows with distinct configurations, not with texts. Rows are put into one order
before they are summed, so that the same evidence in another order gives the same numbers exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .._arrays import Floats, Indices
from ..records import FAILED, JUDGED, SamplerConfig, ScoreTable
from .covariates import Adjusted


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What was seen, by configuration and prompt.

    Attributes:
        configs: configurations with at least one judged or failed text, by their text form.
        count: (n_configs, n_prompts) judged texts.
        mean: (n_configs, n_prompts) their mean score; 0 where there is none.
        squares: (n_configs, n_prompts) sum of squared deviations from `mean`.
        failed: (n_configs,) failed texts.
        total: (n_configs,) judged and failed texts.
        doubt: (n_configs,) variance of the error of each configuration's mean beside that of its
            texts (`covariates`), its own.
        shared: (n_configs, k) and of that which means share: covariance shared shared'.
        chance: variance of one more text beside what texts are seen to scatter.
        ends: the lowest and the highest of the means as they were told; 0, 0 where there is none.
    """

    configs: tuple[SamplerConfig, ...]
    count: Floats
    mean: Floats
    squares: Floats
    failed: Floats
    total: Floats
    doubt: Floats
    shared: Floats
    chance: float = 0.0
    ends: tuple[float, float] = (0.0, 0.0)

    @property
    def n_texts(self) -> int:
        """Judged and failed texts."""
        return int(self.total.sum())

    def judged(self) -> Evidence:
        """The part about configurations with at least one judged text."""
        has = self.count.sum(axis=1) > 0
        return Evidence(
            tuple(c for c, h in zip(self.configs, has, strict=True) if h),
            self.count[has],
            self.mean[has],
            self.squares[has],
            self.failed[has],
            self.total[has],
            self.doubt[has],
            self.shared[has],
            self.chance,
            self.ends,
        )

    def on_used_prompts(self) -> Evidence:
        """The same without the prompts that have no judged text."""
        used = self.count.sum(axis=0) > 0
        if used.all():
            return self
        count, mean, squares = (a[:, used] for a in (self.count, self.mean, self.squares))
        return replace(self, count=count, mean=mean, squares=squares)


def collect(table: ScoreTable, known: Adjusted | None = None) -> Evidence:
    """Fold a table into sufficient statistics.

    Args:
        table: rows in any order; MISSING and PENDING rows are left out.
        known: the scores to use in place of the table's, where covariates explain them.
    """
    counted = table.state <= FAILED
    names = sorted({int(i) for i in table.config[counted]}, key=lambda i: table.configs[i].text)
    place = np.zeros(max(len(table.configs), 1), dtype=np.intp)
    place[names] = np.arange(len(names))
    config, prompt = place[table.config[counted]], table.prompt[counted]
    told = table.score[counted]
    score = told if known is None else known.scores[counted]
    good = table.state[counted] == JUDGED
    shape = (len(names), table.n_prompts)
    count, mean, squares = _moments(config[good], prompt[good], score[good], shape)
    seen = _moments(config[good], prompt[good], told[good], shape)[1][count > 0]
    failed = np.bincount(config[~good], minlength=len(names)).astype(np.float64)
    configs = tuple(table.configs[i] for i in names)
    found = Evidence(
        configs,
        count,
        mean,
        squares,
        failed,
        failed + count.sum(axis=1),
        np.zeros(len(names)),
        np.zeros((len(names), 0)),
        ends=(float(seen.min()), float(seen.max())) if len(seen) else (0.0, 0.0),
    )
    if known is None:
        return found
    return replace(found, doubt=known.doubt[names], shared=known.shared[names], chance=known.chance)


def _moments(
    config: Indices, prompt: Indices, score: Floats, shape: tuple[int, int]
) -> tuple[Floats, Floats, Floats]:
    order = np.lexsort((score, prompt, config))
    cell = config[order] * shape[1] + prompt[order]
    size = shape[0] * shape[1]
    count = np.bincount(cell, minlength=size).astype(np.float64)
    sums = np.bincount(cell, weights=score[order], minlength=size)
    mean = np.divide(sums, count, out=np.zeros(size), where=count > 0)
    away = (score[order] - mean[cell]) ** 2
    squares = np.bincount(cell, weights=away, minlength=size).astype(np.float64)
    return count.reshape(shape), mean.reshape(shape), squares.reshape(shape)
