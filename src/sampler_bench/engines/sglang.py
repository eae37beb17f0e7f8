"""SGLang, through its OpenAI-compatible server.

Source: sglang 0.5.23, `srt/sampling/` (`sampling_params.py`, `penaltylib/`),
`srt/layers/sampler.py` and `srt/entrypoints/openai/protocol.py`; run on a CPU, by its own PyTorch
code in place of its kernels (docs/checks.md).
"""

from __future__ import annotations

from dataclasses import replace

from ..samplers.order import around
from . import EngineOptions
from . import vllm as _vllm
from ._dialect import Dialect, Spoken
from ._openai import OpenAIEngine

DEFAULT_SERVER = "http://127.0.0.1:30000"

DIALECT: Dialect = replace(
    _vllm.DIALECT,
    name="sglang",
    # With FlashInfer, top_p cuts from what top_k left where min_p acts too.
    chain=replace(around("top_k+top_p", "min_p"), inexact=("top_k+top_p+min_p",)),
    words={
        **_vllm.DIALECT.words,
        "repetition_penalty": Spoken(
            "repetition_penalty",
            low=0,
            above=True,
            high=2,
            differs="answer only, no window",
        ),
        "temperature": Spoken("temperature"),
    },
    notes=(
        "The model's generation_config.json fills what a chat omits; so nothing is omitted.",
        "The seed is used only by a server started with --enable-deterministic-inference.",
        "--allow-auto-truncate shortens prompts and answers that do not fit, without a word.",
    ),
)


class SglangEngine(OpenAIEngine):
    """SGLang."""

    tells_usual = True


def build(options: EngineOptions) -> SglangEngine:
    """Build an engine for a running SGLang server."""
    return SglangEngine(DIALECT, options, options.server or DEFAULT_SERVER, _vllm.WIRE)
