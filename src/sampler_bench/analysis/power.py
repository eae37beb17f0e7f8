"""How many texts a difference takes: what a budget can show, and what would decide.

Two configurations, their texts on the same prompts, a two-sided test at 5 %: a true difference of
`POWER` standard errors is seen in 80 % of such comparisons (Cohen 1988, chapter 2; normal
approximation). Prompt effects cancel, as rivals meet on the same prompts.
"""

from __future__ import annotations

import math

Z = 1.959964  # two-sided 95 %
POWER = Z + 0.841621  # two-sided 5 %, power 80 %


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
        gap: the true difference, above 0.
        variance: of single texts, summed over the two configurations.
        error: standard error of the difference by what is known already.

    Returns:
        At least 2.
    """
    known = 0.0 if math.isinf(error) else 1 / max(error, 1e-9) ** 2
    missing = max((POWER / gap) ** 2 - known, 0.0)
    return max(2, 2 * math.ceil(variance * missing))
