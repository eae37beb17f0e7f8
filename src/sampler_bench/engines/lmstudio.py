"""LM Studio, through its OpenAI-compatible server.

Source: lmstudio-ai/docs (`1_developer`: OpenAI-compatible endpoints, REST API v0 and v1) and its
bug tracker (#694: min_p is not among the keys; #1389: presets act on structured output only), read
in 2026. Not run here. A model's own settings in the application fill what a request omits.
"""

from __future__ import annotations

from dataclasses import replace

from . import EngineOptions, ServerInfo
from . import openai_compatible as _compatible
from ._dialect import Dialect, Spoken, Unspoken
from ._http import mapping, objects
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
    """LM Studio: tells which model is loaded, and with how much context, at paths of its own."""

    confirms = False  # it serves what a request names, and says so in its answer

    async def ask(self) -> ServerInfo:
        """Take the model that is called so, else prefer one that is loaded."""
        loaded = _writers_of_v0(await self.http.told("/api/v0/models"))
        loaded = loaded or _writers_of_v1(await self.http.told("/api/v1/models"))
        found = await super().ask()
        contexts = dict(loaded)
        if loaded and not self.options.model and found.model != self.called:
            model = self.called if self.called in contexts else loaded[0][0]
            found = replace(found, model=model)
        context = contexts.get(found.model)
        return replace(found, context=context if isinstance(context, int) else 0)


def build(options: EngineOptions) -> LmStudioEngine:
    """Build an engine for a running LM Studio server."""
    return LmStudioEngine(DIALECT, options, options.server or DEFAULT_SERVER)


def _writers_of_v0(told: object) -> list[tuple[str, object]]:
    """Names and contexts of the loaded models that write, as the deprecated list has them."""
    return [
        (str(entry.get("id")), entry.get("loaded_context_length"))
        for entry in objects(mapping(told).get("data"))
        if entry.get("state") == "loaded" and entry.get("type") != "embeddings"
    ]


def _writers_of_v1(told: object) -> list[tuple[str, object]]:
    """The same from the list of LM Studio 0.4 and later."""
    return [
        (str(loaded.get("id")), mapping(loaded.get("config")).get("context_length"))
        for entry in objects(mapping(told).get("models"))
        if entry.get("type") != "embedding"
        for loaded in objects(entry.get("loaded_instances"))
    ]
