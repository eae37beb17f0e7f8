"""TabbyAPI (ExLlamaV3), through its OpenAI-compatible server.

Source: theroyallab/tabbyAPI, `common/sampling.py` and `backends/exllamav3/sampler.py`, and
turboderp-org/exllamav3, `generator/sampler/custom.py`, read as of autumn 2026: since only ExLlamaV3
is left, many parameters are accepted and ignored with a line in the server's log; XTC acts since
July 2026, DRY since August. `sampler_overrides` of the server may force values; `check` shows them.
Not run here.
"""

from __future__ import annotations

from dataclasses import replace

from ..records import JsonObject, Value
from ..samplers.order import TEMPERATURE, XTC, Chain
from . import EngineOptions, ServerInfo
from ._dialect import Dialect, Spoken, Unspoken, Values
from ._http import mapping
from ._openai import OpenAIEngine, Wire
from ._retry import Fault

DEFAULT_SERVER = "http://127.0.0.1:5000"
CUTS = ("top_k", "top_p", "min_p")
IGNORED = Unspoken("accepted there and ignored")
NOT = Unspoken()


def _order(value: Value, _: Values) -> JsonObject:
    return {"temperature_last": value == "last"}


DIALECT = Dialect(
    name="tabbyapi",
    seed="",
    order="first",
    chain=Chain(first=(TEMPERATURE, *CUTS, XTC), last=(*CUTS, TEMPERATURE, XTC)),
    words={
        "adaptive_decay": Spoken("adaptive_decay"),
        "adaptive_target": Spoken(
            "adaptive_target", neutral=1.0, low=0, high=0.99, differs="off is 1 there, not -1"
        ),
        "dry_allowed_length": Spoken("dry_allowed_length"),
        "dry_base": Spoken("dry_base"),
        "dry_multiplier": Spoken("dry_multiplier", differs="ignored before August 2026"),
        "dry_range": Spoken("dry_range", low=0, above=True, differs="0 is the whole text there"),
        "dry_sequence_breakers": Spoken(
            "dry_sequence_breakers", filled=True, differs="each is a token that holds the text"
        ),
        "dynatemp_exponent": IGNORED,
        "dynatemp_range": IGNORED,
        "epsilon_cutoff": NOT,
        "eta_cutoff": NOT,
        "frequency_penalty": Spoken("frequency_penalty", low=0),
        "max_tokens": Spoken("max_tokens"),
        "min_p": Spoken("min_p"),
        "mirostat_eta": IGNORED,
        "mirostat_mode": IGNORED,
        "mirostat_tau": IGNORED,
        "presence_penalty": Spoken("presence_penalty", low=0),
        "repetition_penalty": Spoken("repetition_penalty", low=0, above=True),
        "repetition_range": Spoken("penalty_range"),
        "repetition_slope": Unspoken("not spoken there (repetition_decay is another thing)"),
        "smoothing_curve": IGNORED,
        "smoothing_factor": IGNORED,
        "temperature": Spoken("temperature", low=0, high=10),
        "temperature_order": Spoken(
            "temperature_last", differs="last means after min_p; XTC still comes after", say=_order
        ),
        "tfs": IGNORED,
        "top_a": IGNORED,
        "top_k": Spoken("top_k"),
        "top_n_sigma": NOT,
        "top_p": Spoken("top_p"),
        "typical_p": IGNORED,
        "xtc_probability": Spoken(
            "xtc_probability",
            differs="tokens with a line break and special tokens stay; ignored before July 2026",
        ),
        "xtc_threshold": Spoken("xtc_threshold"),
    },
    always={
        "ban_eos_token": False,
        "banned_strings": [],
        "banned_tokens": [],
        "logit_bias": {},
        "loop_detect_window": 0,
        "min_tokens": 0,
        "repetition_decay": 0,
    },
    notes=(
        "There is no seed: no text can be repeated.",
        "The server's sampler overrides, or its model's, may force values; `check` shows them.",
    ),
)


class TabbyEngine(OpenAIEngine):
    """TabbyAPI: tells its model and context at /v1/model, its overrides at its own path."""

    async def ask(self) -> ServerInfo:
        """Read the model in use and the overrides."""
        found = await super().ask()
        card = mapping(await self.http.told("/v1/model"))
        context = mapping(card.get("parameters")).get("max_seq_len")
        if not card and self.info and self.info.context:
            raise Fault("protocol", "no model is loaded there")
        overrides = await self.http.told("/v1/sampling/overrides")
        return replace(
            found,
            model=self.options.model or str(card.get("id") or found.model),
            context=context if isinstance(context, int) else found.context,
            details={"overrides": overrides} if overrides else {},
        )


def build(options: EngineOptions) -> TabbyEngine:
    """Build an engine for a running TabbyAPI server."""
    wire = Wire(chat_extra={"template_vars": {"enable_thinking": False}})
    return TabbyEngine(DIALECT, options, options.server or DEFAULT_SERVER, wire)
