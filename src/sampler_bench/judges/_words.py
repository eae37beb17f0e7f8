"""For the offline judge: the words of a text, and how plausible they look. Linear in the text.

`_trigrams.bin` has one bit for each of 28^3 letter trigrams (a to z, start and end of a word, any
other letter): set where public stories by several models use it. Learned numbers, no word list.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

# Longer texts are looked at by their beginning and end only.
MOST_CHARACTERS = 60_000
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_LETTER = {chr(ord("a") + i): i + 1 for i in range(26)}
EDGE, FOREIGN, BASE = 0, 27, 28


_FUNCTION_WORDS = (
    "the a an of to and or but is was were are in on at by for from with as than that it he she "
    "they we i him them us me into would could should had has have be been my your his its our "
    "their every this these those her you not no so if then when who what there which all one out "
    "up down do did will can about over only just like more now some where how said"
)
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())


def trim(text: str) -> str:
    """The part of a text that is looked at."""
    if len(text) <= MOST_CHARACTERS:
        return text
    half = MOST_CHARACTERS // 2
    return f"{text[:half]} {text[-half:]}"


def words(text: str) -> list[str]:
    """The words of a text in lower case; apostrophes stay inside."""
    return [word.lower() for word in _WORD.findall(trim(text))]


def trigrams(word: str) -> list[int]:
    """The numbers of a word's letter trigrams, its edges included."""
    letters = [EDGE, *(_LETTER.get(c, FOREIGN) for c in word if c not in "'’"), EDGE]
    triples = zip(letters, letters[1:], letters[2:], strict=False)
    return [(a * BASE + b) * BASE + c for a, b, c in triples]


@cache
def plausible(word: str) -> bool:
    """Whether every letter trigram of a word occurs in real stories."""
    bits = _bits()
    return all(bits[i >> 3] >> (i & 7) & 1 for i in trigrams(word))


@cache
def _bits() -> bytes:
    return (Path(__file__).parent / "_trigrams.bin").read_bytes()
