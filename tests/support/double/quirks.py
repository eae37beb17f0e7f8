"""What each server really does with a request: data, written from what was read and seen of it.

Nothing here is taken from the engines under test. A knob has one name in the double, whatever the
servers call it; `Key` says under which key a server reads it, what acts when the key is left out,
and what becomes of values out of range. Sources are those of the project's collected facts on
servers: KoboldCpp 1.76, 1.102 and 1.115, llama.cpp of 2026, vLLM 0.10 to 0.32, Ollama of 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from . import orders
from .orders import Order

INFINITY = float("inf")
OFF: dict[str, Any] = {
    "temperature": 1.0,
    "dynatemp_range": 0.0,
    "dynatemp_exponent": 1.0,
    "smoothing_factor": 0.0,
    "smoothing_curve": 1.0,
    "top_k": 0,
    "top_p": 1.0,
    "min_p": 0.0,
    "sigma": -1.0,
    "typical": 1.0,
    "tfs": 1.0,
    "top_a": 0.0,
    "epsilon": 0.0,
    "eta": 0.0,
    "xtc_probability": 0.0,
    "xtc_threshold": 0.1,
    "dry_multiplier": 0.0,
    "dry_base": 1.75,
    "dry_allowed_length": 2,
    "dry_range": 64,
    "dry_breakers": ["\n", ":", '"', "*"],
    "mirostat": 0,
    "mirostat_tau": 5.0,
    "mirostat_eta": 0.1,
    "adaptive_target": -1.0,
    "adaptive_decay": 0.9,
    "rep_pen": 1.0,
    "rep_range": 64,
    "rep_slope": 1.0,
    "presence": 0.0,
    "frequency": 0.0,
}


@dataclass(frozen=True, slots=True)
class Key:
    """How one knob is read.

    Attributes:
        knob: the double's name for it.
        default: what acts when the key is left out (or null).
        low, high: the range; `above`: `low` itself is outside.
        out: what becomes of a number outside: taken as it is, clamped, or refused with 400.
        aliases: other keys for the same knob; the first that is there wins, or the largest.
        largest: whether the largest of all keys counts, the default among them.
        scale: what the number is multiplied with.
    """

    knob: str
    default: Any = None
    low: float = -INFINITY
    high: float = INFINITY
    above: bool = False
    out: Literal["accept", "clamp", "refuse"] = "accept"
    aliases: tuple[str, ...] = ()
    largest: bool = False
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where texts are asked for.

    Attributes:
        path: as on the server.
        asks: `chat` (messages, wrapped by the server) or `raw` (a prompt; `generate` is Ollama's,
            wrapped unless `raw` says otherwise).
        shape: of the answers.
        keys: what is read, by its key; all else is unknown.
        inside: the key under which `keys` lie.
        renamed: keys of this endpoint that overwrite others before `keys` are read, present or not.
        tokens, stop, seed: the keys of these three, after renaming.
        omitted_tokens: the longest answer when none is asked for; -1 for the rest of the context.
        streams: whether it streams always, never, or as `stream` says.
        acts: knobs that act there whatever is asked.
    """

    path: str
    asks: Literal["chat", "raw", "generate"]
    shape: Literal["openai", "kobold", "ollama", "llamacpp"]
    keys: Mapping[str, Key]
    inside: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)
    tokens: str = "max_tokens"
    stop: str = "stop"
    seed: str = "seed"
    omitted_tokens: int = -1
    streams: Literal["always", "never", "asked"] = "asked"
    acts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quirks:
    """One server of one version.

    Attributes:
        engine: whose behaviour it is.
        asked: its questions and answers besides texts: path to JSON. `{model}`, `{context}` and
            `{prompt}` in texts are filled in.
        entry: what its /v1/models says of the model besides its name.
        owner: who owns the models in its /v1/models; None where there is no such list.
        order: reads the order of steps from a request.
        forced: knobs whose value the server decides, silently.
        hidden: defaults that replace those of `Key`, such as a model's generation_config.json.
        unknown: what becomes of unknown keys.
        also: more keys that it knows, which change nothing here.
        unreadable: what becomes of values of a wrong type.
        seed: `any`: every whole number from 0, -1 for random; `positive`: 0 and less are random;
            `never`: none is read.
        random: where a seed comes from when none is given: chance, or the clock's second.
        greedy: temperatures up to this leave one candidate; None: what llama.cpp makes of them.
        coldest: temperatures above 0 and below this are raised to it.
        sigma_ddof: 0 or 1, as in the standard deviation of its top-n-sigma.
        endless: the key that forbids texts to end by themselves.
        answer_only: whether presence and frequency penalties look at the answer alone.
        keeps_for_prompt: share of the context that an answer can never take.
        overflow: what becomes of prompts that do not fit: `trim` or `refuse`.
        stop_word: what it says of a text that a stop text ended.
        logprobs: before or after sampling, or none; `most_logprobs` for each position.
        forces_min_p: the min_p that adaptive-p brings where nothing else truncates.
        slots: texts at once; `queue`: how many may wait, -1 for any number; `full`: status for the
            rest.
        counts: where token counts are told: in every answer, in whole ones only, or never.
        trims_stop: whether a stop text is left out where the request does not say.
        stops_whole: whether leaving an unstreamed answer stops the work.
        echoes: whether answers tell the settings used.
        thinking: thoughts that come before each text, and where: in the text, or under a key.
        think_key: key (dotted) whose False, `none` or 0 switches thinking off; empty: nothing does.
    """

    engine: str
    endpoints: tuple[Endpoint, ...]
    order: Order
    asked: Mapping[str, Any] = field(default_factory=dict)
    owner: str | None = ""
    entry: Mapping[str, Any] = field(default_factory=dict)
    forced: Mapping[str, Any] = field(default_factory=dict)
    hidden: Mapping[str, Any] = field(default_factory=dict)
    unknown: Literal["ignore", "refuse"] = "ignore"
    also: tuple[str, ...] = ()
    unreadable: Literal["default", "refuse"] = "refuse"
    seed: Literal["any", "positive", "never"] = "any"
    random: Literal["chance", "second"] = "chance"
    greedy: float | None = None
    coldest: float = 0.0
    sigma_ddof: int = 0
    endless: str = ""
    answer_only: bool = False
    keeps_for_prompt: float = 0.0
    overflow: Literal["trim", "refuse"] = "refuse"
    stop_word: str = "stop"
    logprobs: Literal["pre", "post", "none"] = "pre"
    most_logprobs: int = 20
    forces_min_p: float = 0.0
    slots: int = 4
    queue: int = -1
    full: int = 503
    counts: Literal["always", "whole", "never"] = "always"
    trims_stop: bool = True
    stops_whole: bool = True
    echoes: bool = False
    thinking: str = ""
    thinks_in: str = ""
    think_key: str = ""


