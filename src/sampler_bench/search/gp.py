"""gp: the Gaussian process of Optuna 5 (Matern 5/2, log expected improvement), for comparison.

Optuna runs it on torch, which this package does not install. It cannot search a space in which the
sampler decides which knobs there are, so samplers share their knobs here, as fractions.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..errors import UsageError
from ._optuna import ask_with

if TYPE_CHECKING:
    import numpy as np

    from ..records import Cell, ScoreTable
    from . import Problem

SPENDS = "iterations"


def ask(table: ScoreTable, problem: Problem, n: int, rng: np.random.Generator) -> list[Cell]:
    """Return up to `n` cells of configurations that Optuna's GP names.

    Raises:
        UsageError: torch is not installed.
    """
    if find_spec("torch") is None:
        raise UsageError(
            "strategy gp: Optuna's Gaussian process needs torch, which is not installed; "
            "run `pip install torch`, or choose bayesian"
        )
    from optuna.samplers import GPSampler

    return ask_with(lambda seed: GPSampler(seed=seed), table, problem, n, rng, flat=True)
