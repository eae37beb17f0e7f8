"""How the words of which one of ours is many of theirs, or another unit, are heard again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..records import Value
from ._dialects import Reader
from ._meaning import tidy

CUTS = {"min_p", "top_p", "typ_p", "typical_p", "tfs", "tfs_z", "top_a", "xtc"}


def order_of_names(names: Sequence[Any]) -> str | None:
    """Where temperature stands among names of samplers; None where it stands in between."""
    if "temperature" not in names:
        return None
    place = list(names).index("temperature")
    before = [name in CUTS for name in names[:place]]
    after = [name in CUTS for name in names[place:]]
    if any(before) == any(after):
        return None
    return "last" if any(before) else "first"


def named_order(data: Mapping[str, Any]) -> Value | None:
    """An order that is a list of names."""
    names = data.get("samplers")
    return order_of_names(names) if isinstance(names, list) else None


def numbered_order(data: Mapping[str, Any]) -> Value | None:
    """KoboldCpp's order: 5 is temperature, 0 to 4 truncate."""
    order = data.get("sampler_order")
    if not isinstance(order, list) or 5 not in order:
        return None
    place, cuts = order.index(5), [1, 2, 3, 4]
    before = [order.index(cut) < place for cut in cuts if cut in order]
    if not before or any(before) != all(before):
        return None
    return "last" if before[0] else "first"


def flag_order(data: Mapping[str, Any]) -> Value | None:
    """An order that is a yes or no to "temperature last"."""
    value = data.get("temperature_last")
    return None if value is None else ("last" if value else "first")


def spread(flag: str, high: str, temperature: str) -> Reader:
    """Dynamic temperature told as a switch and its ends; ours is half of their distance."""

    def read(data: Mapping[str, Any]) -> Value | None:
        if flag not in data:
            return None
        if not data[flag]:
            return 0.0
        return max(0.0, tidy(float(data[high]) - float(data[temperature])))

    return read


def ten_thousandths(key: str) -> Reader:
    """A cut-off told in units of 1e-4."""

    def read(data: Mapping[str, Any]) -> Value | None:
        return None if data.get(key) is None else tidy(float(data[key]) / 1e4)

    return read


def breakers(data: Mapping[str, Any]) -> Value | None:
    """DRY's texts in one text: JSON, or the inside of a JSON list."""
    told = data.get("dry_sequence_breakers")
    if told is None or isinstance(told, list):
        return None if told is None else tuple(map(str, told))
    inside = str(told).strip()
    found = json.loads(inside if inside.startswith("[") else f"[{inside}]")
    return tuple(map(str, found))
