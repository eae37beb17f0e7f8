"""Which knobs matter, and where the good region lies: read from the posterior of a study.

Importance is the share of the variance of the objective over a sampler's space that a parameter
explains alone (main effect of a functional ANOVA; Hutter, Hoos and Leyton-Brown 2014, section 3),
with an interval from draws of the posterior: a wide one means that the data cannot tell. Not
covered: interactions, which are what the main effects leave over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..posterior.frame import reference
from ..records import Estimate, SamplerConfig, ScoreTable
from ..samplers import SamplerSpace
from .verdict import Z, posterior_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..search import Problem

    Floats = NDArray[np.float64]

POINTS = 160  # configurations of a sampler's space that stand for all of it
DRAWS = 400
NEGLIGIBLE_SPREAD = 1e-9


@dataclass(frozen=True, slots=True)
class Importance:
    """A parameter's share of the variance over its sampler's space, 0 to 1, with 95 % interval.

    `sampler` and `parameter` name it; `parameter` is `sampler` for the choice among samplers.
    """

    sampler: str
    parameter: str
    share: Estimate

    @property
    def told(self) -> bool:
        """Whether the data tell that it matters: the interval stays clear of one twentieth."""
        return self.share.low > 0.05


@dataclass(frozen=True, slots=True)
class Region:
    """Where a sampler's configurations cannot be told from the best of the study.

    Attributes:
        values: (parameter, lowest, highest) over the region, and `whole`, the parameters for
            which the region spans all that the study may try.
    """

    sampler: str
    values: tuple[tuple[str, float, float], ...]
    whole: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    part: SamplerSpace
    configs: list[SamplerConfig]

    def moving(self) -> list[str]:
        """The numeric parameters that take more than one value."""
        values = {n: {c.get(n) for c in self.configs} for n, _ in self.part.dimensions}
        numeric = (n for n in values if all(isinstance(v, int | float) for v in values[n]))
        return [name for name in numeric if len(values[name]) > 1]

    def column(self, name: str) -> Floats:
        """(n,) the values of a parameter."""
        return np.array([float(str(config.get(name))) for config in self.configs])


def importance(table: ScoreTable, problem: Problem) -> list[Importance]:
    """Rank the parameters of every sampler, and the choice of sampler; empty without evidence."""
    if not len(table.evidence()):
        return []
    grids = _grids(problem)
    configs = [config for grid in grids for config in grid.configs]
    draws = _draws(table, problem, configs)
    labels = np.repeat(np.arange(len(grids)), [len(grid.configs) for grid in grids])
    found = []
    if len(grids) > 1:
        found.append(Importance("all", "sampler", _share(draws, labels)))
    for i, grid in enumerate(grids):
        mine = draws[:, labels == i]
        for name in grid.moving():
            levels = _levels(grid.column(name))
            found.append(Importance(grid.part.sampler, name, _share(mine, levels)))
    return found


def regions(table: ScoreTable, problem: Problem, best: SamplerConfig) -> list[Region]:
    """Where each sampler is as good as the best, as far as the data show, within the margin."""
    if not len(table.evidence()):
        return []
    posterior = posterior_of(table, problem)
    found = []
    for grid in _grids(problem):
        configs = [best, *grid.configs]
        belief = posterior.believe(configs)
        full = belief.covariance
        spread = np.sqrt(np.maximum(np.diag(full) + full[0, 0] - 2 * full[0], 0.0))
        behind = belief.mean[0] - belief.mean
        inside = (behind - Z * spread <= problem.margin)[1:]
        if inside.any():
            found.append(_region(grid, inside))
    return found


def _region(grid: _Grid, inside: NDArray[np.bool_]) -> Region:
    values, whole = [], []
    for name in grid.moving():
        column = grid.column(name)
        low, high = float(column[inside].min()), float(column[inside].max())
        values.append((name, low, high))
        if low == column.min() and high == column.max():
            whole.append(name)
    return Region(grid.part.sampler, tuple(values), tuple(whole))


def _grids(problem: Problem) -> list[_Grid]:
    return [_Grid(part, list(reference(part, POINTS))) for part in problem.space.samplers]


def _draws(table: ScoreTable, problem: Problem, configs: Sequence[SamplerConfig]) -> Floats:
    """(DRAWS, n) objectives drawn from the posterior; the same for the same evidence."""
    belief = posterior_of(table, problem).believe(configs)
    values, vectors = np.linalg.eigh(belief.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    noise = np.random.default_rng(0).standard_normal((DRAWS, len(configs)))
    return np.asarray(belief.mean + noise @ root.T)


def _levels(column: Floats) -> NDArray[np.intp]:
    """(n,) group numbers: distinct values, or six groups of a continuous one."""
    distinct = np.unique(column)
    if len(distinct) <= 12:
        return np.searchsorted(distinct, column)
    return np.searchsorted(np.quantile(column, np.arange(1, 6) / 6), column)


def _share(draws: Floats, groups: NDArray[np.intp]) -> Estimate:
    """Share of the variance of each draw that lies between groups; median and 95 % interval."""
    total = draws.var(axis=1)
    means = np.stack([draws[:, groups == g].mean(axis=1) for g in np.unique(groups)])
    sizes = np.array([(groups == g).sum() for g in np.unique(groups)], dtype=float)[:, None]
    centre = (sizes * means).sum(axis=0) / sizes.sum()
    between = (sizes * (means - centre) ** 2).sum(axis=0) / sizes.sum()
    shares = np.where(
        total > NEGLIGIBLE_SPREAD, between / np.maximum(total, NEGLIGIBLE_SPREAD), 0.0
    )
    low, middle, high = np.quantile(shares, [0.025, 0.5, 0.975])
    return Estimate(float(middle), float(low), float(high))
