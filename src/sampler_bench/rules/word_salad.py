"""word_salad: no sentences, or no words: what heat without truncation writes.

The text is read in windows of 40 words; a window is bad where too many words have letter sequences
that real stories never have, where articles stand before words that no article precedes ("the of"),
or where English is asked for and function words are missing. A text fails where too many of its
windows are bad. Texts in other languages than English are judged by letters only where they share
the alphabet; whether the alphabet is right is the rule wrong_script's.
"""

from __future__ import annotations

from itertools import pairwise

from ..records import Prompt
from ..tasks import Task
from ._words import (
    AFTER_NO_DETERMINER,
    DETERMINERS,
    FUNCTION_WORDS,
    is_english,
    plausible,
    trim,
    words,
)

FALSE_ALARMS = (2, 604)  # good public stories by 22 models
WINDOW = 40
MOST_ODD_WORDS = 0.15
MOST_BAD_PAIRS = 0.03
LEAST_FUNCTION_WORDS = 0.15
MOST_BAD_WINDOWS = 0.25
LEAST_LETTERS = 0.5


def check(text: str, prompt: Prompt, task: Task) -> str | None:
    """Say why the text is no prose, or None."""
    found = words(text)
    shown = [character for character in trim(text) if not character.isspace()]
    if shown and sum(map(str.isalpha, shown)) < LEAST_LETTERS * len(shown):
        return "mostly signs, not words"
    if not is_english(prompt.text) or len(found) < WINDOW // 2:
        return None
    windows = [found[i : i + WINDOW] for i in range(0, max(1, len(found) - WINDOW // 2), WINDOW)]
    bad = [reason for window in windows if (reason := _wrong(window))]
    if len(bad) > MOST_BAD_WINDOWS * len(windows):
        return f"{len(bad)} of {len(windows)} passages are no prose: {bad[0]}"
    return None


def _wrong(window: list[str]) -> str | None:
    odd = [word for word in window if not plausible(word)]
    if len(odd) > MOST_ODD_WORDS * len(window):
        return f"words like {odd[0][:20]!r}"
    bad = [f"{a} {b}" for a, b in pairwise(window) if a in DETERMINERS and b in AFTER_NO_DETERMINER]
    if len(bad) > MOST_BAD_PAIRS * len(window):
        return f"phrases like {bad[0]!r}"
    if sum(word in FUNCTION_WORDS for word in window) < LEAST_FUNCTION_WORDS * len(window):
        return "hardly any of the small words that hold sentences together"
    return None
