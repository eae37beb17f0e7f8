"""For each knob, two settings that differ in it alone and must give different texts if it works.

At a high temperature every text is another one. A knob at its greedy extreme makes them all the
same; a knob that is ignored leaves each exactly as it was. Knobs with a memory are probed where
words repeat: a negative penalty, where the server takes one, makes the model repeat itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..records import Value
from ._ask import LONG, SHORT, WARM, Ask

OFF_BREAKERS = ("\n",)
BREAKERS = ("\n", " ", ",", ".", "a", "e", "i", "o", "t", "n", "s", "h", "r", "d", "l", "u")


@dataclass(frozen=True, slots=True)
class Contrast:
    """How one knob is probed.

    Attributes:
        extreme: values at which it must show, the best first; the first that the server takes.
        plain: its value in the texts that they are compared with; None for neutral.
        base: what else is set, None standing for the hottest temperature.
        still: True where the extreme leaves one token at each step, whatever the seed.
        remembers: True for a knob that looks back at the text, so that it must change greedy ones.
        repeats: True where words must come again in the plain texts, or there is nothing to act on.
        tokens: longest text.
        pairs: so many pairs must be equal, or alike, before the knob is called ignored.
    """

    extreme: tuple[Value, ...]
    plain: Value | None = None
    base: Mapping[str, Value | None] = field(default_factory=lambda: {"temperature": None})
    still: bool = False
    remembers: bool = False
    repeats: bool = False
    tokens: int = SHORT
    pairs: int = 3


def _greedy(*extreme: Value) -> Contrast:
    return Contrast(extreme, still=True)


def _memory(*extreme: Value, plain: Value | None = None, pairs: int = 4, **base: Value) -> Contrast:
    warm: dict[str, Value | None] = {"temperature": WARM, **base}
    return Contrast(extreme, plain, warm, tokens=LONG, pairs=pairs, remembers=True)


def _loops(
    *extreme: Value, plain: Value | None = None, repeats: bool = True, **base: Value
) -> Contrast:
    """Knobs that need repetition: the model is made to repeat itself, unless DRY prevents it."""
    again: dict[str, Value] = {"presence_penalty": -2.0, "frequency_penalty": -2.0, **base}
    return replace(_memory(*extreme, plain=plain, pairs=4, **again), repeats=repeats)


# A knob that acts only where another is on.
NEEDS: Mapping[str, str] = {
    "adaptive_decay": "adaptive_target",
    "dry_allowed_length": "dry_multiplier",
    "dry_base": "dry_multiplier",
    "dry_range": "dry_multiplier",
    "dry_sequence_breakers": "dry_multiplier",
    "dynatemp_exponent": "dynatemp_range",
    "mirostat_eta": "mirostat_mode",
    "mirostat_tau": "mirostat_mode",
    "repetition_range": "repetition_penalty",
    "repetition_slope": "repetition_penalty",
    "smoothing_curve": "smoothing_factor",
    "xtc_threshold": "xtc_probability",
}

CONTRASTS: Mapping[str, Contrast] = {
    "adaptive_decay": Contrast(
        (0.99,), 0.0, {"temperature": 1.0, "adaptive_target": 0.5}, tokens=LONG, pairs=4
    ),
    "adaptive_target": Contrast((0.3,)),
    "dry_allowed_length": _loops(1, plain=1000, dry_multiplier=10.0),
    "dry_base": _loops(8.0, plain=1.0, dry_multiplier=0.2, dry_allowed_length=1),
    "dry_multiplier": _loops(100.0, dry_allowed_length=1),
    "dry_range": _loops(1024, plain=1, repeats=False, dry_multiplier=10.0, dry_allowed_length=1),
    "dry_sequence_breakers": _loops(
        BREAKERS, plain=OFF_BREAKERS, repeats=False, dry_multiplier=10.0, dry_allowed_length=1
    ),
    "dynatemp_exponent": Contrast((10.0,), 0.1, {"temperature": 2.0, "dynatemp_range": 2.0}),
    "dynatemp_range": Contrast((2.0,), base={"temperature": 2.0}),
    "epsilon_cutoff": _greedy(1.0, 0.1),
    "eta_cutoff": Contrast((1.0, 0.9), base={"temperature": 1.0}, tokens=LONG),
    "frequency_penalty": _memory(-2.0, 2.0, pairs=6),
    "min_p": _greedy(1.0),
    "mirostat_eta": Contrast(
        (1.0,), 0.0, {"temperature": None, "mirostat_mode": 2, "mirostat_tau": 3.0}, tokens=LONG
    ),
    "mirostat_mode": Contrast((2,), base={"temperature": None, "mirostat_tau": 1e-6}, still=True),
    "mirostat_tau": Contrast((1e-6,), 5.0, {"temperature": None, "mirostat_mode": 2}, still=True),
    "presence_penalty": _memory(-2.0, 2.0, pairs=6),
    "repetition_penalty": _memory(10.0, 2.0),
    "repetition_range": _memory(1024, plain=1, repetition_penalty=2.0),
    "repetition_slope": _memory(0.01, repetition_penalty=2.0, repetition_range=1024),
    "smoothing_curve": Contrast((100.0,), base={"temperature": None, "smoothing_factor": 0.2}),
    "smoothing_factor": Contrast((100.0,)),
    "temperature": Contrast((0.0,), base={}, still=True),
    "temperature_order": Contrast(
        ("last",), "first", {"temperature": None, "top_p": 0.2, "min_p": 0.3, "typical_p": 0.3}
    ),
    "tfs": Contrast((1e-6,)),
    "top_a": Contrast((1.0,), base={"temperature": 1.0}, tokens=LONG),
    "top_k": _greedy(1),
    "top_n_sigma": _greedy(1e-6),
    "top_p": _greedy(1e-6),
    "typical_p": _greedy(1e-6),
    "xtc_probability": Contrast(
        (1.0,), base={"temperature": None, "top_k": 50, "xtc_threshold": 1e-6}
    ),
    "xtc_threshold": Contrast(
        (1e-6,), 0.5, {"temperature": None, "top_k": 50, "xtc_probability": 1.0}
    ),
}


# Where seeds do nothing: settings under which texts are plainly others if the knob acts. Cool texts
# are nearly one and the same, and the second of two tokens makes others of them; warm ones all
# differ, and the least likely of 50 tokens (or an end that XTC spares) makes them one. MANY texts
# are needed where a knob may be clamped to something milder.
COOL, ONCE, MANY = 0.2, 8, 27
UNSEEDED: Mapping[str, Contrast] = {
    "adaptive_target": Contrast((0.01,), base={"temperature": COOL, "top_k": 2}, pairs=MANY),
    "temperature_order": Contrast(
        ("last",), "first", {"temperature": None, "top_p": 0.05}, pairs=ONCE
    ),
    "xtc_probability": Contrast(
        (1.0,), base={"temperature": COOL, "top_k": 2, "xtc_threshold": 1e-6}, pairs=MANY
    ),
    "xtc_threshold": Contrast(
        (1e-6,), 0.5, {"temperature": 2.0, "top_k": 50, "xtc_probability": 1.0}, pairs=MANY
    ),
}


def settings(
    ask: Ask, knob: str, contrast: Contrast | None = None
) -> tuple[dict[str, Value], dict[str, Value]] | None:
    """The plain and the extreme setting of a knob, of what the server takes; None if it cannot.

    What acts only with the knob is left out of the plain one, which others then share.
    """
    contrast = contrast or CONTRASTS[knob]
    extreme = next((value for value in contrast.extreme if ask.takes(knob, value)), None)
    if extreme is None:
        return None
    base: dict[str, Value] = {}
    for name, value in contrast.base.items():
        full = ask.hot if value is None else value
        if ask.takes(name, full):
            base[name] = full
    plain = {name: value for name, value in base.items() if NEEDS.get(name) != knob}
    if knob == "temperature":
        plain[knob] = ask.hot
    elif contrast.plain is not None and ask.takes(knob, contrast.plain):
        plain[knob] = contrast.plain
    return plain, {**base, knob: extreme}
