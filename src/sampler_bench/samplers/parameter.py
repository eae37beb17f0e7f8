"""What a parameter is: one knob, its meaning, legal range and neutral value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import SpecError
from ..records import Value

Kind = Literal["float", "int", "choice", "strings"]
INFINITY = float("inf")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One knob.

    Attributes:
        name: the field's standard term; also the key in study files and text forms.
        sampler: the family of knobs that are searched together; empty where it belongs to all.
        meaning: one line for people.
        neutral: the value at which the knob changes nothing; None where there is no such value and
            every request must state one (`max_tokens`).
        low, high: the legal range, both ends included (floats and ints).
        kind: `float`, `int`, `choice` (one of `choices`) or `strings` (a tuple of texts).
        scale: how the knob is best walked: `linear` or `log`.
        search: the range in which a search makes sense; None where it is not worth searching.
        memory: True where the effect depends on the text so far (penalties, DRY, mirostat).
        governors: it acts only where one of these is away from neutral; empty where it acts alone.
    """

    name: str
    sampler: str
    meaning: str
    neutral: Value | None
    low: float = 0.0
    high: float = INFINITY
    kind: Kind = "float"
    scale: Literal["linear", "log"] = "linear"
    search: tuple[float, float] | None = None
    choices: tuple[str, ...] = ()
    memory: bool = False
    governors: tuple[str, ...] = ()

    def problem(self, value: Value) -> str | None:
        """Say in one phrase what was expected instead of `value`; None if it is legal."""
        if self.kind == "strings":
            texts = isinstance(value, tuple) and all(isinstance(t, str) and t for t in value)
            return None if texts else "a list of texts, none empty"
        if self.kind == "choice":
            return None if value in self.choices else f"one of {', '.join(self.choices)}"
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and self.low <= value <= self.high:  # type: ignore[operator]
            whole = abs(value) == INFINITY or value == int(value)  # type: ignore[arg-type]
            if self.kind != "int" or whole:
                return None
        return f"a {'whole ' if self.kind == 'int' else ''}number {self.range_text}"

    def check(self, value: Value) -> None:
        """Raise SpecError where `value` is not legal."""
        if expected := self.problem(value):
            raise SpecError(f"{self.name}: expected {expected}, found {value!r}")

    @property
    def range_text(self) -> str:
        """`from 0 to 1`, or `of at least 0`."""
        if self.high == INFINITY:
            return f"of at least {self.low:g}"
        return f"from {self.low:g} to {self.high:g}"
