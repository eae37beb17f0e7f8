"""How many distinct answers a configuration gives: texts that an embedding model calls the same.

The measure is `distinct_k` of NoveltyBench (Zhang et al. 2025, arXiv 2504.05228): of k answers to
one prompt, the number of classes of functionally equal ones. Their trained classifier of pairs is
replaced by an embedding model: two answers are the same from a stated cosine similarity on. An
answer joins the first class whose first member it equals, or begins a class of its own. k is the
same for all configurations (`size`); what prompts add is taken off, and the interval is over
prompts, as for all measures of `diversity`. Not covered: whether the threshold suits the model.
`across` helps to judge that: so alike are answers to different prompts, which cannot be the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from .._arrays import Floats, Mask
from ..records import Estimate, SamplerConfig
from .diversity import (
    WORD,
    WORDS,
    Texts,
    across_prompts,
    comparable,
    free_of_prompts,
    over_prompts,
    sets,
)

ACROSS = 0.95  # quantile
ROUNDING = 1e-6  # of kept embeddings, which are in single precision


@dataclass(frozen=True, slots=True)
class Embedded:
    """Embeddings of length 1 by excerpt, who made them, and from where on two are the same."""

    model: str
    threshold: float
    vectors: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Answers:
    """Distinct answers among `size` texts on one prompt, 1 to `size`, by configuration.

    `across` is the similarity that 95 of 100 pairs of answers to different prompts stay under; NaN
    without such pairs.
    """

    size: int
    across: float
    rows: Mapping[SamplerConfig, Estimate] = field(default_factory=dict)


def excerpt(text: str) -> str:
    """What is looked at of a text: up to the last of its first 120 words."""
    found = list(islice(WORD.finditer(text), WORDS))
    return text[: found[-1].end()] if found else ""


def distinct_answers(texts: Mapping[SamplerConfig, Texts], embedded: Embedded) -> Answers:
    """Count the distinct answers of each configuration.

    Args:
        texts: for each configuration, its good texts by prompt, in the order of their repeats.
        embedded: texts without an embedding are left out.
    """
    known = {config: _vectors(mine, embedded) for config, mine in texts.items()}
    paired, size = comparable(known)
    cells = {
        config: {p: [_mean_classes(found, size, embedded.threshold)] for p, found in mine.items()}
        for config, mine in paired.items()
    }
    freed = (values[:, 0] for values in free_of_prompts(cells))
    rows = {
        config: over_prompts(values[~np.isnan(values)], 1.0, float(size))
        for config, values in zip(cells, freed, strict=True)
    }
    return Answers(size, _across(known.values()), rows)


def _vectors(mine: Texts, embedded: Embedded) -> dict[int, Floats]:
    """The embeddings of texts by prompt: (n_texts, n_numbers) each."""
    found = {
        prompt: [v for text in told if (v := embedded.vectors.get(excerpt(text))) is not None]
        for prompt, told in mine.items()
    }
    return {prompt: np.stack(vectors) for prompt, vectors in found.items() if vectors}


def _mean_classes(vectors: Floats, size: int, threshold: float) -> float:
    """The mean number of classes over sets of `size`; NaN where there are too few texts."""
    same = vectors @ vectors.T >= threshold - ROUNDING
    counts = [classes(same[np.ix_(chosen, chosen)]) for chosen in map(list, sets(len(same), size))]
    return float(np.mean(counts)) if counts else math.nan


def classes(same: Mask) -> int:
    """The number of classes, each answer being compared with the first of each class: (n, n)."""
    first: list[int] = []
    for i in range(len(same)):
        if not any(same[i, j] for j in first):
            first.append(i)
    return len(first)


def _across(known: Iterable[Mapping[int, Floats]]) -> float:
    """How alike answers to different prompts are."""
    found = [float(one @ other) for mine in known for one, other in across_prompts(mine)]
    return float(np.quantile(found, ACROSS)) if found else math.nan