def clamped(knob: str, default: Any, low: float, high: float = INFINITY) -> Key:
    return Key(knob, default, low, high, out="clamp")


def strict(knob: str, default: Any, low: float, high: float = INFINITY, above: bool = False) -> Key:
    return Key(knob, default, low, high, above=above, out="refuse")


# llama.cpp, 2026

LLAMACPP_KEYS = {
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
        Endpoint("/v1/chat/completions", "chat", "openai", LLAMACPP_KEYS),
        Endpoint("/v1/completions", "raw", "openai", LLAMACPP_KEYS),
        Endpoint("/completion", "raw", "llamacpp", LLAMACPP_KEYS, tokens="n_predict"),
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

# KoboldCpp


def kobold_keys(*, temperature: float, top_p: float, **more: Key) -> dict[str, Key]:
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
        "dry_penalty_last_n": Key("dry_range", 320),
        "dry_sequence_breakers": Key("dry_breakers", []),
        "rep_pen": Key(
            "rep_pen", 1.0, largest=True, aliases=("repeat_penalty", "repetition_penalty")
        ),
        "rep_pen_range": Key("rep_range", 320),
        "rep_pen_slope": Key("rep_slope", 1.0),
        "presence_penalty": Key("presence", 0.0),
    }
    return {**keys, **more}


KOBOLD_NEWER = {
    "nsigma": Key("sigma", 0.0),
    "smoothing_curve": Key("smoothing_curve", 1.0),
}
KOBOLD_NEWEST = {
    "adaptive_target": Key("adaptive_target", -1.0),
    "adaptive_decay": Key("adaptive_decay", 0.9),
}


