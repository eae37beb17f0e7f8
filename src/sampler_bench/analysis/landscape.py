"""A study's space as the model sees it: reference configurations of each sampler, drawn objectives.

What is said about whole samplers (importance, ranges, best of N) is read from the same
configurations and from draws of the posterior, so that all of it carries the model's uncertainty.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .._arrays import Floats, Indices
from ..posterior import Posterior
from ..posterior.frame import reference
from ..records import Estimate, SamplerConfig, ScoreTable, Value
from ..samplers import SamplerSpace, Space
from ..search import Problem
from .reading import posterior_of
from .standing import draws

POINTS = 160  # configurations of a sampler's space that stand for all of it
DRAWS = 400


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """One sampler's part of a space, and the configurations that stand for it."""

    part: SamplerSpace
    configs: list[SamplerConfig]

    def moving(self) -> dict[str, list[Value]]:
        """For each parameter that takes more than one value: its value in each configuration."""
        columns = {
            name: [_value(c, name) for c in self.configs] for name, _ in self.part.dimensions
        }
        return {name: column for name, column in columns.items() if len(set(column)) > 1}


def _value(config: SamplerConfig, name: str) -> Value:
    value = config.get(name)
    assert value is not None, "a space's own configurations state all of its parameters"
    return value


@dataclass(frozen=True, slots=True, eq=False)
class Landscape:
    """All samplers of a space, and what the evidence says of their configurations.

    Attributes:
        labels: (n,) which grid a configuration belongs to.
        draws: (DRAWS, n) objectives drawn from the posterior.
    """

    grids: tuple[Grid, ...]
    labels: Indices
    draws: Floats

    def of(self, number: int) -> Floats:
        """(DRAWS, n) the drawn objectives of one grid."""
        return self.draws[:, self.labels == number]

    def means(self) -> Floats:
        """(n_samplers, DRAWS) the mean objective of each sampler."""
        return np.stack([self.of(k).mean(axis=1) for k in range(len(self.grids))])

    def variance(self) -> Floats:
        """(DRAWS,) the variance over settings, every sampler weighing alike."""
        within = [self.of(k).var(axis=1) for k in range(len(self.grids))]
        return np.asarray(np.mean(within, axis=0) + self.means().var(axis=0))


def survey(table: ScoreTable, problem: Problem) -> Landscape:
    """Look at a study's whole space by its posterior; the same for the same evidence."""
    return _survey(posterior_of(table, problem), problem.space)


@lru_cache(maxsize=4)
def _survey(posterior: Posterior, space: Space) -> Landscape:
    grids = tuple(Grid(part, reference(part, POINTS)) for part in space.samplers)
    configs = [config for grid in grids for config in grid.configs]
    labels = np.repeat(np.arange(len(grids)), [len(grid.configs) for grid in grids])
    return Landscape(grids, labels, draws(posterior.believe(configs), DRAWS))


def quantiles(values: Floats) -> Estimate:
    """Median and 95 % interval of what was drawn: (draws,)."""
    low, middle, high = np.quantile(values, [0.025, 0.5, 0.975])
    return Estimate(float(middle), float(low), float(high))
