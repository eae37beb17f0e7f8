"""In which order a server's samplers act, as read from its request.

Steps are the double's own words: penalties, dry, sigma, top_k, top_a, top_p, min_p, tfs, typical,
epsilon, eta, temperature (with dynamic temperature), smoothing, xtc, adaptive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Steps = tuple[str, ...]
Order = Callable[[Mapping[str, Any]], Steps]

LLAMACPP_NAMES = {
    "penalties": "penalties",
    "dry": "dry",
    "top_n_sigma": "sigma",
    "top_k": "top_k",
    "typ_p": "typical",
    "typical_p": "typical",
    "top_p": "top_p",
    "min_p": "min_p",
    "xtc": "xtc",
    "temperature": "temperature",
    "adaptive_p": "adaptive",
}
LLAMACPP_LETTERS = {
    **{"e": "penalties", "d": "dry", "s": "sigma", "k": "top_k", "y": "typical", "p": "top_p"},
    **{"m": "min_p", "x": "xtc", "t": "temperature"},
}
LLAMACPP: Steps = (
    *("penalties", "dry", "sigma", "top_k", "typical", "top_p", "min_p", "xtc", "temperature"),
)
KOBOLD_STEPS: dict[int, Steps] = {
    0: ("top_k",),
    1: ("top_a",),
    2: ("top_p", "min_p"),
    3: ("tfs",),
    4: ("typical",),
    5: ("temperature", "smoothing", "sigma"),
    6: ("penalties",),
}
KOBOLD_ORDER = (6, 0, 1, 3, 4, 2, 5)
MLX: Steps = ("penalties", "top_p", "min_p", "xtc", "top_k", "temperature")
TRANSFORMERS: Steps = (
    *("penalties", "temperature", "top_k", "top_p", "min_p", "typical", "epsilon", "eta"),
)
VLLM: Steps = ("penalties", "temperature", "min_p", "top_k", "top_p")
SGLANG: Steps = ("penalties", "temperature", "top_k", "top_p", "min_p")
APHRODITE: Steps = (
    *("dry", "penalties", "temperature", "sigma", "top_a", "tfs", "eta", "epsilon", "typical"),
    *("smoothing", "xtc", "min_p", "top_k", "top_p"),
)
TABBY: Steps = ("penalties", "dry", "temperature", "top_k", "top_p", "min_p", "xtc", "adaptive")
TEXTGEN_NAMES = {
    "repetition_penalty": "penalties",
    "presence_penalty": "penalties",
    "frequency_penalty": "penalties",
    "dry": "dry",
    "temperature": "temperature",
    "dynamic_temperature": "temperature",
    "top_n_sigma": "sigma",
    "top_k": "top_k",
    "top_p": "top_p",
    "typical_p": "typical",
    "min_p": "min_p",
    "xtc": "xtc",
    "quadratic_sampling": "smoothing",
    "epsilon_cutoff": "epsilon",
    "eta_cutoff": "eta",
    "tfs": "tfs",
    "top_a": "top_a",
}
TEXTGEN: Steps = (
    *("penalties", "dry", "sigma", "temperature", "smoothing", "top_k", "top_p", "typical"),
    *("epsilon", "eta", "tfs", "top_a", "min_p", "xtc"),
)


def fixed(*steps: str) -> Order:
    """An order that no request can change."""
    return lambda _: steps


def llamacpp(body: Mapping[str, Any]) -> Steps:
    """An array of names (unknown ones dropped), or a string read letter by letter."""
    asked = body.get("samplers")
    if isinstance(asked, str):
        return _once(LLAMACPP_LETTERS.get(letter, "") for letter in asked)
    if isinstance(asked, list):
        return _once(LLAMACPP_NAMES.get(str(name), "") for name in asked)
    return LLAMACPP


def kobold(body: Mapping[str, Any]) -> Steps:
    """`sampler_order`; DRY before it and XTC after it, whatever it says."""
    asked = body.get("sampler_order")
    whole = isinstance(asked, list) and sorted(map(str, asked)) == sorted(map(str, KOBOLD_STEPS))
    order = [int(number) for number in asked] if whole and asked else list(KOBOLD_ORDER)
    return ("dry", *(step for n in order for step in KOBOLD_STEPS[n]), "xtc", "adaptive")


def movable(steps: Steps, after: str) -> Order:
    """Temperature first, unless `temperature_last` moves it behind the step `after`."""

    def read(body: Mapping[str, Any]) -> Steps:
        if body.get("temperature_last") is not True:
            return steps
        rest = [step for step in steps if step != "temperature"]
        rest.insert(rest.index(after) + 1, "temperature")
        return tuple(rest)

    return read


def textgen(body: Mapping[str, Any]) -> Steps:
    """`sampler_priority` as its loaders take it; `temperature_last` moves what heats to the end."""
    asked = body.get("sampler_priority")
    names = asked.split("\n") if isinstance(asked, str) else asked
    steps = _once(TEXTGEN_NAMES.get(str(n).strip(), "") for n in names) if names else TEXTGEN
    if body.get("temperature_last") is True:
        heats = [step for step in ("temperature", "smoothing") if step in steps]
        steps = (*(step for step in steps if step not in heats), *heats)
    return (*steps, "adaptive")


def _once(steps: Any) -> Steps:
    return tuple(dict.fromkeys(step for step in steps if step))
