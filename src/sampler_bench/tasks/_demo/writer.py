"""Write stories of the demo language: the source of the demo model's training texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from .beats import BEATS
from .prompts import Asked
from .template import LOCAL, PRONOUNS, Choice, Part, Slot, Template, told_by
from .words import (
    GENDER,
    KEEP_KIND,
    KEEP_LOOK,
    MEN,
    PET_NAMES,
    PETS,
    RELATIONS,
    ROLES,
    TRAITS,
    WOMEN,
    weights,
)
from .worlds import BY_NAME, World


@dataclass(slots=True)
class _Telling:
    """A story on its way: the world state, what was introduced, and what was told."""

    world: World
    state: dict[str, str]
    rng: Random
    introduced: set[str] = field(default_factory=set)
    sentences: list[str] = field(default_factory=list)


def write(asked: Asked, rng: Random) -> str:
    """Write one story as asked: about 100 to 200 words in one paragraph."""
    world = BY_NAME[asked.world]
    telling = _Telling(world, _draw_state(asked, world, rng), rng)
    for stage in range(len(BEATS)):
        _tell(telling, stage)
    return " ".join(telling.sentences)


def _draw_state(asked: Asked, world: World, rng: Random) -> dict[str, str]:
    hero = asked.hero or pick(rng, rng.choice((WOMEN, MEN)))
    state = {
        "hero": hero,
        "role": asked.role or pick(rng, ROLES),
        "trait": pick(rng, TRAITS),
        "keep": f"{pick(rng, KEEP_LOOK)} {pick(rng, KEEP_KIND)}",
        "pet": pick(rng, PETS),
        "petname": pick(rng, PET_NAMES),
        "relation": pick(rng, RELATIONS),
        "friend": pick(rng, [n for n in rng.choice((WOMEN, MEN)) if n != hero]),
    }
    state |= {slot: pick(rng, getattr(world, names)) for slot, names in LOCAL.items()}
    side = 0 if GENDER[hero] == "m" else 1
    return state | {slot: forms[side] for slot, forms in PRONOUNS.items()}


def pick(rng: Random, items: tuple[str, ...] | list[str]) -> str:
    """Draw one item, those that stand first more often."""
    return rng.choices(items, weights(len(items)))[0]


def _tell(telling: _Telling, stage: int) -> None:
    beat = BEATS[stage]
    count = telling.rng.choices(range(len(beat.counts)), beat.counts)[0]
    used: set[int] = set()
    for _ in range(count):
        template = _choose(telling, stage, set() if beat.again else used)
        used.add(template.number)
        telling.sentences.append(_Filling(telling).fill(template.parts))
        telling.introduced.add(beat.name)


def _choose(telling: _Telling, stage: int, used: set[int]) -> Template:
    templates, chances = told_by(stage, telling.world.name)
    open_ = [
        (t, chance)
        for t, chance in zip(templates, chances, strict=True)
        if t.needs <= telling.introduced and t.number not in used
    ]
    return telling.rng.choices([t for t, _ in open_], [c for _, c in open_])[0]


class _Filling:
    """Fills one sentence. {noun2} differs from {noun}."""

    def __init__(self, telling: _Telling) -> None:
        self._telling = telling
        self._nouns: dict[str, str] = {}

    def fill(self, parts: tuple[Part, ...]) -> str:
        text = ""
        for part in reversed(parts):  # from the end, so that an article sees the word after it
            text = self._part(part, text) + text
        return text

    def _part(self, part: Part, after: str) -> str:
        if isinstance(part, str):
            return part
        if isinstance(part, Choice):
            option = self._telling.rng.choices(part.options, part.chances)[0]
            return self.fill(option)
        return self._slot(part, after)

    def _slot(self, slot: Slot, after: str) -> str:
        if slot.name in ("a", "A"):
            return slot.name + ("n" if after.lstrip()[0] in "aeiou" else "")
        if slot.name in ("noun", "noun2"):
            return self._noun(slot.name)
        return self._telling.state[slot.name]

    def _noun(self, name: str) -> str:
        if name not in self._nouns:
            taken = self._nouns.values()
            free = [noun for noun in self._telling.world.nouns if noun not in taken]
            self._nouns[name] = pick(self._telling.rng, free)
        return self._nouns[name]
