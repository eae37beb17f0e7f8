"""Recognise stories of the demo language: exact on the language, calm about anything else.

A text is split into sentences; each is matched against the templates, which fixes its beat, its
world, the facts that it states and the free choices that it makes. Facts are then compared with
what the story says most often. Time is linear in the text: patterns have no loops, sentences that
are too long or too short to belong to the language are not tried.

It does not understand: a sentence that no template can make is wrong, however good it is.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from math import log2
from types import MappingProxyType

from .beats import BEATS
from .prompts import Asked
from .template import (
    LOCAL,
    PRONOUNS,
    TEMPLATES,
    Choice,
    Part,
    Slot,
    Template,
    slot_values,
    told_by,
)
from .words import GENDER, KEEP_KIND, KEEP_LOOK, MEN, WOMEN, weights
from .worlds import BY_NAME, WORLDS

SHORTEST, LONGEST = 12, 300  # characters of a sentence; the language's own have 17 to about 200
_SENTENCE_END = re.compile(r'(?<=[.!?]) (?=["A-Z])|(?<=[.!?]") (?=["A-Z])')
_LOCATED = (*LOCAL, "noun", "noun2")
_WORLD_OF = {
    (slot, value): world.name
    for world in WORLDS
    for slot in _LOCATED
    for value in getattr(world, LOCAL.get(slot, "nouns"))
}


@dataclass(frozen=True, slots=True)
class Unit:
    """One sentence.

    Attributes:
        text: of the sentence.
        template: what made it; None where no template can have.
        facts: what it states about the world state, by slot.
        nouns: what it puts into the scene.
        bits: information of each free choice inside it.
    """

    text: str
    template: Template | None
    facts: Mapping[str, frozenset[str]]
    nouns: tuple[str, ...]
    bits: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text is, as a story of the demo language. All shares are 0 to 1, higher is better.

    Attributes:
        units: its sentences.
        grammar: share of words in sentences that the language can make.
        consistency: share of words in such sentences that agree with the rest of the story.
        order: share of words in sentences at their place, times the share of needed beats told.
        novelty: share of words in sentences whose template was not used before.
        bits: mean information of its choices, in bits; NaN without any.
        ended: True where the last sentence is an ending.
        topic: share of what was asked for that the story tells of.
        world: of the story, or an empty string.
    """

    units: tuple[Unit, ...]
    grammar: float
    consistency: float
    order: float
    novelty: float
    bits: float
    ended: bool
    topic: float
    world: str


def read(text: str, asked: Asked) -> Reading:
    """Read a text as a story that answers a prompt. Takes any text."""
    units = tuple(map(match, split(text)))
    truth = _truth(units)
    good = [unit.template is not None for unit in units]
    agree = [g and a for g, a in zip(good, _agreeing(units, truth), strict=True)]
    last = units[-1].template if units else None
    return Reading(
        units=units,
        grammar=_share(units, good),
        consistency=_share(units, agree),
        order=_share(units, _placed(units)) * _told(units),
        novelty=_share(units, _new(units)),
        bits=_bits(units, truth, asked),
        ended=last is not None and BEATS[last.stage].name == "end",
        topic=_topic(truth, asked),
        world=truth.get("world", ""),
    )


def split(text: str) -> list[str]:
    """Split a text into sentences; white space of any kind counts as one space."""
    text = " ".join(text.split())
    return _SENTENCE_END.split(text) if text else []


@lru_cache(maxsize=4096)
def match(sentence: str) -> Unit:
    """Find the template that made a sentence, and what the sentence says."""
    if SHORTEST <= len(sentence) <= LONGEST:
        for template in _beginning_with(sentence[0]):
            if found := template.pattern.fullmatch(sentence):
                return _unit(sentence, template, found)
    return Unit(sentence, None, MappingProxyType({}), (), ())


@cache
def _beginning_with(letter: str) -> tuple[Template, ...]:
    return tuple(t for t in TEMPLATES if letter in _first_letters(t.parts[0]))


def _first_letters(part: Part) -> set[str]:
    if isinstance(part, str):
        return {part[0]}
    if isinstance(part, Choice):
        return set().union(*(_first_letters(option[0]) for option in part.options))
    return {"A"} if part == Slot("A") else {value[0] for value in slot_values(part.name)}


def _unit(sentence: str, template: Template, found: re.Match[str]) -> Unit:
    facts: dict[str, set[str]] = defaultdict(set)
    if template.world:
        facts["world"].add(template.world)
    nouns = []
    for group, slot in template.slots:
        value = found[group]
        if value is None:
            continue
        if slot in PRONOUNS:
            facts["gender"].add("m" if value == PRONOUNS[slot][0] else "f")
            continue
        if slot in _LOCATED:
            facts["world"].add(_WORLD_OF[slot, value])
        if slot in ("noun", "noun2"):
            nouns.append(value)
            continue
        facts[slot].add(value)
        if slot == "hero":
            facts["gender"].add(GENDER[value])
    bits = [-log2(_chance(choice, found[g])) for g, choice in template.choices if found[g]]
    frozen = MappingProxyType({slot: frozenset(values) for slot, values in facts.items()})
    return Unit(sentence, template, frozen, tuple(nouns), tuple(bits))


