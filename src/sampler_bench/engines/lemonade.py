"""Lemonade, the local server of AMD's, in front of its llama.cpp.

Source: Lemonade 2026.39, Debian's, run on a CPU (docs/checks.md): it hands a request on as it is to
the llama-server that it starts, so the words are llama.cpp's; what else that server has to say of
itself does not come through. It answers at Ollama's and LM Studio's paths too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..errors import EngineError
from ..records import JsonObject, Prompt
from . import EngineOptions, ServerInfo
from . import llamacpp as _llamacpp
from ._dialect import Dialect
from ._logprobs import Telling
from ._openai import OpenAIEngine
from ._retry import Fault

DEFAULT_SERVER = "http://127.0.0.1:13305"
MODELS = "/v1/models"
MOST_TOLD = 20

DIALECT: Dialect = replace(
    _llamacpp.DIALECT,
    name="lemonade",
    notes=(
        *_llamacpp.DIALECT.notes,
        "It loads whichever model a request names; the loaded one is taken where none is named.",
        "These words are for GGUF models; its NPU back ends know few of them: ask `check`.",
    ),
)


class LemonadeEngine(OpenAIEngine):
    """Lemonade: tells at /api/v1/health what it has loaded."""

    confirms = False  # it serves what a request names, and says so in its answer

    async def ask(self) -> ServerInfo:
        """Prefer the model that is loaded.

        Raises:
            EngineError: none is, none is named, and there are several.
        """
        told = await self.http.maybe("/api/v1/health")
        health = told if isinstance(told, Mapping) else {}
        loaded, entries = health.get("model_loaded"), _entries(await self.http.get(MODELS))
        if not (self.options.model or loaded) and len(entries) > 1:
            raise EngineError(
                f"lemonade at {self.http.shown}: it has loaded none of {len(entries)} models; name "
                f"one with --model: {', '.join(list(entries)[:6])}"
            )
        model = self.options.model or str(loaded or next(iter(entries), ""))
        if not model:
            raise Fault("protocol", f"{MODELS} lists no model: is one downloaded?")
        entry = entries.get(model, {})
        context = entry.get("context_length")
        version = health.get("version")
        return ServerInfo(
            engine=self.dialect.name,
            url=self.http.shown,
            version=version if isinstance(version, str) else "",
            model=model,
            context=context if isinstance(context, int) and context > 0 else 0,
        )

    async def most_told(self, prompt: Prompt) -> Telling:
        """As many as OpenAI's protocol has."""
        return Telling(MOST_TOLD)

    def telling(self, tokens: int) -> JsonObject:
        """As llama.cpp's: our `n_probs: 0` would overrule `logprobs` on the raw endpoint."""
        return super().telling(tokens) if self.template is None else {"n_probs": tokens}


def _entries(listed: object) -> dict[str, Mapping[str, object]]:
    data = listed.get("data") if isinstance(listed, Mapping) else None
    entries = data if isinstance(data, list) else []
    return {str(e["id"]): e for e in entries if isinstance(e, Mapping) and e.get("id")}


def build(options: EngineOptions) -> LemonadeEngine:
    """Build an engine for a running Lemonade server."""
    return LemonadeEngine(DIALECT, options, options.server or DEFAULT_SERVER, _llamacpp.WIRE)
