"""What the model of the whole study believes of every configuration's diversity.

Most searches write few texts twice on one prompt, so most configurations have no pair of their own.
The Gaussian process of `posterior`, which learns how scores run over the space, learns as well how
diversity runs: each pair of texts of one configuration on one prompt is one observation. Pairs
share no text, so that they are independent. The same shrinkage and the same prompt effects hold.
Texts without a partner on their prompt are paired across prompts, as sameness there runs along with
sameness within: such a pair counts as one on a prompt after the mean gap between the two is taken
off. Not covered: a gap that is not the same for all configurations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations, islice
from statistics import fmean
from typing import TYPE_CHECKING

from ..records import JUDGED, Cell, Estimate, SamplerConfig, ScoreTable
from .diversity import Grams, Texts, first_words, grams, overlap
from .summary import UNKNOWN, estimate

if TYPE_CHECKING:
    from ..search import Problem

SCALE = 10.0  # the model's priors are for scores from 0 to 10
FEWEST_PAIRS = 3
MOST_COMPARED = 200  # pairs of a configuration, for the gap between prompts
Told = Mapping[int, list[Grams]]


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
    """One row for each pair of texts, none in two pairs; its score is 10 x (1 - overlap).

    First pairs on one prompt; then what is left over of a configuration, across prompts, less what
    such pairs differ more by: that is the mean gap over the configurations that have both kinds.
    """
    known = {
        config: {
            prompt: [grams(first_words(text)) for text in found] for prompt, found in m.items()
        }
        for config, m in texts.items()
    }
    within = [
        (config, prompt, 1 - overlap(one, other))
        for config, mine in known.items()
        for prompt, found in mine.items()
        for one, other in zip(found[::2], found[1::2], strict=False)
    ]
    gap = _gap(known) if len(within) >= FEWEST_PAIRS else None
    across = [] if gap is None else _across(known, gap)
    repeats: Counter[tuple[SamplerConfig, int]] = Counter()
    rows = []
    for config, prompt, value in [*within, *across]:
        rows.append((Cell(config, prompt, repeats[config, prompt]), JUDGED, SCALE * value))
        repeats[config, prompt] += 1
    return ScoreTable.of(rows, n_prompts)


def _across(
    known: Mapping[SamplerConfig, Told], gap: float
) -> list[tuple[SamplerConfig, int, float]]:
    """Pairs of the texts that have no partner on their own prompt."""
    found = []
    for config, mine in known.items():
        lone = [(prompt, told[-1]) for prompt, told in mine.items() if len(told) % 2]
        for (prompt, one), (_, other) in zip(lone[::2], lone[1::2], strict=False):
            found.append((config, prompt, min(max(1 - overlap(one, other) - gap, 0.0), 1.0)))
    return found


def _gap(known: Mapping[SamplerConfig, Told]) -> float | None:
    """How much more texts differ across prompts than within one; None where nobody has both."""
    gaps = []
    for mine in known.values():
        told = [(prompt, text) for prompt, found in mine.items() for text in found]
        pairs = list(islice(combinations(told, 2), MOST_COMPARED))
        same = [1 - overlap(a, b) for (p, a), (q, b) in pairs if p == q]
        other = [1 - overlap(a, b) for (p, a), (q, b) in pairs if p != q]
        if same and other:
            gaps.append(fmean(other) - fmean(same))
    return fmean(gaps) if gaps else None


def _scaled(found: Estimate) -> Estimate:
    mean, low, high = (min(max(x / SCALE, 0.0), 1.0) for x in (found.mean, found.low, found.high))
    return Estimate(mean, low, high)
