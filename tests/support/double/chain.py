"""The samplers that llama.cpp lacks, and the others where they must act beside them: one draw.

Everything is computed from a whole next-token distribution, as the servers' sources and papers
define it, for one position at a time. Penalties, DRY, mirostat and adaptive-p are llama.cpp's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .applied import Applied

Floats = NDArray[np.float64]
Knobs = Mapping[str, Any]
SMALLEST = 1e-45


def candidates(logits: Floats, applied: Applied, rng: np.random.Generator) -> Floats:
    """Logits (n_tokens,) after the chain; -inf for what was cut. `rng` decides XTC alone."""
    logits = logits.astype(np.float64)
    for step in applied.steps:
        if step == "sigma":
            logits = _sigma(logits, applied.knobs["sigma"], applied.sigma_ddof)
        elif step == "xtc":
            logits = _xtc(logits, applied.knobs, rng)
        elif step in STEPS:
            logits = STEPS[step](logits, applied.knobs)
    return logits


def probabilities(logits: Floats) -> Floats:
    """Softmax; 0 for what was cut."""
    heights = np.exp(logits - logits.max())
    return np.asarray(heights / heights.sum())


def _cut(logits: Floats, keep: NDArray[np.bool_]) -> Floats:
    """Cut all but `keep`; the most probable token always stays."""
    keep = keep.copy()
    keep[np.argmax(logits)] = True
    return np.where(keep, logits, -np.inf)


def _temperature(logits: Floats, knobs: Knobs) -> Floats:
    heat, reach = knobs["temperature"], knobs["dynatemp_range"]
    if reach > 0:
        p = probabilities(logits)
        p = p[p > 0]
        share = -(p * np.log(p)).sum() / np.log(len(p)) if len(p) > 1 else 0.0
        low, high = max(0.0, heat - reach), heat + reach
        heat = low + (high - low) * share ** knobs["dynatemp_exponent"]
    if heat <= 0:
        return _cut(logits, np.zeros(len(logits), dtype=bool))
    return np.asarray(logits / heat)


def _smoothing(logits: Floats, knobs: Knobs) -> Floats:
    factor, curve = knobs["smoothing_factor"], knobs["smoothing_curve"]
    if factor <= 0:
        return logits
    k, s = factor * (3 - curve) / 2, factor * (curve - 1) / 2
    below = np.where(np.isfinite(logits), logits - logits.max(), 0.0)
    bent = logits.max() - k * below**2 + s * below**3
    return np.where(np.isfinite(logits), bent, -np.inf)


def _top_k(logits: Floats, knobs: Knobs) -> Floats:
    k = int(knobs["top_k"])
    if k <= 0 or k >= len(logits):
        return logits
    keep = np.zeros(len(logits), dtype=bool)
    keep[np.argsort(-logits, kind="stable")[:k]] = True
    return np.where(keep, logits, -np.inf)


def _top_p(logits: Floats, knobs: Knobs) -> Floats:
    return logits if knobs["top_p"] >= 1 else _until(logits, probabilities(logits), knobs["top_p"])


def _until(logits: Floats, rank: Floats, mass: float) -> Floats:
    """Keep tokens of the highest `rank`, until their probabilities reach `mass`."""
    order = np.argsort(-rank, kind="stable")
    before = np.cumsum(probabilities(logits)[order]) - probabilities(logits)[order]
    keep = np.zeros(len(logits), dtype=bool)
    keep[order[before < mass]] = True
    keep[order[0]] = True
    return np.where(keep, logits, -np.inf)


def _min_p(logits: Floats, knobs: Knobs) -> Floats:
    p = probabilities(logits)
    return _cut(logits, p >= knobs["min_p"] * p.max()) if knobs["min_p"] > 0 else logits


def _top_a(logits: Floats, knobs: Knobs) -> Floats:
    p = probabilities(logits)
    return _cut(logits, p >= knobs["top_a"] * p.max() ** 2) if knobs["top_a"] > 0 else logits


def _sigma(logits: Floats, n: float, ddof: int) -> Floats:
    """Top-n-sigma (arXiv:2411.07641) over what is left; `ddof` as the server's deviation."""
    left = logits[np.isfinite(logits)]
    if n <= 0 or len(left) < 2:
        return logits
    return _cut(logits, logits >= logits.max() - n * left.std(ddof=ddof))


def _typical(logits: Floats, knobs: Knobs) -> Floats:
    """Locally typical sampling (arXiv:2202.00666)."""
    if knobs["typical"] >= 1:
        return logits
    p = probabilities(logits)
    surprise = -np.log(np.maximum(p, SMALLEST))
    distance = np.abs(surprise - (p * surprise).sum())
    return _until(logits, np.where(p > 0, -distance, -np.inf), knobs["typical"])


def _tfs(logits: Floats, knobs: Knobs) -> Floats:
    """Tail-free sampling: the mass of the absolute second differences of sorted probabilities."""
    if knobs["tfs"] >= 1:
        return logits
    p = probabilities(logits)
    order = np.argsort(-p, kind="stable")[: int((p > 0).sum())]
    bends = np.abs(np.diff(p[order], n=2))
    if len(bends) == 0 or bends.sum() <= 0:
        return logits
    reached = np.cumsum(bends / bends.sum())
    keep = np.zeros(len(p), dtype=bool)
    keep[order[: int((reached <= knobs["tfs"]).sum()) + 1]] = True
    return _cut(logits, keep)


def _epsilon(logits: Floats, knobs: Knobs) -> Floats:
    if knobs["epsilon"] <= 0:
        return logits
    return _cut(logits, probabilities(logits) >= knobs["epsilon"])


def _eta(logits: Floats, knobs: Knobs) -> Floats:
    """Eta sampling (arXiv:2210.15191): min(epsilon, sqrt(epsilon) exp(-entropy))."""
    if knobs["eta"] <= 0:
        return logits
    p = probabilities(logits)
    entropy = -(p * np.log(np.maximum(p, SMALLEST))).sum()
    return _cut(logits, p >= min(knobs["eta"], np.sqrt(knobs["eta"]) * np.exp(-entropy)))


def _xtc(logits: Floats, knobs: Knobs, rng: np.random.Generator) -> Floats:
    """Exclude top choices: all tokens over the threshold but the least probable of them."""
    chance, threshold = knobs["xtc_probability"], knobs["xtc_threshold"]
    if chance <= 0 or threshold > 0.5 or rng.random() >= chance:
        return logits
    p = probabilities(logits)
    over = np.flatnonzero(p >= threshold)
    if len(over) < 2:
        return logits
    cut = logits.copy()
    cut[over[over != over[np.argmin(p[over])]]] = -np.inf
    return cut


STEPS: dict[str, Callable[[Floats, Knobs], Floats]] = {
    "temperature": _temperature,
    "smoothing": _smoothing,
    "top_k": _top_k,
    "top_p": _top_p,
    "min_p": _min_p,
    "top_a": _top_a,
    "typical": _typical,
    "tfs": _tfs,
    "epsilon": _epsilon,
    "eta": _eta,
}
