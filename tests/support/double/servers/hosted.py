"""OpenAI, OpenRouter, and servers of no particular make that speak the OpenAI protocol.

Source: OpenAI's and OpenRouter's API references, read in 2026; not called. Where they apply
temperature is not known; here it comes first.
"""

from __future__ import annotations

from dataclasses import replace

from .. import orders
from ..quirks import Key, Quirks, openai_endpoints, strict

OPENAI_KEYS = {
    "temperature": strict("temperature", 1.0, 0, 2),
    "top_p": strict("top_p", 1.0, 0, 1),
    "presence_penalty": strict("presence", 0.0, -2, 2),
    "frequency_penalty": strict("frequency", 0.0, -2, 2),
}
OPENAI = Quirks(
    engine="openai",
    endpoints=openai_endpoints(OPENAI_KEYS)[:1],
    order=orders.fixed(*orders.VLLM),
    owner="openai",
    unknown="refuse",
    answer_only=("presence", "frequency"),
    full=429,
    slots=64,
)

ROUTER_KEYS = {
    **OPENAI_KEYS,
    "top_k": strict("top_k", 0, 0),
    "min_p": strict("min_p", 0.0, 0, 1),
    "top_a": strict("top_a", 0.0, 0, 1),
    "repetition_penalty": strict("rep_pen", 1.0, 0, 2, above=True),
}
OPENROUTER = Quirks(
    engine="openrouter",
    endpoints=openai_endpoints(ROUTER_KEYS),
    order=orders.fixed(*orders.VLLM),
    owner="",
    entry={
        "context_length": "{context}",
        "supported_parameters": [*ROUTER_KEYS, "seed", "max_tokens", "stop", "reasoning"],
    },
    also=("provider", "reasoning", "usage"),
    unknown="routed",
    answer_only=("presence", "frequency"),
    full=429,
    slots=64,
    provider="Somebody",
    thinks_in="reasoning",
    think_key="reasoning.effort",
)

# A model that does not reason, and of which no provider keeps top_a or min_p.
NARROW_KEYS = {key: ROUTER_KEYS[key] for key in ROUTER_KEYS if key not in ("top_a", "min_p")}
OPENROUTER_NARROW = replace(
    OPENROUTER,
    endpoints=openai_endpoints(NARROW_KEYS),
    entry={**OPENROUTER.entry, "supported_parameters": [*NARROW_KEYS, "seed", "max_tokens"]},
    also=("provider", "usage"),
)

COMPATIBLE_KEYS = {
    **OPENAI_KEYS,
    "top_k": Key("top_k", 40),
    "min_p": Key("min_p", 0.05),
    "repetition_penalty": Key("rep_pen", 1.0),
}
OPENAI_COMPATIBLE = Quirks(
    engine="openai-compatible",
    endpoints=openai_endpoints(COMPATIBLE_KEYS),
    order=orders.fixed(*orders.VLLM),
    owner="nobody",
    entry={"max_model_len": "{context}"},
    thinks_in="reasoning_content",
)
# One that knows nothing beyond the protocol, and ignores the rest in silence.
OPENAI_COMPATIBLE_BARE = replace(OPENAI_COMPATIBLE, endpoints=openai_endpoints(OPENAI_KEYS))
