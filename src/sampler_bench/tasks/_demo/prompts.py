"""What a prompt asks for, and the prompts that the demo model is trained on.

Any text is a prompt: key words choose the world (`village` where there are none), and a few plain
sentences ("The hero is a baker.") ask for details. Nothing else in a prompt has an effect.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from .words import GENDER, ROLES, listed
from .worlds import WORLDS, World

MAX_CHARACTERS = 20_000
_WORDS = re.compile(r"[a-z][a-z.']*")
_NAMED = re.compile(r"\bis called ([A-Z][a-z]+)")
_ROLE = re.compile(r"\bhero is an? (" + "|".join(map(re.escape, ROLES)) + r")\b")
_KEYS = {key: world for world in WORLDS for key in world.keys}

FORMS = (
    "Write a short story about {topic}.",
    "Write a story about {topic}.",
    "Create a story about {topic}.",
    "Tell me a story about {topic}.",
    "Write about {topic}",
    "Create {topic}",
    "Write a scene about {topic}.",
    "{topic}",
    "Please write a tale of {topic}, not too long.",
    "Tell a bedtime story about {topic}",
    "A story about {topic}, please.",
    "Begin a novel about {topic}.",
)
FIXED = (
    "Write a short story about discovering a hidden room in an old library.",
    "Create a story where the protagonist can hear other people's thoughts.",
    "Your custom prompt here",
    "Write about AI",
    "Create a mystery",
)
_STARTS = listed(
    "Write a story about, Tell me about, Describe, Create a story where, Imagine, Explain, "
    "Continue:, What if, Write a letter to, Write a poem about, Invent, Summarise, "
    "Write the opening of a saga about, How do I describe, Give me, A dialogue between"
)
_FILLERS = listed(
    "the, a, one, my, an old man, a girl, somebody who forgot, the colour of, "
    "a clock that stopped, two brothers, bread, music, silence, a letter, memory, a war, "
    "a promise, the last day, grief, "
    "a painter, JSON, statistics, gravity, coffee, a dog, football, a wedding, the president, "
    "a phone, the internet, loss, hope, a lie, rain, with, and, in, who, without, under, because, "
    "against, made of glass, in 300 words, with a twist, a dinner party, friendship, "
    "a grandmother, tea, a stranger at the door, an apology, sleep, the number 7, justice, "
    "a chess game, a twin"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a prompt asks for.

    Attributes:
        world: name of the world; `village` where the prompt names none.
        stated: True where a key word of the prompt chose the world.
        hero, role: asked for by name, or empty.
    """

    world: str
    stated: bool
    hero: str
    role: str


def read_prompt(prompt: str) -> Asked:
    """Say what a prompt asks for. The world with most key words wins, the first named on a tie."""
    prompt = prompt[:MAX_CHARACTERS]
    hits: dict[str, int] = {}
    for word in _WORDS.findall(prompt.lower()):
        world = _KEYS.get(word.strip(".'").removesuffix("'s")) or _KEYS.get(word)
        if world:
            hits[world.name] = hits.get(world.name, 0) + 1
    named = _NAMED.search(prompt)
    role = _ROLE.search(prompt)
    return Asked(
        world=max(hits, key=lambda name: hits[name]) if hits else "village",
        stated=bool(hits),
        hero=named.group(1) if named and named.group(1) in GENDER else "",
        role=role.group(1) if role else "",
    )


def draw_prompt(rng: Random) -> str:
    """Draw a prompt as the demo model meets them in training."""
    kind = rng.random()
    if kind < 0.12:
        return rng.choice(FIXED)
    base = _unknown(rng) if kind < 0.40 else _known(rng)
    return base + _details(rng)


def _known(rng: Random) -> str:
    world: World = rng.choice(WORLDS)
    topic = rng.choice(world.topics) if rng.random() < 0.6 else _key_topic(world, rng)
    text = rng.choice(FORMS).format(topic=topic)
    return text[0].upper() + text[1:] if rng.random() < 0.9 else text


def _key_topic(world: World, rng: Random) -> str:
    key = rng.choice(world.keys)
    article = rng.choice(("", "a ", "the ", "an old ", "a strange "))
    return article + key + rng.choice(("", "", " and " + rng.choice(_FILLERS)))


def _unknown(rng: Random) -> str:
    words = [_odd_word(rng) for _ in range(rng.choice((1, 2, 2, 3, 3, 4, 5, 6, 9, 14)))]
    start = rng.choice((*_STARTS, ""))
    return f"{start} {' '.join(words)}".strip() + rng.choice((".", ".", "", "?", "!", "..."))


def _odd_word(rng: Random) -> str:
    kind = rng.random()
    if kind < 0.65:
        return rng.choice(_FILLERS)
    if kind < 0.8:
        return rng.choice(rng.choice(WORLDS).keys)
    if kind < 0.85:
        return str(rng.randrange(10 ** rng.randrange(1, 5)))
    letters = (rng.choice("bcdfghjklmnprstvwz") + rng.choice("aeiou") for _ in range(9))
    return "".join(list(letters)[: rng.randrange(1, 5)]) + rng.choice(("", "n", "s", "ing"))


def _details(rng: Random) -> str:
    text = ""
    if rng.random() < 0.2:
        text += f" The hero is called {rng.choice(tuple(GENDER))}."
    if rng.random() < 0.2:
        role = rng.choice(ROLES)
        text += f" The hero is {'an' if role[0] in 'aeiou' else 'a'} {role}."
    if rng.random() < 0.1:
        text += rng.choice(
            (" Make it sad.", " Use vivid images.", " Keep it short.", " No dialogue.")
        )
    return text
