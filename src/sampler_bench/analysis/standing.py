"""How settings stand to the best of the space, wherever it is: joint draws of the belief.

A winner that does not beat the baseline says little of the settings that are not the winner. So "as
good" asks of all of them at once how probable it is that any is better than the baseline by more
than the margin; the set within the margin asks of each how probable it is that the best lies no
further above it. Both look at many settings, and joint draws pay for the looking: no correction for
it is needed (Gelman, Hill and Yajima 2012, J. Res. Educ. Eff. 5(2)). Not covered: what the model
does not expect, such as a peak far narrower than the settings lie apart.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.linalg import lapack

from .._arrays import Floats, Mask
from ..posterior import Belief
from .power import WIDER

DRAWS = 2000
RISK = 0.05  # that something beats the baseline by more than the margin, where "as good" is said
UNLIKELY = 0.015  # to be within the margin: left out; at .05 simulated sets held none too often
HELD = 0.975  # how probable it is that the set holds one
MOST_TIMES = 64.0  # the texts so far: a study larger than that is no advice
ROUNDING = 1e-10  # of the mean variance


def draws(belief: Belief, n: int = DRAWS) -> Floats:
    """(n, n_configs) objectives that are possible, scattered as widely as the intervals are."""
    z = _normals(n, len(belief.mean))
    return np.asarray(belief.mean + WIDER * z @ root(belief.covariance).T)


@lru_cache(maxsize=6)
def _normals(n: int, width: int) -> Floats:
    """(n, width) standard normal numbers, always the same; not to be written to."""
    return np.random.default_rng(1).standard_normal((n, width))


def root(covariance: Floats) -> Floats:
    """A matrix L with L L' = covariance, but for rounding: a lower triangle, where there is one."""
    size = max(float(np.trace(covariance)) / max(len(covariance), 1), 1e-12)
    raised = covariance + ROUNDING * size * np.eye(len(covariance))
    factor, info = lapack.dpotrf(raised, lower=1, clean=1)
    if not info:
        return np.asarray(factor)
    values, vectors = np.linalg.eigh(covariance)  # rounding made it a little less than semidefinite
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def beaten(worth: Floats, base: int, inside: Mask, margin: float) -> float:
    """How probable it is that a setting of the space is better than `base` by more than `margin`.

    Args:
        worth: (n_draws, n) possible objectives.
        base: the column of the baseline.
        inside: (n,) which settings may be recommended.
        margin: points.
    """
    rivals = inside.copy()
    rivals[base] = False
    if not rivals.any():
        return 0.0
    return float((worth[:, rivals].max(axis=1) - worth[:, base] > margin).mean())


def near_best(worth: Floats, inside: Mask, margin: float) -> Mask:
    """(n,) which may be within the margin of the best of the space, the best among them.

    All that are so with a probability of at least `UNLIKELY`, and as many of the likeliest beside
    them as it takes to hold one with probability `HELD`.
    """
    near = worth >= worth[:, inside].max(axis=1, keepdims=True) - margin
    chance = near.mean(axis=0)
    order = np.argsort(-chance, kind="stable")
    held = np.logical_or.accumulate(near[:, order], axis=1).mean(axis=0)
    found = chance >= UNLIKELY
    found[order[: 1 + int(np.searchsorted(held, HELD))]] = True
    return np.asarray(found)


def times_needed(belief: Belief, base: int, inside: Mask, margin: float) -> float | None:
    """By how much the texts must grow for `beaten` to come to `RISK`, if all stays as it looks.

    Returns:
        None where the best looks better than the baseline by the margin, or where it is too much.
    """
    away = draws(belief, 1000) - belief.mean
    for times in np.exp(np.linspace(0, np.log(MOST_TIMES), 25))[1:]:
        if beaten(belief.mean + away / np.sqrt(times), base, inside, margin) <= RISK:
            return float(times)
    return None
