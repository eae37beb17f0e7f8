"""Learn the numbers of `rules/_english.npz`: classes, word order, known words and weights."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from calibration.corruption import BROKEN, LEARNED_FROM, Vocabulary
from calibration.data import Story
from sampler_bench.rules import _english as english
from sampler_bench.rules._reading import read

PRIOR = 5.0  # pseudo-counts of a class's neighbours, shared out as the classes are frequent
MOST_BITS = 6.0
RIDGE = 1e-3
Examples = tuple[np.ndarray, np.ndarray, np.ndarray]


def table(texts: Sequence[str]) -> english.English:
    """Learn all but the weights."""
    readings = [read(text) for text in texts]
    counted = Counter(w for r in readings for w in r.words if w[0].isalpha())
    common = {word: i for i, (word, _) in enumerate(counted.most_common(english.COMMONEST))}
    stories = Counter(w for r in readings for w in set(r.words))
    known = english.bloom(w for w, n in stories.items() if n > 1 and w not in common)
    blank = english.English(common, np.zeros((english.CLASSES,) * 2), known, np.zeros(5))
    pairs = np.zeros((english.CLASSES, english.CLASSES))
    for reading in readings:
        classes, _ = blank.classify(reading.tokens)
        np.add.at(pairs, (classes[:-1], classes[1:]), 1)
    return english.English(common, _information(pairs), known, np.zeros(5))


def _information(pairs: np.ndarray) -> np.ndarray:
    """(classes, classes) bits: log2 of how much likelier a class is after another one than ever."""
    share = (pairs.sum(0) + 1) / (pairs.sum() + len(pairs))
    after = (pairs + PRIOR * share) / (pairs.sum(1, keepdims=True) + PRIOR)
    return np.log2(after / share).clip(-MOST_BITS, MOST_BITS)


def examples(
    learned: english.English, good: Sequence[str], known: Vocabulary, rng: random.Random
) -> Examples:
    """(n, 4) features of stretches, (n,) whether broken, (n,) weights that balance both kinds."""
    fine = np.concatenate([learned.features(read(t).tokens) for t in good])
    bad = np.concatenate(
        [
            learned.features(read(BROKEN[name](text, known, rng)).tokens)
            for name in LEARNED_FROM
            for text in rng.sample(list(good), min(60, len(good)))
        ]
    )
    labels = np.r_[np.zeros(len(fine)), np.ones(len(bad))]
    weights = np.r_[np.full(len(fine), 1 / len(fine)), np.full(len(bad), 1 / len(bad))]
    return np.concatenate([fine, bad]), labels, weights


def fit_weights(parts: Sequence[Examples]) -> np.ndarray:
    """Logistic regression with a small ridge; (5,) weights of the features and of 1."""
    features, labels, weights = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    design = np.column_stack([features, np.ones(len(features))])

    def loss(b: np.ndarray) -> float:
        odds = design @ b
        fit = weights @ (np.logaddexp(0, odds) - labels * odds) / len(parts)
        return float(fit + RIDGE * (b[:-1] ** 2).sum())

    return minimize(loss, np.zeros(design.shape[1]), method="BFGS").x


def whole(stories: Sequence[Story]) -> list[str]:
    """The texts to learn from: upper half of their source or score 5 and more, not in a loop."""
    from sampler_bench.rules.loops import repeated_share

    chosen = [s.text for s in stories if s.upper or s.score >= 5]
    return [text for text in chosen if repeated_share(read(text).words) < 0.2]
