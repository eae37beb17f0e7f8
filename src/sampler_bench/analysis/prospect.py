"""What a study of so many texts will show, by what a pilot has seen of its noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..records import Estimate
from .power import POWER, texts_of_each, visible_gap
from .variance import Parts

if TYPE_CHECKING:
    from ..search import Problem

FACTORS = (0.5, 1.0, 2.0, 4.0)  # of the study's budget


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


def prospect(noise: Parts, problem: Problem, texts: int, free: bool) -> list[Row]:
    """The gap that each of some budgets will show.

    Args:
        noise: the pilot's.
        problem: the study.
        texts: that the whole study writes at most.
        free: whether the strategy spends its budget freely.
    """
    each = texts_of_each(problem, free)
    return [
        Row(factor, round(texts * factor), _gap(noise.text, each * factor)) for factor in FACTORS
    ]


def _gap(text: Estimate, each: float) -> Estimate:
    middle, low, high = (visible_gap(2 * sd**2, each) for sd in (text.mean, text.low, text.high))
    return Estimate(middle, low, high)


def texts_for(gap: float, noise: Parts, problem: Problem, texts: int, free: bool) -> int | None:
    """How many texts a study of this kind needs in all to show a gap, or to show that none is.

    None for a gap of 0, which no number of texts shows.
    """
    if gap <= 0:
        return None
    each = 2 * noise.text.mean**2 * (POWER / gap) ** 2
    return round(texts * each / texts_of_each(problem, free))
