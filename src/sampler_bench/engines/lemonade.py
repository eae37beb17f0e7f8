"""Lemonade, the local server of AMD's, in front of its llama.cpp.

Source: Lemonade 2026.39, Debian's, run on a CPU (docs/checks.md): it hands a request on as it is to
the llama-server that it starts, so the words are llama.cpp's; what else that server has to say of
itself does not come through. It answers at Ollama's and LM Studio's paths too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..records import JsonObject, Prompt
from . import EngineOptions, ServerInfo
from . import llamacpp as _llamacpp
from ._dialect import Dialect
from ._logprobs import Telling
from ._openai import OpenAIEngine
from ._telling import USUALLY_TOLD

DEFAULT_SERVER = "http://127.0.0.1:13305"

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
    loads_any = True

    async def ask(self) -> ServerInfo:
        """Prefer the model that is loaded."""
        told = await self.http.maybe("/api/v1/health")
        health = told if isinstance(told, Mapping) else {}
        loaded, version = health.get("model_loaded"), health.get("version")
        listed = await self.http.get(self.wire.models)
        found = self.described(*self._choose(listed, str(loaded or "")))
        return replace(found, version=version if isinstance(version, str) else "")

    async def most_told(self, prompt: Prompt) -> Telling:
        """As many as OpenAI's protocol has."""
        return Telling(USUALLY_TOLD)

    def telling(self, tokens: int) -> JsonObject:
        """As llama.cpp's: our `n_probs: 0` would overrule `logprobs` on the raw endpoint."""
        return super().telling(tokens) if self.template is None else {"n_probs": tokens}


def build(options: EngineOptions) -> LemonadeEngine:
    """Build an engine for a running Lemonade server."""
    return LemonadeEngine(DIALECT, options, options.server or DEFAULT_SERVER, _llamacpp.WIRE)
