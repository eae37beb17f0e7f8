"""vLLM, through its OpenAI-compatible server.

Source: vllm-project/vllm, `vllm/sampling_params.py`, `vllm/entrypoints/openai/*/protocol.py` and
the documentation of v0.10 to v0.32. Not run here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..records import JsonObject, Prompt
from . import EngineOptions, ServerInfo
from ._dialect import Dialect, Spoken, Unspoken, Word
from ._openai import OpenAIEngine, Wire

DEFAULT_SERVER = "http://127.0.0.1:8000"
NOT = Unspoken()

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
    "frequency_penalty": Spoken("frequency_penalty", low=-2, high=2, differs="answer only"),
    "max_tokens": Spoken("max_tokens"),
    "min_p": Spoken("min_p"),
    "mirostat_eta": NOT,
    "mirostat_mode": NOT,
    "mirostat_tau": NOT,
    "presence_penalty": Spoken("presence_penalty", low=-2, high=2, differs="answer only"),
    "repetition_penalty": Spoken(
        "repetition_penalty", low=0, above=True, differs="over prompt and answer, no window"
    ),
    "repetition_range": Unspoken("there is no window there"),
    "repetition_slope": NOT,
    "smoothing_curve": NOT,
    "smoothing_factor": NOT,
    "temperature": Spoken("temperature", gap=(0, 0.01)),
    "temperature_order": Unspoken("temperature comes first there and cannot be moved"),
    "tfs": NOT,
    "top_a": NOT,
    "top_k": Spoken("top_k"),
    "top_n_sigma": NOT,
    "top_p": Spoken("top_p", low=0, above=True),
    "typical_p": NOT,
    "xtc_probability": NOT,
    "xtc_threshold": NOT,
}

DIALECT = Dialect(
    name="vllm",
    seed="seed",
    order="first",
    words=WORDS,
    always={"ignore_eos": False, "min_tokens": 0},
    notes=(
        "The model's generation_config.json fills what a request omits; so nothing is omitted.",
        "The same seed gives the same text only while a request runs alone.",
    ),
)

WIRE = Wire(chat_extra={"chat_template_kwargs": {"enable_thinking": False}})


class VllmEngine(OpenAIEngine):
    """vLLM and its kin: the version at /version, tokens counted at /tokenize."""

    told_tokens = 20  # the server's --max-logprobs

    async def ask(self) -> ServerInfo:
        """Read the list of models and the version."""
        found = await super().ask()
        told = await self.http.maybe("/version")
        version = told.get("version") if isinstance(told, Mapping) else None
        return replace(found, version=version if isinstance(version, str) else "")

    async def count(self, prompt: Prompt) -> int | None:
        """Ask the server to wrap and count a prompt."""
        asked: JsonObject
        if self.template is None:
            asked = {"messages": [{"role": "user", "content": prompt.text}]}
        else:
            asked = {"prompt": self.template.render(prompt.text)}
        found = await self.http.maybe("/tokenize", {"model": self.model, **asked})
        count = found.get("count") if isinstance(found, Mapping) else None
        return count if isinstance(count, int) else None


def build(options: EngineOptions) -> VllmEngine:
    """Build an engine for a running vLLM server."""
    return VllmEngine(DIALECT, options, options.server or DEFAULT_SERVER, WIRE)
