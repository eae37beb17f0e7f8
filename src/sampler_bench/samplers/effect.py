"""What a configuration does to next-token distributions: entropy and surviving tail mass.

Two numbers describe how random a configuration is, whatever its knobs are called: the mean entropy
after truncation, and the mean probability left on the tail, the tokens outside the 90 % nucleus of
the untempered model. They predict quality across samplers (`docs/search.md`). They are computed on
the model's own distributions where there is a fingerprint, else on a small bank of typical ones:
power laws of the rank, a good third of them peaked, generated here from numbers.

The chain is llama.cpp's: top_n_sigma, top_k, typical_p, top_p, min_p, XTC, with KoboldCpp's top_a
and tfs and epsilon and eta cutoffs before XTC; temperature, dynamic temperature and quadratic
smoothing first or last. Knobs with a memory (penalties, DRY, mirostat, adaptive) are left out, for
what they do depends on the text: their effect here is that of the other knobs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ..records import SamplerConfig

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Knobs = dict[str, Floats]
    Step = Callable[[Floats, Floats, Knobs], Floats]

NUCLEUS = 0.9  # tokens outside this mass of the untempered model are its tail
COLDEST = 0.01  # greedy decoding is a very cold temperature
CHUNK = 1_000_000  # numbers held at once
_TINY = 1e-300


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """Next-token distributions, each sorted from the most probable token down.

    Attributes:
        logprobs: (n_contexts, n_tokens) natural logarithms; -inf where there is no token.
        count: (n_tokens,) how many tokens of a real vocabulary each column stands for.
        nucleus: tokens outside this mass of the untempered model are its tail.
    """

    logprobs: Floats
    count: Floats
    nucleus: float = NUCLEUS

    @classmethod
    def of(cls, logprobs: NDArray[np.float64]) -> Bank:
        """A bank of measured distributions; columns in any order, NaN where none was given."""
        known = np.where(np.isnan(logprobs), -np.inf, np.asarray(logprobs, dtype=np.float64))
        return cls(-np.sort(-known, axis=1), np.ones(known.shape[1]))

    def tail(self) -> NDArray[np.bool_]:
        """(n_contexts, n_tokens) True for tokens outside the nucleus of the untempered model."""
        mass = self.count * np.exp(self.logprobs)
        before = np.cumsum(mass, axis=1) - mass
        return np.asarray(before >= self.nucleus * mass.sum(axis=1, keepdims=True))


@cache
def builtin() -> Bank:
    """The built-in bank: 32 typical distributions over 2,000 tokens, always the same.

    Logits fall as -a log(rank + shift); a golden-ratio sequence spreads a, shift and the ripples.
    13 contexts are peaked (a from 2.5 to 6), 19 open (a from 1 to 2.2).
    """
    rank, count = _ranks(2000)
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


def _ranks(vocabulary: int) -> tuple[Floats, Floats]:
    """Ranks 1 to 24 one by one, then ever larger blocks, each with the number it stands for."""
    edges = np.unique(np.round(np.geomspace(25, vocabulary + 1, 57)))
    starts = np.concatenate([np.arange(1.0, 25.0), edges[:-1]])
    ends = np.concatenate([np.arange(2.0, 26.0), edges[1:]])
    ends[23] = starts[24]
    return np.sqrt(starts * np.maximum(ends - 1, starts)), ends - starts


def effects(
    configs: Sequence[SamplerConfig], temperature_last: bool = True, bank: Bank | None = None
) -> NDArray[np.float64]:
    """Compute what each configuration does to a bank of distributions.

    Args:
        configs: any configurations; knobs with a memory are left out.
        temperature_last: where temperature acts if a configuration does not say so.
        bank: the model's own distributions; None for the built-in bank.

    Returns:
        (n_configs, 2): mean entropy in nats, at least 0; mean tail mass, 0 to 1.
    """
    bank = bank or builtin()
    found = np.zeros((len(configs), 2))
    groups: dict[tuple[bool, frozenset[str]], list[int]] = {}
    for i, config in enumerate(configs):
        last = (
            config.get("temperature_order") or ("last" if temperature_last else "first")
        ) == "last"
        groups.setdefault((last, frozenset(config.as_dict())), []).append(i)
    size = max(1, CHUNK // bank.logprobs.size)
    for (last, names), members in groups.items():
        for start in range(0, len(members), size):
            part = members[start : start + size]
            knobs = _knobs([configs[i] for i in part], names)
            found[part] = _measure(_final(bank, knobs, last), bank)
    return found


def _knobs(configs: Sequence[SamplerConfig], names: frozenset[str]) -> Knobs:
    known = [name for name in names if name in _ACTS]
    table = {name: [config.as_dict()[name] for config in configs] for name in known}
    return {k: np.array(v, dtype=np.float64)[:, None, None] for k, v in table.items()}


def _measure(probability: Floats, bank: Bank) -> Floats:
    """Entropy and tail mass of (n, n_contexts, n_tokens) probabilities of single tokens."""
    surprise = -np.log(np.maximum(probability, _TINY))
    entropy = (bank.count * probability * surprise).sum(axis=2).mean(axis=1)
    tail = (bank.count * probability * bank.tail()).sum(axis=2).mean(axis=1)
    return np.stack([entropy, tail], axis=1)


def _final(bank: Bank, knobs: Knobs, last: bool) -> Floats:
    """The probability of each token in the end, (n, n_contexts, n_tokens)."""
    n = len(next(iter(knobs.values()))) if knobs else 1
    logits = np.broadcast_to(bank.logprobs, (n, *bank.logprobs.shape))
    if not last:
        logits = _heat(logits, bank.count, knobs)
    for name, step in _TRUNCATIONS.items():
        if name in knobs:
            logits = step(logits, bank.count, knobs)
    excluded = _xtc(logits, bank.count, knobs) if "xtc_probability" in knobs else None
    if last:
        logits = _heat(logits, bank.count, knobs)
        excluded = None if excluded is None else _heat(excluded, bank.count, knobs)
    kept = _normal(logits, bank.count)
    if excluded is None:
        return kept
    share = knobs["xtc_probability"]
    return np.asarray((1 - share) * kept + share * _normal(excluded, bank.count))


def _normal(logits: Floats, count: Floats) -> Floats:
    weight = np.exp(_top(logits))
    return np.asarray(weight / (count * weight).sum(axis=2, keepdims=True))


def _top(logits: Floats) -> Floats:
    return np.asarray(logits - logits.max(axis=2, keepdims=True))


def _entropy(probability: Floats, count: Floats) -> Floats:
    surprise = -np.log(np.maximum(probability, _TINY))
    return np.asarray((count * probability * surprise).sum(axis=2, keepdims=True))


def _keep(logits: Floats, kept: NDArray[np.bool_]) -> Floats:
    """Cut tokens that are not kept; the most probable one always stays."""
    first = logits == logits.max(axis=2, keepdims=True)
    return np.where(kept | first, logits, -np.inf)


def _heat(logits: Floats, count: Floats, knobs: Knobs) -> Floats:
    if "smoothing_factor" in knobs:
        logits = _smooth(logits, knobs)
    temperature: Floats | float = knobs.get("temperature", np.ones((1, 1, 1)))
    if "dynatemp_range" in knobs:
        spread = knobs["dynatemp_range"]
        low, high = np.maximum(temperature - spread, 0.0), temperature + spread
        most = np.log(np.maximum((count * np.isfinite(logits)).sum(axis=2, keepdims=True), 2.0))
        share = _entropy(_normal(logits, count), count) / most
        temperature = low + (high - low) * share ** knobs.get("dynatemp_exponent", 1.0)
    return np.asarray(logits / np.maximum(temperature, COLDEST))


def _smooth(logits: Floats, knobs: Knobs) -> Floats:
    """Quadratic sampling: a parabola (and a cubic, by the curve) below the top logit."""
    factor, curve = knobs["smoothing_factor"], knobs.get("smoothing_curve", np.ones((1, 1, 1)))
    below = np.where(np.isfinite(logits), _top(logits), 0.0)
    bent = factor * ((curve - 1) / 2 * below**3 - (3 - curve) / 2 * below**2)
    return np.where(np.isfinite(logits), np.where(factor > 0, bent, below), -np.inf)


def _top_n_sigma(logits: Floats, count: Floats, knobs: Knobs) -> Floats:
    n = knobs["top_n_sigma"]
    present = np.isfinite(logits)
    weight = count * present
    total = weight.sum(axis=2, keepdims=True)
    finite = np.where(present, logits, 0.0)
    mean = (weight * finite).sum(axis=2, keepdims=True) / total
    spread = np.sqrt((weight * (finite - mean) ** 2).sum(axis=2, keepdims=True) / total)
    return _keep(logits, (_top(logits) >= -n * spread) | (n <= 0))


def _top_k(logits: Floats, count: Floats, knobs: Knobs) -> Floats:
    k = knobs["top_k"]
    before = np.cumsum(count) - count
    return _keep(logits, (before < k) | (k <= 0))


def _typical_p(logits: Floats, count: Floats, knobs: Knobs) -> Floats:
    probability = _normal(logits, count)
    away = np.abs(-np.log(np.maximum(probability, _TINY)) - _entropy(probability, count))
    order = np.argsort(away, axis=2, kind="stable")
    mass = np.take_along_axis(count * probability, order, axis=2)
    before = np.empty_like(mass)
    np.put_along_axis(before, order, np.cumsum(mass, axis=2) - mass, axis=2)
    kept = (before < knobs["typical_p"]) | (knobs["typical_p"] >= 1)
    return np.where(kept, logits, -np.inf)


def _top_p(logits: Floats, count: Floats, knobs: Knobs) -> Floats:
    mass = count * _normal(logits, count)
    before = np.cumsum(mass, axis=2) - mass
    return _keep(logits, (before < knobs["top_p"]) | (knobs["top_p"] >= 1))


def _min_p(logits: Floats, count: Floats, knobs: Knobs) -> Floats:
    return _keep(logits, np.exp(_top(logits)) >= knobs["min_p"])


def _top_a(logits: Floats, count: Floats, knobs: Knobs) -> Floats:
    probability = _normal(logits, count)
    most = probability.max(axis=2, keepdims=True)
    return _keep(logits, probability >= knobs["top_a"] * most**2)


def _tfs(logits: Floats, count: Floats, knobs: Knobs) -> Floats:
    """Cut where the absolute second differences, normalised, have summed to z."""
    probability = _normal(logits, count)
    bends = np.abs(np.diff(probability, n=2, axis=2))
    bends /= np.maximum(bends.sum(axis=2, keepdims=True), _TINY)
    summed = np.concatenate(
        [np.zeros((*bends.shape[:2], 1)), np.cumsum(bends, axis=2), np.ones((*bends.shape[:2], 1))],
        axis=2,
    )
    return _keep(logits, (summed <= knobs["tfs"]) | (knobs["tfs"] >= 1))


def _epsilon_cutoff(logits: Floats, count: Floats, knobs: Knobs) -> Floats:
    return _keep(logits, _normal(logits, count) >= knobs["epsilon_cutoff"])


def _eta_cutoff(logits: Floats, count: Floats, knobs: Knobs) -> Floats:
    probability = _normal(logits, count)
    epsilon = knobs["eta_cutoff"]
    least = np.minimum(epsilon, np.sqrt(epsilon) * np.exp(-_entropy(probability, count)))
    return _keep(logits, probability >= least)


def _xtc(logits: Floats, count: Floats, knobs: Knobs) -> Floats:
    """What is left when XTC acts: of the tokens over the threshold only the least probable."""
    threshold = knobs.get("xtc_threshold", np.full((1, 1, 1), 0.1))
    over = _normal(logits, count) >= threshold
    following = np.concatenate([over[..., 1:], np.zeros_like(over[..., :1])], axis=2)
    return np.where(over & following, -np.inf, logits)


_TRUNCATIONS: dict[str, Step] = {
    "top_n_sigma": _top_n_sigma,
    "top_k": _top_k,
    "typical_p": _typical_p,
    "top_p": _top_p,
    "min_p": _min_p,
    "top_a": _top_a,
    "tfs": _tfs,
    "epsilon_cutoff": _epsilon_cutoff,
    "eta_cutoff": _eta_cutoff,
}
_ACTS = frozenset(_TRUNCATIONS) | {
    "temperature",
    "dynatemp_range",
    "dynatemp_exponent",
    "smoothing_factor",
    "smoothing_curve",
    "xtc_probability",
    "xtc_threshold",
}
