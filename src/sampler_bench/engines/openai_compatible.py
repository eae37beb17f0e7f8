"""Any other server that speaks the OpenAI protocol, with the keys that most of them share.

What such a server does with a key that it does not know cannot be read anywhere: most ignore it
silently. So only the protocol's own parameters, and the three that nearly all local servers have
added under the same names, count as spoken; ask `check` before trusting any of them. The repetition
penalty has two names among them, and both are said: llama-cpp-python 0.3.36 applies its own 1.1 to
requests that do not say `repeat_penalty` (seen running).
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import EngineError
from ..records import JsonObject, Value
from . import EngineOptions
from ._dialect import Dialect, Spoken, Unspoken, Values, Word
from ._openai import OpenAIEngine

UNKNOWN = Unspoken("not part of the protocol")
USUAL = "an addition of local servers; not in the protocol"
PENALTY = ("repetition_penalty", "repeat_penalty")


def _penalty(value: Value, values: Values) -> JsonObject:
    assert isinstance(value, int | float)
    return dict.fromkeys(PENALTY, value)


WORDS: Mapping[str, Word] = {
    "adaptive_decay": UNKNOWN,
    "adaptive_target": UNKNOWN,
    "dry_allowed_length": UNKNOWN,
    "dry_base": UNKNOWN,
    "dry_multiplier": UNKNOWN,
    "dry_range": UNKNOWN,
    "dry_sequence_breakers": UNKNOWN,
    "dynatemp_exponent": UNKNOWN,
    "dynatemp_range": UNKNOWN,
    "epsilon_cutoff": UNKNOWN,
    "eta_cutoff": UNKNOWN,
    "frequency_penalty": Spoken("frequency_penalty", low=-2, high=2),
    "max_tokens": Spoken("max_tokens"),
    "min_p": Spoken("min_p", differs=USUAL),
    "mirostat_eta": UNKNOWN,
    "mirostat_mode": UNKNOWN,
    "mirostat_tau": UNKNOWN,
    "presence_penalty": Spoken("presence_penalty", low=-2, high=2),
    "repetition_penalty": Spoken(", ".join(PENALTY), differs=USUAL, say=_penalty),
    "repetition_range": UNKNOWN,
    "repetition_slope": UNKNOWN,
    "smoothing_curve": UNKNOWN,
    "smoothing_factor": UNKNOWN,
    "temperature": Spoken("temperature"),
    "temperature_order": Unspoken("where temperature acts is not known there"),
    "tfs": UNKNOWN,
    "top_a": UNKNOWN,
    "top_k": Spoken("top_k", differs=USUAL),
    "top_n_sigma": UNKNOWN,
    "top_p": Spoken("top_p"),
    "typical_p": UNKNOWN,
    "xtc_probability": UNKNOWN,
    "xtc_threshold": UNKNOWN,
}

DIALECT = Dialect(
    name="openai-compatible",
    seed="seed",
    order="unknown",
    words=WORDS,
    notes=(
        "Keys that a server does not know are usually ignored silently.",
        "llama-cpp-python drops a text when another is asked for: use --slots 1, or start it with "
        "--interrupt_requests False.",
    ),
)


def build(options: EngineOptions) -> OpenAIEngine:
    """Build an engine for a server of unknown make; its address must be given."""
    if not options.server:
        raise EngineError("openai-compatible: which server? give its address with --server URL")
    engine = OpenAIEngine(DIALECT, options, options.server)
    engine.confirms = not engine.http.reuses  # by https it is a service, with models by their names
    return engine
