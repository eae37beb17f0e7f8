"""KoboldCpp 1.76 (seen running), 1.102, 1.115 and 1.117.1 (read; the last two are alike in this).

Source: LostRuins/koboldcpp, `koboldcpp.py` and `gpttype_adapter.cpp`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .. import orders
from ..quirks import Endpoint, Key, Quirks, clamped


def _keys(*, temperature: float, top_p: float, **more: Key) -> dict[str, Key]:
    keys = {
        "temperature": Key("temperature", temperature),
        "top_k": Key("top_k", 100),
        "top_p": Key("top_p", top_p),
        "min_p": Key("min_p", 0.0),
        "typical": Key("typical", 1.0),
        "tfs": Key("tfs", 1.0),
        "top_a": Key("top_a", 0.0),
        "mirostat": Key("mirostat", 0),
        "mirostat_tau": Key("mirostat_tau", 5.0),
        "mirostat_eta": Key("mirostat_eta", 0.1),
        "dynatemp_range": Key("dynatemp_range", 0.0),
        "dynatemp_exponent": Key("dynatemp_exponent", 1.0),
        "smoothing_factor": Key("smoothing_factor", 0.0),
        "xtc_probability": Key("xtc_probability", 0.0),
        "xtc_threshold": Key("xtc_threshold", 0.2),
        "dry_multiplier": Key("dry_multiplier", 0.0),
        "dry_base": Key("dry_base", 1.75),
        "dry_allowed_length": Key("dry_allowed_length", 2),
        "dry_penalty_last_n": Key("dry_range", 320, whole=True),
        "dry_sequence_breakers": Key("dry_breakers", []),
        "rep_pen": Key(
            "rep_pen", 1.0, largest=True, aliases=("repeat_penalty", "repetition_penalty")
        ),
        "rep_pen_range": clamped("rep_range", 320, 1),
        "rep_pen_slope": Key("rep_slope", 1.0, 0, 1, above=True, out="default"),
        "presence_penalty": Key("presence", 0.0),
    }
    return {**keys, **more}


NEWER = {
    "nsigma": Key("sigma", 0.0),
    "smoothing_curve": Key("smoothing_curve", 1.0),
}
NEWEST = {
    "adaptive_target": Key("adaptive_target", -1.0, 0, above=True, out="default"),
    "adaptive_decay": clamped("adaptive_decay", 0.9, 0.01, 0.99),
}


def _endpoints(keys: Mapping[str, Key], longest: int) -> tuple[Endpoint, ...]:
    native = Endpoint(
        "/api/v1/generate",
        "raw",
        "kobold",
        keys,
        tokens="max_length",
        stop="stop_sequence",
        seed="sampler_seed",
        room="max_context_length",
        omitted_tokens=longest,
        streams="never",
    )
    presence = Key("presence", 0.0, aliases=("frequency_penalty",))
    openai = Endpoint(
        "/v1/chat/completions",
        "chat",
        "openai",
        {**keys, "presence_penalty": presence},
        renamed={
            "max_tokens": "max_length",
            "max_completion_tokens": "max_length",
            "stop": "stop_sequence",
            "seed": "sampler_seed",
            "mirostat_mode": "mirostat",
        },
        tokens="max_length",
        stop="stop_sequence",
        seed="sampler_seed",
        room="max_context_length",
        omitted_tokens=longest,
    )
    return (
        native,
        replace(native, path="/api/extra/generate/stream", streams="always"),
        replace(native, path="/api/latest/generate"),
        openai,
        replace(openai, path="/v1/completions", asks="raw"),
    )


def _kobold(version: str, keys: Mapping[str, Key], longest: int, **more: Any) -> Quirks:
    return Quirks(
        engine="koboldcpp",
        endpoints=_endpoints(keys, longest),
        order=orders.kobold,
        also=(
            *("sampler_order", "ban_eos_token", "trim_stop", "genkey", "bypass_eos"),
            *("render_special", "use_default_badwordsids"),
        ),
        prefix="koboldcpp/",
        owner="koboldcpp",
        asked={
            "/api/extra/version": {"result": "KoboldCpp", "version": version},
            "/api/v1/info/version": {"result": "1.2.5"},
            "/api/v1/model": {"result": "{model}"},
            "/api/extra/true_max_context_length": {"value": "{context}"},
            "/api/v1/config/max_context_length": {"value": "{context}"},
        },
        unreadable="default",
        endless="ban_eos_token",
        seed="positive",
        random="second",
        greedy=0.0,
        keeps_for_prompt=0.2,
        overflow="trim",
        stop_word="length",
        logprobs="post",
        slots=1,
        lingers=0.01,  # 0.2 there
        **more,
    )


KOBOLDCPP_1_76 = _kobold(
    "1.76",
    _keys(temperature=0.7, top_p=0.92),
    180,
    most_logprobs=0,
    queue=5,
    counts="never",
    trims_stop=False,
)
KOBOLDCPP_1_102 = _kobold(
    "1.102",
    _keys(temperature=0.75, top_p=0.92, **NEWER),
    180,
    most_logprobs=5,
    queue=7,
    counts="whole",
)
KOBOLDCPP_1_115 = _kobold(
    "1.115.1",
    _keys(temperature=0.7, top_p=0.9, **NEWER, **NEWEST),
    2048,
    most_logprobs=10,
    queue=10,
    counts_chats=True,
    forces_min_p=0.002,
    think_key="reasoning_effort",
)
# `--gendefaultsoverwrite '{"min_p": 0.2}'` beats every request, silently.
KOBOLDCPP_FORCING = replace(KOBOLDCPP_1_115, forced={"min_p": 0.2})
