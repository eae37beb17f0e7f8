"""How often a configuration fails: a surface of its own, apart from the quality of what succeeds.

logit rate = level + process over effective randomness and the sampler's own knobs, with a binomial
likelihood. Level and amplitude are averaged over a small grid by their evidence: Laplace's
approximation (Rasmussen and Williams 2006, section 3.4) says which of them count, expectation
propagation (`propagation`) what they say. Failures are pooled over prompts, and where there are
very many configurations, over those that lie close together. Where nothing failed at all the rate
is what `n` successes leave open: gamma distributed, of shape `absent` and rate n + 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import lapack
from scipy.special import expit

from .._arrays import Floats
from .evidence import Evidence
from .frame import Points
from .gathering import gather
from .kernel import Gaps, covariance, prior_variance
from .propagation import Sites, propagate
from .rates import logistic_moments, moments_of, shape

LEVELS = (-5.0, -3.0, -1.0)  # logits of the rate where nothing is known
AMPLITUDES = (0.4, 1.2, 3.0)
ALIKE = 0.05  # where failures have nothing to do with settings
LEVEL_SD = 1.0
LENGTH, OFFSET, OWN = 0.5, 0.3, 0.6  # the latter two in parts of the amplitude
PASSES = 30
CLOSE = 1e-4  # of Newton's last step
LEAST_WEIGHT = 0.03
LEAST_AT_FIRST = 0.01  # by Laplace's evidence, to be looked at more closely
MOST_POINTS = 160  # beyond them neighbours are taken together
LEAST_VARIANCE = 1e-9  # latent


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """Laplace's approximation for one level and amplitude.

    `curvature` and `shift` are the natural parameters of the Gaussian that stands for the
    likelihood about the level.
    """

    level: float
    amplitude: float
    value: float
    curvature: Floats
    shift: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Member:
    """One level and amplitude after expectation propagation.

    At the n points seen: `half` (n, n) and `left` (n,) as by `_latent`; `skew` (2, n), the shape of
    a rate's belief less what it would be were its logit Gaussian.
    """

    level: float
    amplitude: float
    weight: float
    sites: Sites
    half: Floats
    left: Floats
    skew: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Said:
    """What a member says of m points.

    `half` (n, m): half' half is the latent variance that the data took away; `moments` (2, m) are
    the first and second of the rates.
    """

    weight: float
    amplitude: float
    half: Floats
    moments: Floats


class Failures:
    """The failure rate of any configuration.

    Args:
        evidence: configurations with judged or failed texts.
        points: where they lie.
        steady: how probable it is, before any text, that rates hardly differ between settings, as
            those of refusals do. The luckiest setting is then not taken for the safest.
        absent: texts' worth of failure that is left open where none was seen.
    """

    def __init__(self, evidence: Evidence, points: Points, steady: float, absent: float) -> None:
        self._absent = absent
        self._believed = dict.fromkeys(AMPLITUDES, (1.0 - steady) / len(AMPLITUDES))
        if steady:
            self._believed[ALIKE] = steady
        self.none = bool(evidence.failed.sum() == 0)
        self._texts = float(evidence.total.sum())
        if not self.none:
            groups = gather(points, evidence.total, MOST_POINTS)
            self.failed, self.total = groups.sums(evidence.failed), groups.sums(evidence.total)
            self.points = groups.points
        self._members = [] if self.none else self._fit()

    @property
    def expected(self) -> float:
        """The rate that is left open where nothing failed."""
        return float(self._absent / (self._texts + 1.0))

    def rate(self, points: Points) -> tuple[Floats, Floats]:
        """Mean (m,) and standard deviation (m,) of failure rates."""
        if self.none:
            sd = self.expected / self._absent**0.5
            return np.full(len(points), self.expected), np.full(len(points), sd)
        return _mixed(self._say(points))

    def joint(self, points: Points) -> tuple[Floats, Floats]:
        """Mean (m,) and covariance (m, m): rates move together as their latent values do."""
        if self.none:
            mean, sd = self.rate(points)
            return mean, np.outer(sd, sd)
        said = self._say(points)
        mean, _ = _mixed(said)
        priors = _priors(Gaps.between(points, points), {one.amplitude for one in said})
        full = np.zeros((len(points), len(points)))
        for one in said:
            latent = priors[one.amplitude] - one.half.T @ one.half
            spread = np.sqrt(np.maximum(np.diag(latent), 1e-12))
            first, second = one.moments
            scale = np.sqrt(np.maximum(second - first**2, 0.0)) / spread
            full += one.weight * (scale[:, None] * latent * scale)
            full += one.weight * np.outer(first - mean, first - mean)
        return mean, full

    def _say(self, points: Points) -> list[_Said]:
        """What each member says of some points.

        A Gaussian's long tail towards failure is not in the likelihood: where a configuration was
        seen the shape is the likelihood's own, and elsewhere it goes from the Gaussian's to
        that of the nearest one seen by the cube of their logits' correlation, as skewness does.
        """
        gaps = Gaps.between(points, self.points)
        priors = _priors(gaps, {member.amplitude for member in self._members})
        found = []
        for member in self._members:
            prior = priors[member.amplitude]
            half, left = _latent(member.sites, prior, member.amplitude)
            moments = logistic_moments(member.level + prior @ member.sites.pull, left)
            near = prior.argmax(axis=1)
            shared = prior.max(axis=1) - np.einsum("ij,ij->j", half, member.half[:, near])
            square = np.minimum(shared**2 / (left * member.left[near]), 1.0)
            moments = moments_of(shape(moments) + square**1.5 * member.skew[:, near])
            found.append(_Said(member.weight, member.amplitude, half, moments))
        return found

    def _fit(self) -> list[_Member]:
        priors = _priors(Gaps.between(self.points, self.points), self._believed)
        looks = [
            self._laplace(prior, level, amplitude)
            for amplitude, prior in priors.items()
            for level in LEVELS
        ]
        shares = _shares([look.value + np.log(self._believed[look.amplitude]) for look in looks])
        found = [
            self._member(priors[look.amplitude], look)
            for look, share in zip(looks, shares, strict=True)
            if share > LEAST_AT_FIRST
        ]
        shares = _shares([m.sites.value + np.log(self._believed[m.amplitude]) for m in found])
        kept = shares > LEAST_WEIGHT
        return [
            replace(member, weight=float(share / shares[kept].sum()))
            for member, share in zip(found, shares, strict=True)
            if share > LEAST_WEIGHT
        ]

    def _member(self, prior: Floats, look: _Look) -> _Member:
        start = look.curvature, look.shift
        sites = propagate(prior, look.level, self.failed, self.total, start)
        half, left = _latent(sites, prior, look.amplitude)
        gaussian = logistic_moments(look.level + prior @ sites.pull, left)
        skew = shape(sites.rates) - shape(gaussian)
        return _Member(look.level, look.amplitude, 0.0, sites, half, left, skew)

    def _laplace(self, prior: Floats, level: float, amplitude: float) -> _Look:
        """Newton's method for the mode (Rasmussen and Williams 2006, algorithm 3.1)."""
        latent = np.log((self.failed + 0.2) / (self.total - self.failed + 1.0))
        for _ in range(PASSES):
            rate = expit(latent)
            curvature = np.maximum(self.total * rate * (1 - rate), 1e-10)
            root = np.sqrt(curvature)
            system = root[:, None] * prior * root
            system[np.diag_indices_from(system)] += 1.0
            factor, _ = lapack.dpotrf(system, lower=1, clean=1)
            b = curvature * (latent - level) + self.failed - self.total * rate
            inner, _ = lapack.dpotrs(factor, root * (prior @ b), lower=1)
            pull = b - root * inner
            step = np.clip(level + prior @ pull - latent, -3.0, 3.0)
            latent = latent + step
            if np.abs(step).max() < CLOSE:
                break
        fit = float((self.failed * latent - self.total * np.logaddexp(0.0, latent)).sum())
        value = fit - 0.5 * pull @ (latent - level) - np.log(np.diag(factor)).sum()
        return _Look(level, amplitude, float(value), curvature, b)


