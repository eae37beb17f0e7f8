"""The prior covariance of quality: what samplers share, and what is a sampler's own.

cov(a, b) = common^2 M(effective randomness) + [same sampler] (offset^2 + own^2 M(own knobs)),
with M the Matern 5/2 correlation (Rasmussen and Williams 2006, eq. 4.17). Where a user lists values
one by one, a tenth of own^2 is each setting's alone: from one value to the next there may be a step
(docs/log.md has it measured). Amplitudes are in points, length scales in parts of the space. All
hyperparameters are natural logarithms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._arrays import Floats
from .frame import Points

COMMON, OFFSET, OWN, LENGTH_ENTROPY, LENGTH_TAIL, LENGTH_OWN = range(6)
N_KERNEL = 6
ALONE = 0.1  # part of own^2 that a setting of a list shares with no other
SAME = 1e-12  # squared distance of a point to itself


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """Two sets of points, each attribute (n_a, n_b).

    Attributes:
        entropy, tail, own: squared distances.
        same: 1 where both are of one sampler, else 0.
        kin: the part of own^2 that both share at most: 0 where their samplers differ.
    """

    entropy: Floats
    tail: Floats
    own: Floats
    same: Floats
    kin: Floats

    @classmethod
    def between(cls, a: Points, b: Points) -> Gaps:
        """All pairs of `a` and `b`."""
        common = (a.common[:, None, :] - b.common[None, :, :]) ** 2
        square = (a.own**2).sum(1)[:, None] + (b.own**2).sum(1)[None, :] - 2 * a.own @ b.own.T
        same = (a.sampler[:, None] == b.sampler[None, :]).astype(np.float64)
        kin = same * (1.0 - ALONE * (a.listed[:, None] & (square > SAME)))
        return cls(common[..., 0], common[..., 1], np.maximum(square, 0.0), same, kin)


def matern(square: Floats) -> Floats:
    """The Matern 5/2 correlation at squared scaled distances."""
    root = np.sqrt(5.0 * square)
    found = root * (1.0 / 3.0)
    found += 1.0
    found *= root
    found += 1.0
    np.negative(root, out=root)
    np.exp(root, out=root)
    found *= root
    return np.asarray(found)


def matern_slope(square: Floats) -> Floats:
    """Minus twice its derivative by the squared distance.

    The gradient by a log length scale is this times that dimension's part of the squared distance.
    """
    root = np.sqrt(5.0 * square)
    return np.asarray((5.0 / 3.0) * (1.0 + root) * np.exp(-root))


def covariance(gaps: Gaps, theta: Floats) -> Floats:
    """The prior covariance for hyperparameters `theta` (its first 6 entries)."""
    variance = np.exp(2.0 * theta[:LENGTH_ENTROPY])
    near, own_near = _scaled(gaps, theta)
    own = matern(own_near)
    own *= variance[OWN]
    own *= gaps.kin
    own += variance[OFFSET] * gaps.same
    shared = matern(near)
    shared *= variance[COMMON]
    shared += own
    return shared


def covariance_gradient(gaps: Gaps, theta: Floats) -> tuple[Floats, list[Floats]]:
    """The covariance and its derivative by each of the 6 log hyperparameters."""
    variance = np.exp(2.0 * theta[:LENGTH_ENTROPY])
    scale = np.exp(-2.0 * theta[LENGTH_ENTROPY : LENGTH_OWN + 1])
    near, own_near = _scaled(gaps, theta)
    shared = variance[COMMON] * matern(near)
    own = variance[OWN] * gaps.kin * matern(own_near)
    offset = variance[OFFSET] * gaps.same
    slope = variance[COMMON] * matern_slope(near)
    return shared + offset + own, [
        2.0 * shared,
        2.0 * offset,
        2.0 * own,
        slope * gaps.entropy * scale[0],
        slope * gaps.tail * scale[1],
        variance[OWN] * gaps.kin * matern_slope(own_near) * own_near,
    ]


def _scaled(gaps: Gaps, theta: Floats) -> tuple[Floats, Floats]:
    """Squared distances in length scales: over effective randomness, over own knobs."""
    scale = np.exp(-2.0 * theta[LENGTH_ENTROPY : LENGTH_OWN + 1])
    return gaps.entropy * scale[0] + gaps.tail * scale[1], gaps.own * scale[2]


def prior_variance(theta: Floats) -> float:
    """The prior variance of any configuration, the constant left out."""
    return float(np.exp(2.0 * theta[:LENGTH_ENTROPY]).sum())
