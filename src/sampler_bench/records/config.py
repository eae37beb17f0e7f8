"""A configuration and its text form, which is its name everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from numbers import Real
from typing import Any, TypeAlias

from ..errors import SpecError

Value: TypeAlias = "int | float | str | tuple[str, ...]"

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SAMPLER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\+[A-Za-z_][A-Za-z0-9_]*)*")
_HEX = re.compile(r"([0-9a-f]{2})+")


@dataclass(frozen=True, slots=True)
class SamplerConfig:
    """One complete assignment of the knobs under study; every other knob is neutral.

    Its text form, `min_p:temperature=1.2,min_p=0.02`, is its name everywhere and parses back. It
    uses only `[A-Za-z0-9_.+=:,;-]` and never ends in a colon.

    Attributes:
        sampler: a sampler's name, or several joined by `+`.
        parameters: (name, value) pairs in canonical order, however they were given: temperature
            first, `max_tokens` last, the rest by name. At least one.

    Raises:
        SpecError: no pairs, a name that cannot be written in a text form or is given twice, no
            parameter, or a value that is not finite.
    """

    sampler: str
    parameters: tuple[tuple[str, Value], ...]

    def __post_init__(self) -> None:
        if not isinstance(self.sampler, str) or not _SAMPLER.fullmatch(self.sampler):
            raise SpecError(
                f"sampler {self.sampler!r}: expected names joined by '+', like min_p+xtc"
            )
        given = _pairs(self.sampler, self.parameters)
        pairs = sorted([(name, _checked(name, value)) for name, value in given], key=_canonical)
        for (name, _), (other, _) in pairwise(pairs):
            if name == other:
                raise SpecError(f"configuration {self.sampler!r}: {name} is given twice")
        object.__setattr__(self, "parameters", tuple(pairs))

    @classmethod
    def of(cls, sampler: str, parameters: Mapping[str, Value]) -> SamplerConfig:
        """Build a configuration from a mapping in any order.

        Raises:
            SpecError: a name that cannot be written in a text form, no parameter, or a value that
                is not finite.
        """
        return cls(sampler, tuple(parameters.items()))

    @classmethod
    def parse(cls, text: str) -> SamplerConfig:
        """Read a text form back.

        Raises:
            SpecError: the text is not of the form `sampler:name=value,name=value`.
        """
        sampler, colon, rest = text.strip().partition(":")
        if not colon or not rest:
            raise SpecError(
                f"configuration {text!r}: expected sampler:name=value,..., "
                "like min_p:temperature=1.2,min_p=0.02"
            )
        parameters: dict[str, Value] = {}
        for item in rest.split(","):
            name, equals, value = item.partition("=")
            if not equals or not _WORD.fullmatch(name):
                raise SpecError(f"configuration {text!r}: {item!r} is not of the form name=value")
            if name in parameters:
                raise SpecError(f"configuration {text!r}: {name} is given twice")
            parameters[name] = _read_value(text, item, value)
        return cls.of(sampler, parameters)

    @property
    def text(self) -> str:
        """The text form."""
        pairs = ",".join(f"{name}={_write_value(value)}" for name, value in self.parameters)
        return f"{self.sampler}:{pairs}"

    def as_dict(self) -> dict[str, Value]:
        """The parameters by name, in canonical order."""
        return dict(self.parameters)

    def get(self, name: str) -> Value | None:
        """The value of one parameter, or None where the configuration leaves it neutral."""
        return dict(self.parameters).get(name)

    def __str__(self) -> str:
        return self.text


def _pairs(sampler: str, parameters: object) -> list[tuple[str, Value]]:
    pairs: list[Any] = list(parameters) if isinstance(parameters, Iterable) else [parameters]
    if isinstance(parameters, Mapping) or not all(map(_is_pair, pairs)):
        raise SpecError(
            f"configuration {sampler!r}: expected (name, value) pairs, found {parameters!r:.80}; "
            "SamplerConfig.of takes a mapping"
        )
    if not pairs:
        raise SpecError(f"configuration {sampler!r}: expected at least one parameter, found none")
    return pairs


def _is_pair(thing: object) -> bool:
    return isinstance(thing, tuple | list) and len(thing) == 2


def _canonical(pair: tuple[str, Value]) -> tuple[int, str]:
    return ({"temperature": 0, "max_tokens": 2}.get(pair[0], 1), pair[0])


def _checked(name: str, value: Value) -> Value:
    if not isinstance(name, str) or not _WORD.fullmatch(name):
        raise SpecError(f"parameter {name!r}: expected a word of letters, digits and underscores")
    if isinstance(value, tuple):
        if not all(isinstance(text, str) and text for text in value):
            raise SpecError(f"parameter {name}: expected texts, none empty, found {value!r}")
        return value
    if isinstance(value, str):
        if not _is_word(value):
            raise SpecError(f"parameter {name}: expected a number or a word, found {value!r}")
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float, Real)):
        raise SpecError(f"parameter {name}: expected a number or a word, found {value!r}")
    if value != value or value in (float("inf"), float("-inf")):
        raise SpecError(f"parameter {name}: expected a finite number, found {value!r}")
    return int(value) if value == int(value) else float(value)


def _write_value(value: Value) -> str:
    if isinstance(value, tuple):  # any texts travel as hex, so that every text form is shell-safe
        return "+" + ";".join(item.encode(errors="surrogatepass").hex() for item in value)
    return value if isinstance(value, str) else repr(value)


def _read_value(text: str, item: str, value: str) -> Value:
    try:
        if value == "+" or (value[:1] == "+" and all(map(_HEX.fullmatch, value[1:].split(";")))):
            parts = (bytes.fromhex(part) for part in value[1:].split(";") if part)
            return tuple(part.decode(errors="surrogatepass") for part in parts)
        return _read_word_or_number(value)
    except ValueError:
        raise SpecError(f"configuration {text!r}: {item!r} has no readable value") from None


def _read_word_or_number(value: str) -> Value:
    return value if _is_word(value) else float(value)


def _is_word(value: str) -> bool:
    return bool(_WORD.fullmatch(value)) and value.lower() not in ("nan", "inf", "infinity")
