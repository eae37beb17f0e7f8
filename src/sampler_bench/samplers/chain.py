"""The chain of a server's samplers, computed on a bank of distributions.

The chain is llama.cpp's: top_n_sigma, top_k, typical_p, top_p, min_p, XTC, with KoboldCpp's top_a
and tfs and epsilon and eta cutoffs before XTC; temperature, dynamic temperature and quadratic
smoothing first or last. It was compared with the probabilities that llama.cpp's own server gives
after sampling (`tests/engines/test_chain.py`). Servers that truncate in another order (KoboldCpp,
vLLM, Aphrodite) keep other tokens only where two truncations act at once. Knobs with a memory
(penalties, DRY, mirostat, adaptive) are left out: what they do depends on the text so far.

XTC acts by chance: probabilities are the expectation over whether it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..records import SamplerConfig
from . import parameter, parameter_names
from .bank import Bank

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Knobs = dict[str, Floats]
    Step = Callable[[Floats, Floats, Knobs], Floats]

CHUNK = 1_000_000  # numbers held at once
_TINY = 1e-300


@dataclass(frozen=True, slots=True, eq=False)
class Final:
    """What the chain makes of a bank, for some configurations.

    Attributes:
        probability: (n, n_contexts, n_tokens) of each single token in the end.
        kept: the same shape: the probability that the token is a candidate at all.
    """

    probability: Floats
    kept: Floats


def final(
    configs: Sequence[SamplerConfig], bank: Bank, temperature_last: bool = True
) -> Iterator[tuple[list[int], Final]]:
    """Compute what is left of a bank after each configuration, a few at a time.

    Args:
        configs: any configurations; knobs with a memory are left out.
        bank: distributions before sampling.
        temperature_last: where temperature acts if a configuration does not say so.

    Yields:
        Which configurations, by number, and what is left of the bank after them.
    """
    groups: dict[tuple[bool, frozenset[str]], list[int]] = {}
    for i, config in enumerate(configs):
        order = config.get("temperature_order") or ("last" if temperature_last else "first")
        groups.setdefault((order == "last", frozenset(config.as_dict())), []).append(i)
    size = max(1, CHUNK // bank.logprobs.size)
    for (last, names), members in groups.items():
        for start in range(0, len(members), size):
            part = members[start : start + size]
            yield part, _run(bank, len(part), _knobs([configs[i] for i in part], names), last)


def not_computed(config: SamplerConfig) -> tuple[str, ...]:
    """The knobs of a configuration that act and have a memory: the chain leaves them out."""
    return tuple(
        name
        for name, value in config.parameters
        if name in parameter_names()
        and parameter(name).memory
        and parameter(name).neutral is not None
        and value != parameter(name).neutral
    )


def _knobs(configs: Sequence[SamplerConfig], names: frozenset[str]) -> Knobs:
    known = [name for name in names if name in _ACTS]
    table = {name: [config.as_dict()[name] for config in configs] for name in known}
    return {k: np.array(v, dtype=np.float64)[:, None, None] for k, v in table.items()}


def _run(bank: Bank, n: int, knobs: Knobs, last: bool) -> Final:
    logits = np.broadcast_to(bank.logprobs, (n, *bank.logprobs.shape))
    if not last:
        logits = _heat(logits, bank.count, knobs, 0.0)
    for name, step in _TRUNCATIONS.items():
        if name in knobs:
            logits = step(logits, bank.count, knobs)
    excluded = _xtc(logits, bank.count, knobs) if "xtc_probability" in knobs else None
    if last:
        masked = _masked(logits, bank, knobs)
        logits = _heat(logits, bank.count, knobs, masked)
        excluded = None if excluded is None else _heat(excluded, bank.count, knobs, masked)
    plain = Final(_normal(logits, bank.count), np.isfinite(logits).astype(np.float64))
    if excluded is None:
        return plain
    share = knobs["xtc_probability"]
    return Final(
        (1 - share) * plain.probability + share * _normal(excluded, bank.count),
        (1 - share) * plain.kept + share * np.isfinite(excluded),
    )


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
    first = np.zeros(logits.shape, dtype=np.bool_)
    np.put_along_axis(first, logits.argmax(axis=2, keepdims=True), True, axis=2)
    return np.where(kept | first, logits, -np.inf)


def _masked(logits: Floats, bank: Bank, knobs: Knobs) -> Floats:
    """How many tokens (n, n_contexts, 1) are cut but still listed when temperature acts last.

    llama.cpp's top_n_sigma masks tokens; the next truncation that acts takes them off the list.
    Dynamic temperature measures flatness by the length of the list.
    """
    cut = np.isfinite(bank.logprobs) & ~np.isfinite(logits)
    number = (bank.count * cut).sum(axis=2, keepdims=True)
    cleared = [knobs[name] for name in ("top_k", "min_p") if name in knobs]
    cleared += [1 - knobs[name] for name in ("top_p", "typical_p") if name in knobs]
    for acts in cleared:
        number = np.where(acts > 0, 0.0, number)
    return np.asarray(number)


def _heat(logits: Floats, count: Floats, knobs: Knobs, masked: Floats | float) -> Floats:
    if "smoothing_factor" in knobs:
        logits = _smooth(logits, knobs)
    temperature: Floats | float = knobs.get("temperature", np.ones((1, 1, 1)))
    if "dynatemp_range" in knobs:
        temperature = _dynamic(logits, count, knobs, masked)
    cold = temperature <= 0
    if np.any(cold):
        logits = np.where(cold, _keep(logits, np.zeros(logits.shape, dtype=np.bool_)), logits)
    return np.asarray(logits / np.where(cold, 1.0, temperature))


def _dynamic(logits: Floats, count: Floats, knobs: Knobs, masked: Floats | float) -> Floats:
    """The temperature of each distribution, the higher the flatter it is."""
    middle, spread = knobs.get("temperature", np.ones((1, 1, 1))), knobs["dynatemp_range"]
    low, high = np.maximum(middle - spread, 0.0), middle + spread
    listed = (count * np.isfinite(logits)).sum(axis=2, keepdims=True) + masked
    share = _entropy(_normal(logits, count), count) / np.log(np.maximum(listed, 2.0))
    warm = low + (high - low) * share ** knobs.get("dynatemp_exponent", 1.0)
    return np.asarray(np.where(spread > 0, warm, middle))


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
