"""length_missed: an asked-for length grossly missed.

The length is read from the prompt ("500 words", "300-400 words", "a 1,000-word story", "at most two
hundred words"); where it names none, the task's `max_words` holds. Grossly: under a third of the
least, or over three times the most, that was asked for. A text that the token limit cut off is not
blamed for being short. Lengths under 30 words ("in three words") and lengths in pages, lines or
sentences are not looked at.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ..records import Prompt
from ..tasks import Task
from ._reading import read

FALSE_ALARMS = (1, 1209)

FACTOR = 3.0
FEWEST = 30
_DIGITS = r"\d{1,3}(?:[,.' ]\d{3})+|\d+"
_ONES = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_VALUES = {
    "a": 1,
    **dict(zip(_ONES.split(), range(1, 20), strict=True)),
    **dict(zip(_TENS.split(), range(20, 100, 10), strict=True)),
}
_SPELLED = rf"(?:\b(?:{'|'.join([*_VALUES, 'hundred', 'thousand', 'and'])})\b[\s-]+){{1,8}}"
_UNIT = r"(?:words?|wörtern?|worte?n?|mots|palabras|parole|palavras|woorden|ord|słów|слов)\b"
_LENGTH = re.compile(
    rf"(?<![\w.])(?:(?P<low>{_DIGITS})(?:\s*(?:-|–|—|to|and|bis|à)\s*(?P<high>{_DIGITS}))?[\s-]*"
    rf"|(?P<spelled>{_SPELLED})){_UNIT}(?P<after>[^.;\n]{{0,12}})",
    re.IGNORECASE,
)
_BOUND = re.compile(
    r"(?P<no>(?:\bno|(?:\bnot|n['’]t|\bnever|\bwithout)(?: [a-z]+){0,2}) )?"
    r"\b(?:(?P<least>at least|minimum(?: of)?)"
    r"|(?P<most>at most|up to|within|exceed(?:ing)?|maximum(?: of)?)"
    r"|(?P<above>(?:more|longer) than|over|above)"
    r"|(?P<below>(?:less|fewer|shorter) than|under|below))$",
    re.I,
)
_OR_MORE = re.compile(r"^\s*(?:or more|minimum|at least)", re.I)
_OR_LESS = re.compile(r"^\s*(?:or (?:less|fewer)|maximum|at most|or under)", re.I)


def check(text: str, prompt: Prompt, task: Task) -> str | None:
    """Say by how much the length is missed, or None."""
    least, most = _wanted(prompt, task)
    words = len(read(text).words)
    if FACTOR * words < least:
        return f"{words} words where {least:g} are asked for"
    return _too_long(words, most)


def check_cut_off(text: str, prompt: Prompt, task: Task) -> str | None:
    """The same for a text that the token limit ended: it can only be too long."""
    return _too_long(len(read(text).words), _wanted(prompt, task)[1])


@lru_cache(maxsize=256)
def asked_length(text: str) -> tuple[float, float] | None:
    """Read (least, most) words from a prompt, 0 and infinity where open; None if it names none."""
    found = [span for m in _LENGTH.finditer(text) if (span := _span(m, text)) is not None]
    if not found:
        return None
    return min(low for low, _ in found), max(high for _, high in found)


def _wanted(prompt: Prompt, task: Task) -> tuple[float, float]:
    named = asked_length(f"{task.instructions}\n{prompt.text}")
    return named or (0.0, task.max_words or float("inf"))


def _too_long(words: int, most: float) -> str | None:
    return f"{words} words where {most:g} are asked for" if words > FACTOR * most else None


def _span(found: re.Match[str], text: str) -> tuple[float, float] | None:
    low = _spelled(found["spelled"]) if found["spelled"] else _number(found["low"])
    high = _number(found["high"]) if found["high"] else low
    if low < FEWEST or high < low:
        return None
    bound = _bound(" ".join(text[max(0, found.start() - 48) : found.start()].split()))
    if bound == "least" or _OR_MORE.search(found["after"]):
        return low, float("inf")
    if bound == "most" or _OR_LESS.search(found["after"]):
        return 0.0, high
    return low, high


def _bound(before: str) -> str:
    """What stands before a number makes of it: `least`, `most` or nothing; a `not` turns it."""
    found = _BOUND.search(before)
    if found is None:
        return ""
    if found["least"] or found["below" if found["no"] else "above"]:
        return "least"
    return "most"


def _number(digits: str) -> float:
    return float(re.sub(r"\D", "", digits))


def _spelled(words: str) -> float:
    total, part = 0, 0
    for word in re.findall(r"[a-z]+", words.lower()):
        if word == "hundred":
            part = max(1, part) * 100
        elif word == "thousand":
            total, part = total + max(1, part) * 1000, 0
        else:
            part += _VALUES.get(word, 0)
    return float(total + part)
