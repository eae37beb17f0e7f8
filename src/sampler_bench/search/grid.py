"""grid: every configuration of the space, sampler after sampler, always in the same order.

The baseline comes first. Each round gives every configuration one text on each prompt, so that a
server that drifts over hours does not become a difference between first and last. Sure to try the
best listed setting, and dear: the number of texts is the size of the space x prompts x
`samples_per_config`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._cells import due, with_baseline

if TYPE_CHECKING:
    import numpy as np

    from ..records import Cell, ScoreTable
    from . import Problem

SPENDS = "space"


def ask(table: ScoreTable, problem: Problem, n: int, rng: np.random.Generator) -> list[Cell]:
    """Return the next `n` cells of the walk.

    Raises:
        SpecError: a range of the space is continuous, so that it cannot be walked.
    """
    walk = dict.fromkeys([*with_baseline(problem), *problem.space.grid()])
    return sorted(due(walk, table, problem), key=lambda cell: cell.repeat)[:n]
