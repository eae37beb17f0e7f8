"""`transformers serve`, the server of Hugging Face's transformers, by its `generation_config`.

Source: transformers 5.19, `cli/serving` and `generation/utils.py` (the order of warpers); run on a
CPU (docs/checks.md). Of OpenAI's parameters it reads few, makes a repetition penalty of
`frequency_penalty`, refuses what it does not know, and is greedy unless the model says otherwise.
But a request may bring a whole generation configuration, as a text of JSON: all is said there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from ..records import JsonObject, Value
from ..samplers.order import around
from . import EngineOptions, ServerInfo
from ._answer import Answer
from ._dialect import Dialect, Spoken, Unspoken, Values, Word
from ._openai import THOUGHTLESS, OpenAIEngine, Wire
from ._remote import Request

DEFAULT_SERVER = "http://127.0.0.1:8000"
CONFIG = "generation_config"
NOT = Unspoken()


def _heat(value: Value, _: Values) -> JsonObject:
    """There is no temperature 0: greedy decoding is `do_sample: false`."""
    assert isinstance(value, int | float)
    return {"temperature": float(value) or 1.0, "do_sample": bool(value)}


def _penalty(value: Value, _: Values) -> JsonObject:
    """A whole number, 2 for 2.0, is an error there, as it is for the temperature."""
    assert isinstance(value, int | float)
    return {"repetition_penalty": float(value)}


WORDS: Mapping[str, Word] = {
    "adaptive_decay": NOT,
    "adaptive_target": NOT,
    "dry_allowed_length": NOT,
    "dry_base": NOT,
    "dry_multiplier": NOT,
    "dry_range": NOT,
    "dry_sequence_breakers": NOT,
    "dynatemp_exponent": NOT,
    "dynatemp_range": NOT,
    "epsilon_cutoff": Spoken("epsilon_cutoff", high=0.999),  # 1 is off there
    "eta_cutoff": Spoken("eta_cutoff", high=0.999),
    "frequency_penalty": Unspoken("made a repetition penalty of there"),
    "max_tokens": Spoken("max_new_tokens"),
    "min_p": Spoken("min_p"),
    "mirostat_eta": NOT,
    "mirostat_mode": NOT,
    "mirostat_tau": NOT,
    "presence_penalty": NOT,
    "repetition_penalty": Spoken(
        "repetition_penalty", differs="over prompt and answer, no window", say=_penalty
    ),
    "repetition_range": Unspoken("there is no window there"),
    "repetition_slope": NOT,
    "smoothing_curve": NOT,
    "smoothing_factor": NOT,
    "temperature": Spoken("temperature, do_sample", say=_heat),
    "temperature_order": Unspoken("temperature comes first there and cannot be moved"),
    "tfs": NOT,
    "top_a": NOT,
    "top_k": Spoken("top_k"),
    "top_n_sigma": NOT,
    "top_p": Spoken("top_p"),
    "typical_p": Spoken("typical_p", low=0, above=True),
    "xtc_probability": NOT,
    "xtc_threshold": NOT,
}

DIALECT = Dialect(
    name="transformers",
    seed="seed",
    order="first",
    chain=around("top_k", "top_p", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff"),
    words=WORDS,
    inside=CONFIG,
    notes=(
        "It loads whichever model a request names, and lists only what was downloaded: say with "
        "--model what it was started with.",
        "A seed is sown when a request comes, so texts are asked for one after another.",
        "With --continuous-batching the first request's settings would act on all: do not use it.",
    ),
)
# A generation_config.json: the same without the seed, all at the top.
FILE = replace(DIALECT, inside="", seed="")


class TransformersEngine(OpenAIEngine):
    """transformers serve."""

    confirms = False  # it serves what a request names, and says so in its answer
    loads_any = True

    async def ask(self) -> ServerInfo:
        """Take the model that is named, else the only one that was downloaded."""
        named = self.options.model
        found = self.described(named, {}) if named else await super().ask()
        return replace(found, slots=1)

    async def write(self, request: Request) -> Answer:
        """As others; the configuration goes as a text, the seed beside it."""
        inner = request.body.get(CONFIG)
        if not isinstance(inner, Mapping):
            return await super().write(request)
        settings = {key: value for key, value in inner.items() if key != DIALECT.seed}
        seed = {DIALECT.seed: inner[DIALECT.seed]} if DIALECT.seed in inner else {}
        body = {**request.body, **seed, CONFIG: json.dumps(settings)}
        return await super().write(replace(request, body=body))


def build(options: EngineOptions) -> TransformersEngine:
    """Build an engine for a running `transformers serve`."""
    wire = Wire(chat_extra=THOUGHTLESS)
    return TransformersEngine(DIALECT, options, options.server or DEFAULT_SERVER, wire)
