"""LM Studio, through its OpenAI-compatible server.

Source: LM Studio's documentation of its /v1 endpoints and its bug tracker (#694: min_p is not among
the keys; #1389: presets act on structured output only), read in 2026. Not run here. A model's own
settings in the application fill what a request omits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from . import EngineOptions, ServerInfo
from . import openai_compatible as _compatible
from ._dialect import Dialect, Spoken, Unspoken
from ._openai import OpenAIEngine

DEFAULT_SERVER = "http://127.0.0.1:1234"
SETTINGS = Unspoken("not among its documented keys (set it in the application's model settings)")

DIALECT: Dialect = replace(
    _compatible.DIALECT,
    name="lmstudio",
    words={
        **{
            name: word if isinstance(word, Spoken) else Unspoken()
            for name, word in _compatible.WORDS.items()
        },
        "min_p": SETTINGS,
        "repetition_penalty": Spoken("repeat_penalty"),
        "temperature_order": Unspoken("it depends on the runtime and cannot be set there"),
        "top_k": Spoken("top_k"),
        "xtc_probability": SETTINGS,
        "xtc_threshold": SETTINGS,
    },
    notes=("The application's settings for a model may add samplers that no request can see.",),
)


class LmStudioEngine(OpenAIEngine):
    """LM Studio: tells which model is loaded, and with how much context, at /api/v0/models."""

    confirms = False  # it serves what a request names, and says so in its answer

    async def ask(self) -> ServerInfo:
        """Prefer the model that is loaded."""
        told = await self.http.maybe("/api/v0/models")
        data = told.get("data") if isinstance(told, Mapping) else None
        loaded = [
            entry
            for entry in (data if isinstance(data, list) else [])
            if isinstance(entry, Mapping) and entry.get("state") == "loaded"
        ]
        wanted = [e for e in loaded if e.get("id") == self.options.model] or loaded
        if self.options.model or not wanted:
            found = await super().ask()
        else:
            name = str(wanted[0].get("id"))
            found = ServerInfo(engine=self.dialect.name, url=self.http.shown, model=name)
        context = wanted[0].get("loaded_context_length") if wanted else 0
        return replace(found, context=context if isinstance(context, int) else 0)


def build(options: EngineOptions) -> LmStudioEngine:
    """Build an engine for a running LM Studio server."""
    return LmStudioEngine(DIALECT, options, options.server or DEFAULT_SERVER)
