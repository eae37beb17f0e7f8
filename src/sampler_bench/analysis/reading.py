"""A posterior, read: joint beliefs about configurations, their differences and intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .._arrays import Mask
from ..posterior import (
    NEUTRAL,
    Belief,
    Frame,
    Posterior,
    fit_remembered,
    frame_of,
    steering,
)
from ..records import Estimate, SamplerConfig, ScoreTable
from ..search import Problem
from .power import Z

LEADING = 120  # configurations among which the best may be
ROUNDING = 1e-13  # of two variances: their difference is known no better


def posterior_of(table: ScoreTable, problem: Problem) -> Posterior:
    """The model of a table's evidence, its hyperparameters fitted to all of it.

    It expects nothing: by it all is told that is *claimed*.
    """
    return fit_remembered(table, _frame(problem), problem.failure_score, NEUTRAL)


def chooser_of(table: ScoreTable, problem: Problem) -> Posterior:
    """The same with the expectation that the search goes by: only a choice may use it."""
    frame = _frame(problem)
    expectation = steering(problem.moderate, frame)
    return fit_remembered(table, frame, problem.failure_score, expectation)


def _frame(problem: Problem) -> Frame:
    return frame_of(problem.space, problem.temperature_last, problem.features, problem.chain)


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A posterior, the winner, and the joint belief about winner, baseline and rivals.

    Attributes:
        configs: the winner first, then the baseline if there is one, then the others.
        base: the number of the baseline, None without one.
        challenger: the number of who is compared with it: the winner, unless that is itself the
            baseline; None where there are not two.
    """

    posterior: Posterior
    configs: list[SamplerConfig]
    belief: Belief
    base: int | None
    challenger: int | None

    @property
    def inside(self) -> Mask:
        """(n,) which configurations the study may recommend."""
        space = self.posterior.frame.space
        return np.array([config in space for config in self.configs])

    def gain(self) -> tuple[float, float]:
        """Mean and standard deviation of the challenger's objective minus the baseline's."""
        assert self.base is not None, "without a baseline there is no gain"
        assert self.challenger is not None, "the baseline is all there is"
        return self.difference(self.challenger, self.base)

    def difference(self, a: int, b: int) -> tuple[float, float]:
        """Mean and standard deviation of the objective of `a` minus that of `b`."""
        return difference(self.belief, a, b)

    def tried(self, number: int) -> bool:
        """Whether any text of a configuration counted."""
        return self.configs[number] in self.posterior.evidence.configs


def read(
    posterior: Posterior,
    winner: SamplerConfig,
    problem: Problem,
    challenger: SamplerConfig | None = None,
) -> Reading:
    """The joint belief: the winner first, then the baseline, then what was tried, then leaders.

    Args:
        posterior: the model.
        winner: the recommended configuration.
        problem: the study.
        challenger: who is compared with the baseline, where the winner is the baseline itself.
    """
    if winner != problem.baseline:
        challenger = None if problem.baseline is None else winner
    named = (winner, problem.baseline, challenger)
    known = dict.fromkeys(config for config in named if config is not None)
    known.update(dict.fromkeys(posterior.evidence.configs))
    pool, points = posterior.frame.with_pool(())
    mean, sd = posterior.marginal_at(points)
    order = np.argsort(-(mean + sd), kind="stable")[:LEADING]
    known.update(dict.fromkeys(pool[i] for i in order))
    configs = list(known)
    base, against = (None if config is None else configs.index(config) for config in named[1:])
    return Reading(posterior, configs, posterior.believe(configs), base, against)


def difference(belief: Belief, a: int, b: int) -> tuple[float, float]:
    """Mean and standard deviation of the objective of `a` minus that of `b`."""
    full = belief.covariance
    apart = full[a, a] + full[b, b]
    variance = max(apart - 2 * full[a, b], ROUNDING * apart)  # what they share leaves no less
    return float(belief.mean[a] - belief.mean[b]), float(np.sqrt(max(variance, 0.0)))


def interval(mean: float, sd: float) -> Estimate:
    """A Gaussian belief as mean and 95 % interval."""
    return Estimate(mean, mean - Z * sd, mean + Z * sd)


def worths(posterior: Posterior, configs: Sequence[SamplerConfig]) -> list[Estimate]:
    """The objective of each configuration on its own, with 95 % intervals."""
    known = zip(*map(np.ndarray.tolist, posterior.sides(configs)), strict=True)
    return [Estimate(mean, mean - Z * below, mean + Z * above) for mean, below, above in known]


def gain_of(
    posterior: Posterior, config: SamplerConfig, baseline: SamplerConfig | None
) -> Estimate | None:
    """The objective of a configuration minus the baseline's; None without a baseline."""
    if baseline is None:
        return None
    return interval(*difference(posterior.believe([config, baseline]), 0, 1))
