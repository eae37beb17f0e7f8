"""Do some texts agree with each other more than others do? Two tests, for servers without seeds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, takewhile
from math import comb
from typing import TYPE_CHECKING

from ._ask import Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHUFFLES = 20_000


def texts_differ(bent: Sequence[Sample], plain: Sequence[Sample]) -> float:
    """p-value that two sides' texts are draws of one kind.

    Permutation test on how many pieces texts of one side begin with in common, less how many texts
    of different sides do: the energy statistic (Szekely and Rizzo 2013) of a similarity.
    """
    import numpy as np

    texts, half = [*bent, *plain], len(bent)
    shared = np.array([[_shared(a, b) for b in texts] for a in texts])
    np.fill_diagonal(shared, 0)  # a text with itself
    sides = _sides(len(texts), half)
    others, rest = 1 - sides, len(plain)
    same = _within(sides, shared) / (half * (half - 1))
    same += _within(others, shared) / (rest * (rest - 1))
    cross = 2 * ((sides @ shared) * others).sum(1) / (half * rest)
    energy = same - cross
    return float((energy >= energy[0] - 1e-9).mean())


def _sides(texts: int, half: int) -> NDArray[np.float64]:
    """Which texts may be on the first side, (n, texts) of 0 and 1; the first row as it is.

    All ways where they are few, else the first row and `SHUFFLES` at random.
    """
    import numpy as np

    if comb(texts, half) <= SHUFFLES:
        rows = np.zeros((comb(texts, half), texts))
        for row, chosen in zip(rows, combinations(range(texts), half), strict=True):
            row[list(chosen)] = 1
        return rows
    first = np.arange(texts) < half
    rng = np.random.default_rng(0)
    return np.vstack([first, *(rng.permutation(first) for _ in range(SHUFFLES))]).astype(float)


def _shared(a: Sample, b: Sample) -> int:
    """How many pieces two texts begin with in common, the end of equal ones counted as one."""
    places = zip(a.pieces, b.pieces, strict=False)
    begun = sum(1 for _ in takewhile(lambda place: place[0] == place[1], places))
    return begun + (a.pieces == b.pieces)


def words_agree(bent: Sequence[str], plain: Sequence[str]) -> float:
    """One-sided p-value that draws of `bent` coincide no more often than those of `plain`.

    Permutation test on the number of equal pairs; the draws of one place are exchangeable where
    a knob does nothing.
    """
    import numpy as np

    words = np.array([*bent, *plain])
    equal = (words[:, None] == words).astype(float)
    sides = _sides(len(words), len(bent))
    excess = _within(sides, equal) - _within(1 - sides, equal)
    return float((excess >= excess[0] - 1e-9).mean())


def _within(sides: NDArray[np.float64], likeness: NDArray[np.float64]) -> NDArray[np.float64]:
    """The likeness of all that are on one side, with each other and itself; of each row."""
    found: NDArray[np.float64] = ((sides @ likeness) * sides).sum(1)
    return found
