"""Ollama of 2026: its own API, and its OpenAI endpoint, where top_k 40 always acts.

Source: ollama/ollama, `api/types.go`, `openai/openai.go`, `llm/llama_server.go`; not run.
"""

from __future__ import annotations

from dataclasses import replace

from .. import orders
from ..quirks import Endpoint, Key, Quirks, openai_endpoints

KEYS = {
    "temperature": Key("temperature", 0.8),
    "top_k": Key("top_k", 40),
    "top_p": Key("top_p", 0.9),
    "min_p": Key("min_p", 0.0),
    "typical_p": Key("typical", 1.0),
    "repeat_penalty": Key("rep_pen", 1.0),
    "repeat_last_n": Key("rep_range", 64),
    "presence_penalty": Key("presence", 0.0),
    "frequency_penalty": Key("frequency", 0.0),
}
V1_KEYS = {
    "temperature": Key("temperature", 1.0),
    "top_p": Key("top_p", 1.0),
    "presence_penalty": Key("presence", 0.0),
    "frequency_penalty": Key("frequency", 0.0),
}
CHAT = Endpoint(
    "/api/chat", "chat", "ollama", KEYS, "options", tokens="num_predict", room="num_ctx"
)
OLLAMA = Quirks(
    engine="ollama",
    endpoints=(
        CHAT,
        replace(CHAT, path="/api/generate", asks="generate"),
        *openai_endpoints(V1_KEYS, -1, acts={"top_k": 40}),
    ),
    order=orders.fixed(*orders.LLAMACPP),
    owner="library",
    asked={
        "/api/version": {"version": "0.30.6"},
        "/api/tags": {"models": [{"name": "{model}", "model": "{model}"}]},
        "/api/ps": {"models": [{"name": "{model}", "model": "{model}"}]},
        "/api/show": {
            "parameters": "",
            "template": "{template}",
            "model_info": {"general.architecture": "llama", "llama.context_length": "{context}"},
        },
    },
    loop=100,
    loop_says="prediction aborted, token repeat limit reached",
    overflow="shift",
    slots=1,
    queue=512,
    thinks_in="thinking",
    think_key="think",
)
# The Go sampler of 2025: temperature after top_k, no penalties, no typical_p.
OLLAMA_2025 = replace(
    OLLAMA,
    order=orders.fixed("top_k", "temperature", "top_p", "min_p"),
    asked={**OLLAMA.asked, "/api/version": {"version": "0.9.0"}},
    loop=30,
    loop_says="",
)
