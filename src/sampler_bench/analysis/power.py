"""How many texts a difference takes: what a budget can show, and what would decide.

Two configurations, their texts on the same prompts, a two-sided test at 5 %: a true difference of
`POWER` standard errors is seen in 80 % of such comparisons (Cohen 1988, chapter 2; normal
approximation). Prompt effects cancel, as rivals meet on the same prompts.
"""

from __future__ import annotations

import math

from ..search import Problem

TWO_SIDED = 1.959964  # 95 % of a normal distribution
WIDER = 1.1  # by what the model leaves out, as simulated studies show: docs/verdict.md
Z = WIDER * TWO_SIDED  # the model's standard deviations to either end of a 95 % interval
POWER = WIDER * (TWO_SIDED + 0.841621)  # and to see a difference with power 80 %
LEAST_GAP = 1e-6  # points
FREE_SHARE = 0.2  # of the budget, for winner and baseline each
FRESH_SHARE = 0.4  # of the kept texts, for winner and baseline each; the rest is a simpler rival's


def texts_of_each(problem: Problem, texts: int, tried: int | None) -> float:
    """How many texts of winner and baseline each a study is worth, those of neighbours included.

    Args:
        problem: the study; its budget includes the texts kept for fresh seeds.
        texts: that the whole study writes at most, those on fresh seeds included.
        tried: how many configurations beside the baseline fixed replication tries, each as often as
            it is told to or as `texts` allow, winner and baseline on fresh seeds as well. None for
            strategies that spend the budget where it is worth most; then the share is what
            simulated studies came to (docs/verdict.md).
    """
    if tried is None:
        return FREE_SHARE * problem.budget
    kept = problem.confirm or 0
    told = problem.n_prompts * problem.samples_per_config
    return min(told, (texts - kept) / (tried + 1)) + FRESH_SHARE * kept


def visible_gap(variance: float, texts: float) -> float:
    """The difference that is seen with 80 % power.

    Args:
        variance: of single texts, summed over the two configurations.
        texts: of each of the two.
    """
    return POWER * math.sqrt(variance / texts)


def texts_needed(gap: float, variance: float, error: float = math.inf) -> int:
    """How many more texts, half on each of two configurations, show a difference with 80 % power.

    Args:
        gap: the true difference; 0 is taken for LEAST_GAP, which takes no end of texts.
        variance: of single texts, summed over the two configurations.
        error: standard error of the difference by what is known already.

    Returns:
        At least 2.
    """
    known = 0.0 if math.isinf(error) else 1 / max(error, 1e-9) ** 2
    missing = max((POWER / max(gap, LEAST_GAP)) ** 2 - known, 0.0)
    return max(2, 2 * math.ceil(variance * missing))
