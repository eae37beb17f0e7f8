"""vLLM and its kin: temperature first, the model's own defaults hidden behind omitted keys.

Source: vllm-project/vllm 0.10 to 0.32, sgl-project/sglang, aphrodite-engine/aphrodite-engine, read
in 2026; vLLM 0.32.0 and SGLang 0.5.23 were run on a CPU, Aphrodite was not. SGLang's logprobs are
after temperature alone, as seen; here they are after all samplers.
"""

from __future__ import annotations

from dataclasses import replace

from .. import orders
from ..quirks import Key, Quirks, openai_endpoints, strict

NO_WINDOW = {"rep_range": 8192}
VLLM_KEYS = {
    "temperature": strict("temperature", 1.0, 0, 2),
    "top_k": Key("top_k", 0, -1, out="refuse", off=-1),
    "top_p": strict("top_p", 1.0, 0, 1, above=True),
    "min_p": strict("min_p", 0.0, 0, 1),
    "repetition_penalty": strict("rep_pen", 1.0, 0, above=True),
    "presence_penalty": strict("presence", 0.0, -2, 2),
    "frequency_penalty": strict("frequency", 0.0, -2, 2),
}


VLLM = Quirks(
    engine="vllm",
    endpoints=openai_endpoints(VLLM_KEYS, acts=NO_WINDOW),
    order=orders.fixed(*orders.VLLM),
    also=("ignore_eos", "min_tokens", "chat_template_kwargs"),
    owner="vllm",
    entry={"max_model_len": "{context}"},
    asked={"/version": {"version": "0.32.0"}, "/health": {}},
    greedy=1e-5,
    coldest=0.01,
    endless="ignore_eos",
    answer_only=("presence", "frequency"),
    slots=16,
    thinks_in="reasoning_content",
    think_key="chat_template_kwargs.enable_thinking",
    drawn_first=True,
)
# A model whose generation_config.json fills what a request omits, as Qwen's do.
VLLM_HIDDEN = replace(VLLM, hidden={"temperature": 0.7, "top_k": 20, "top_p": 0.8})
# As it was up to 0.8.5.
VLLM_0_8 = replace(
    VLLM,
    endpoints=openai_endpoints(
        {**VLLM_KEYS, "top_k": Key("top_k", -1, out="refuse", low=1, off=-1)}, acts=NO_WINDOW
    ),
    asked={**VLLM.asked, "/version": {"version": "0.8.5"}},
)
# Started with max_new_tokens in --override-generation-config: a limit for every request.
VLLM_CUTTING = replace(VLLM, most_tokens=40)

SGLANG_KEYS = {
    **VLLM_KEYS,
    "temperature": strict("temperature", 1.0, 0),
    "top_k": Key("top_k", -1, out="refuse", low=1, off=-1),
    "repetition_penalty": strict("rep_pen", 1.0, 0, 2, above=True),
}
SGLANG = replace(
    VLLM,
    engine="sglang",
    endpoints=openai_endpoints(SGLANG_KEYS, acts=NO_WINDOW),
    order=orders.fixed(*orders.SGLANG),
    answer_only=("presence", "frequency", "rep_pen"),
    owner="sglang",
    asked={"/get_model_info": {"model_path": "{model}"}, "/health": {}},
    coldest=0.0,
    seed="never",
    logprobs="post",
    drawn_first=False,
)
SGLANG_DETERMINISTIC = replace(SGLANG, seed="any")

APHRODITE_KEYS = {
    **VLLM_KEYS,
    "nsigma": Key("sigma", 0.0, 0, out="refuse", off=1000),  # no token is so far away
    "typical_p": strict("typical", 1.0, 0, 1),
    "tfs": strict("tfs", 1.0, 0, 1, above=True),
    "top_a": strict("top_a", 0.0, 0),
    "eta_cutoff": strict("eta", 0.0, 0),
    "epsilon_cutoff": strict("epsilon", 0.0, 0),
    "mirostat_mode": Key("mirostat", 0, only=(0, 2)),
    "mirostat_tau": Key("mirostat_tau", 0.0),
    "mirostat_eta": Key("mirostat_eta", 0.0),
    "dynatemp_min": Key("heat_low", 0.0),
    "dynatemp_max": Key("heat_high", 0.0),
    "dynatemp_exponent": strict("dynatemp_exponent", 1.0, 0, above=True),
    "smoothing_factor": Key("smoothing_factor", 0.0),
    "smoothing_curve": Key("smoothing_curve", 1.0),
    "xtc_threshold": strict("xtc_threshold", 0.1, 0),
    "xtc_probability": strict("xtc_probability", 0.0, 0, 1),
    "dry_multiplier": strict("dry_multiplier", 0.0, 0),
    "dry_base": strict("dry_base", 1.75, 1, above=True),
    "dry_allowed_length": strict("dry_allowed_length", 2, 0),
    "dry_sequence_breakers": Key("dry_breakers", []),
    "dry_range": Key("dry_range", -1, 0, out="refuse", whole=True),
}
APHRODITE = replace(
    VLLM,
    engine="aphrodite",
    endpoints=openai_endpoints(APHRODITE_KEYS, acts=NO_WINDOW),
    order=orders.movable(orders.APHRODITE, after="xtc"),
    also=(*VLLM.also, "temperature_last"),
    owner="pygmalionai",
    asked={
        "/version": {"version": "0.24.1"},
        "/health": {},
        "/api/extra/version": {"result": "KoboldCpp", "version": "1.63"},
    },
    sigma_ddof=1,
)
# Its second model runner, the default of 0.24: what vLLM has not is read, and not applied.
APHRODITE_V2 = replace(
    APHRODITE,
    endpoints=openai_endpoints(VLLM_KEYS, acts=NO_WINDOW),
    order=orders.fixed(*orders.VLLM),
)
