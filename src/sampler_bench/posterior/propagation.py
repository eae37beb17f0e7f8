"""Expectation propagation for a latent surface that is seen through counts of failures.

Minka 2001; Rasmussen and Williams 2006, section 3.6, with all sites updated at once and damped.
Each configuration's binomial likelihood is replaced by a Gaussian site whose moments agree. Where
next to nothing fails, Laplace's approximation sits at a mode far above the bulk of the posterior,
and its failure rates came out ten times too high: see docs/log.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack
from scipy.special import expit

from .._arrays import Floats

PASSES = 40
DAMPING = 0.9
CLOSE = 3e-3  # of the latent means' last step, in posterior standard deviations
LEAST_PRECISION = 1e-10
NODES = 49
REACH = 8.0  # quadrature goes so many cavity standard deviations to each side
NEWTON = 25


@dataclass(frozen=True, slots=True, eq=False)
class Sites:
    """The posterior of the latent surface at the configurations seen.

    Attributes:
        pull: (n,) what a prediction's covariances are multiplied with to give its mean.
        root: (n,) square root of the sites' precisions.
        factor: (n, n) lower Cholesky factor of I + root K root.
        rates: (2, n) first and second moment of the failure rates, from the likelihood itself.
        value: log evidence, up to the binomial coefficients.
    """

    pull: Floats
    root: Floats
    factor: Floats
    rates: Floats
    value: float


@dataclass(frozen=True, slots=True, eq=False)
class Tilted:
    """A Gaussian times a binomial likelihood with logit x.

    Attributes:
        norm: (n,) log normalisers, without the binomial coefficients.
        mean, variance: (n,) of x.
        rates: (2, n) first and second moment of expit(x).
    """

    norm: Floats
    mean: Floats
    variance: Floats
    rates: Floats


def propagate(
    prior: Floats, level: float, failed: Floats, total: Floats, start: tuple[Floats, Floats]
) -> Sites:
    """Find sites whose moments agree with the likelihood's.

    Args:
        prior: (n, n) covariance of the latent surface about `level`.
        level: its mean, a logit.
        failed: (n,) failed texts.
        total: (n,) judged and failed texts.
        start: two (n,): precisions and precision-times-means of the sites to start from.
    """
    precision, shift = start
    for _ in range(PASSES):
        pull, root, factor, variance = _posterior(prior, precision, shift)
        mean = prior @ pull
        rest = np.maximum(1.0 / variance - precision, 0.02 / variance)
        pushed = mean / variance - shift
        seen = tilted(level + pushed / rest, 1.0 / rest, failed, total)
        value = seen.norm.sum() - np.log(np.diag(factor)).sum()
        value += _evidence(mean, shift, precision / rest, variance, pushed)
        found = Sites(pull, root, factor, seen.rates, float(value))
        if (np.abs(seen.mean - level - mean) / np.sqrt(variance)).max() < CLOSE:
            break
        wanted = np.maximum(1.0 / seen.variance - rest, LEAST_PRECISION)
        precision = precision + DAMPING * (wanted - precision)
        shift = shift + DAMPING * ((seen.mean - level) / seen.variance - pushed - shift)
    return found


def tilted(centre: Floats, variance: Floats, failed: Floats, total: Floats) -> Tilted:
    """Moments of a Gaussian times a binomial likelihood with logit x.

    Quadrature on a sinh-spaced grid about the mode, which is as fine as the likelihood is sharp
    and as wide as the Gaussian.

    Args:
        centre: (n,) means of the Gaussian.
        variance: (n,) its variances.
        failed: (n,) failed texts.
        total: (n,) judged and failed texts.
    """
    mode = _mode(centre, variance, failed, total)
    rate = expit(mode)
    sharp = 1.0 / np.sqrt(1.0 / variance + total * rate * (1 - rate))
    stretch = np.arcsinh(REACH * np.sqrt(variance) / sharp)[:, None]
    u = np.linspace(-1.0, 1.0, NODES)
    away = sharp[:, None] * np.sinh(stretch * u)
    x = mode[:, None] + away
    fall = np.exp(-np.abs(x))  # by it, for logaddexp takes 20 times as long as exp, and expit 6
    log = failed[:, None] * x - total[:, None] * (np.maximum(x, 0.0) + np.log1p(fall))
    log -= (x - centre[:, None]) ** 2 * (0.5 / variance[:, None])
    top = log.max(axis=1)
    weight = np.exp(log - top[:, None]) * np.cosh(stretch * u)
    width = sharp * stretch[:, 0] * (u[1] - u[0])
    mass = weight.sum(axis=1)
    norm = top + np.log(mass * width) - 0.5 * np.log(2 * np.pi * variance)
    rates = np.where(x > 0.0, 1.0, fall) / (1.0 + fall)
    found = [away, away**2, rates, rates**2]
    first, square, *moments = [np.einsum("ij,ij->i", weight, each) / mass for each in found]
    return Tilted(norm, mode + first, square - first**2, np.stack(moments))


def _mode(centre: Floats, variance: Floats, failed: Floats, total: Floats) -> Floats:
    """Newton's method, held back to where a likelihood without failures could pull."""
    x = centre.copy()
    for _ in range(NEWTON):
        rate = expit(x)
        slope = failed - total * rate - (x - centre) / variance
        step = slope / (total * rate * (1 - rate) + 1.0 / variance)
        x = x + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-6:
            break
    return x


def _posterior(
    prior: Floats, precision: Floats, shift: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """What gives predictions (`Sites`): pull, root, factor; and the latent variances."""
    root = np.sqrt(precision)
    system = root[:, None] * prior * root
    system[np.diag_indices_from(system)] += 1.0
    factor, info = lapack.dpotrf(system, lower=1, clean=1)
    assert info == 0, "a covariance plus one on its diagonal is positive definite"
    inner, _ = lapack.dpotrs(factor, root * (prior @ shift), lower=1)
    half, _ = lapack.dtrtrs(factor, root[:, None] * prior, lower=1)
    variance = np.maximum(np.diag(prior) - (half**2).sum(axis=0), 1e-12)
    return shift - root * inner, root, factor, variance


def _evidence(
    mean: Floats, shift: Floats, ratio: Floats, variance: Floats, pushed: Floats
) -> float:
    """The log evidence beside normalisers and determinant (Rasmussen and Williams 2006, 3.65).

    `ratio` is a site's precision over its cavity's; the means are about the level, so that the
    prior mean is 0.
    """
    own = variance * (pushed * (ratio * pushed - 2.0 * shift) - shift**2)
    return float(0.5 * (shift @ mean + own.sum() + np.log1p(ratio).sum()))
