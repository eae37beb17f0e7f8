"""The knowledge gradient: how much a few more texts of a candidate are expected to raise the best.

Frazier, Powell and Dayanik 2009: KG(i) = E max_j (mean_j + s_ij Z) - max_j mean_j, with s_i the
change of all means by a look at i. The expectation by the trapezoidal rule, for the maximum has
kinks. One text says too little to be steered by, so the look is one of several texts; inside a
batch the covariance is updated as if each text had come.
"""

from __future__ import annotations

import numpy as np

from .._arrays import Floats, Mask

NODES = np.linspace(-4.0, 4.0, 21)
WEIGHTS = np.exp(-(NODES**2) / 2)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
REACH = 3.5  # contenders are within so many SDs of the leader


def knowledge_gradient(
    mean: Floats, covariance: Floats, look_variance: Floats, target: Mask
) -> Floats:
    """The expected gain of a look at each candidate.

    Args:
        mean: (n,) belief about the candidates.
        covariance: (n, n) belief about the candidates.
        look_variance: (n,) noise variance of a look.
        target: (n,) candidates that may be recommended.

    Returns:
        (n,) expected gain of the best mean, at least 0.
    """
    sd = np.sqrt(np.maximum(np.diag(covariance), 1e-18))
    leader = mean[target].max()
    rivals = np.flatnonzero(target & (mean + REACH * sd >= leader - REACH * sd[target].min()))
    change = covariance[rivals] / np.sqrt(sd**2 + look_variance)
    gain = np.zeros(len(mean))
    for node, weight in zip(NODES, WEIGHTS, strict=True):
        gain += weight * (mean[rivals, None] + node * change).max(axis=0)
    return np.asarray(np.maximum(gain - leader, 0.0))


def look(covariance: Floats, index: int, variance: float) -> Floats:
    """The covariance after a text of candidate `index` with noise `variance`, its score unknown."""
    column = covariance[:, index]
    return np.asarray(covariance - np.outer(column, column) / (column[index] + variance))
