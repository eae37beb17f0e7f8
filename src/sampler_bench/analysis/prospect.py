"""What a study of so many texts will show, by what a pilot has seen of its noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..records import Estimate
from ..search import Problem
from .power import POWER, texts_of_each, visible_gap

FACTORS = (0.5, 1.0, 2.0, 4.0)  # of the study's budget
FEWEST_TEXTS = 12  # that were judged; fewer hardly tell the noise (docs/verdict.md)


@dataclass(frozen=True, slots=True)
class Row:
    """A budget and what it shows.

    Attributes:
        factor: of the study's own budget.
        texts: in all.
        gap: the least true gain over the baseline that is seen with 80 % power, in points; the
            interval is that of the noise as the pilot saw it.
    """

    factor: float
    texts: int
    gap: Estimate


def prospect(noise: Estimate, problem: Problem, texts: int, tried: int | None) -> list[Row]:
    """The gap that each of some budgets will show.

    Args:
        noise: of a text of the winner minus one of the baseline, by the pilot
            (`variance.against_baseline`).
        problem: the study.
        texts: that the whole study writes at most.
        tried: how many configurations fixed replication tries; None where the strategy spends its
            budget freely.

    Returns:
        A row for each budget; where the noise is not known, neither is the gap: NaN.
    """
    each = texts_of_each(problem, texts, tried)
    return [Row(factor, round(texts * factor), _gap(noise, each * factor)) for factor in FACTORS]


def _gap(noise: Estimate, each: float) -> Estimate:
    middle, low, high = (visible_gap(sd**2, each) for sd in (noise.mean, noise.low, noise.high))
    return Estimate(middle, low, high)


def texts_for(
    gap: float, noise: Estimate, problem: Problem, texts: int, tried: int | None
) -> int | None:
    """How many texts a study of this kind needs in all to show a gap with 80 % power.

    That nothing in the space is so much better takes more. None for a gap of 0, which no
    number of texts shows, and where the noise is not known.
    """
    if gap <= 0 or math.isnan(noise.mean):
        return None
    each = noise.mean**2 * (POWER / gap) ** 2
    return round(texts * each / texts_of_each(problem, texts, tried))
