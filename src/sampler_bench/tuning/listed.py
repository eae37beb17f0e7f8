"""A strategy that tries given configurations, no others: what a benchmark of presets runs on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..records import Cell, SamplerConfig, ScoreTable
from ..samplers import Listed, SamplerSpace, Space
from ..search import Problem

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class GivenConfigs:
    """Every configuration on every prompt, so many times; rivals side by side, prompt by prompt."""

    configs: tuple[SamplerConfig, ...]

    def ask(
        self, table: ScoreTable, problem: Problem, n: int, rng: np.random.Generator
    ) -> list[Cell]:
        """Return the next `n` cells in the fixed order."""
        everything = (
            Cell(config, prompt, repeat)
            for repeat in range(problem.samples_per_config)
            for prompt in range(problem.n_prompts)
            for config in self.configs
        )
        return list(everything)[len(table) : len(table) + n]


def space_holding(configs: tuple[SamplerConfig, ...]) -> Space:
    """The smallest space that holds the configurations, for a benchmark's study."""
    parts = []
    for sampler in dict.fromkeys(config.sampler for config in configs):
        own = [config for config in configs if config.sampler == sampler]
        names = dict.fromkeys(name for config in own for name in config.as_dict())
        dimensions = tuple((name, _values(name, own)) for name in names)
        parts.append(SamplerSpace(sampler, dimensions))
    return Space(tuple(parts))


def _values(name: str, configs: list[SamplerConfig]) -> Listed:
    values = (config.get(name) for config in configs)
    return Listed(tuple(dict.fromkeys(value for value in values if value is not None)))
