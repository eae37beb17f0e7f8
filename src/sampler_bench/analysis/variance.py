"""Where the scatter of a study's scores comes from: settings, prompts, single texts, the judge.

A score = worth of the configuration + prompt + (configuration x prompt) + text, and a part of what
is called text is the judge, who would not say the same twice. Each part is a standard deviation in
points: *settings* over each sampler's reference configurations, samplers weighing alike; *sampler*
the part of that which lies between samplers; *prompt* and *interaction* as the model estimates
them; *text* for one text of the recommended configuration, its failures included. *Judge* is seen
only where one text was scored more than once: by a panel (after each member's own level is taken
away; then it is the noise of one member), or twice by the same judge in a pilot.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincinv

from ..posterior import Posterior
from ..posterior.noise import INTERACTION, PROMPT, SIGMA
from ..records import UNKNOWN, Estimate, SamplerConfig, ScoreTable
from ..search import Problem
from .landscape import quantiles, survey
from .power import TWO_SIDED
from .reading import posterior_of

FEWEST_PAIRS = 3  # degrees of freedom before a judge's noise is told


@dataclass(frozen=True, slots=True)
class Parts:
    """Standard deviations in points with 95 % intervals; NaN: not known.

    Attributes:
        settings, sampler, prompt, interaction, text, judge: as the module says.
    """

    settings: Estimate
    sampler: Estimate
    prompt: Estimate
    interaction: Estimate
    text: Estimate
    judge: Estimate

    def judge_only(self) -> Parts:
        """What is left to tell where there were too few texts: what the judge said twice."""
        return Parts(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, self.judge)


def parts(
    table: ScoreTable,
    problem: Problem,
    best: SamplerConfig,
    judgments: Sequence[Sequence[float]] = (),
) -> Parts | None:
    """Take the scatter of a study's scores apart; None without evidence.

    Args:
        table: what was seen.
        problem: the study.
        best: the configuration for which the scatter of single texts is given.
        judgments: for each text, what was said of it: one number a member of the panel, or a
            repetition; texts with one number say nothing about the judge.
    """
    if not len(table.evidence()):
        return None
    posterior, seen = posterior_of(table, problem), survey(table, problem)
    several = table.n_prompts > 1
    return Parts(
        settings=quantiles(np.sqrt(seen.variance())),
        sampler=quantiles(seen.means().std(axis=0)) if len(seen.grids) > 1 else UNKNOWN,
        prompt=_learned(posterior, PROMPT) if several else UNKNOWN,
        interaction=_learned(posterior, INTERACTION) if several else UNKNOWN,
        text=_text(posterior, best),
        judge=judge_noise(judgments),
    )


def against_baseline(table: ScoreTable, problem: Problem, best: SamplerConfig) -> Estimate:
    """Standard deviation of one text of `best` minus one of the baseline, failures included.

    A baseline that fails now and then scatters far more than a winner that does not. Without a
    baseline it is two texts of `best`. Needs evidence.
    """
    return _text(posterior_of(table, problem), best, problem.baseline or best)


def judge_noise(judgments: Sequence[Sequence[float]]) -> Estimate:
    """Standard deviation of one judgment about its text's mean, each judge's level taken away.

    Args:
        judgments: for each text its judgments, in the same order of judges. Texts with another
            number of them than most are left out.

    Returns:
        With 95 % interval by chi squared; NaN below FEWEST_PAIRS degrees of freedom.
    """
    widths = [len(row) for row in judgments if len(row) > 1]
    if not widths:
        return UNKNOWN
    width = max(set(widths), key=widths.count)
    scores = np.array([row for row in judgments if len(row) == width], dtype=np.float64)
    freedom = (len(scores) - 1) * (width - 1)
    if freedom < FEWEST_PAIRS:
        return UNKNOWN
    rest = scores - scores.mean(axis=0) - scores.mean(axis=1, keepdims=True) + scores.mean()
    squares = float((rest**2).sum())
    low, high = (2 * float(gammaincinv(freedom / 2, q)) for q in (0.025, 0.975))
    return Estimate(
        math.sqrt(squares / freedom), math.sqrt(squares / high), math.sqrt(squares / low)
    )


def _learned(posterior: Posterior, which: int) -> Estimate:
    """A standard deviation among the model's hyperparameters, with its 95 % interval.

    Log-normal through the draws that the model averages over, and as wide at least as the
    approximation that they were drawn from: a dozen draws may lie close together by chance.
    """
    thetas, weights = posterior.thetas
    middle = float(weights @ thetas[:, which])
    drawn = math.sqrt(float(weights @ (thetas[:, which] - middle) ** 2))
    spread = TWO_SIDED * max(drawn, float(posterior.draws.sd[which]))
    ends = (posterior.unit * math.exp(middle + side * spread) for side in (0, -1, 1))
    return Estimate(*ends)


def _text(posterior: Posterior, *configs: SamplerConfig) -> Estimate:
    """For a text of each; the interval is as wide as the model's about its text noise."""
    here = math.sqrt(float(posterior.believe(configs).text_variance.sum()))
    noise = _learned(posterior, SIGMA)
    return Estimate(here, here * noise.low / noise.mean, here * noise.high / noise.mean)
