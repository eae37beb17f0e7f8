"""A text as its words and marks: read once, used by most rules. Not a rule itself.

Takes time linear in the text, whatever is in it: terminal codes, control and direction characters
are dropped before anything is counted. Words of scripts that are written without spaces (Chinese,
Japanese) are counted by the character; Thai, Khmer and the like by what stands between spaces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)?|.)?", re.S)
INVISIBLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5"
    r"\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0"
    r"\ufff9-\ufffb\ud800-\udfff]"
)
_SINGLE = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_MARKS = (
    r"\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f"
    r"\u0981-\u0983\u09bc-\u09cd\u0a01-\u0a4d\u0a81-\u0acd\u0b01-\u0b4d\u0b82-\u0bcd\u0c00-\u0c4d"
    r"\u0c81-\u0ccd\u0d00-\u0d4d\u0dca-\u0ddf\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u102b-\u103e"
    r"\u17b6-\u17d3"
)
_LETTER = rf"(?:(?![{_SINGLE}])[^\W\d_]|[{_MARKS}])"
TOKEN = re.compile(
    rf"[{_SINGLE}]|{_LETTER}+(?:['’]{_LETTER}+)*|\d+|[^\w\s]|\n+"  # words, numbers, marks, lines
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A cleaned text.

    Attributes:
        text: without terminal codes and invisible characters.
        tokens: words, numbers, single marks and runs of line breaks, in order.
        words: the words and numbers alone, in lower case, apostrophes straight.
    """

    text: str
    tokens: tuple[str, ...]
    words: tuple[str, ...]


def clean(text: str) -> str:
    """Drop terminal codes, control and invisible characters; line ends become line feeds."""
    if text.isascii() and text.isprintable():
        return text
    plain = TERMINAL.sub("", text) if "\x1b" in text else text
    return INVISIBLE.sub("", plain.replace("\r\n", "\n").replace("\r", "\n"))


@lru_cache(maxsize=16)
def read(text: str) -> Reading:
    """Read a text. The last few readings are kept, because many parts ask for the same one."""
    plain = clean(text)
    tokens = tuple(TOKEN.findall(plain))
    words = tuple(t.lower().replace("’", "'") for t in tokens if t[0].isalnum())
    return Reading(plain, tokens, words)
