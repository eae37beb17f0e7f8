"""The steps of a chain, on many configurations and distributions at once.

Arrays are (n, n_contexts, n_tokens) of logits, -inf for what was cut, sorted by the model's own
rank; `count` (n_tokens,) says for how many tokens a column stands; knobs are (n, 1, 1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from .bank import Bank

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Knobs = dict[str, Floats]
    Step = Callable[[Floats, Floats, Knobs], Floats]

_TINY = 1e-300


def normal(logits: Floats, count: Floats) -> Floats:
    """The probability of each single token."""
    weight = np.exp(_top(logits))
    return np.asarray(weight / (count * weight).sum(axis=2, keepdims=True))


def entropy(probability: Floats, count: Floats) -> Floats:
    """The entropy of each distribution in nats: (n, n_contexts, 1)."""
    surprise = -np.log(np.maximum(probability, _TINY))
    return np.asarray((count * probability * surprise).sum(axis=2, keepdims=True))


def masked(logits: Floats, bank: Bank, knobs: Knobs) -> Floats:
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


def temperature(logits: Floats, count: Floats, knobs: Knobs, masked: Floats | float) -> Floats:
    """Heat, by a dynamic temperature where there is one; `masked` tokens count as candidates."""
    heat: Floats | float = knobs.get("temperature", np.ones((1, 1, 1)))
    if "dynatemp_range" in knobs:
        heat = _dynamic(logits, count, knobs, masked)
    cold = heat <= 0
    if np.any(cold):
        logits = np.where(cold, _keep(logits, np.zeros(logits.shape, dtype=np.bool_)), logits)
    return np.asarray(logits / np.where(cold, 1.0, heat))


def _dynamic(logits: Floats, count: Floats, knobs: Knobs, masked: Floats | float) -> Floats:
    """The temperature of each distribution, the higher the flatter it is."""
    middle, spread = knobs.get("temperature", np.ones((1, 1, 1))), knobs["dynatemp_range"]
    low, high = np.maximum(middle - spread, 0.0), middle + spread
    listed = (count * np.isfinite(logits)).sum(axis=2, keepdims=True) + masked
    share = entropy(normal(logits, count), count) / np.log(np.maximum(listed, 2.0))
    warm = low + (high - low) * share ** knobs.get("dynatemp_exponent", 1.0)
    return np.asarray(np.where(spread > 0, warm, middle))


def smoothing(logits: Floats, knobs: Knobs) -> Floats:
    """Quadratic sampling: a parabola (and a cubic, by the curve) below the top logit."""
    factor, curve = knobs["smoothing_factor"], knobs.get("smoothing_curve", np.ones((1, 1, 1)))
    below = np.where(np.isfinite(logits), _top(logits), 0.0)
    bent = factor * ((curve - 1) / 2 * below**3 - (3 - curve) / 2 * below**2)
    return np.where(np.isfinite(logits), np.where(factor > 0, bent, below), -np.inf)


def xtc(logits: Floats, count: Floats, knobs: Knobs) -> Floats:
    """What is left when XTC acts: of the tokens over the threshold only the least probable."""
    threshold = knobs.get("xtc_threshold", np.full((1, 1, 1), 0.1))
    over = normal(logits, count) >= threshold
    following = np.concatenate([over[..., 1:], np.zeros_like(over[..., :1])], axis=2)
    return np.where(over & following, -np.inf, logits)


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
    present = count if np.isfinite(logits[..., 0]).all() else count * np.isfinite(logits)
    before = np.cumsum(present, axis=-1) - present
    return _keep(logits, (before < k) | (k <= 0))


def _typical_p(logits: Floats, count: Floats, knobs: Knobs) -> Floats:
    probability = normal(logits, count)
    away = np.abs(-np.log(np.maximum(probability, _TINY)) - entropy(probability, count))
    order = np.argsort(away, axis=2, kind="stable")
    mass = np.take_along_axis(count * probability, order, axis=2)
    before = np.empty_like(mass)
    np.put_along_axis(before, order, np.cumsum(mass, axis=2) - mass, axis=2)
    kept = (before < knobs["typical_p"]) | (knobs["typical_p"] >= 1)
    return np.where(kept, logits, -np.inf)


def _top_p(logits: Floats, count: Floats, knobs: Knobs) -> Floats:
    mass = count * normal(logits, count)
    before = np.cumsum(mass, axis=2) - mass
    return _keep(logits, (before < knobs["top_p"]) | (knobs["top_p"] >= 1))


def _min_p(logits: Floats, count: Floats, knobs: Knobs) -> Floats:
    return _keep(logits, np.exp(_top(logits)) >= knobs["min_p"])


def _top_a(logits: Floats, count: Floats, knobs: Knobs) -> Floats:
    probability = normal(logits, count)
    most = probability.max(axis=2, keepdims=True)
    return _keep(logits, probability >= knobs["top_a"] * most**2)


def _tfs(logits: Floats, count: Floats, knobs: Knobs) -> Floats:
    """Cut where the absolute second differences, normalised, have summed to z."""
    probability = normal(logits, count)
    bends = np.abs(np.diff(probability, n=2, axis=2))
    bends /= np.maximum(bends.sum(axis=2, keepdims=True), _TINY)
    summed = np.concatenate(
        [np.zeros((*bends.shape[:2], 1)), np.cumsum(bends, axis=2), np.ones((*bends.shape[:2], 1))],
        axis=2,
    )
    return _keep(logits, (summed <= knobs["tfs"]) | (knobs["tfs"] >= 1))


def _epsilon_cutoff(logits: Floats, count: Floats, knobs: Knobs) -> Floats:
    return _keep(logits, normal(logits, count) >= knobs["epsilon_cutoff"])


def _eta_cutoff(logits: Floats, count: Floats, knobs: Knobs) -> Floats:
    probability = normal(logits, count)
    epsilon = knobs["eta_cutoff"]
    least = np.minimum(epsilon, np.sqrt(epsilon) * np.exp(-entropy(probability, count)))
    return _keep(logits, probability >= least)


def _top(logits: Floats) -> Floats:
    return np.asarray(logits - logits.max(axis=2, keepdims=True))


def _keep(logits: Floats, kept: NDArray[np.bool_]) -> Floats:
    """Cut tokens that are not kept; the most probable one always stays."""
    first = np.zeros(logits.shape, dtype=np.bool_)
    np.put_along_axis(first, logits.argmax(axis=2, keepdims=True), True, axis=2)
    return np.where(kept | first, logits, -np.inf)


TRUNCATIONS: dict[str, Step] = {
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
