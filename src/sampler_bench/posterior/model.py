"""What the evidence says about any configuration: the posterior of its objective.

objective = (1 - rate) x quality + rate x failure score. Quality (`quality`, averaged over
hyperparameters by `hyper`) and failure rate (`failures`) are fitted apart and taken as independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import lapack

from .._arrays import Floats
from ..records import SamplerConfig, ScoreTable
from .covariates import adjusted
from .evidence import Evidence, collect
from .expectation import NEUTRAL, Expectation
from .failures import Failures
from .frame import Frame, Points
from .gathering import gather, together
from .hyper import Draws, draws_for, fit, weigh
from .kernel import Gaps, covariance, prior_variance
from .noise import contrasts, text_sd
from .quality import PRIOR_MEAN, Data, Solved, prior_sd, solve
from .rates import sides

CALM, WILD = 0.2, 3.0  # total SDs between which scores are taken as points out of 10
FOREIGN = 3.0  # by this factor outside they are taken as being on another scale altogether
USUAL_SD = 0.8  # to which scores on another scale are brought
FEWEST = 12  # texts; the scatter of fewer does not make the scale a finer one
MOST_SHORTFALL = 2.5
MOST_POINTS = 256  # beyond them neighbours are taken together
ROUNDING = 1e-9  # of the scores' size: a scatter as small as that is none


@dataclass(frozen=True, slots=True, eq=False)
class Belief:
    """A Gaussian belief about the objectives of some configurations.

    Attributes:
        mean: (n,) points, higher is better.
        covariance: (n, n).
        text_variance: (n,) variance of the objective of one more text.
    """

    mean: Floats
    covariance: Floats
    text_variance: Floats

    @property
    def sd(self) -> Floats:
        """(n,) standard deviations."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))


