"""Lemonade, the local server of AMD's, in front of its llama.cpp.

Source: Lemonade 2026.39, Debian's, run on a CPU (docs/checks.md): it hands a request on as it is to
the llama-server that it starts, so the words are llama.cpp's; what else that server has to say of
itself does not come through. It answers at Ollama's and LM Studio's paths too.
"""

from __future__ import annotations

from dataclasses import replace

from . import EngineOptions, ServerInfo
from . import llamacpp as _llamacpp
from ._dialect import Dialect
from ._http import mapping
from ._openai import MODELS_PATH, OpenAIEngine

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
    tells_usual = True

    async def ask(self) -> ServerInfo:
        """Prefer the model that is loaded."""
        health = mapping(await self.http.maybe("/api/v1/health"))
        loaded, version = health.get("model_loaded"), health.get("version")
        listed = await self.http.get(MODELS_PATH)
        found = self.described(*self._choose(listed, str(loaded or "")))
        return replace(found, version=version if isinstance(version, str) else "")


def build(options: EngineOptions) -> LemonadeEngine:
    """Build an engine for a running Lemonade server."""
    return LemonadeEngine(DIALECT, options, options.server or DEFAULT_SERVER, _llamacpp.WIRE)
