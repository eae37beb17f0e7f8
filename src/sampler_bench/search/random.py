"""random: configurations drawn independently, each once, each parameter by its own scale.

The baseline comes first, on top of `n_iterations`. A finite space is never drawn from twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._cells import draw_new, one_after_another

if TYPE_CHECKING:
    import numpy as np

    from ..records import Cell, ScoreTable
    from . import Problem

SPENDS = "iterations"


def ask(table: ScoreTable, problem: Problem, n: int, rng: np.random.Generator) -> list[Cell]:
    """Return up to `n` cells: what is due of the drawn configurations, then new draws."""
    return one_after_another(table, problem, n, lambda seen: draw_new(problem, seen.configs, rng))
