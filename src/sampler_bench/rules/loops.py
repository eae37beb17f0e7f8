"""loops: the text repeats itself instead of going on.

Three signs, each measured against good stories: most words stand in repeated runs of eight, a
sentence stands many times, or one character goes on and on.
"""

from __future__ import annotations

import re
from collections import Counter

from ..records import Prompt
from ..tasks import Task
from ._words import trim, words

FALSE_ALARMS = (0, 604)  # good public stories by 22 models
RUN = 8
MOST_REPEATED = 0.3
MOST_SAME_SENTENCES = 0.34
LEAST_SENTENCES = 6
_ONE_CHARACTER = re.compile(r"(\S)\1{59}")
_SENTENCE = re.compile(r"[^.!?\n]+")


def check(text: str, prompt: Prompt, task: Task) -> str | None:
    """Say how the text repeats itself, or None."""
    if _ONE_CHARACTER.search(trim(text)):
        return "one character goes on and on"
    repeated = repeated_share(words(text))
    if repeated > MOST_REPEATED:
        return f"{repeated:.0%} of the text repeats runs of {RUN} words"
    return _same_sentence(text)


def repeated_share(found: list[str]) -> float:
    """Share of the runs of RUN words that occurred before, 0 to 1."""
    runs = Counter(tuple(found[i : i + RUN]) for i in range(len(found) - RUN + 1))
    total = sum(runs.values())
    return (total - len(runs)) / total if total else 0.0


def _same_sentence(text: str) -> str | None:
    sentences = [s.strip().lower() for s in _SENTENCE.findall(trim(text)) if len(s.strip()) > 2]
    if len(sentences) < LEAST_SENTENCES:
        return None
    [(_, count)] = Counter(sentences).most_common(1)
    if count >= LEAST_SENTENCES and count / len(sentences) > MOST_SAME_SENTENCES:
        return f"one sentence stands {count} times"
    return None
