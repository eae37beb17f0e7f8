"""Banks of next-token distributions: the built-in one, and those measured on a model.

A bank holds distributions sorted by rank. A column stands for one token, or for a block of tokens
of like probability far down the ranks, so that a vocabulary of 100,000 takes a hundred columns.

Where a server tells only the first tokens of each distribution, the mass of the rest is known and
its shape is not: it is laid out as a power law of the rank that carries on from the last token told
and has exactly that mass. `known` says how many columns were told; what a configuration does with
tokens beyond them is an estimate (`effect.Effect.beyond` says how much of it there is).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NUCLEUS = 0.9  # tokens outside this mass of the untempered model are its tail
SINGLE = 24  # ranks that a compact bank keeps one by one
BLOCKS = 57  # edges of the blocks beyond them
VOCABULARY = 50_000  # tokens that are assumed where a server does not say how many there are
LEAST_REST = 1e-6  # mass: less than this is rounding
STEEPEST = 6.0  # exponent of a power law beyond the tokens that were told


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """Next-token distributions, each sorted from the most probable token down.

    Attributes:
        logprobs: (n_contexts, n_tokens) natural logarithms; -inf where there is no token.
        count: (n_tokens,) how many tokens of a real vocabulary each column stands for.
        nucleus: tokens outside this mass of the untempered model are its tail.
        known: how many columns were told by a server, the rest being estimated; None for all.
    """

    logprobs: Floats
    count: Floats
    nucleus: float = NUCLEUS
    known: int | None = None

    @classmethod
    def of(cls, logprobs: NDArray[np.float64], vocabulary: int | None = None) -> Bank:
        """A bank of measured distributions.

        Args:
            logprobs: (n_contexts, n_tokens) in any order; NaN or -inf where none was given.
            vocabulary: how many tokens the model has, where `logprobs` may be only the first of
                them; None where they are all.
        """
        known = np.where(np.isnan(logprobs), -np.inf, np.asarray(logprobs, dtype=np.float64))
        known = -np.sort(-known, axis=1)
        if vocabulary is None or vocabulary <= known.shape[1]:
            return cls(known, np.ones(known.shape[1]))
        return _with_rest(known, vocabulary)

    @property
    def mass(self) -> Floats:
        """(n_contexts, n_tokens) the probability of each column."""
        return np.asarray(self.count * np.exp(self.logprobs))

    def tail(self) -> NDArray[np.bool_]:
        """(n_contexts, n_tokens) True for tokens outside the nucleus of the untempered model."""
        mass = self.mass
        before = np.cumsum(mass, axis=1) - mass
        return np.asarray(before >= self.nucleus * mass.sum(axis=1, keepdims=True))

    def compact(self) -> Bank:
        """The bank with far ranks joined into blocks of equal probability, mass unchanged."""
        place = np.cumsum(self.count) - self.count
        _, sizes = ranks(int(self.count.sum()))
        block = np.searchsorted(np.cumsum(sizes) - sizes, place, side="right") - 1
        starts = np.flatnonzero(np.diff(block, prepend=-1))
        summed = np.add.reduceat(self.mass, starts, axis=1)
        count = np.add.reduceat(self.count, starts)
        known = None if self.known is None else int((starts < self.known).sum())
        with np.errstate(divide="ignore"):
            return Bank(np.log(summed / count), count, self.nucleus, known)


@cache
def builtin() -> Bank:
    """The built-in bank: 32 typical distributions over 2,000 tokens, always the same.

    Logits fall as -a log(rank + shift); a golden-ratio sequence spreads a, shift and the ripples.
    13 contexts are peaked (a from 2.5 to 6), 19 open (a from 1 to 2.2).
    """
    rank, count = ranks(2000)
    i = np.arange(32)
    turn = (0.5 + 0.6180339887 * i) % 1.0
    peaked = i < 13
    slope = np.where(peaked, 2.5 + 3.5 * turn, 1.0 + 1.2 * turn)[:, None]
    shift = (3.0 * ((0.5 + 0.7548776662 * i) % 1.0))[:, None]
    ripple = 0.35 * np.sin(rank * (1.0 + turn[:, None]) * 12.9898 + 78.233 * i[:, None])
    logits = -slope * np.log(rank + shift) + ripple
    logits = -np.sort(-logits, axis=1)
    total = np.log((count * np.exp(logits)).sum(axis=1, keepdims=True))
    return Bank(logits - total, count)


def ranks(vocabulary: int) -> tuple[Floats, Floats]:
    """Ranks 1 to 24 one by one, then ever larger blocks, each with the number it stands for."""
    first = SINGLE + 1
    edges = np.unique(np.round(np.geomspace(first, vocabulary + 1, BLOCKS)))
    starts = np.concatenate([np.arange(1.0, first), edges[:-1]])
    ends = np.concatenate([np.arange(2.0, first), edges])
    return np.sqrt(starts * np.maximum(ends - 1, starts)), ends - starts


def _with_rest(known: Floats, vocabulary: int) -> Bank:
    """Carry told distributions on to the whole vocabulary, the mass of the rest kept."""
    told = int(np.isfinite(known).sum(axis=1).min())
    known = known[:, :told]
    edges = np.unique(np.round(np.geomspace(told + 1, vocabulary + 1, BLOCKS)))
    starts, sizes = edges[:-1], np.diff(edges)
    steps = np.log(np.sqrt(starts * np.maximum(edges[1:] - 1, starts)) / told)
    rest = np.maximum(1.0 - np.exp(known).sum(axis=1), LEAST_REST)
    slope = _slope(np.log(rest) - known[:, -1], steps, sizes)
    shape = -slope[:, None] * steps
    total = np.log((sizes * np.exp(shape)).sum(axis=1))
    beyond = shape + (np.log(rest) - total)[:, None]
    count = np.concatenate([np.ones(told), sizes])
    return Bank(np.concatenate([known, beyond], axis=1), count, known=told)


def _slope(wanted: Floats, steps: Floats, sizes: Floats) -> Floats:
    """Exponents (n,) at which a power law from the last told token has the mass e^wanted of it."""
    low, high = np.zeros(len(wanted)), np.full(len(wanted), STEEPEST)
    for _ in range(40):
        middle = (low + high) / 2
        mass = np.log((sizes * np.exp(-middle[:, None] * steps)).sum(axis=1))
        low, high = np.where(mass > wanted, middle, low), np.where(mass > wanted, high, middle)
    return np.asarray((low + high) / 2)
