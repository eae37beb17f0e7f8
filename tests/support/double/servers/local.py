"""TabbyAPI, text-generation-webui, LM Studio and llama-cpp-python's server.

Source: theroyallab/tabbyAPI (ExLlamaV3), oobabooga/text-generation-webui, LM Studio's documentation
and bug tracker, read in 2026; only llama-cpp-python was run. Not doubled: TabbyAPI's loop
detection.
"""

from __future__ import annotations

from dataclasses import replace

from .. import orders
from ..quirks import Key, Quirks, clamped, openai_endpoints, strict

TABBY_KEYS = {
    "temperature": strict("temperature", 1.0, 0, 10),
    "top_k": clamped("top_k", 0, 0),
    "top_p": strict("top_p", 1.0, 0, 1),
    "min_p": Key("min_p", 0.0),
    "xtc_probability": strict("xtc_probability", 0.0, 0, 1),
    "xtc_threshold": strict("xtc_threshold", 0.1, 0, 1),
    "adaptive_target": Key("adaptive_target", 1.0, off=1.0),
    "adaptive_decay": Key("adaptive_decay", 0.9),
    "dry_multiplier": strict("dry_multiplier", 0.0, 0),
    "dry_base": strict("dry_base", 1.75, 0),
    "dry_allowed_length": strict("dry_allowed_length", 2, 0),
    "dry_range": Key("dry_range", -1, whole=True),
    "dry_sequence_breakers": Key("dry_breakers", list('.,!?<>[](){}\n\t"')),
    "repetition_penalty": strict("rep_pen", 1.0, 0, above=True),
    "penalty_range": Key("rep_range", -1),
    "frequency_penalty": strict("frequency", 0.0, 0),
    "presence_penalty": strict("presence", 0.0, 0),
}
TABBYAPI = Quirks(
    engine="tabbyapi",
    endpoints=openai_endpoints(TABBY_KEYS, -1),
    order=orders.movable(orders.TABBY, after="min_p"),
    also=(
        *("temperature_last", "loop_detect_window", "template_vars", "repetition_decay"),
        *("banned_strings", "banned_tokens"),
    ),
    owner="tabbyAPI",
    asked={
        "/health": {"status": "healthy"},
        "/v1/model": {"id": "{model}", "parameters": {"max_seq_len": "{context}"}},
        "/v1/sampling/overrides": {"selected_preset": None, "overrides": {}, "presets": []},
        "/api/extra/version": {"result": "KoboldCpp", "version": "1.61"},
    },
    seed="never",
    bad=422,
    greedy=0.0,
    slots=32,
    thinks_in="reasoning_content",
    think_key="template_vars.enable_thinking",
)
# As it was before July 2026: no XTC, no DRY, and greedy texts without penalties.
OLD_TABBY_KEYS = {k: v for k, v in TABBY_KEYS.items() if not k.startswith(("dry_", "xtc_"))}
TABBYAPI_OLD = replace(TABBYAPI, endpoints=openai_endpoints(OLD_TABBY_KEYS, -1), bare=True)
# Its owner's sampler_overrides beat every request, silently, and its model's beat those.
TABBYAPI_FORCING = replace(
    TABBYAPI,
    forced={"min_p": 0.2},
    asked={
        **TABBYAPI.asked,
        "/v1/sampling/overrides": {
            "selected_preset": "safe",
            "overrides": {
                "min_p": {"override": 0.5, "force": True, "additive": False},
                "top_p": {"override": 0.9, "force": False, "additive": False},
                "top_k": {"override": 0, "force": True, "additive": False},  # no value is no rule
                "banned_strings": {"override": ["a tapestry of"], "additive": True},
            },
            "presets": ["safe"],
            "model_preset": None,
            "model_overrides": {"min_p": {"override": 0.2, "force": True}},
        },
    },
)

