"""The prior covariance of quality: what samplers share, and what is a sampler's own.

cov(a, b) = common^2 M(effective randomness) + [same sampler] (offset^2 + own^2 M(own knobs)),
with M the Matern 5/2 correlation (Rasmussen and Williams 2006, eq. 4.17). Amplitudes are in points,
length scales in parts of the space. All hyperparameters are natural logarithms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .frame import Points

    Floats = NDArray[np.float64]

COMMON, OFFSET, OWN, LENGTH_ENTROPY, LENGTH_TAIL, LENGTH_OWN = range(6)
N_KERNEL = 6


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """Squared distances between two sets of points, each (n_a, n_b)."""

    entropy: Floats
    tail: Floats
    own: Floats
    same: Floats

    @classmethod
    def between(cls, a: Points, b: Points) -> Gaps:
        """All pairs of `a` and `b`."""
        common = (a.common[:, None, :] - b.common[None, :, :]) ** 2
        square = (a.own**2).sum(1)[:, None] + (b.own**2).sum(1)[None, :] - 2 * a.own @ b.own.T
        same = (a.sampler[:, None] == b.sampler[None, :]).astype(np.float64)
        return cls(common[..., 0], common[..., 1], np.maximum(square, 0.0), same)


def matern(square: Floats) -> tuple[Floats, Floats]:
    """The Matern 5/2 correlation at squared scaled distances, and minus twice its slope there.

    Returns:
        (k, s) with s = -2 dk / d(square): the gradient by a log length scale is s times that
        dimension's part of the squared distance.
    """
    root = np.sqrt(5.0 * square)
    fall = np.exp(-root)
    slope = (5.0 / 3.0) * (1.0 + root) * fall
    return (1.0 + root + root * root / 3.0) * fall, slope


def covariance(gaps: Gaps, theta: Floats) -> Floats:
    """The prior covariance for hyperparameters `theta` (its first 6 entries)."""
    shared, own, _, _ = _parts(gaps, theta)
    return shared + own


def covariance_gradient(gaps: Gaps, theta: Floats) -> tuple[Floats, list[Floats]]:
    """The covariance and its derivative by each of the 6 log hyperparameters."""
    shared, own, slope, own_slope = _parts(gaps, theta)
    scale = np.exp(-2.0 * theta[LENGTH_ENTROPY : LENGTH_OWN + 1])
    offset = np.exp(2.0 * theta[OFFSET]) * gaps.same
    return shared + own, [
        2.0 * shared,
        2.0 * offset,
        2.0 * (own - offset),
        slope * gaps.entropy * scale[0],
        slope * gaps.tail * scale[1],
        own_slope * gaps.own * scale[2],
    ]


def _parts(gaps: Gaps, theta: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    variance = np.exp(2.0 * theta[:LENGTH_ENTROPY])
    scale = np.exp(-2.0 * theta[LENGTH_ENTROPY : LENGTH_OWN + 1])
    k, slope = matern(gaps.entropy * scale[0] + gaps.tail * scale[1])
    own, own_slope = matern(gaps.own * scale[2])
    mine = gaps.same * (variance[OFFSET] + variance[OWN] * own)
    return (
        variance[COMMON] * k,
        mine,
        variance[COMMON] * slope,
        variance[OWN] * gaps.same * own_slope,
    )


def prior_variance(theta: Floats) -> float:
    """The prior variance of any configuration, the constant left out."""
    return float(np.exp(2.0 * theta[:LENGTH_ENTROPY]).sum())
