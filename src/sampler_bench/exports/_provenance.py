"""Where a preset comes from, written into it, and the configuration found again in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..errors import SpecError
from ..records import JsonObject, SamplerConfig, Value
from ..samplers.order import PLACES
from . import Source
from ._meaning import rebuilt, same_meaning

KEY = "sampler_bench"
_STATED = re.compile(r"^\s*(?:#|rem)\s*configuration: (\S+)\s*$", re.MULTILINE)


def note(config: SamplerConfig, source: Source) -> JsonObject:
    """Where a configuration comes from, as JSON under one key; what is not known is left out."""
    known: JsonObject = {
        "configuration": config.text,
        "study": source.study,
        "score": source.score,
        "date": source.date,
        "model": source.model,
        "engine": source.engine,
        "temperature_order": source.order,
        "version": source.version,
    }
    return {KEY: {key: plain(str(value)) for key, value in known.items() if value}}


def comments(config: SamplerConfig, source: Source) -> list[str]:
    """The same as comment lines."""
    known = note(config, source)[KEY]
    assert isinstance(known, dict)
    return [f"# {key}: {value}" for key, value in known.items()]


def plain(text: str) -> str:
    """One line of plain characters."""
    return re.sub(r"[^\x20-\x7e]", "?", text)


def stated_in_json(data: Mapping[str, Any]) -> str | None:
    """The text form that a file carries."""
    known = data.get(KEY)
    stated = known.get("configuration") if isinstance(known, Mapping) else None
    return stated if isinstance(stated, str) else None


def stated_in_comments(text: str) -> str | None:
    """The text form that a file's comments carry."""
    found = _STATED.search(text)
    return found.group(1) if found else None


def source_in_comments(text: str, config: SamplerConfig) -> Source | None:
    """Where a configuration comes from, as comments say; None where they tell of no or another."""
    known = dict(re.findall(r"^# (\w+): (.*?)\s*$", text, re.MULTILINE))
    if known.get("configuration") != config.text:
        return None
    order = known.get("temperature_order", "")
    return Source(
        **{key: known.get(key, "") for key in ("study", "date", "version", "score", "model")},
        engine=known.get("engine", ""),
        order=order if order in PLACES else "",
    )


def restored(values: Mapping[str, Value | None], stated: str | None) -> SamplerConfig:
    """The configuration that a file carries, if its values still mean that; else by its values.

    Raises:
        SpecError: the values are no configuration.
    """
    if stated is not None:
        try:
            config = SamplerConfig.parse(stated)
            if same_meaning(config, values):
                return config
        except SpecError:
            pass  # somebody changed it: the values count
    return rebuilt(values)


def read_object(text: str, *needed: str) -> dict[str, Any]:
    """Read a JSON object that has certain keys.

    Raises:
        SpecError: it is no JSON object, or lacks one of them.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise SpecError(f"preset: line {error.lineno}: expected JSON: {error.msg}") from error
    if not isinstance(data, dict):
        raise SpecError("preset: expected a JSON object with settings")
    for key in needed:
        if key not in data:
            raise SpecError(f"preset: expected the key {key!r}, found {', '.join(data) or 'none'}")
    return data


def write_object(data: Mapping[str, Any]) -> str:
    """A JSON object as a file."""
    return json.dumps(data, indent=2) + "\n"
