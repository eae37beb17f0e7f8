"""Do some texts agree with each other more than others do? Two tests, for servers without seeds."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from ._ask import Sample

SHUFFLES = 4000


def texts_agree(bent: Sequence[Sample], plain: Sequence[Sample]) -> float:
    """One-sided p-value that the pieces of `bent` agree no more than those of `plain`.

    Fisher's exact test on equal and different pieces at the same places of disjoint pairs.
    """
    import numpy as np
    from scipy.stats import fisher_exact

    counts = np.array([_counts(bent), _counts(plain)])
    return float(fisher_exact(counts, alternative="greater").pvalue)


def words_agree(bent: Sequence[str], plain: Sequence[str]) -> float:
    """One-sided p-value that draws of `bent` coincide no more often than those of `plain`.

    Permutation test on the number of equal pairs; the draws of one place are exchangeable where
    a knob does nothing. The smallest p is 1 / (1 + SHUFFLES).
    """
    seen, pooled, rng = _excess(bent, plain), [*bent, *plain], random.Random(0)
    as_large = 0
    for _ in range(SHUFFLES):
        rng.shuffle(pooled)
        as_large += _excess(pooled[: len(bent)], pooled[len(bent) :]) >= seen
    return (1 + as_large) / (1 + SHUFFLES)


def _excess(bent: Sequence[str], plain: Sequence[str]) -> int:
    return _equal_pairs(bent) - _equal_pairs(plain)


def _equal_pairs(words: Sequence[str]) -> int:
    return sum(n * (n - 1) // 2 for n in Counter(words).values())


def _counts(samples: Sequence[Sample]) -> tuple[int, int]:
    pairs = zip(samples[::2], samples[1::2], strict=False)
    places = [a == b for x, y in pairs for a, b in zip(x.pieces, y.pieces, strict=False)]
    return sum(places), len(places) - sum(places)
