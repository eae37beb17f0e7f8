"""mlx_lm.server, the server of Apple's MLX LM, through its OpenAI-compatible endpoints.

Source: mlx-lm 0.32.2, `server.py`, `sample_utils.py` and `models/cache.py`; run with MLX on a CPU
(docs/checks.md). It streams no logprobs, and tells 11 in whole answers, fewer than a model's
fingerprint needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..errors import EngineError
from ..records import JsonObject, Value
from ..samplers.order import XTC, around
from . import EngineOptions, ServerInfo
from ._dialect import Dialect, Spoken, Unspoken, Values, Word
from ._openai import CHAT_PATH, MODELS_PATH, THOUGHTLESS, OpenAIEngine, Wire, models_of
from ._retry import Fault

DEFAULT_SERVER = "http://127.0.0.1:8080"
STARTED_WITH = "default_model"  # its word for the model of its own --model
NOT = Unspoken()
CACHED = (
    "A prompt that it knows is cached, and penalties then do not see it: start it with "
    "--prompt-cache-size 0 where a penalty is searched."
)
WINDOWS = ("repetition_context_size", "presence_context_size", "frequency_context_size")


def _window(value: Value, _: Values) -> JsonObject:
    assert isinstance(value, int | float)
    return dict.fromkeys(WINDOWS, value)


def _chance(value: Value, _: Values) -> JsonObject:
    return {"xtc_probability": _fraction(value)}


def _threshold(value: Value, _: Values) -> JsonObject:
    return {"xtc_threshold": _fraction(value)}


def _fraction(value: Value) -> float:
    """It refuses a whole number here, 1 for 1.0."""
    assert isinstance(value, int | float)
    return float(value)


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
    "epsilon_cutoff": NOT,
    "eta_cutoff": NOT,
    "frequency_penalty": Spoken("frequency_penalty", mind=CACHED),
    "max_tokens": Spoken("max_tokens"),
    "min_p": Spoken("min_p"),
    "mirostat_eta": NOT,
    "mirostat_mode": NOT,
    "mirostat_tau": NOT,
    "presence_penalty": Spoken("presence_penalty", mind=CACHED),
    "repetition_penalty": Spoken("repetition_penalty", mind=CACHED),
    "repetition_range": Spoken(
        ", ".join(WINDOWS), low=1, differs="0 is the whole text there", say=_window
    ),
    "repetition_slope": NOT,
    "smoothing_curve": NOT,
    "smoothing_factor": NOT,
    "temperature": Spoken("temperature"),
    "temperature_order": Unspoken("temperature comes last there and cannot be moved"),
    "tfs": NOT,
    "top_a": NOT,
    "top_k": Spoken("top_k", differs="after the others; as many as the vocabulary has is an error"),
    "top_n_sigma": NOT,
    "top_p": Spoken("top_p", low=0, above=True),  # 0 is off there
    "typical_p": NOT,
    "xtc_probability": Spoken(
        "xtc_probability", differs="line breaks and ends of text stay", say=_chance
    ),
    "xtc_threshold": Spoken("xtc_threshold", say=_threshold),
}

DIALECT = Dialect(
    name="mlx-lm",
    seed="seed",
    order="last",
    chain=around("top_p", "min_p", XTC, "top_k"),
    words=WORDS,
    notes=(
        "Unless --model names one, the model that it was started with writes; what is named is "
        "loaded in its place, without the adapter of --adapter-path.",
        "A model that it was started with by a name, no folder, is called default_model: that "
        "another one was served later, nothing tells.",
        "Texts with a seed are written one after another there.",
        CACHED,
        "Nothing holds a text to the model's context, which is not told.",
    ),
)


class MlxLmEngine(OpenAIEngine):
    """mlx_lm.server. What it was started with has a name of its own there, whatever it is."""

    loads_any = True

    @property
    def model(self) -> str:
        """What requests name: by its path, the model would be loaded once more, without adapter."""
        found = super().model
        own = not self.options.model and (not found or found.startswith("/"))
        return STARTED_WITH if own else found

    async def ask(self) -> ServerInfo:
        """Take the model that is named, else the one that it was started with, or the only one."""
        model = self.options.model or await self._unnamed()
        return replace(self.described(model, {}), slots=1)

    async def _unnamed(self) -> str:
        """Its list has what lies in the cache, and a --model only where that is a folder."""
        try:
            listed = await self.http.get(MODELS_PATH)
        except Fault as fault:
            if fault.reason != "protocol":  # the list breaks off where nothing was downloaded
                raise
            listed = {}
        names = models_of(listed)
        if self.called in (STARTED_WITH, *names):
            return self.called
        for name in names:
            if name.startswith("/"):
                return name
        return STARTED_WITH if await self._was_started_with_one() else self._choose(listed)[0]

    async def _was_started_with_one(self) -> bool:
        """Whether it writes a token though no model is named."""
        asked: JsonObject = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
        try:
            await self.http.post(CHAT_PATH, asked, seconds=self.options.timeout_seconds)
        except EngineError:
            return False
        return True


def build(options: EngineOptions) -> MlxLmEngine:
    """Build an engine for a running mlx_lm.server."""
    wire = Wire(chat_extra=THOUGHTLESS)
    return MlxLmEngine(DIALECT, options, options.server or DEFAULT_SERVER, wire)
