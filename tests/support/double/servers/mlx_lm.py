"""mlx_lm.server. Source: mlx-lm 0.32.2, read and run with MLX on a CPU.

Not doubled: requests without a seed, which it writes side by side; its cache of prompts, whose
tokens penalties do not see; a `top_k` as large as the vocabulary, at which it hangs up.
"""

from __future__ import annotations

from dataclasses import replace

from .. import orders
from ..quirks import Key, Quirks, openai_endpoints, strict

MLX_KEYS = {
    "temperature": strict("temperature", 0.0, 0),
    "top_p": Key("top_p", 1.0, 0, 1, out="refuse", off=0),
    "top_k": strict("top_k", 0, 0),
    "min_p": strict("min_p", 0.0, 0, 1),
    "xtc_probability": Key("xtc_probability", 0.0, 0, 1, out="refuse", real=True),
    "xtc_threshold": Key("xtc_threshold", 0.1, 0, 1, out="refuse", real=True),
    "repetition_penalty": Key("rep_pen", 0.0, 0, out="refuse", off=0),
    "repetition_context_size": Key("rep_range", 20, 0, out="refuse", whole=True),
    "presence_penalty": Key("presence", 0.0),
    "frequency_penalty": Key("frequency", 0.0),
}
MLX_LM = Quirks(
    engine="mlx-lm",
    endpoints=openai_endpoints(MLX_KEYS, 512),
    order=orders.fixed(*orders.MLX),
    also=("presence_context_size", "frequency_context_size", "chat_template_kwargs"),
    owner="",
    prefix="/models/",  # started with a folder, the one --model that its list has
    asked={"/health": {"status": "ok"}, "/v1/models/not/one": {"object": "list", "data": []}},
    greedy=0.0,
    logprobs="none",
    slots=1,
    thinks_in="reasoning",
    think_key="chat_template_kwargs.enable_thinking",
)
# Started with a name of Hugging Face, of one file: its list has but others that lie in the cache.
LIST = {"object": "list", "data": [{"id": "somebody/other", "object": "model"}]}
MLX_LM_UNLISTED = replace(MLX_LM, asked={**MLX_LM.asked, "/v1/models": LIST})
