"""What is expected before any text is seen, and how freely texts may overrule it.

Every model starts from an unknown level. `MODERATE` expects, besides, that quality falls towards
either end of effective randomness, and with the tail: few find their best setting at the edge
of their space. With noisy scores this keeps a search from betting on edges that nothing speaks
against yet. The slopes are unknown too, so a surface that rises towards an edge soon turns them
round. A narrow space loses less, by the part of a usual span that it has. A verdict is read with
`NEUTRAL`: no gain may come from an expectation. And it holds it as probable as not that failures
come as often at any setting, while a search, which is there to find out, takes them to differ;
where none came, it leaves more open than a search, which will see. Surfaces steeper or flatter than
most are no surprise to it: it must not take a peak for a gentle hill.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._arrays import Floats
from .frame import Frame, Points

LEVEL_VARIANCE = 4.0  # of the overall level, about the mean of the data
USUAL = (1.8, 0.36)  # spans of entropy (nats) and root tail mass with the built-in bank


@dataclass(frozen=True, slots=True)
class Expectation:
    """Points lost at the ends of the entropy axis, and at the heaviest tail.

    Attributes:
        loss: what is expected, in the model's units.
        sd: how unsure that is.
        steady: how probable it is that failures have nothing to do with settings.
        absent: texts' worth of failure that is left open where none was seen.
        unsure: log SDs of the priors of amplitudes and of length scales; None for the usual ones.
    """

    loss: tuple[float, float]
    sd: tuple[float, float]
    steady: float = 0.0
    absent: float = 0.1
    unsure: tuple[float, float] | None = None

    def mean(self, points: Points) -> Floats:
        """(n,) expected quality, about the level."""
        return np.asarray(-_edges(points) @ np.array(self.loss))

    def covariance(self, a: Points, b: Points) -> Floats:
        """(n_a, n_b) prior covariance of level and slopes."""
        return np.asarray(LEVEL_VARIANCE + (_edges(a) * np.square(self.sd)) @ _edges(b).T)

    def variance(self, points: Points) -> Floats:
        """(n,) its diagonal."""
        return np.asarray(LEVEL_VARIANCE + _edges(points) ** 2 @ np.square(self.sd))


def _edges(points: Points) -> Floats:
    """(n, 2) how far each point is from the middle of the entropy axis, squared; its tail; 0-1."""
    entropy, tail = np.clip(points.common, 0.0, 1.0).T
    return np.stack([(2.0 * entropy - 1.0) ** 2, tail], axis=1)


def steering(moderate: bool, frame: Frame) -> Expectation:
    """What a search goes by.

    Args:
        moderate: whether moderate settings are expected to be better.
        frame: of the space that is searched.
    """
    if not moderate:
        return UNKNOWN
    part = np.minimum(1.0, frame.width / USUAL)
    (a, b), (c, d) = (part * MODERATE.loss).tolist(), (part * MODERATE.sd).tolist()
    return Expectation((a, b), (c, d))


UNKNOWN = Expectation((0.0, 0.0), (0.0, 0.0))
NEUTRAL = Expectation((0.0, 0.0), (0.0, 0.0), steady=0.5, absent=0.25, unsure=(1.2, 0.9))
MODERATE = Expectation((0.3, 0.4), (0.3, 0.4))
