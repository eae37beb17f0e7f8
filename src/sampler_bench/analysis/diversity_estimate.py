"""What the model of the whole study believes of every configuration's diversity.

Most searches write few texts twice on one prompt, so most configurations have no pair of their own.
The Gaussian process of `posterior`, which learns how scores run over the space, learns as well how
diversity runs: each pair of texts of one configuration on one prompt is one observation. Pairs
share no text, so that they are independent. The same shrinkage and the same prompt effects hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..records import JUDGED, Cell, Estimate, SamplerConfig, ScoreTable
from .diversity import Texts, first_words, grams, overlap
from .summary import UNKNOWN, estimate

if TYPE_CHECKING:
    from ..search import Problem

SCALE = 10.0  # the model's priors are for scores from 0 to 10
FEWEST_PAIRS = 3


def estimated_diversity(
    texts: Mapping[SamplerConfig, Texts],
    problem: Problem,
    configs: Sequence[SamplerConfig],
) -> list[Estimate]:
    """Estimate the diversity of each configuration, 0 to 1, with 95 % intervals.

    Args:
        texts: good texts of each configuration by prompt, in the order of their repeats.
        problem: space and prompts.
        configs: which are asked for; they need no texts.

    Returns:
        All NaN where there are fewer than three pairs to learn from.
    """
    table = pair_table(texts, problem.n_prompts)
    if len(table) < FEWEST_PAIRS:
        return [UNKNOWN] * len(configs)
    neutral = replace(problem, failure_score=float(table.score.mean()))  # nothing fails here
    return [_scaled(found) for found in estimate(table, neutral, configs)]


def pair_table(texts: Mapping[SamplerConfig, Texts], n_prompts: int) -> ScoreTable:
    """One row for each pair of texts, none in two pairs; its score is 10 x (1 - overlap)."""
    rows = [
        (Cell(config, prompt, k), JUDGED, SCALE * (1 - _in_common(one, other)))
        for config, mine in texts.items()
        for prompt, found in mine.items()
        for k, (one, other) in enumerate(zip(found[::2], found[1::2], strict=False))
    ]
    return ScoreTable.of(rows, n_prompts)


def _in_common(one: str, other: str) -> float:
    return overlap(grams(first_words(one)), grams(first_words(other)))


def _scaled(found: Estimate) -> Estimate:
    mean, low, high = (min(max(x / SCALE, 0.0), 1.0) for x in (found.mean, found.low, found.high))
    return Estimate(mean, low, high)
