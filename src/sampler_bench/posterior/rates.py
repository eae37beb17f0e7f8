"""What is known of a rate: its moments where its logit is Gaussian, and the ends of its interval.

A small rate is skewed: it may be twice what it seems, and not less than 0.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.special import betaincinv, expit, logit, ndtri

from .._arrays import Floats

ENDS = (0.025, 0.975)
NARROWEST = 1e-6  # of a rate, its distance from 0 and 1, its standard deviation
HERMITE = 32  # nodes of the quadrature


def sides(rate: Floats, sd: Floats) -> tuple[Floats, Floats]:
    """How far rates may lie above and below their means, as normal standard deviations (m,).

    Of a beta distribution with their two moments, by the ends of its 95 % interval.
    """
    rate = np.clip(rate, NARROWEST, 1.0 - NARROWEST)
    left = np.maximum(rate * (1.0 - rate) / np.maximum(sd, NARROWEST) ** 2 - 1.0, NARROWEST)
    low, high = (betaincinv(rate * left, (1.0 - rate) * left, end) for end in ENDS)
    normal = float(ndtri(ENDS[1]))
    # where all lies at 0 or at 1, the mean may lie beyond an end
    return np.maximum(high - rate, 0.0) / normal, np.maximum(rate - low, 0.0) / normal


def logistic_moments(mean: Floats, variance: Floats) -> Floats:
    """(2, m) first and second moments of expit(x), x normal, by Gauss and Hermite's quadrature."""
    nodes, weights = _hermite()
    rate = expit(mean[:, None] + np.sqrt(variance)[:, None] * nodes)
    return np.stack([rate @ weights, rate**2 @ weights])


def shape(moments: Floats) -> Floats:
    """(2, m) logits of the means and logarithms of the variances of rates with such moments."""
    first, second = moments
    return np.stack([logit(first), np.log(np.maximum(second - first**2, NARROWEST**2))])


def moments_of(found: Floats) -> Floats:
    """(2, m) first and second moments of rates of such a shape."""
    mean = expit(found[0])
    return np.stack([mean, np.exp(found[1]) + mean**2])


@lru_cache(maxsize=1)
def _hermite() -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(HERMITE)
    return nodes, weights / weights.sum()
