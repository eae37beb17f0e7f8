"""How diversity follows from how open the next token is, before any configuration is looked at.

Drawn without any openness (effective entropy 0) two texts on one prompt are the same; drawn ever
more openly they come to have no more in common than texts on different prompts have, a share b of
common words. Between the two the overlap falls off exponentially, as the chance that two draws
agree does:

    diversity(H) = (1 - b) (1 - exp(-k H))

b is first taken from texts on different prompts, k from nothing; both are then fitted to the pairs
of texts (least squares with weak priors; Gauss-Newton covariance). On the demo model, b = .07 and
k = 2.3 leave configurations .03 off on average, sampling noise included (33 configurations, 2,393
pairs). Not covered: knobs with a memory, which do not show in the entropy; what is left over is for
the Gaussian process of `diversity_estimate`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._arrays import Floats

USUAL_RATE, RATE_SD = 2.0, 1.0  # of k, and of its logarithm
FLOOR_SD = 0.03  # of b around what texts on different prompts have in common
MOST_COMMON = 0.95  # of b
OFF = 0.025  # standard deviation of configurations about the law
FIRST_SD, LEAST_SD, ROUNDS = 0.1, 0.02, 3  # of a pair's diversity, found in so many rounds


@dataclass(frozen=True, slots=True)
class Law:
    """A fitted law: `floor` b, `log_rate` ln k and their (2, 2) covariance."""

    floor: float
    log_rate: float
    covariance: Floats

    def at(self, entropy: Floats) -> Floats:
        """Diversity at these entropies, 0 to 1: (n,)."""
        return _law(np.array([self.floor, self.log_rate]), entropy)

    def variance(self, entropy: Floats) -> Floats:
        """How unsure it is of a configuration there: (n,), squared."""
        decay = np.exp(-math.exp(self.log_rate) * entropy)
        rate = math.exp(self.log_rate)
        slopes = np.stack([decay - 1, (1 - self.floor) * rate * entropy * decay], axis=1)
        return np.asarray(np.einsum("ij,jk,ik->i", slopes, self.covariance, slopes)) + OFF**2


def fit(entropy: Floats, diversity: Floats, floor: float) -> Law:
    """Fit the law.

    Args:
        entropy: (n,) effective entropy of each pair's configuration, in nats.
        diversity: (n,) 1 - overlap of each pair, 0 to 1.
        floor: the share that texts on different prompts have in common.
    """
    from scipy.optimize import least_squares

    first = np.array([min(floor, MOST_COMMON), math.log(USUAL_RATE)])
    spread, sd = np.array([FLOOR_SD, RATE_SD]), FIRST_SD
    for _ in range(ROUNDS):

        def off(values: Floats, sd: float = sd) -> Floats:
            seen = (diversity - _law(values, entropy)) / sd
            return np.concatenate([seen, (values - first) / spread])

        found = least_squares(off, first, bounds=([0.0, -5.0], [MOST_COMMON, 5.0]))
        sd = max(float(np.std(diversity - _law(found.x, entropy))), LEAST_SD)
    return Law(float(found.x[0]), float(found.x[1]), _covariance(found.jac))


def _covariance(jacobian: Any) -> Floats:  # noqa: ANN401 - scipy types it as anything
    slopes = np.asarray(jacobian, dtype=float)
    return np.linalg.inv(slopes.T @ slopes)


def _law(values: Floats, entropy: Floats) -> Floats:
    floor, log_rate = values
    return np.asarray((1 - floor) * (1 - np.exp(-np.exp(log_rate) * entropy)))
