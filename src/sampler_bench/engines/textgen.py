"""text-generation-webui (oobabooga), through its OpenAI-compatible API.

Source: oobabooga/text-generation-webui, `modules/presets.py`, `modules/text_generation.py`,
`modules/llama_cpp_server.py` and `extensions/openai/typing.py`, read in 2026. Which samplers act
depends on its loader: with the llama.cpp loader tfs, top_a, epsilon and eta cut-off and smoothing
are dropped silently. Not run here.

It says `length` where the finished text, counted again, has as many tokens as were asked for; a
text that was cut off may have fewer then, and is said to have ended (`modules/api/completions.py`).
How many were drawn is told nowhere but in logprobs, which would slow each token down. But a stream
has a piece for nearly every token: those that come within a millisecond of the one before, halves
of a letter and what may begin a stop text go with the next (`modules/text_generation.py`).
"""

from __future__ import annotations

import json
from dataclasses import replace

from ..records import Json, JsonObject, Value
from ..samplers.order import SMOOTHING, TEMPERATURE, Chain
from . import EngineOptions, ServerInfo
from . import llamacpp as _llamacpp
from ._answer import NEARLY, Answer
from ._dialect import Dialect, Spoken, Unspoken, Values, heat_span
from ._http import mapping
from ._openai import OpenAIEngine, Wire
from ._remote import Request
from ._retry import Fault

DEFAULT_SERVER = "http://127.0.0.1:5000"
ENDINGS = tuple(".!?:;*_~)]}\"'`»”’…。！？」』）")
ALMOST = 0.95  # of the tokens come in a piece of their own, from a server that is not too quick
DROPPED = "dropped silently with the llama.cpp loader"
PENALTIES = ("repetition_penalty", "presence_penalty", "frequency_penalty", "dry")
HEAT = ("temperature", "dynamic_temperature", "quadratic_sampling")
CUTS = (
    *("top_n_sigma", "top_k", "top_p", "typical_p", "epsilon_cutoff", "eta_cutoff"),
    *("tfs", "top_a", "min_p", "mirostat", "xtc"),
)
TRUNCATIONS = tuple(name for name in CUTS if name != "mirostat")
HEATS = (TEMPERATURE, SMOOTHING)  # as HEAT, in our words


def ten_thousandths(key: str, differs: str) -> Spoken:
    """A cut-off that the server takes in units of 1e-4."""

    def say(value: Value, _: Values) -> JsonObject:
        assert isinstance(value, int | float)
        return {key: round(value * 1e4, 6)}

    return Spoken(key, differs=differs, say=say)


def _priority(value: Value, _: Values) -> JsonObject:
    last = value == "last"
    order: list[Json] = [*PENALTIES, *(CUTS if last else HEAT), *(HEAT if last else CUTS)]
    return {"sampler_priority": order, "temperature_last": last}


def _dynatemp(value: Value, values: Values) -> JsonObject:
    low, high = heat_span(value, values) if value else (1.0, 1.0)
    return {"dynamic_temperature": bool(value), "dynatemp_low": low, "dynatemp_high": high}


def _breakers(value: Value, _: Values) -> JsonObject:
    assert isinstance(value, tuple)
    return {"dry_sequence_breakers": ", ".join(json.dumps(text) for text in value)}


