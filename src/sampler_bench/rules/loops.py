"""loops: the text says the same again and again.

Three signs: much of it consists of runs of 8 words that were there before; it ends in one passage
repeated over and over; or one character, or one short piece of a word, goes on without end. Digits
count as equal, so that "Day 43 ... Day 44 ..." is seen through. A refrain, a list or a chorus stays
far below the limits: the most repetitive good story among the calibration texts repeats 0.11 of its
words, texts that judges score below 2.5 repeat 0.55 to 0.9.
Does not see loops in other words ("he smiled ... he grinned ...").
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..records import Prompt
from ..tasks import Task
from ._reading import read

FALSE_ALARMS = (2, 1209)

RUN = 8  # words
MOST_REPEATED = 0.35
FEWEST_WORDS = 40  # of a text, or of its end, before it can be called a loop
FEWEST_TURNS = 4
LETTERS, MARKS = 60, 200  # the same character so many times
LONG_WORD = 60
_SAME_LETTER = re.compile(rf"([^\W\d_])\1{{{LETTERS - 1},}}")
_SAME_MARK = re.compile(rf"(\S)\1{{{MARKS - 1},}}")
_SPACE = re.compile(r"\s+")


def check(text: str, prompt: Prompt, task: Task) -> str | None:
    """Say what is repeated, or None."""
    reading = read(text)
    words = ["0" if word.isdigit() else word for word in reading.words]
    return _one_character(reading.text) or _one_word(words) or _passages(words)


def repeated_share(words: Sequence[str], run: int = RUN) -> float:
    """Share of the words that stand in a run of `run` words that was there before, 0 to 1."""
    seen: set[tuple[str, ...]] = set()
    covered, end = 0, 0
    for i in range(len(words) - run + 1):
        piece = tuple(words[i : i + run])
        if piece in seen:
            covered += i + run - max(i, end)
            end = i + run
        else:
            seen.add(piece)
    return covered / len(words) if words else 0.0


def turns_at_end(words: Sequence[str]) -> tuple[int, int]:
    """Find the passage that a text ends in over and over.

    The prefix function of the reversed text gives the smallest period of each of its ends (Knuth,
    Morris and Pratt 1977), in linear time.

    Returns:
        Words of the longest such end, and words of the passage; (0, 0) where none turns often.
    """
    backwards = words[::-1]
    borders = [0] * len(backwards)
    found = (0, 0)
    for i in range(1, len(backwards)):
        border = borders[i - 1]
        while border and backwards[i] != backwards[border]:
            border = borders[border - 1]
        border += backwards[i] == backwards[border]
        borders[i] = border
        period = i + 1 - border
        if i + 1 >= FEWEST_TURNS * period:
            found = (i + 1, period)
    return found


def _one_character(text: str) -> str | None:
    same = _SAME_LETTER.search(text) or _SAME_MARK.search(_SPACE.sub("", text))
    return f"the character {same[1]!r} {len(same[0])} times in a row" if same else None


def _one_word(words: Sequence[str]) -> str | None:
    for word in words:
        if len(word) >= LONG_WORD:
            pieces = {word[i : i + 3] for i in range(len(word) - 2)}
            if len(pieces) < len(word) / 3:
                return f"a word of {len(word)} letters that repeats {word[:12]!r}"
    return None


def _passages(words: Sequence[str]) -> str | None:
    if len(words) < FEWEST_WORDS:
        return None
    length, period = turns_at_end(words)
    if length >= FEWEST_WORDS:
        return f"ends in one passage of {period} words {length // period} times"
    share = repeated_share(words)
    return (
        f"{share:.0%} of the words repeat what was there before" if share > MOST_REPEATED else None
    )
