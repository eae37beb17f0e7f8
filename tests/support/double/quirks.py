"""The words in which the double's servers are written down: what each does with a request.

Nothing here is taken from the engines under test. A knob has one name in the double, whatever the
servers call it; `Key` says under which key a server reads it, what acts when the key is left out,
and what becomes of values out of range. The servers themselves are in `servers/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

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
        out: what becomes of a number outside: taken as it is, clamped, refused with 400, or
            replaced by the default.
        aliases: other keys for the same knob; the first that is there wins, or the largest.
        largest: whether the largest of all keys counts, the default among them.
        scale: what the number is multiplied with.
        off: the number that switches the knob off there.
        only: the numbers that it takes, where it takes few; others are refused.
        whole: whether 0 stands for the whole text there.
        real: whether a whole number, like 2 for 2.0, is refused.
    """

    knob: str
    default: Any = None
    low: float = -INFINITY
    high: float = INFINITY
    above: bool = False
    out: Literal["accept", "clamp", "refuse", "default"] = "accept"
    aliases: tuple[str, ...] = ()
    largest: bool = False
    scale: float = 1.0
    off: float | None = None
    only: tuple[float, ...] = ()
    whole: bool = False
    real: bool = False


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
        tokens, stop, seed, room: the keys of these, after renaming; `room` is a smaller context.
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
    room: str = ""
    omitted_tokens: int = -1
    streams: Literal["always", "never", "asked"] = "asked"
    acts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quirks:
    """One server of one version.

    Attributes:
        engine: whose behaviour it is.
        asked: its questions and answers besides texts: path to JSON. `{model}`,
            `{context}`, `{template}` and `{slots}` are filled in.
        entry: what its /v1/models says of the model besides its name.
        prefix: what it puts before the model's name.
        owner: who owns the models in its /v1/models; None where there is no such list.
        order: reads the order of steps from a request.
        forced: knobs whose value the server decides, silently.
        hidden: defaults that replace those of `Key`, such as a model's generation_config.json.
        tied: knobs that follow others.
        unknown: what becomes of unknown keys: ignored, refused, refused where the request
            demands that nothing be dropped (OpenRouter), or outside `Endpoint.inside`.
        samples: the key that must be true, or texts are greedy; empty where there is none.
        bad: the status of a refused value.
        also: more keys that it knows, which change nothing here.
        unreadable: what becomes of values of a wrong type.
        seed: `any`: every whole number from 0, -1 for random; `positive`: 0 and less are random;
            `never`: none is read.
        random: where a seed comes from when none is given: chance, or the clock's second.
        greedy: temperatures up to this leave one candidate; None: what llama.cpp makes of them.
        bare: whether greedy texts are drawn without penalties and DRY.
        coldest: temperatures above 0 and below this are raised to it.
        sigma_ddof: 0 or 1, as in the standard deviation of its top-n-sigma.
        endless: the key that forbids texts to end by themselves.
        answer_only: the penalties that look at the answer alone.
        most_tokens: of an answer, whatever is asked; 0 for any number.
        keeps_for_prompt: share of the context that an answer can never take.
        overflow: what becomes of prompts that do not fit beside the longest answer: trimmed at
            their start, trimmed only to the context (the text then pushes them out), or refused.
        stop_word: what it says of a text that a stop text ended.
        logprobs: before or after sampling, or none; `most_logprobs` for each position, and whether
            the token that was drawn is told before the most probable ones (`drawn_first`): a chat
            then tells one of these less, where it is none of them.
        tells_chosen: whether the chosen token's logprob comes with the likeliest ones', if another.
        forces_min_p: the min_p that adaptive-p brings where neither min_p nor top_p truncates.
        shared: whether its slots share one context; where they fill it together all are lost.
        slots: texts at once; `queue`: how many may wait, -1 for any number; `full`: status for the
            rest.
        counts: where token counts are told: in every answer, in whole ones only, or never.
        loop: how often a token may come again in a row before the text is broken off, with an error
            that says `loop_says`, or without a word; 0: as often as it likes.
        lingers: seconds for which a text keeps its place after its last word.
        counts_chats: whether the tokens of messages can be counted, wrapped.
        trims_stop: whether a stop text is left out where the request does not say.
        stops_whole: whether leaving an unstreamed answer stops the work.
        provider: who it says really wrote.
        echoes: whether answers tell the settings used.
        thinking: thoughts that come before each text, and where: in the text, or under a key.
        think_key: key (dotted) whose False, `none` or 0 switches thinking off; empty: nothing does.
    """

    engine: str
    endpoints: tuple[Endpoint, ...]
    order: Order
    asked: Mapping[str, Any] = field(default_factory=dict)
    prefix: str = ""
    owner: str | None = ""
    entry: Mapping[str, Any] = field(default_factory=dict)
    forced: Mapping[str, Any] = field(default_factory=dict)
    hidden: Mapping[str, Any] = field(default_factory=dict)
    tied: Mapping[str, str] = field(default_factory=dict)
    unknown: Literal["ignore", "refuse", "routed", "outside"] = "ignore"
    samples: str = ""
    bad: int = 400
    also: tuple[str, ...] = ()
    unreadable: Literal["default", "refuse"] = "refuse"
    seed: Literal["any", "positive", "never"] = "any"
    random: Literal["chance", "second"] = "chance"
    greedy: float | None = None
    bare: bool = False
    coldest: float = 0.0
    sigma_ddof: int = 0
    endless: str = ""
    answer_only: tuple[str, ...] = ()
    most_tokens: int = 0
    keeps_for_prompt: float = 0.0
    overflow: Literal["trim", "shift", "refuse"] = "refuse"
    stop_word: str = "stop"
    logprobs: Literal["pre", "post", "none"] = "pre"
    most_logprobs: int = 20
    tells_chosen: bool = False
    drawn_first: bool = False
    forces_min_p: float = 0.0
    shared: bool = False
    slots: int = 4
    queue: int = -1
    full: int = 503
    counts: Literal["always", "whole", "never"] = "always"
    loop: int = 0
    loop_says: str = ""
    lingers: float = 0.0
    counts_chats: bool = False
    trims_stop: bool = True
    stops_whole: bool = True
    provider: str = ""
    echoes: bool = False
    thinking: str = ""
    thinks_in: str = ""
    think_key: str = ""


LLAMACPPS = ("llamacpp", "lemonade")  # engines whose texts come from llama-server as it is
# Knobs that are no knobs of the model's: they become `temperature` and `dynatemp_range`.
SPAN = ("heat_low", "heat_high")


def clamped(knob: str, default: Any, low: float, high: float = INFINITY) -> Key:
    return Key(knob, default, low, high, out="clamp")


def strict(knob: str, default: Any, low: float, high: float = INFINITY, above: bool = False) -> Key:
    return Key(knob, default, low, high, above=above, out="refuse")


def openai_endpoints(
    keys: Mapping[str, Key], omitted: int = 16, **more: Any
) -> tuple[Endpoint, ...]:
    return (
        Endpoint("/v1/chat/completions", "chat", "openai", keys, **more),
        Endpoint("/v1/completions", "raw", "openai", keys, omitted_tokens=omitted, **more),
    )