DIALECT = Dialect(
    name="textgen",
    seed="seed",
    order="first",
    chain=Chain(
        first=(*HEATS, *TRUNCATIONS),
        last=(*TRUNCATIONS, *HEATS),
        inexact=("top_n_sigma+typical_p",),  # with the llama.cpp loader
    ),
    together={
        pair: f"With the llama.cpp loader: {told}" for pair, told in _llamacpp.TOGETHER.items()
    },
    words={
        "adaptive_decay": Spoken("adaptive_decay"),
        "adaptive_target": Spoken(
            "adaptive_target", neutral=0, low=0, above=True, differs="off is 0 there, not -1"
        ),
        "dry_allowed_length": Spoken("dry_allowed_length"),
        "dry_base": Spoken("dry_base"),
        "dry_multiplier": Spoken("dry_multiplier"),
        "dry_range": Unspoken("DRY looks at repetition_range tokens there"),
        "dry_sequence_breakers": Spoken("dry_sequence_breakers", say=_breakers),
        "dynatemp_exponent": Spoken("dynatemp_exponent"),
        "dynatemp_range": Spoken("dynamic_temperature, dynatemp_low, dynatemp_high", say=_dynatemp),
        "epsilon_cutoff": ten_thousandths("epsilon_cutoff", f"told in units of 1e-4; {DROPPED}"),
        "eta_cutoff": ten_thousandths("eta_cutoff", f"told in units of 1e-4; {DROPPED}"),
        "frequency_penalty": Spoken("frequency_penalty"),
        "max_tokens": Spoken("max_tokens"),
        "min_p": Spoken("min_p"),
        "mirostat_eta": Spoken("mirostat_eta"),
        "mirostat_mode": Spoken("mirostat_mode"),
        "mirostat_tau": Spoken("mirostat_tau"),
        "presence_penalty": Spoken("presence_penalty"),
        "repetition_penalty": Spoken("repetition_penalty"),
        "repetition_range": Spoken("repetition_penalty_range", differs="also the window of DRY"),
        "repetition_slope": Unspoken(),
        "smoothing_curve": Spoken("smoothing_curve", differs=DROPPED),
        "smoothing_factor": Spoken("smoothing_factor", differs=DROPPED),
        "temperature": Spoken("temperature"),
        "temperature_order": Spoken("sampler_priority, temperature_last", say=_priority),
        "tfs": Spoken("tfs", differs=DROPPED),
        "top_a": Spoken("top_a", differs=DROPPED),
        "top_k": Spoken("top_k"),
        "top_n_sigma": Spoken("top_n_sigma"),
        "top_p": Spoken("top_p"),
        "typical_p": Spoken("typical_p"),
        "xtc_probability": Spoken("xtc_probability"),
        "xtc_threshold": Spoken("xtc_threshold"),
    },
    always={
        "auto_max_new_tokens": False,
        "ban_eos_token": False,
        "do_sample": True,
        "encoder_repetition_penalty": 1,
        "enable_thinking": False,
        "guidance_scale": 1,
        "no_repeat_ngram_size": 0,
        "penalty_alpha": 0,
    },
    notes=(
        "Which samplers act depends on the loader; ask `check` before trusting one.",
        "Prompts are cached and nothing switches that off, so the last bits of logits may differ.",
    ),
)


class TextgenEngine(OpenAIEngine):
    """text-generation-webui: tells its model and loader at its internal paths."""

    async def ask(self) -> ServerInfo:
        """Read which model is loaded, and how."""
        card = mapping(await self.http.told("/v1/internal/model/info"))
        model = card.get("model_name")
        if model in ("", "None"):
            raise Fault("protocol", "no model is loaded there")
        if not isinstance(model, str):
            return await super().ask()
        found = ServerInfo(engine=self.dialect.name, url=self.http.shown, model=model)
        return replace(found, details={"loader": card.get("loader", "")})

    def cut_off(self, request: Request, answer: Answer) -> bool:
        """Also where a text stops in the middle of a sentence and hardly before its limit.

        No fewer tokens were drawn than pieces came, nor than the recount found.
        """
        counted, pieces = answer.tokens or 0, answer.pieces
        one_each = pieces >= ALMOST * counted
        near = max(counted, pieces) >= (ALMOST if one_each else NEARLY) * request.max_tokens
        ends = "".join(answer.text).rstrip().endswith(ENDINGS)
        full = pieces >= request.max_tokens
        return super().cut_off(request, answer) or full or (near and not ends)


def build(options: EngineOptions) -> TextgenEngine:
    """Build an engine for a running text-generation-webui."""
    wire = Wire(chat_extra={"mode": "instruct"})
    return TextgenEngine(DIALECT, options, options.server or DEFAULT_SERVER, wire)