def _chance(choice: Choice, text: str) -> float:
    nested = 0.0
    for option, chance in zip(choice.options, choice.chances, strict=True):
        if option == (text,):
            return chance
        nested += chance * any(not isinstance(part, str) for part in option)
    return nested


def _truth(units: tuple[Unit, ...]) -> dict[str, str]:
    """What the story says most often, slot by slot; what it said first, on a tie."""
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for unit in units:
        for slot, values in unit.facts.items():
            votes[slot].update(sorted(values))
    return {slot: counts.most_common(1)[0][0] for slot, counts in votes.items()}


def _agreeing(units: tuple[Unit, ...], truth: dict[str, str]) -> list[bool]:
    told: set[str] = set()
    agreeing = []
    for unit in units:
        template = unit.template
        known = template is not None and template.needs <= told
        same = all(values == {truth[slot]} for slot, values in unit.facts.items())
        agreeing.append(known and same and _two_names(unit))
        if template is not None:
            told.add(BEATS[template.stage].name)
    return agreeing


def _two_names(unit: Unit) -> bool:
    return not unit.facts.get("friend", frozenset()) & unit.facts.get("hero", frozenset())


def _placed(units: tuple[Unit, ...]) -> list[bool]:
    """Say of each sentence whether its beat comes no earlier than the last, and has room for it."""
    placed, stage, used = [], 0, Counter[int]()
    for unit in units:
        if unit.template is None:
            placed.append(False)
            continue
        here = unit.template.stage
        opened = bool(used) or here == 0
        used[here] += 1
        placed.append(opened and here >= stage and used[here] < len(BEATS[here].counts))
        stage = here
    return placed


def _told(units: tuple[Unit, ...]) -> float:
    needed = {i for i, beat in enumerate(BEATS) if beat.counts[0] == 0}
    return len(needed & {unit.template.stage for unit in units if unit.template}) / len(needed)


def _new(units: tuple[Unit, ...]) -> list[bool]:
    seen: set[int] = set()
    new = []
    for unit in units:
        number = unit.template.number if unit.template else None
        new.append(number is not None and number not in seen)
        if number is not None:
            seen.add(number)
    return new


def _topic(truth: dict[str, str], asked: Asked) -> float:
    world = truth.get("world", "")
    met = [world == asked.world if asked.stated else bool(world)]
    met += [truth.get("hero") == asked.hero] if asked.hero else []
    met += [truth.get("role") == asked.role] if asked.role else []
    return sum(met) / len(met)


def _bits(units: tuple[Unit, ...], truth: dict[str, str], asked: Asked) -> float:
    """Mean information of the choices: templates, words, nouns, and each fact once."""
    bits = [
        b for unit in units for b in (*unit.bits, *_scene_bits(unit), *_template_bits(unit, truth))
    ]
    bits += [
        -log2(_fact_chance(slot, value))
        for slot, value in truth.items()
        if slot not in ("world", "gender") and value not in (asked.hero, asked.role)
    ]
    return sum(bits) / len(bits) if bits else math.nan


def _scene_bits(unit: Unit) -> list[float]:
    return [-log2(_rank_chance(BY_NAME[_WORLD_OF["noun", n]].nouns, n)) for n in unit.nouns]


def _template_bits(unit: Unit, truth: dict[str, str]) -> list[float]:
    if unit.template is None:
        return []
    world = unit.template.world or truth.get("world", "village")
    templates, chances = told_by(unit.template.stage, world)
    return [-log2(chances[templates.index(unit.template)])]


def _fact_chance(slot: str, value: str) -> float:
    if slot in ("hero", "friend"):
        return 0.5 * _rank_chance(WOMEN if value in WOMEN else MEN, value)
    if slot == "keep":
        look, _, kind = value.partition(" ")
        return _rank_chance(KEEP_LOOK, look) * _rank_chance(KEEP_KIND, kind)
    if slot in LOCAL:
        return _rank_chance(getattr(BY_NAME[_WORLD_OF[slot, value]], LOCAL[slot]), value)
    return _rank_chance(slot_values(slot), value)


def _rank_chance(values: tuple[str, ...], value: str) -> float:
    return weights(len(values))[values.index(value)]


def _share(units: tuple[Unit, ...], flags: list[bool]) -> float:
    words = [unit.text.count(" ") + 1 for unit in units]
    total = sum(words)
    return sum(n for n, flag in zip(words, flags, strict=True) if flag) / total if total else 0.0
