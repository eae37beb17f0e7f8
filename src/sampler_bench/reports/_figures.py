"""How the pages say numbers: digits with their full value beside them, places on a scale.

Every number that a reader sees goes through `number`, which keeps the full value beside the digits
shown (`<data value="...">`), so that page, terminal and JSON can be compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from . import _words
from ._document import Interval
from ._saying import knobs_of, label, meaning_of

NOT_KNOWN = "not known"


def environment(folder: Path) -> Environment:
    """The templates, escaping whatever they are given."""
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(n=number, share=share, ends=ends, name=_words.shown, count=counted)
    made.filters.update(knobs=knobs_of, label=label, meaning=meaning_of)
    made.filters.update(setting=_words.setting, reasons=_words.reasons)
    return made


def number(value: float | None, digits: int = 3, sign: bool = False) -> str:
    """A number with so many digits, its full value beside it."""
    if value is None:
        return NOT_KNOWN
    shown = f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"
    return Markup('<data value="{}">{}</data>').format(repr(value), shown.replace("-", "−"))


def share(value: float | None, digits: int = 0) -> str:
    """A share of 1 in percent."""
    if value is None:
        return NOT_KNOWN
    return Markup('<data value="{}">{}</data>').format(repr(value), f"{value:.{digits}%}")


def ends(found: Interval | None, digits: int = 3, sign: bool = False) -> str:
    """`7.900 to 8.500`."""
    if found is None or found.low is None or found.high is None:
        return NOT_KNOWN
    low, high = number(found.low, digits, sign), number(found.high, digits, sign)
    return Markup("{} to {}").format(low, high)


def counted(value: int, one: str, many: str = "") -> str:
    """`1 text`, `3 texts`, `12,345 texts`."""
    return f"{value:,} {one if value == 1 else many or one + 's'}".replace(",", "\u2009")


@dataclass(frozen=True, slots=True)
class Scale:
    """A line from low to high; places on it are percent of its length."""

    low: float
    high: float

    def at(self, value: float | None) -> float:
        """Where a value lies, 0 to 100, kept inside."""
        if value is None:
            return 0.0
        span = max(self.high - self.low, 1e-9)
        return round(min(max((value - self.low) / span, 0.0), 1.0) * 100, 2)

    def width(self, found: Interval) -> float:
        """How wide an interval is."""
        return round(self.at(found.high) - self.at(found.low), 2)


def scale_of(intervals: Iterable[Interval], least: float = 0.0) -> Scale:
    """A scale on which all intervals lie, with some air; at least `least` wide."""
    found = [x for i in intervals for x in (i.low, i.mean, i.high) if x is not None]
    if not found:
        return Scale(0.0, 10.0)
    low, high = min(found), max(found)
    air = max((least - (high - low)) / 2, (high - low) * 0.06, 1e-6)
    return Scale(low - air, high + air)
