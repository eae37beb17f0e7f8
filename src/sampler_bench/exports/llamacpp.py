"""llama.cpp command line: flags of `llama-server` and `llama-cli`.

Source: ggml-org/llama.cpp, `common/arg.cpp` (flags as of 2026). They set what a request leaves out.
`--dry-sequence-breaker` takes one text at a time; a line break in it is written as an escape. That
"only last value will be used", as b11669 warns of several, is not so: each is added (b11434's
source).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest

from ..engines._dialect import Dialect, Spoken
from ..engines.llamacpp import DIALECT as SERVER
from ..errors import SpecError
from ..records import Json, SamplerConfig, Value
from . import Loss, Source, _dialects
from ._provenance import comments, restored, stated_in_comments
from ._readers import order_of_names

ABOUT = "llama.cpp: command line flags of llama-server or llama-cli"
SUFFIX = ".sh"
BREAKER = "dry_sequence_breakers"
# The command line takes "none" for an empty list, which the server's JSON refuses.
DIALECT: Dialect = replace(SERVER, words={**SERVER.words, BREAKER: Spoken(BREAKER)})
# Our dialect's key: the flag.
FLAGS = {
    "temperature": "--temp",
    "top_k": "--top-k",
    "top_p": "--top-p",
    "min_p": "--min-p",
    "top_n_sigma": "--top-nsigma",  # `--top-n-sigma` came later
    "typical_p": "--typical",
    "xtc_probability": "--xtc-probability",
    "xtc_threshold": "--xtc-threshold",
    "dynatemp_range": "--dynatemp-range",
    "dynatemp_exponent": "--dynatemp-exp",
    "repeat_last_n": "--repeat-last-n",
    "repeat_penalty": "--repeat-penalty",
    "presence_penalty": "--presence-penalty",
    "frequency_penalty": "--frequency-penalty",
    "dry_multiplier": "--dry-multiplier",
    "dry_base": "--dry-base",
    "dry_allowed_length": "--dry-allowed-length",
    "dry_penalty_last_n": "--dry-penalty-last-n",
    BREAKER: "--dry-sequence-breaker",
    "mirostat": "--mirostat",
    "mirostat_tau": "--mirostat-ent",
    "mirostat_eta": "--mirostat-lr",
    "adaptive_target": "--adaptive-target",
    "adaptive_decay": "--adaptive-decay",
    "samplers": "--samplers",
    "max_tokens": "--predict",
}
# What the server does where nobody says: not neutral.
DEFAULTS: dict[str, Value] = {
    "temperature": 0.8,
    "top_k": 40,
    "top_p": 0.95,
    "min_p": 0.05,
    "repetition_range": 64,
    "dry_range": 64,
}
ALIASES = {
    "--temperature": "--temp",
    "--top-n-sigma": "--top-nsigma",
    "--typical-p": "--typical",
    "-n": "--predict",
    "--n-predict": "--predict",
}
_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)


def losses(config: SamplerConfig, source: Source) -> list[Loss]:
    """What this format loses."""
    return _dialects.losses(DIALECT, config, source)


def write(config: SamplerConfig, source: Source) -> str:
    """Write a command; the model's file is for the user to fill in."""
    told = _dialects.said(DIALECT, config, source)
    words = [word for key, flag in FLAGS.items() if key in told for word in _flag(flag, told[key])]
    lines = ['llama-server --model "$MODEL"', *words]
    return "\n".join([*comments(config, source), " \\\n  ".join(lines), ""])


def _flag(flag: str, value: Json) -> Iterator[str]:
    if flag == "--samplers":
        assert isinstance(value, list)
        yield f"{flag} {shlex.quote(';'.join(map(str, value)))}"
    elif isinstance(value, list):
        for text in value or ["none"]:
            yield f"{flag} {shlex.quote(_escaped(str(text)))}"
    else:
        yield f"{flag} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


def read(text: str) -> SamplerConfig:
    """Read the flags of a command; others are passed over."""
    try:
        words = shlex.split(_COMMENT.sub("", text).replace("\\\n", " "), comments=True)
    except ValueError as error:
        raise SpecError(f"preset: expected a llama.cpp command: {error}") from error
    keys = {flag: key for key, flag in FLAGS.items()}
    told: dict[str, object] = {}
    for flag, value in _pairs(words):
        key = keys.get(ALIASES.get(flag, flag))
        if key == BREAKER:
            kept = told.setdefault(key, [])
            assert isinstance(kept, list)
            kept += [] if value == "none" else [_unescaped(value)]
        elif key is not None:
            told[key] = value.split(";") if key == "samplers" else value
    if "temperature" not in told:
        raise SpecError("preset: expected llama.cpp flags, at least --temp")
    values = _dialects.heard(DIALECT, told, {"temperature_order": _order}, DEFAULTS)
    return restored(values, stated_in_comments(text))


def _pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    """(flag, value) pairs; `--flag=value` is one too."""
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        flag, equals, value = word.partition("=")
        if word.startswith("-"):
            yield (flag, value) if equals else (word, following)


def _order(told: object) -> Value | None:
    assert isinstance(told, dict)
    return order_of_names(told["samplers"]) if "samplers" in told else None


def _unescaped(text: str) -> str:
    pieces = text.split("\\\\")
    return "\\".join(
        p.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r") for p in pieces
    )
