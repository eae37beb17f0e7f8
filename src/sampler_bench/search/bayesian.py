"""bayesian: the default strategy; for the moment on Optuna, behind the final contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._optuna import ask_with

if TYPE_CHECKING:
    import numpy as np

    from ..records import Cell, ScoreTable
    from . import Problem


def ask(table: ScoreTable, problem: Problem, n: int, rng: np.random.Generator) -> list[Cell]:
    """Return up to `n` cells of configurations that TPE names."""
    from optuna.samplers import TPESampler

    return ask_with(lambda seed: TPESampler(seed=seed), table, problem, n, rng)
