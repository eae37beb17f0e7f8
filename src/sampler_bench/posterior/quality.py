"""The Gaussian process of quality for one set of hyperparameters, and its log posterior density.

worth ~ constant + kernel (`kernel`), what was seen ~ worth + noise (`noise`): Rasmussen and
Williams 2006, chapter 2; priors on hyperparameters are log-normal. Scores are in the model's units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from .._arrays import Floats
from .evidence import Evidence
from .kernel import (
    COMMON,
    LENGTH_ENTROPY,
    LENGTH_OWN,
    N_KERNEL,
    OWN,
    Gaps,
    covariance,
    covariance_gradient,
)
from .noise import LOG_2PI, N_THETA, Seen, reduce

STEP = 1e-5  # of the differences that give the noise part of the gradient
JITTER = 1e-9

# (median, log SD): common, offset, own SD; lengths over entropy, tail, own knobs (an
# expectation may be less sure of these); text noise;
# kappa (mean, SD: not a logarithm); interaction SD; prompt SD. docs/search.md says where from.
_PRIOR = np.array(
    [
        (0.25, 0.8),
        (0.08, 0.7),
        (0.11, 0.8),
        (0.60, 0.5),
        (0.60, 0.5),
        (0.60, 0.5),
        (0.65, 1.1),
        (0.25, 0.35),
        (0.08, 0.7),
        (0.20, 0.8),
    ]
)
PRIOR_MEAN = np.where(np.arange(N_THETA) == 7, _PRIOR[:, 0], np.log(_PRIOR[:, 0]))


def prior_sd(unsure: tuple[float, float] | None = None) -> Floats:
    """(10,) how unsure the hyperparameters are before any text.

    Args:
        unsure: log SDs of amplitudes and of length scales; None for the usual ones.
    """
    found = _PRIOR[:, 1].copy()
    if unsure is not None:
        found[COMMON : OWN + 1], found[LENGTH_ENTROPY : LENGTH_OWN + 1] = unsure
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """What the model is conditioned on, in its own units.

    Attributes:
        evidence: configurations with judged texts, `centre` taken away from the scores, on the
            prompts that have any.
        gaps: distances between them.
        level: (n, n) prior covariance that hyperparameters do not touch (`expectation`).
        basis: prompt contrasts.
        n_prompts: of the study.
        shortfall: (n,) how far each lies below the best, at a first look.
        prior_sd: (10,) how unsure the hyperparameters are before any text.
    """

    evidence: Evidence
    gaps: Gaps
    level: Floats
    basis: Floats
    n_prompts: int
    shortfall: Floats
    prior_sd: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """The process conditioned on the data for one `theta`.

    Attributes:
        factor: (n, n) lower Cholesky factor of the covariance of `seen.mean`.
        alpha: (n,) covariance^-1 (seen.mean), what was expected being taken away.
        value: log posterior density of theta, up to a constant.
    """

    theta: Floats
    seen: Seen
    factor: Floats
    alpha: Floats
    value: float


def solve(data: Data, theta: Floats) -> Solved:
    """Condition on the data."""
    return _solve(data, theta, covariance(data.gaps, theta))


def _solve(data: Data, theta: Floats, prior: Floats) -> Solved:
    seen = reduce(data.evidence, data.basis, data.n_prompts, theta, data.shortfall)
    full = prior + data.level + seen.spread @ seen.spread.T
    full[np.diag_indices_from(full)] += seen.variance + JITTER
    factor, info = lapack.dpotrf(full, lower=1, clean=1)
    assert info == 0, "a covariance with noise on its diagonal is positive definite"
    alpha, _ = lapack.dpotrs(factor, seen.mean, lower=1)
    value = -0.5 * (seen.mean @ alpha + len(alpha) * LOG_2PI) - np.log(np.diag(factor)).sum()
    value += seen.within - 0.5 * (((theta - PRIOR_MEAN) / data.prior_sd) ** 2).sum()
    return Solved(theta, seen, factor, alpha, float(value))


def density(data: Data, theta: Floats) -> tuple[float, Floats]:
    """The log posterior density of hyperparameters, and its gradient."""
    prior, slopes = covariance_gradient(data.gaps, theta)
    solved = _solve(data, theta, prior)
    inverse, _ = lapack.dpotri(solved.factor, lower=1)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    pull = 0.5 * (np.outer(solved.alpha, solved.alpha) - inverse)
    gradient = np.empty(N_THETA)
    gradient[:N_KERNEL] = [float((pull * slope).sum()) for slope in slopes]
    here = _surrogate(solved.seen, pull, solved.alpha)
    for k in range(N_KERNEL, N_THETA):
        moved = theta.copy()
        moved[k] += STEP
        seen = reduce(data.evidence, data.basis, data.n_prompts, moved, data.shortfall)
        gradient[k] = (_surrogate(seen, pull, solved.alpha) - here) / STEP
    gradient -= (theta - PRIOR_MEAN) / data.prior_sd**2
    return solved.value, gradient


def _surrogate(seen: Seen, pull: Floats, alpha: Floats) -> float:
    """A number with the same derivative by the noise hyperparameters as the log likelihood.

    d log N(y; 0, C) = tr(pull dC) - alpha' dy (Rasmussen and Williams 2006, eq. 5.9).
    """
    moved = np.diag(pull) @ seen.variance + ((pull @ seen.spread) * seen.spread).sum()
    return float(moved - alpha @ seen.mean + seen.within)