def kobold_endpoints(keys: Mapping[str, Key], longest: int) -> tuple[Endpoint, ...]:
    native = Endpoint(
        "/api/v1/generate",
        "raw",
        "kobold",
        keys,
        tokens="max_length",
        stop="stop_sequence",
        seed="sampler_seed",
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
        omitted_tokens=longest,
    )
    return (
        native,
        replace(native, path="/api/extra/generate/stream", streams="always"),
        replace(native, path="/api/latest/generate"),
        openai,
        replace(openai, path="/v1/completions", asks="raw"),
    )


def kobold(version: str, keys: Mapping[str, Key], longest: int, **more: Any) -> Quirks:
    return Quirks(
        engine="koboldcpp",
        endpoints=kobold_endpoints(keys, longest),
        order=orders.kobold,
        also=("sampler_order", "ban_eos_token", "trim_stop", "max_context_length", "genkey"),
        owner="koboldcpp",
        asked={
            "/api/extra/version": {"result": "KoboldCpp", "version": version},
            "/api/v1/info/version": {"result": "1.2.5"},
            "/api/v1/model": {"result": "koboldcpp/{model}"},
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
        **more,
    )


KOBOLDCPP_1_76 = kobold(
    "1.76",
    kobold_keys(temperature=0.7, top_p=0.92),
    180,
    most_logprobs=0,
    queue=5,
    counts="never",
    trims_stop=False,
)
KOBOLDCPP_1_102 = kobold(
    "1.102",
    kobold_keys(temperature=0.75, top_p=0.92, **KOBOLD_NEWER),
    180,
    most_logprobs=5,
    queue=7,
    counts="whole",
)
KOBOLDCPP_1_115 = kobold(
    "1.115.1",
    kobold_keys(temperature=0.7, top_p=0.9, **KOBOLD_NEWER, **KOBOLD_NEWEST),
    2048,
    most_logprobs=10,
    queue=10,
    counts="whole",
    forces_min_p=0.002,
)

# vLLM and its kin

NO_WINDOW = {"rep_range": 8192}
VLLM_KEYS = {
    "temperature": strict("temperature", 1.0, 0),
    "top_k": strict("top_k", 0, -1),
    "top_p": strict("top_p", 1.0, 0, 1, above=True),
    "min_p": strict("min_p", 0.0, 0, 1),
    "repetition_penalty": strict("rep_pen", 1.0, 0, above=True),
    "presence_penalty": strict("presence", 0.0, -2, 2),
    "frequency_penalty": strict("frequency", 0.0, -2, 2),
}


def openai_endpoints(
    keys: Mapping[str, Key], omitted: int = 16, **more: Any
) -> tuple[Endpoint, ...]:
    return (
        Endpoint("/v1/chat/completions", "chat", "openai", keys, **more),
        Endpoint("/v1/completions", "raw", "openai", keys, omitted_tokens=omitted, **more),
    )


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
    answer_only=True,
    slots=16,
    thinks_in="reasoning_content",
    think_key="chat_template_kwargs.enable_thinking",
)

# Ollama

OLLAMA_KEYS = {
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
OLLAMA_V1_KEYS = {
    "temperature": Key("temperature", 1.0),
    "top_p": Key("top_p", 1.0),
    "presence_penalty": Key("presence", 0.0),
    "frequency_penalty": Key("frequency", 0.0),
}
OLLAMA = Quirks(
    engine="ollama",
    endpoints=(
        Endpoint("/api/chat", "chat", "ollama", OLLAMA_KEYS, "options", tokens="num_predict"),
        Endpoint(
            "/api/generate", "generate", "ollama", OLLAMA_KEYS, "options", tokens="num_predict"
        ),
        *openai_endpoints(OLLAMA_V1_KEYS, -1, acts={"top_k": 40}),
    ),
    order=orders.fixed(*orders.LLAMACPP),
    owner="library",
    asked={
        "/api/version": {"version": "0.30.6"},
        "/api/tags": {"models": [{"name": "{model}", "model": "{model}"}]},
        "/api/ps": {"models": [{"name": "{model}", "model": "{model}"}]},
        "/api/show": {"parameters": "", "template": "{template}"},
    },
    overflow="trim",
    slots=1,
    queue=512,
    thinks_in="thinking",
    think_key="think",
)
