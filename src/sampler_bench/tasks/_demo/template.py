"""Templates, parsed once: what `writer` fills and `reader` matches.

A template is a sequence of parts: literal text, a slot of the world state, or a choice. Everything
is finite and free of loops, so the regular expression made of it cannot run away.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from .beats import BEATS
from .words import (
    GENDER,
    KEEP_KIND,
    KEEP_LOOK,
    LEXICON,
    PET_NAMES,
    PETS,
    RELATIONS,
    ROLES,
    TRAITS,
    weights,
)
from .worlds import WORLDS

PRONOUNS = {
    "he": ("he", "she"),
    "He": ("He", "She"),
    "his": ("his", "her"),
    "His": ("His", "Her"),
    "him": ("him", "her"),
    "himself": ("himself", "herself"),
}
LOCAL = {"place": "places", "thing": "things", "clue": "clues", "obstacle": "obstacles"}
INTRODUCED = {"keep": "keep", "pet": "pet", "petname": "pet", "friend": "help", "relation": "help"}
_TOKEN = re.compile(r"\{(\w+)\}|<(\w+)>|\[([^\]]*)\]")
_ARTICLE = {
    "a": r"(?:a(?= [^aeiou])|an(?= [aeiou]))",
    "A": r"(?:A(?= [^aeiou])|An(?= [aeiou]))",
}


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot of the world state, like {hero}."""

    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A free choice; each option is a sequence of parts, `chances` sum to 1."""

    options: tuple[tuple[Part, ...], ...]
    chances: tuple[float, ...]


Part: TypeAlias = "str | Slot | Choice"


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """One sentence of the language.

    Attributes:
        number: its index in `TEMPLATES`.
        stage: index of its beat in `BEATS`.
        world: name of the only world in which it occurs, or an empty string.
        parts: what it is made of.
        needs: beats that must have been told before, such as `keep` for {keep}.
        expression: the regular expression of the whole sentence.
        slots: (group, slot) pairs in reading order.
        choices: (group, choice) pairs in reading order.
    """

    number: int
    stage: int
    world: str
    parts: tuple[Part, ...]
    needs: frozenset[str]
    expression: str
    slots: tuple[tuple[str, str], ...]
    choices: tuple[tuple[str, Choice], ...]

    @property
    def pattern(self) -> re.Pattern[str]:
        """What matches it: named groups `s0`, ... for `slots` and `c0`, ... for `choices`."""
        return _compiled(self.expression)


@cache
def _compiled(expression: str) -> re.Pattern[str]:  # late: all of them take a third of a second
    return re.compile(expression)


@cache
def slot_values(name: str) -> tuple[str, ...]:
    """Every text that may stand in a slot, most common first."""
    if name in PRONOUNS:
        return PRONOUNS[name]
    if name in LOCAL:
        return tuple(v for w in WORLDS for v in getattr(w, LOCAL[name]))
    if name in ("noun", "noun2"):
        return tuple(v for w in WORLDS for v in w.nouns)
    return {
        "hero": tuple(GENDER),
        "friend": tuple(GENDER),
        "role": ROLES,
        "trait": TRAITS,
        "keep": tuple(f"{look} {kind}" for look in KEEP_LOOK for kind in KEEP_KIND),
        "pet": PETS,
        "petname": PET_NAMES,
        "relation": RELATIONS,
    }[name]


def parse(text: str) -> tuple[Part, ...]:
    """Parse a template's text into parts."""
    parts: list[Part] = []
    end = 0
    for match in _TOKEN.finditer(text):
        parts.append(text[end : match.start()])
        end = match.end()
        slot, word, options = match.groups()
        parts.append(Slot(slot) if slot else _choice(word, options))
    parts.append(text[end:])
    return tuple(part for part in parts if part != "")


def _choice(word: str | None, options: str | None) -> Choice:
    if word:
        entries = LEXICON[word.lower()]
        if word[0].isupper():
            entries = tuple(e[0].upper() + e[1:] for e in entries)
        return Choice(tuple((e,) for e in entries), weights(len(entries)))
    listed = (options or "").split("|")
    return Choice(tuple(parse(option) for option in listed), weights(len(listed)))


class _Compiler:
    """Turns parts into one regular expression with numbered groups."""

    def __init__(self) -> None:
        self.slots: list[tuple[str, str]] = []
        self.choices: list[tuple[str, Choice]] = []

    def compile(self, parts: tuple[Part, ...]) -> str:
        return "".join(map(self._part, parts))

    def _part(self, part: Part) -> str:
        if isinstance(part, str):
            return re.escape(part)
        if isinstance(part, Slot):
            return self._slot(part.name)
        group = f"c{len(self.choices)}"
        self.choices.append((group, part))
        return f"(?P<{group}>{'|'.join(self.compile(option) for option in part.options)})"

    def _slot(self, name: str) -> str:
        if name in _ARTICLE:
            return _ARTICLE[name]
        group = f"s{len(self.slots)}"
        self.slots.append((group, name))
        return f"(?P<{group}>{'|'.join(map(re.escape, slot_values(name)))})"


def slot_names(parts: tuple[Part, ...]) -> set[str]:
    """Names of all slots in parts, those inside choices included."""
    names = {part.name for part in parts if isinstance(part, Slot)}
    for part in parts:
        if isinstance(part, Choice):
            names |= set().union(*map(slot_names, part.options))
    return names


def _template(number: int, stage: int, world: str, text: str) -> Template:
    parts = parse(text)
    compiler = _Compiler()
    expression = compiler.compile(parts)
    needs = {INTRODUCED[s] for s in slot_names(parts) & set(INTRODUCED)} - {BEATS[stage].name}
    slots, choices = tuple(compiler.slots), tuple(compiler.choices)
    return Template(number, stage, world, parts, frozenset(needs), expression, slots, choices)


def _all() -> tuple[Template, ...]:
    stage = {beat.name: i for i, beat in enumerate(BEATS)}
    rows = [(i, "", text) for i, beat in enumerate(BEATS) for text in beat.templates]
    rows += [(stage[beat], world.name, text) for world in WORLDS for beat, text in world.own]
    return tuple(_template(n, *row) for n, row in enumerate(rows))


TEMPLATES = _all()


@cache
def told_by(stage: int, world: str) -> tuple[tuple[Template, ...], tuple[float, ...]]:
    """The templates of a beat in a world with their chances: half of them the world's own."""
    shared = [t for t in TEMPLATES if t.stage == stage and not t.world]
    own = [t for t in TEMPLATES if t.stage == stage and t.world == world]
    share = 0.5 if own else 0.0
    chances = [w * (1 - share) for w in weights(len(shared))]
    chances += [w * share for w in weights(len(own))]
    return tuple(shared + own), tuple(chances)
