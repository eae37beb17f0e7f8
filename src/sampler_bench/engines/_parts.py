"""Models that were split into several GGUFs, by their names: `...-00001-of-00003.gguf`.

llama.cpp's gguf-split names them so, and llama.cpp and KoboldCpp load them all where the first is
named. Files that were cut into pieces in other ways (`.gguf.part1of2`) are no GGUFs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

PART = re.compile(
    r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})(?P<end>\.gguf)", re.IGNORECASE
)


def parts_of(file: str) -> tuple[str, ...]:
    """The names of all parts of a model, in order, by that of one; of a whole model, its own."""
    found = PART.fullmatch(file)
    if found is None or not 1 <= int(found["number"]) <= int(found["count"]):
        return (file,)
    count = int(found["count"])
    return tuple(
        f"{found['stem']}-{number:05d}-of-{count:05d}{found['end']}"
        for number in range(1, count + 1)
    )


def models_among(files: Iterable[str]) -> list[tuple[str, ...]]:
    """The models of a list of files, each as its parts: those in one file first, then by name.

    Of a model that lacks a part, each file is listed by itself, and so stands for nothing.
    """
    there, found = set(files), set()
    for name in there:
        parts = parts_of(name)
        found.add(parts if there.issuperset(parts) else (name,))
    return sorted(found, key=lambda parts: (len(parts), parts))


def is_complete(parts: tuple[str, ...]) -> bool:
    """Whether all parts of a model are there."""
    return parts == parts_of(parts[0])


def shown(parts: tuple[str, ...]) -> str:
    """A model for messages: `m-00001-of-00003.gguf (3 parts)`."""
    return parts[0] if len(parts) == 1 else f"{parts[0]} ({len(parts)} parts)"
