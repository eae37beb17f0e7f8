"""halving: sequential halving of random configurations on shared prompts.

Karnin, Koren and Somekh 2013: the budget is split evenly over log2(K) rounds; in each the survivors
share a round's texts, then the worse half goes. K = budget / 15, the baseline among them. It needs
no fixed replication, only the budget.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..records import PENDING, Cell, SamplerConfig, ScoreTable
from ._cells import begun, draw_new, objective, used_and_gaps, with_pending

if TYPE_CHECKING:
    from collections import Counter

    import numpy as np

    from . import Problem

SPENDS = "budget"
EACH = 15  # texts of the budget for each configuration that enters


def ask(table: ScoreTable, problem: Problem, n: int, rng: np.random.Generator) -> list[Cell]:
    """Return up to `n` cells of the present round; none while its last texts are awaited."""
    entrants = _entrants(table, problem, rng)
    if not entrants:
        return []
    rounds = max(1, math.ceil(math.log2(len(entrants))))
    (used, gaps), survivors, goal = used_and_gaps(table), entrants, 0
    for _ in range(rounds):
        goal += max(1, problem.budget // (rounds * len(survivors)))
        cells = _missing(survivors, goal, used, gaps, problem)
        left = problem.budget - int((~table.fresh).sum())
        if cells:
            return cells[: max(0, min(n, left))]
        if (table.state[~table.fresh] == PENDING).any():
            return []
        survivors = _better_half(survivors, table, problem)
    return []


def _entrants(table: ScoreTable, problem: Problem, rng: np.random.Generator) -> list[SamplerConfig]:
    """The configurations that take part: those begun, then new draws."""
    count = max(2, problem.budget // EACH)
    found = begun(table, problem)[:count]
    seen = with_pending(table, [Cell(config, 0, 0) for config in found])
    taken = list(seen.configs)
    while len(found) < count:
        config = draw_new(problem, taken, rng)
        if config is None:
            break
        found.append(config)
        taken.append(config)
    return found


def _missing(
    survivors: list[SamplerConfig],
    goal: int,
    used: Counter[tuple[SamplerConfig, int]],
    gaps: Counter[tuple[SamplerConfig, int]],
    problem: Problem,
) -> list[Cell]:
    cells = []
    for config in survivors:
        for k in range(goal):
            prompt, repeat = k % problem.n_prompts, k // problem.n_prompts
            if repeat >= used[config, prompt]:
                cells.append(Cell(config, prompt, repeat + gaps[config, prompt]))
    return cells


def _better_half(
    survivors: list[SamplerConfig], table: ScoreTable, problem: Problem
) -> list[SamplerConfig]:
    place = {config: i for i, config in enumerate(table.configs)}

    def worth(config: SamplerConfig) -> float:
        value = objective(table, place[config], problem.failure_score)
        return -math.inf if value is None else value

    ranked = sorted(survivors, key=lambda config: (-worth(config), config.text))
    kept = set(ranked[: max(1, math.ceil(len(ranked) / 2))])
    return [config for config in survivors if config in kept]
