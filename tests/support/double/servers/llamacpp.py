"""llama.cpp's server of 2026, and how it was before.

Source: ggml-org/llama.cpp, tools/server; keys, clamping and order seen on xllamacpp 2026.10. Before
2025-05 it knew no `top_n_sigma` at all.
"""

from __future__ import annotations

from dataclasses import replace

from .. import orders
from ..quirks import INFINITY, Endpoint, Key, Quirks, clamped, strict

KEYS = {
    "temperature": clamped("temperature", 0.8, 0),
    "dynatemp_range": Key("dynatemp_range", 0.0),
    "dynatemp_exponent": Key("dynatemp_exponent", 1.0),
    "top_k": clamped("top_k", 40, 0),
    "top_p": clamped("top_p", 0.95, 0, 1),
    "min_p": clamped("min_p", 0.05, 0, 1),
    "top_n_sigma": Key("sigma", -1.0),
    "typical_p": Key("typical", 1.0),
    "adaptive_target": strict("adaptive_target", -1.0, -INFINITY, 1),
    "adaptive_decay": strict("adaptive_decay", 0.9, 0, 0.99),
    "mirostat": clamped("mirostat", 0, 0, 2),
    "mirostat_tau": Key("mirostat_tau", 5.0),
    "mirostat_eta": Key("mirostat_eta", 0.1),
    "xtc_probability": clamped("xtc_probability", 0.0, 0, 1),
    "xtc_threshold": clamped("xtc_threshold", 0.1, 0, 1),
    "dry_multiplier": Key("dry_multiplier", 0.0),
    "dry_base": Key("dry_base", 1.75),
    "dry_allowed_length": strict("dry_allowed_length", 2, 0),
    "dry_penalty_last_n": strict("dry_range", 64, 0),
    "dry_sequence_breakers": Key("dry_breakers", ["\n", ":", '"', "*"]),
    "repeat_penalty": strict("rep_pen", 1.0, 0, above=True),
    "repeat_last_n": strict("rep_range", 64, 0),
    "presence_penalty": Key("presence", 0.0),
    "frequency_penalty": Key("frequency", 0.0),
}
LLAMACPP = Quirks(
    engine="llamacpp",
    endpoints=(
        Endpoint("/v1/chat/completions", "chat", "openai", KEYS),
        Endpoint("/v1/completions", "raw", "openai", KEYS),
        Endpoint("/completion", "raw", "llamacpp", KEYS, tokens="n_predict"),
    ),
    order=orders.llamacpp,
    also=(
        *("samplers", "cache_prompt", "ignore_eos", "min_keep", "n_probs", "backend_sampling"),
        *("verbose", "chat_template_kwargs", "post_sampling_probs"),
    ),
    owner="llamacpp",
    entry={"meta": {"n_ctx_train": "{context}", "size": 10}},
    asked={
        "/props": {
            "total_slots": "{slots}",
            "default_generation_settings": {
                "n_ctx": "{context}",
                "params": {"temperature": 0.8, "top_k": 40, "top_p": 0.95, "min_p": 0.05},
            },
            "chat_template": "{template}",
            "model_path": "/models/{model}.gguf",
            "build_info": "b11549-double",
        },
        "/health": {"status": "ok"},
    },
    most_logprobs=100_000,
    endless="ignore_eos",
    echoes=True,
    stops_whole=False,
    thinks_in="reasoning_content",
    think_key="chat_template_kwargs.enable_thinking",
)
# Lemonade of Debian (2026.39) before it, seen running: texts and lists of models come through, and
# it answers Ollama's and LM Studio's questions as well.
LEMONADE = replace(
    LLAMACPP,
    engine="lemonade",
    endpoints=LLAMACPP.endpoints[:2],
    owner="lemonade",
    entry={"context_length": "{context}", "recipe": "llamacpp"},
    asked={
        "/api/v1/health": {"status": "ok", "model_loaded": "{model}", "version": "2026.39.1-2"},
        "/api/v0/models": {"data": [{"id": "{model}"}]},
        "/api/version": {"version": "0.16.1"},
    },
)
# With a model that is not loaded before the one that is.
LEMONADE_SEVERAL = replace(
    LEMONADE,
    asked={
        **LEMONADE.asked,
        "/v1/models": {
            "data": [
                {"id": "other", "owned_by": "lemonade", "context_length": 77},
                {"id": "{model}", "owned_by": "lemonade", "context_length": "{context}"},
            ]
        },
    },
)
# As it starts when nobody says how many slots: four, in one context (seen of b11669).
LLAMACPP_SHARED = replace(LLAMACPP, shared=True)
OLD_KEYS = {name: key for name, key in KEYS.items() if name != "top_n_sigma"}
LLAMACPP_OLD = replace(
    LLAMACPP,
    endpoints=tuple(replace(endpoint, keys=OLD_KEYS) for endpoint in LLAMACPP.endpoints),
)
