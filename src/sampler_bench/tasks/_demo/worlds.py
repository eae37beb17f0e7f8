"""The worlds that stories play in: what is there, what is sought, and what only happens there.

A world's words never occur in another world in the same slot, so that one noun tells which world a
sentence belongs to. They stand in `worlds.txt`, one block a world: `name`, the lists of `World`,
and its own sentences as `+BEAT: TEMPLATE` (see `beats`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .words import listed


@dataclass(frozen=True, slots=True)
class World:
    """One setting. Every list is most common first.

    Attributes:
        name: of the world, unique.
        keys: words of a prompt that ask for this world, in lower case.
        topics: what prompts call it, after "a story about".
        places, nouns, things, clues, obstacles: what fills the slots of the same name.
        own: (beat, template) pairs that occur only here.
    """

    name: str
    keys: tuple[str, ...]
    topics: tuple[str, ...]
    places: tuple[str, ...]
    nouns: tuple[str, ...]
    things: tuple[str, ...]
    clues: tuple[str, ...]
    obstacles: tuple[str, ...]
    own: tuple[tuple[str, str], ...]


def _world(text: str) -> World:
    fields: dict[str, tuple[str, ...]] = {}
    own: list[tuple[str, str]] = []
    for line in text.strip().splitlines():
        label, _, value = line.strip().partition(": ")
        if label.startswith("+"):
            own.append((label[1:], value))
        else:
            fields[label] = listed(value)
    (name,) = fields.pop("name")
    return World(name=name, own=tuple(own), **fields)


def _read() -> tuple[World, ...]:
    text = Path(__file__).with_name("worlds.txt").read_text(encoding="utf-8")
    return tuple(map(_world, text.split("===\n")))


WORLDS = _read()
BY_NAME = {world.name: world for world in WORLDS}
