"""tpe: the tree-structured Parzen estimator of Optuna 5, for comparison.

Bergstra et al. 2011, as Optuna implements it, with its defaults and an equal number of texts for
each configuration. It takes the mean of a few noisy texts for the truth: see docs/search.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._optuna import ask_with

if TYPE_CHECKING:
    import numpy as np

    from ..records import Cell, ScoreTable
    from . import Problem

SPENDS = "iterations"


def ask(table: ScoreTable, problem: Problem, n: int, rng: np.random.Generator) -> list[Cell]:
    """Return up to `n` cells of configurations that TPE names."""
    from optuna.samplers import TPESampler

    return ask_with(lambda seed: TPESampler(seed=seed), table, problem, n, rng)
