"""A space from plain words and numbers, as a program gives them to an Optimizer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from ..errors import UsageError
from ..records import SamplerConfig, Value
from . import check_config, parameter, parameters_of
from .space import Dimension, Listed, Range, SamplerSpace, Space

Knob: TypeAlias = "Value | Sequence[Value] | Mapping[str, float | str]"
Plain: TypeAlias = "Mapping[str, Mapping[str, Knob]]"

RANGE_KEYS = ("low", "high", "scale", "step")


def space_of(samplers: Plain) -> Space:
    """Build a space from plain words and numbers.

    Raises:
        UsageError: an unknown sampler, parameter or key, or a value that is not legal.
    """
    if not isinstance(samplers, Mapping) or not all(isinstance(s, str) for s in samplers):
        raise UsageError(
            f"space: expected a mapping of samplers to their parameters, found {samplers!r:.80}"
        )
    if not samplers:
        raise UsageError("space: expected at least one sampler, found none")
    return Space(tuple(_part(sampler, knobs) for sampler, knobs in samplers.items()))


def _part(sampler: str, knobs: Mapping[str, Knob]) -> SamplerSpace:
    if not isinstance(knobs, Mapping):
        raise UsageError(
            f"space.{sampler}: expected a mapping of parameters to values or ranges, found "
            f"{knobs!r:.80}"
        )
    if not knobs:
        raise UsageError(f"space.{sampler}: expected at least one parameter, found none")
    parameters_of(sampler)
    part = SamplerSpace(sampler, tuple((n, _dimension(sampler, n, k)) for n, k in knobs.items()))
    for name, dimension in part.dimensions:
        ends: Sequence[Value] = (
            dimension.values if isinstance(dimension, Listed) else (dimension.low, dimension.high)
        )
        for value in ends:
            check_config(SamplerConfig.of(sampler, {name: value}))
    return part


def _dimension(sampler: str, name: str, knob: Knob) -> Dimension:
    where = f"space.{sampler}.{name}"
    if isinstance(knob, Mapping):
        if strange := sorted(set(knob) - set(RANGE_KEYS)):
            raise UsageError(f"{where}: {strange[0]!r} is not one of {', '.join(RANGE_KEYS)}")
        return _range(where, name, knob)
    plain = _plain(knob)
    values = (plain,) if isinstance(plain, str | int | float) else _values(where, plain)
    if not values:
        raise UsageError(f"{where}: expected at least one value, found none")
    return Listed(tuple(dict.fromkeys(values)))


def _values(where: str, knob: object) -> tuple[Value, ...]:
    if not isinstance(knob, Iterable):
        raise UsageError(f"{where}: expected a value, a list of values or a range, found {knob!r}")
    values = tuple(_plain(value) for value in knob)
    for value in values:
        texts = isinstance(value, tuple) and all(isinstance(text, str) for text in value)
        if not texts and not isinstance(value, str | int | float):
            raise UsageError(
                f"{where}: expected a number or a word for each value, found {value!r}"
            )
    return values


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Python's own numbers for numpy's, and a tuple for a list; other things as they are."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return tuple(map(_plain, value)) if isinstance(value, list) else value


def _range(where: str, name: str, knob: Mapping[str, float | str]) -> Range:
    low, high, step = (_plain(knob.get(key)) for key in ("low", "high", "step"))
    scale = knob.get("scale", "linear")
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        raise UsageError(f"{where}: expected numbers low and high, found {dict(knob)!r}")
    if step is not None and not isinstance(step, int | float):
        raise UsageError(f"{where}: expected a number for step, found {step!r}")
    if scale not in ("linear", "log"):
        raise UsageError(f"{where}: scale is {scale!r}, expected linear or log")
    whole = name in parameters_of(where.split(".")[1]) and parameter(name).kind == "int"
    return Range(low, high, "log" if scale == "log" else "linear", step, whole)