TEXTGEN_KEYS = {
    "temperature": Key("temperature", 1.0),
    "dynatemp_low": Key("heat_low", 1.0),
    "dynatemp_high": Key("heat_high", 1.0),
    "dynatemp_exponent": Key("dynatemp_exponent", 1.0),
    "top_k": Key("top_k", 0),
    "top_p": Key("top_p", 0.95),
    "min_p": Key("min_p", 0.0),
    "top_n_sigma": Key("sigma", 0.0),
    "typical_p": Key("typical", 1.0),
    "adaptive_target": Key("adaptive_target", 0.0, off=0.0),
    "adaptive_decay": Key("adaptive_decay", 0.9),
    "mirostat_mode": Key("mirostat", 0),
    "mirostat_tau": Key("mirostat_tau", 5.0),
    "mirostat_eta": Key("mirostat_eta", 0.1),
    "xtc_probability": Key("xtc_probability", 0.0),
    "xtc_threshold": Key("xtc_threshold", 0.1),
    "dry_multiplier": Key("dry_multiplier", 0.0),
    "dry_base": Key("dry_base", 1.75),
    "dry_allowed_length": Key("dry_allowed_length", 2),
    "dry_sequence_breakers": Key("dry_breakers", ["\n", ":", '"', "*"]),
    "repetition_penalty": Key("rep_pen", 1.0),
    "repetition_penalty_range": Key("rep_range", 1024),
    "presence_penalty": Key("presence", 0.0),
    "frequency_penalty": Key("frequency", 0.0),
}
# What only loaders other than llama.cpp keep.
TRANSFORMERS_KEYS = {
    **TEXTGEN_KEYS,
    "smoothing_factor": Key("smoothing_factor", 0.0),
    "smoothing_curve": Key("smoothing_curve", 1.0),
    "tfs": Key("tfs", 1.0),
    "top_a": Key("top_a", 0.0),
    "epsilon_cutoff": Key("epsilon", 0.0, scale=1e-4),
    "eta_cutoff": Key("eta", 0.0, scale=1e-4),
}
TEXTGEN = Quirks(
    engine="textgen",
    endpoints=openai_endpoints(TEXTGEN_KEYS, 512),
    order=orders.textgen,
    also=(
        *("sampler_priority", "temperature_last", "dynamic_temperature", "do_sample", "mode"),
        *("ban_eos_token", "enable_thinking"),
    ),
    owner="user",
    asked={
        "/v1/internal/model/info": {"model_name": "{model}", "loader": "llama.cpp"},
        "/v1/internal/health": {"status": "ok"},
    },
    tied={"dry_range": "rep_range"},
    endless="ban_eos_token",
    slots=1,
    thinks_in="reasoning_content",
    think_key="enable_thinking",
)
TEXTGEN_TRANSFORMERS = replace(
    TEXTGEN,
    endpoints=openai_endpoints(TRANSFORMERS_KEYS, 512),
    asked={
        **TEXTGEN.asked,
        "/v1/internal/model/info": {"model_name": "{model}", "loader": "Transformers"},
    },
)

LMSTUDIO_KEYS = {
    "temperature": Key("temperature", 0.8),
    "top_k": clamped("top_k", 40, 0),
    "top_p": clamped("top_p", 0.95, 0, 1),
    "repeat_penalty": Key("rep_pen", 1.1),
    "presence_penalty": Key("presence", 0.0),
    "frequency_penalty": Key("frequency", 0.0),
}
LMSTUDIO = Quirks(
    engine="lmstudio",
    endpoints=openai_endpoints(LMSTUDIO_KEYS, -1),
    order=orders.fixed(*orders.LLAMACPP),
    owner="organization_owner",
    asked={
        "/api/v0/models": {
            "data": [
                {"id": "embeds", "type": "embeddings", "state": "loaded"},
                {
                    **{"id": "{model}", "type": "llm", "state": "loaded"},
                    "loaded_context_length": "{context}",
                },
            ]
        }
    },
    logprobs="none",
    thinks_in="reasoning_content",
)
# Without its deprecated list.
LMSTUDIO_V1 = replace(
    LMSTUDIO,
    asked={
        "/api/v1/models": {
            "models": [
                {"type": "embedding", "key": "e", "loaded_instances": [{"id": "e", "config": {}}]},
                {"type": "llm", "key": "other", "loaded_instances": []},
                {
                    **{"type": "llm", "key": "{model}"},
                    "loaded_instances": [
                        {"id": "{model}", "config": {"context_length": "{context}"}}
                    ],
                },
            ]
        }
    },
)
# The application's own setting for the model, which no request can see or change.
LMSTUDIO_SETTING = replace(LMSTUDIO, forced={"min_p": 0.2})

# Source: its /openapi.json, and 0.3.36 seen running on llama.cpp.
LLAMA_CPP_PYTHON_KEYS = {
    "temperature": Key("temperature", 0.8),
    "top_k": strict("top_k", 40, 0),
    "top_p": strict("top_p", 0.95, 0, 1),
    "min_p": strict("min_p", 0.05, 0, 1),
    "repeat_penalty": strict("rep_pen", 1.1, 0),
    "presence_penalty": Key("presence", 0.0),
    "frequency_penalty": Key("frequency", 0.0),
    "mirostat_mode": strict("mirostat", 0, 0, 2),
    "mirostat_tau": strict("mirostat_tau", 5.0, 0, 10),
    "mirostat_eta": strict("mirostat_eta", 0.1, 0.001, 1),
}
LLAMA_CPP_PYTHON = Quirks(
    engine="openai-compatible",
    endpoints=openai_endpoints(LLAMA_CPP_PYTHON_KEYS),
    order=orders.fixed(*orders.LLAMACPP),
    bad=422,
    owner="me",
    slots=1,
    tells_chosen=True,
)
