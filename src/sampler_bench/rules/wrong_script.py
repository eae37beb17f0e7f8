"""wrong_script: much of the answer is in another alphabet than the prompt."""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import cache

from ..records import Prompt
from ..tasks import Task
from ._words import trim

FALSE_ALARMS = (0, 604)  # good public stories by 22 models
MOST_FOREIGN = 0.2
TOGETHER = {"HIRAGANA": "CJK", "KATAKANA": "CJK", "HANGUL": "CJK", "BOPOMOFO": "CJK"}


def check(text: str, prompt: Prompt, task: Task) -> str | None:
    """Say which foreign script there is, or None; None where the prompt has no letters."""
    own = {name for name, _ in scripts(prompt.text).items()}
    found = scripts(trim(text))
    foreign = {name: count for name, count in found.items() if name not in own}
    total = sum(found.values())
    if not own or not total or sum(foreign.values()) <= MOST_FOREIGN * total:
        return None
    name = max(foreign, key=lambda script: foreign[script])
    return f"{foreign[name] / total:.0%} of the letters are {name.title()}"


def scripts(text: str) -> Counter[str]:
    """Letters by script, as the first word of their Unicode names."""
    counts: Counter[str] = Counter()
    for character, count in Counter(text).items():
        if character.isalpha():
            counts[_script(character)] += count
    return counts


@cache
def _script(character: str) -> str:
    word = unicodedata.name(character, "UNKNOWN").split()[0]
    return TOGETHER.get(word, word)
