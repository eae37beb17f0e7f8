"""`transformers serve`. Source: transformers 5.19, read and run on a CPU.

Not doubled: what it does with parameters outside `generation_config`, continuous batching, seeds
that meet where two texts are asked for at once.
"""

from __future__ import annotations

from .. import orders
from ..quirks import Key, Quirks, openai_endpoints, strict

TRANSFORMERS_KEYS = {
    "temperature": Key("temperature", 1.0, 0, out="refuse", above=True, real=True),
    "top_k": strict("top_k", 50, 0),
    "top_p": strict("top_p", 1.0, 0, 1),
    "min_p": strict("min_p", 0.0, 0, 1),
    "typical_p": strict("typical", 1.0, 0, 1, above=True),
    "epsilon_cutoff": Key("epsilon", 0.0, 0, 1, off=1),
    "eta_cutoff": Key("eta", 0.0, 0, 1, off=1),
    "repetition_penalty": Key("rep_pen", 1.0, 0, out="refuse", above=True, real=True),
}
TRANSFORMERS = Quirks(
    engine="transformers",
    endpoints=openai_endpoints(
        TRANSFORMERS_KEYS,
        1024,
        inside="generation_config",
        tokens="max_new_tokens",
        acts={"rep_range": 8192},
    ),
    order=orders.fixed(*orders.TRANSFORMERS),
    also=("chat_template_kwargs", "stop", "seed"),
    asked={
        "/health": {"status": "ok"},
        "/openapi.json": {"info": {"title": "FastAPI"}, "paths": {"/load_model": {}}},
    },
    unknown="outside",
    samples="do_sample",
    bad=500,
    logprobs="none",
    slots=1,
    thinks_in="reasoning_content",
    think_key="chat_template_kwargs.enable_thinking",
)