def _latent(sites: Sites, prior: Floats, amplitude: float) -> tuple[Floats, Floats]:
    """The latent variance at m points: half (n, m), half' half is what the data took; left (m,).

    Args:
        sites: of the n points seen.
        prior: (m, n) latent covariances with them.
        amplitude: of the process.
    """
    half, _ = lapack.dtrtrs(sites.factor, (prior * sites.root).T, lower=1)
    left = _prior_at_zero(amplitude) - np.einsum("ij,ij->j", half, half)
    return half, np.maximum(left, LEAST_VARIANCE)


def _shares(values: list[float]) -> Floats:
    shares = np.exp(np.array(values) - max(values))
    return np.asarray(shares / shares.sum())


def _mixed(said: list[_Said]) -> tuple[Floats, Floats]:
    """Mean (m,) and standard deviation (m,) over all members."""
    mean, square = np.sum([one.weight * one.moments for one in said], axis=0)
    return mean, np.sqrt(np.maximum(square - mean**2, 0.0))


def _priors(gaps: Gaps, amplitudes: Iterable[float]) -> dict[float, Floats]:
    """The prior covariance for each amplitude: correlation is the same for all of them."""
    one = covariance(gaps, _theta(1.0))
    return {amplitude: amplitude**2 * one + LEVEL_SD**2 for amplitude in amplitudes}


def _theta(amplitude: float) -> Floats:
    sds = [amplitude, amplitude * OFFSET, amplitude * OWN]
    return np.asarray(np.log([*sds, LENGTH, LENGTH, LENGTH]), dtype=np.float64)


def _prior_at_zero(amplitude: float) -> float:
    return prior_variance(_theta(amplitude)) + LEVEL_SD**2
