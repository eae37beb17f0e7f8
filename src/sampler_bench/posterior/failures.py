"""How often a configuration fails: a surface of its own, apart from the quality of what succeeds.

logit rate = level + process over effective randomness and the sampler's own knobs, with a binomial
likelihood and Laplace's approximation (Rasmussen and Williams 2006, section 3.4). Level and
amplitude are averaged over a small grid by their evidence. Failures are pooled over prompts. Where
nothing failed at all the rate is 0 with what `n` successes leave open.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import lapack
from scipy.special import expit

from .kernel import Gaps, covariance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .evidence import Evidence
    from .frame import Points

    Floats = NDArray[np.float64]

LEVELS = (-5.0, -3.0, -1.0)  # logits of the rate where nothing is known
AMPLITUDES = (0.4, 1.2, 3.0)
LEVEL_SD = 1.0
LENGTH, OFFSET, OWN = 0.5, 0.3, 0.6  # the latter two in parts of the amplitude
ABSENT = 0.1  # texts' worth of failure left open where none was seen
PASSES = 30
CLOSE = 1e-6  # of Newton's last step
LEAST_WEIGHT = 0.03


@dataclass(frozen=True, slots=True, eq=False)
class _Member:
    level: float
    theta: Floats
    weight: float
    pull: Floats  # gradient of the log likelihood at the mode
    root: Floats  # square root of its curvature there
    factor: Floats  # Cholesky factor of I + root K root


class Failures:
    """The failure rate of any configuration.

    Args:
        evidence: configurations with judged or failed texts.
        points: where they lie.
    """

    def __init__(self, evidence: Evidence, points: Points) -> None:
        self.failed, self.total, self.points = evidence.failed, evidence.total, points
        self.none = bool(evidence.failed.sum() == 0)
        self._members = [] if self.none else self._fit()

    def rate(self, points: Points) -> tuple[Floats, Floats, list[tuple[float, Floats, Floats]]]:
        """Predict failure rates.

        Returns:
            mean (m,), standard deviation (m,), and for `joint` the (weight, mean, slope) of each
            member of the average.
        """
        if self.none:
            expected = ABSENT / (self.total.sum() + 1.0)
            return np.full(len(points), expected), np.full(len(points), expected), []
        gaps = Gaps.between(points, self.points)
        parts = [self._predict(member, gaps) for member in self._members]
        mean = np.sum([w * m for w, m, _, _ in parts], axis=0)
        square = np.sum([w * (m**2 + (s * sd) ** 2) for w, m, s, sd in parts], axis=0)
        sd = np.sqrt(np.maximum(square - mean**2, 0.0))
        return mean, sd, [(w, m, s) for w, m, s, _ in parts]

    def joint(self, points: Points) -> tuple[Floats, Floats]:
        """Mean (m,) and covariance (m, m) of failure rates, by the delta method."""
        mean, sd, parts = self.rate(points)
        if self.none:
            return mean, np.outer(sd, sd)
        gaps, inner = Gaps.between(points, self.points), Gaps.between(points, points)
        full = np.zeros((len(points), len(points)))
        for member, (weight, rate, slope) in zip(self._members, parts, strict=True):
            half = self._half(member, gaps)
            latent = _prior(inner, member.theta) - half.T @ half
            away = rate - mean
            full += weight * (slope[:, None] * latent * slope + np.outer(away, away))
        return mean, full

    def _half(self, member: _Member, gaps: Gaps) -> Floats:
        cross = _prior(gaps, member.theta) * member.root
        half, _ = lapack.dtrtrs(member.factor, cross.T, lower=1)
        return np.asarray(half, dtype=np.float64)

    def _predict(self, member: _Member, gaps: Gaps) -> tuple[float, Floats, Floats, Floats]:
        """Weight, mean rate, slope of the rate by the latent value, and the latent SD."""
        latent = member.level + _prior(gaps, member.theta) @ member.pull
        half = self._half(member, gaps)
        full = float(_prior_at_zero(member.theta))
        variance = np.maximum(full - (half**2).sum(axis=0), 1e-9)
        # MacKay's approximation to the mean of a logistic-normal
        shrink = 1.0 / np.sqrt(1.0 + np.pi * variance / 8.0)
        rate = expit(latent * shrink)
        slope = rate * (1 - rate) * shrink
        return member.weight, rate, slope, np.sqrt(variance)

    def _fit(self) -> list[_Member]:
        gaps = Gaps.between(self.points, self.points)
        found: list[tuple[float, _Member]] = []
        start = np.log((self.failed + 0.2) / (self.total - self.failed + 1.0))
        for amplitude in AMPLITUDES:
            prior = _prior(gaps, _theta(amplitude))
            for level in LEVELS:
                value, member, start = self._laplace(prior, level, _theta(amplitude), start)
                found.append((value, member))
        best = max(value for value, _ in found)
        shares = np.array([np.exp(value - best) for value, _ in found])
        shares /= shares.sum()
        kept = shares > LEAST_WEIGHT
        return [
            replace(member, weight=float(share / shares[kept].sum()))
            for (_, member), share in zip(found, shares, strict=True)
            if share > LEAST_WEIGHT
        ]

    def _laplace(
        self, prior: Floats, level: float, theta: Floats, start: Floats
    ) -> tuple[float, _Member, Floats]:
        """Newton's method for the mode (Rasmussen and Williams 2006, algorithm 3.1)."""
        latent = start
        for _ in range(PASSES):
            rate = expit(latent)
            root = np.sqrt(np.maximum(self.total * rate * (1 - rate), 1e-10))
            system = root[:, None] * prior * root
            system[np.diag_indices_from(system)] += 1.0
            factor, _ = lapack.dpotrf(system, lower=1, clean=1)
            b = root**2 * (latent - level) + self.failed - self.total * rate
            inner, _ = lapack.dpotrs(factor, root * (prior @ b), lower=1)
            pull = b - root * inner
            moved = level + prior @ pull
            step = np.clip(moved - latent, -3.0, 3.0)
            latent = latent + step
            if np.abs(step).max() < CLOSE:
                break
        fit = float((self.failed * latent - self.total * np.logaddexp(0.0, latent)).sum())
        value = fit - 0.5 * pull @ (latent - level) - np.log(np.diag(factor)).sum()
        return float(value), _Member(level, theta, 0.0, pull, root, factor), latent


def _theta(amplitude: float) -> Floats:
    sds = [amplitude, amplitude * OFFSET, amplitude * OWN]
    return np.asarray(np.log([*sds, LENGTH, LENGTH, LENGTH]), dtype=np.float64)


def _prior(gaps: Gaps, theta: Floats) -> Floats:
    full: Floats = covariance(gaps, theta) + LEVEL_SD**2
    return full


def _prior_at_zero(theta: Floats) -> float:
    return float(np.exp(2.0 * theta[:3]).sum()) + LEVEL_SD**2