class Posterior:
    """The model of a score table. Build it with `fit_posterior`.

    Attributes:
        evidence: what it is conditioned on.
        frame: where configurations lie.
        draws: hyperparameters that it averages over.
        expectation: what was expected of quality before any text.
    """

    def __init__(
        self,
        evidence: Evidence,
        frame: Frame,
        failure_score: float,
        draws: Draws | None = None,
        expectation: Expectation = NEUTRAL,
    ) -> None:
        self.evidence, self.frame, self.failure_score = evidence, frame, failure_score
        self.expectation = expectation
        self.failures = Failures(
            evidence, frame.place(evidence.configs), expectation.steady, expectation.absent
        )
        judged = evidence.judged()
        self.centre, self.unit = _scale(judged, failure_score)
        if draws is not None and draws.unit is not None:
            self.unit = draws.unit  # what they say of the scores is said in it
        groups = gather(frame.place(judged.configs), judged.total, MOST_POINTS)
        self._points = groups.points
        self._data = self._prepare(together(judged, groups))
        self._condition(draws)

    def _condition(self, draws: Draws | None) -> None:
        self._members: list[Solved] = []
        self._weights = np.ones(1)
        self.theta = PRIOR_MEAN
        self.draws = draws or Draws(PRIOR_MEAN[None, :], np.zeros(1), self._data.prior_sd)
        if not len(self._points):
            return
        if draws is None:
            found = fit(self._data, draws_for(self.evidence.n_texts))
            self.draws = replace(found, unit=self.unit)
        self._members, self._weights = weigh(self._data, self.draws)
        self.theta = self._weights @ np.array([m.theta for m in self._members])

    def _prepare(self, judged: Evidence) -> Data:
        n_prompts, judged = judged.count.shape[1], judged.on_used_prompts()
        away = (judged.mean - self.centre) / self.unit
        away -= self.expectation.mean(self._points)[:, None]
        scaled = replace(
            judged,
            mean=np.where(judged.count > 0, away, 0.0),
            squares=judged.squares / self.unit**2,
            doubt=judged.doubt / self.unit**2,
            shared=judged.shared / self.unit,
        )
        gaps = Gaps.between(self._points, self._points)
        level = self.expectation.covariance(self._points, self._points)
        basis = contrasts(n_prompts, judged.count.shape[1])
        unsure = prior_sd(self.expectation.unsure)
        first = Data(scaled, gaps, level, basis, n_prompts, np.zeros(len(judged.configs)), unsure)
        if not len(judged.configs):
            return first
        mean = (covariance(gaps, PRIOR_MEAN) + level) @ solve(first, PRIOR_MEAN).alpha
        mean += self.expectation.mean(self._points)
        return replace(first, shortfall=np.clip(mean.max() - mean, 0.0, MOST_SHORTFALL))

    @property
    def tried(self) -> tuple[SamplerConfig, ...]:
        """What has a judged or failed text; of very many those that stand for their neighbours."""
        everything = self.evidence.configs
        return everything if len(everything) <= MOST_POINTS else self._data.evidence.configs

    @property
    def thetas(self) -> tuple[Floats, Floats]:
        """Hyperparameters (n, 10) that it averages over, and their weights (n,)."""
        return np.array([m.theta for m in self._members] or [self.theta]), self._weights

    def believe(self, configs: Sequence[SamplerConfig], most: int | None = None) -> Belief:
        """The joint belief about some configurations' objectives; `most` as in `marginal_at`."""
        return self.believe_at(self.frame.place(configs), most)

    def believe_at(self, points: Points, most: int | None = None) -> Belief:
        """The joint belief at some points."""
        mean, full = self._quality(points, most)
        rate, rates = self.failures.joint(points)
        lost = mean - self.failure_score
        keep = 1.0 - rate
        whole = keep[:, None] * full * keep + lost[:, None] * rates * lost + rates * full
        return Belief(mean - rate * lost, whole, self._text_variance(mean, rate))

    def marginal_at(self, points: Points, most: int | None = None) -> tuple[Floats, Floats]:
        """Mean (n,) and standard deviation (n,) of the objective, each point on its own.

        Args:
            points: where.
            most: average over so many of the heaviest draws of hyperparameters only, to save time.
        """
        mean, variance = self._quality_apart(points, most)
        rate, rate_sd = self.failures.rate(points)
        lost = mean - self.failure_score
        spread = (1 - rate) ** 2 * variance + (lost**2 + variance) * rate_sd**2
        return mean - rate * lost, np.sqrt(spread)

    def sides(self, configs: Sequence[SamplerConfig]) -> tuple[Floats, Floats, Floats]:
        """Mean (n,) of the objective, and its standard deviations (n,) downwards and upwards.

        The two differ as a rate of failure is skewed. Quality and rate are put together by the
        squares of their ends' distances (MOVER; Zou and Donner 2008).
        """
        points = self.frame.place(configs)
        mean, variance = self._quality_apart(points)
        rate, rate_sd = self.failures.rate(points)
        lost = mean - self.failure_score
        of_quality = ((1 - rate) ** 2 + rate_sd**2) * variance
        more, fewer = sides(rate, rate_sd)
        worse, better = np.where(lost > 0, (more, fewer), (fewer, more))
        below, above = (np.sqrt(of_quality + (lost * side) ** 2) for side in (worse, better))
        return mean - rate * lost, below, above

    def quality(self, configs: Sequence[SamplerConfig]) -> tuple[Floats, Floats]:
        """Mean (n,) and standard deviation (n,) of the quality of judged texts."""
        mean, variance = self._quality_apart(self.frame.place(configs))
        return mean, np.sqrt(variance)

    def failure_rate(self, configs: Sequence[SamplerConfig]) -> tuple[Floats, Floats]:
        """Mean (n,) and standard deviation (n,) of the failure rate."""
        mean, sd = self.failures.rate(self.frame.place(configs))
        return mean, sd

    def unseen(self, objective: Floats) -> Floats:
        """(n,) what failures would add to the variance of one more text, where none was seen yet.

        No scatter that anybody saw, but a search that allows for it trusts its first texts less.
        """
        if not self.failures.none:
            return np.zeros(len(objective))
        rate = self.failures.expected
        return np.asarray(rate * (1 - rate) * (objective - self.failure_score) ** 2)

    def _text_variance(self, quality: Floats, rate: Floats) -> Floats:
        shortfall = np.clip((quality.max() - quality) / self.unit, 0.0, MOST_SHORTFALL)
        noise = (self.unit * text_sd(self.theta, shortfall)) ** 2 + self.evidence.chance
        if self.failures.none:
            return np.asarray(noise)
        return np.asarray(
            (1 - rate) * noise + rate * (1 - rate) * (quality - self.failure_score) ** 2
        )

    def _each(
        self, points: Points, most: int | None = None
    ) -> list[tuple[float, Floats, Floats, Solved]]:
        """(weight, mean, half, member) with half' half the variance that the data took away."""
        gaps = Gaps.between(self._points, points)
        level = self.expectation.covariance(self._points, points)
        expected = self.expectation.mean(points)
        found = []
        heaviest = np.argsort(-self._weights, kind="stable")[:most]
        total = self._weights[heaviest].sum()
        for i in heaviest:
            member = self._members[i]
            cross = covariance(gaps, member.theta) + level
            half, _ = lapack.dtrtrs(member.factor, cross, lower=1)
            mean = expected + member.alpha @ cross
            found.append((float(self._weights[i] / total), mean, half, member))
        return found

    def _quality_apart(self, points: Points, most: int | None = None) -> tuple[Floats, Floats]:
        if not len(self._points):
            return self._unknown(points)
        each = self._each(points, most)
        mean = sum((w * m for w, m, _, _ in each), np.zeros(len(points)))
        variance, level = np.zeros(len(points)), self.expectation.variance(points)
        for weight, one, half, member in each:
            prior = prior_variance(member.theta) + level
            left = np.maximum(prior - np.einsum("ij,ij->j", half, half), 0.0)
            variance += weight * (left + (one - mean) ** 2)
        return self.centre + self.unit * mean, self.unit**2 * variance

    def _quality(self, points: Points, most: int | None = None) -> tuple[Floats, Floats]:
        if not len(self._points):
            mean, variance = self._unknown(points)
            return mean, np.diag(variance)
        each, inner = self._each(points, most), Gaps.between(points, points)
        mean = sum((w * m for w, m, _, _ in each), np.zeros(len(points)))
        level = self.expectation.covariance(points, points)
        full = np.zeros((len(points), len(points)))
        for weight, one, half, member in each:
            left = covariance(inner, member.theta) + level - half.T @ half
            full += weight * (left + np.outer(one - mean, one - mean))
        return self.centre + self.unit * mean, self.unit**2 * full

    def _unknown(self, points: Points) -> tuple[Floats, Floats]:
        prior = prior_variance(PRIOR_MEAN) + self.expectation.variance(points)
        return self.centre + self.unit * self.expectation.mean(points), self.unit**2 * prior


