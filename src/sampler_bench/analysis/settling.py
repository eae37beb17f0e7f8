"""How the answer settled: what would have been recommended after so many texts, looking back.

At about a dozen points of the run, the texts asked for until then speak through the model as it is
fitted to the whole study (its hyperparameters, not its texts): a question of one and the same model
at each point. Texts of the confirmation come last, as they were written. A search that was well off
with a third of its texts shows it here, and so does one whose answer still moves at the end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..posterior import Posterior, fit_posterior
from ..posterior.best import best
from ..records import Estimate, SamplerConfig, ScoreTable
from ..search import Problem
from .choice import likeliest_to_beat, recommended, searched
from .reading import chooser_of, gain_of, posterior_of, worths

POINTS = 12
FEWEST = 6  # texts before the first point


@dataclass(frozen=True, slots=True)
class Moment:
    """What was known after some texts.

    Attributes:
        texts: judged and failed until then.
        config: what would have been recommended.
        objective: its expected objective, with its 95 % interval.
        gain: over the baseline; None without one.
    """

    texts: int
    config: SamplerConfig
    objective: Estimate
    gain: Estimate | None


def settling(table: ScoreTable, problem: Problem) -> list[Moment]:
    """Look back on a study at a dozen points; the last one is its present. Empty without evidence.

    Args:
        table: rows in the order of asking.
        problem: space and baseline.
    """
    evidence = table.evidence()
    if not len(evidence):
        return []
    whole = posterior_of(table, problem)
    chosen_by = searched(table)
    chooser, rivals = chooser_of(chosen_by, problem), posterior_of(chosen_by, problem)
    return [
        _moment(evidence.take(np.arange(len(evidence)) < n), whole, chooser, rivals, problem)
        for n in moments(len(evidence))
    ]


def moments(texts: int) -> list[int]:
    """About a dozen numbers of texts up to `texts`, evenly spread."""
    steps = np.linspace(min(FEWEST, texts), texts, POINTS)
    return sorted({round(float(step)) for step in steps})


def _moment(
    then: ScoreTable, whole: Posterior, chooser: Posterior, rivals: Posterior, problem: Problem
) -> Moment:
    """As a verdict would be: chosen by the search's texts, read from all."""
    posterior = fit_posterior(then, whole.frame, problem.failure_score, whole.draws)
    known = searched(then), whole.frame, problem.failure_score, chooser.draws
    by = fit_posterior(*known, chooser.expectation)
    chosen = best(by, by.evidence.configs)
    if chosen == problem.baseline:
        fair = fit_posterior(*known[:3], rivals.draws)
        challenger = likeliest_to_beat(fair, chosen, problem)
        chosen = recommended(posterior, chosen, challenger, problem).configs[0]
    (objective,) = worths(posterior, [chosen])
    return Moment(len(then), chosen, objective, gain_of(posterior, chosen, problem.baseline))
