"""Best of N: how good the best of N settings of a sampler is expected to be, drawn at random.

It answers what tuning a sampler buys, and compares samplers at equal budgets: one that wins only
after many tries is no better for a user who makes few. The expectation over subsets of size N is
the unbiased estimator of Tang et al. 2020 (arXiv 2004.13705, section 3.1): the mean over all
subsets drawn without replacement, not the biased plug-in that draws with replacement.

What is drawn from are a sampler's reference configurations, each at its true objective as drawn
from the posterior; a curve's interval is that over the draws. So a lucky mean does not bend it, as
it would a curve of observed scores, and a strategy's own choice of settings plays no part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from .._arrays import Floats, Indices
from ..records import Estimate, ScoreTable
from ..search import Problem
from .landscape import quantiles, survey

SIZES = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89)


@dataclass(frozen=True, slots=True)
class Curve:
    """One sampler's best of N.

    Attributes:
        sizes: N, the same for all samplers of a study as far as they have so many settings.
        best: expected objective of the best of so many, with 95 % intervals.
    """

    sampler: str
    sizes: tuple[int, ...]
    best: tuple[Estimate, ...]


def expected_best(values: Floats, size: int) -> Floats:
    """Estimate the expected highest of `size` values, without bias.

    Args:
        values: (..., n) a sample; any leading shape.
        size: 1 to n.

    Returns:
        (...) the mean of the maximum over all subsets of that size.
    """
    n = values.shape[-1]
    rank = np.arange(size, n + 1)  # a value of this rank is the highest of C(rank - 1, size - 1)
    weight = np.exp(_log_choose(rank - 1, size - 1) - _log_choose(np.array(n), size))
    return np.asarray(np.sort(values, axis=-1)[..., size - 1 :] @ weight)


def _log_choose(n: Indices, k: int) -> Floats:
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


def curves(table: ScoreTable, problem: Problem) -> list[Curve]:
    """The curve of every sampler of the space, in the study's order; empty without evidence."""
    if not len(table.evidence()):
        return []
    seen = survey(table, problem)
    return [_curve(grid.part.sampler, seen.of(number)) for number, grid in enumerate(seen.grids)]


def _curve(sampler: str, draws: Floats) -> Curve:
    possible = tuple(size for size in SIZES if size <= draws.shape[1])
    return Curve(sampler, possible, tuple(quantiles(expected_best(draws, n)) for n in possible))