def _scale(judged: Evidence, failure_score: float) -> tuple[float, float]:
    """The centre of the scores, and the unit in which they are points out of 10.

    Scores out of 1 and out of 100 are taken as such. Those whose total SD is then that of points
    out of 10 are left as they are; others are brought there, so that scores on any scale can be
    told to the model.
    """
    texts = judged.count.sum()
    if not texts:
        return failure_score, 1.0
    centre = float((judged.count * judged.mean).sum() / texts)
    away = judged.count * np.where(judged.count > 0, judged.mean - centre, 0.0) ** 2
    sd = float(np.sqrt((away.sum() + judged.squares.sum()) / max(texts - 1, 1)))
    point = _point(*judged.ends)
    if sd <= ROUNDING * abs(centre):
        return centre, point
    if texts < FEWEST:
        sd = max(sd, CALM * point)
    strange = np.log(max(sd / point / WILD, CALM / (sd / point))) / np.log(FOREIGN)
    return centre, float(point * (sd / point / USUAL_SD) ** np.clip(strange, 0.0, 1.0))


def _point(low: float, high: float) -> float:
    """What one point out of 10 is on the scale of scores that lie from `low` to `high`.

    A little above 10 they are still points: a scale out of 20, or one with a bonus.
    """
    if low < 0:
        return 1.0
    return 0.1 if high <= 1 else 10.0 if 20 < high <= 100 else 1.0


def fit_posterior(
    table: ScoreTable,
    frame: Frame,
    failure_score: float,
    draws: Draws | None = None,
    expectation: Expectation = NEUTRAL,
) -> Posterior:
    """Fit the model to a table.

    Args:
        table: rows in any order; MISSING and PENDING ones are no evidence.
        frame: where the space's configurations lie.
        failure_score: what a failed text is worth.
        draws: hyperparameters to average over; None to fit them to this table.
        expectation: what is expected of quality before any text.
    """
    evidence = collect(table, adjusted(table, frame))
    return Posterior(evidence, frame, failure_score, draws, expectation)
