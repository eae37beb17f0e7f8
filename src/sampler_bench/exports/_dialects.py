"""Formats as dialects: what is written, what is lost, and what is heard, for all of them.

A format states its keys in the same words as an engine (`engines._dialect`), or takes an engine's
own where the file is what the server reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..engines._dialect import Dialect, Spoken
from ..errors import SpecError
from ..records import JsonObject, SamplerConfig, Value
from ..samplers import parameter, parameter_names
from ..samplers.acting import acts
from . import Loss, Source
from ._meaning import complete, order_matters

Reader = Callable[[Mapping[str, Any]], "Value | None"]
# Engines among which nothing acts differently.
KIN = ({"embedded", "llamacpp"}, {"openai-compatible", "openai"})


def said(dialect: Dialect, config: SamplerConfig, source: Source) -> JsonObject:
    """A configuration in a dialect's words, complete; what it cannot express is left neutral."""
    values = _expressible(dialect, config, source)
    found: JsonObject = {}
    for name in parameter_names():
        word, value = dialect.words[name], values[name]
        if isinstance(word, Spoken) and value is not None:
            found.update(word.write(name, value, values))
    return found


def _expressible(
    dialect: Dialect, config: SamplerConfig, source: Source
) -> dict[str, Value | None]:
    values = complete(config)
    for name, value in values.items():
        word = dialect.words[name]
        lost = isinstance(word, Spoken) and value is not None and word.problem(value)
        if lost:
            values[name] = parameter(name).neutral
    wanted = values["temperature_order"] or source.order
    usual = dialect.order if dialect.order != "unknown" else None
    return {**values, "temperature_order": wanted or usual}


def losses(dialect: Dialect, config: SamplerConfig, source: Source) -> list[Loss]:
    """What a dialect cannot express of a configuration, or understands in another way."""
    values = complete(config)
    found = []
    for name in parameter_names():
        value = values[name]
        if name != "temperature_order" and value is not None:
            found += _loss(dialect, name, value, values, source)
    return [*found, *_order(dialect, values, source)]


def _loss(
    dialect: Dialect, name: str, value: Value, values: Mapping[str, Value | None], source: Source
) -> list[Loss]:
    word = dialect.words[name]
    if name == "max_tokens":
        if isinstance(word, Spoken):
            return []
        return [Loss(f"max_tokens={value}: {word.why}; set the length in the tool.", False)]
    if not acts(name, values) and name != "temperature":
        return []
    if not isinstance(word, Spoken):
        said = value != parameter(name).neutral
        return [Loss(f"{name}={_show(value)} is lost: {word.why}.")] if said else []
    if problem := word.problem(value):
        return [Loss(f"{name}={_show(value)} is lost: {problem}.")]
    if word.differs and value != parameter(name).neutral and not _kin(dialect.name, source.engine):
        return [Loss(f"{name} acts differently: {word.differs}.")]
    return []


def _order(dialect: Dialect, values: Mapping[str, Value | None], source: Source) -> list[Loss]:
    if not order_matters(values):
        return []
    wanted = values["temperature_order"] or source.order
    if isinstance(dialect.words["temperature_order"], Spoken):
        if wanted:
            return []
        return [Loss(f"Where temperature acted is not known; {dialect.order} is written.", False)]
    if dialect.order == "unknown":
        return [Loss("Where temperature acts is not known there: it may act differently.")]
    if not wanted:
        return [
            Loss(f"Temperature acts {dialect.order} there; where it acted before is not known.")
        ]
    if wanted == dialect.order:
        return []
    return [
        Loss(
            f"Temperature acts {dialect.order} there and cannot be moved, but this was tuned with "
            f"temperature {wanted}: it will act differently."
        )
    ]


def _kin(one: str, other: str) -> bool:
    return one == other or any({one, other} <= family for family in KIN)


def _show(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def heard(
    dialect: Dialect,
    data: Mapping[str, Any],
    readers: Mapping[str, Reader] | None = None,
    defaults: Mapping[str, Value] | None = None,
) -> dict[str, Value | None]:
    """What a file in a dialect's words says: a value for each parameter that it states.

    `readers` are for parameters whose words are not one key with our value; `defaults` are what the
    tool does where a file is silent and that is not neutral.

    Raises:
        SpecError: a value of the wrong kind.
    """
    found: dict[str, Value | None] = dict(defaults or {})
    for name in parameter_names():
        word = dialect.words[name]
        if not isinstance(word, Spoken):
            continue
        reader = (readers or {}).get(name)
        try:
            value = reader(data) if reader is not None else _plain(name, word, data)
        except (TypeError, ValueError, KeyError) as error:
            raise SpecError(f"{word.key}: cannot be read: {error}") from error
        if value is not None:
            found[name] = value
    return found


def _plain(name: str, word: Spoken, data: Mapping[str, Any]) -> Value | None:
    value = data.get(word.key)
    if value is None:
        return None
    if parameter(name).kind == "strings":
        return tuple(str(text) for text in value)
    if parameter(name).kind == "choice":
        return str(value)
    return off(name, word, float(value))


def off(name: str, word: Spoken, value: float) -> Value | None:
    """A number, or ours for "off" where it is one of theirs."""
    if value == word.neutral or (name in OFF_AT_OR_BELOW and value <= OFF_AT_OR_BELOW[name]):
        return parameter(name).neutral
    if name in WINDOWS and value < 0:
        return int(parameter(name).high)
    return value


# Tools write -1 for "all that was written so far".
WINDOWS = ("repetition_range", "dry_range")
# Tools write "off" as 0 or -1; ours is one of them.
OFF_AT_OR_BELOW = {"top_k": 0.0, "top_n_sigma": 0.0, "adaptive_target": -1e-9}
