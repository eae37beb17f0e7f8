"""Ranges of a study file: sampler -> parameter -> listed values or `{low, high, scale, step}`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ..errors import SpecError
from ..records import JsonObject, Value
from ..samplers import (
    Dimension,
    Listed,
    Range,
    SamplerSpace,
    Space,
    parameter,
    parameter_names,
    parameters_of,
)
from ..samplers.plain import RANGE_KEYS
from .yaml_file import Node, shown


def read_sampler(name: str, node: Node, max_length: int) -> SamplerSpace | None:
    """Read the ranges of one sampler; note every mistake; None where nothing usable is left."""
    try:
        known = parameters_of(name)
    except SpecError as error:
        node.wrong(str(error))
        return None
    dimensions: dict[str, Dimension] = {}
    for key, child in node.children():
        if key not in known:
            _stranger(name, key, child, known)
        elif (dimension := read_dimension(key, child)) is not None:
            dimensions[key] = dimension
    if isinstance(node.value, dict) and not node.value:
        node.expected(f"at least one parameter of {name}")
    dimensions.setdefault("max_tokens", Listed((max_length,)))
    return SamplerSpace(name, tuple(dimensions.items()))


def _stranger(sampler: str, key: str, node: Node, known: tuple[str, ...]) -> None:
    if key in parameter_names():
        family = parameter(key).sampler
        node.wrong(f"is no parameter of {sampler}; name the sampler {sampler}+{family} to use it")
    else:
        node.unknown(key, list(known), "parameter")


def read_dimension(name: str, node: Node) -> Dimension | None:
    """Read what one parameter may be: a value, a list of values, or a range."""
    if isinstance(node.value, dict):
        return _read_range(name, node)
    values: list[Value] = []
    for item in _alternatives(name, node):
        value = tuple(item.value) if isinstance(item.value, list) else item.value
        if expected := _problem(name, value):
            item.expected(expected)
        elif _tidy(value) in values:
            item.wrong(f"{shown(value)} is listed twice")
        else:
            values.append(_tidy(value))
    if isinstance(node.value, list) and not node.value:
        node.expected("at least one value")
    return Listed(tuple(values)) if values else None


def _alternatives(name: str, node: Node) -> list[Node]:
    """The values of a list; where a value is itself a list of texts, one such list is one value."""
    items = node.items()
    several = any(isinstance(item.value, list) for item in items)
    return items if several or parameter(name).kind != "strings" else [node]


def _problem(name: str, value: object) -> str | None:
    """What a parameter expects instead of a value of the file; None if the value is legal."""
    knob = parameter(name)
    if isinstance(value, bool) or not isinstance(value, int | float | str | tuple):
        if knob.kind == "strings":
            return "a list of texts"
        return f"a number {knob.range_text}" if knob.kind in ("float", "int") else "a text"
    return knob.problem(value)


def _tidy(value: Value) -> Value:
    if isinstance(value, str | tuple):
        return value
    return int(value) if value == int(value) else float(value)


def _read_range(name: str, node: Node) -> Range | None:
    knob, given = parameter(name), dict(node.children())
    for key in set(given) - set(RANGE_KEYS):
        given[key].unknown(key, list(RANGE_KEYS), "range key")
        return None
    if not {"low", "high"} <= set(given):
        node.expected("low and high")
        return None
    for end in ("low", "high"):
        if expected := _problem(name, given[end].value):
            given[end].expected(expected)
            return None
    scale = given["scale"].value if "scale" in given else knob.scale
    if scale not in ("linear", "log"):
        given["scale"].expected("linear or log")
        return None
    step = given["step"].value if "step" in given else None
    if step is not None and (isinstance(step, bool) or not isinstance(step, int | float)):
        given["step"].expected("a number")
        return None
    try:
        low, high = float(given["low"].value), float(given["high"].value)
        return Range(low, high, scale, step, integer=knob.kind == "int")
    except SpecError as error:
        node.wrong(str(error).removeprefix("range: "))
        return None


def usual_space(sampler: str, max_length: int) -> SamplerSpace:
    """The space of a sampler for which no ranges are given: each knob over its sensible range."""
    dimensions: list[tuple[str, Dimension]] = []
    for name in parameters_of(sampler):
        knob = parameter(name)
        if knob.search is not None:
            low, high = knob.search
            whole = knob.kind == "int"
            dimensions.append((name, Range(low, high, knob.scale, integer=whole)))
    return SamplerSpace(sampler, (*dimensions, ("max_tokens", Listed((max_length,)))))


def space_to_json(space: Space) -> JsonObject:
    """A space as JSON."""
    return {
        part.sampler: {
            name: list(_json_values(d)) if isinstance(d, Listed) else asdict(d)
            for name, d in part.dimensions
        }
        for part in space.samplers
    }


def _json_values(dimension: Listed) -> list[Any]:
    return [list(value) if isinstance(value, tuple) else value for value in dimension.values]


def space_from_json(kept: Mapping[str, Any]) -> Space:
    """A space from its JSON."""
    parts = []
    for sampler, ranges in kept.items():
        dimensions = tuple((name, _dimension(value)) for name, value in ranges.items())
        parts.append(SamplerSpace(sampler, dimensions))
    return Space(tuple(parts))


def _dimension(kept: Mapping[str, Any] | list[Any]) -> Dimension:
    if isinstance(kept, Mapping):
        return Range(**kept)
    return Listed(tuple(tuple(v) if isinstance(v, list) else v for v in kept))
