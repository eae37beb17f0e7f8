"""Which scripts a text is written in. Not a rule itself.

Blocks after the Unicode standard, version 16; letters of rarer scripts count as `other`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from functools import lru_cache

# (first code point, script); a block ends where the next one begins. "" is no script of its own.
_BLOCKS: tuple[tuple[int, str], ...] = (
    (0x0000, "Latin"),
    (0x0250, "other"),
    (0x02B0, ""),
    (0x0370, "Greek"),
    (0x0400, "Cyrillic"),
    (0x0530, "Armenian"),
    (0x0590, "Hebrew"),
    (0x0600, "Arabic"),
    (0x0700, "other"),
    (0x0750, "Arabic"),
    (0x0780, "other"),
    (0x08A0, "Arabic"),
    (0x0900, "Devanagari"),
    (0x0980, "Bengali"),
    (0x0A00, "Gurmukhi"),
    (0x0A80, "Gujarati"),
    (0x0B00, "Oriya"),
    (0x0B80, "Tamil"),
    (0x0C00, "Telugu"),
    (0x0C80, "Kannada"),
    (0x0D00, "Malayalam"),
    (0x0D80, "Sinhala"),
    (0x0E00, "Thai"),
    (0x0E80, "Lao"),
    (0x0F00, "Tibetan"),
    (0x1000, "Myanmar"),
    (0x10A0, "Georgian"),
    (0x1100, "Hangul"),
    (0x1200, "Ethiopic"),
    (0x13A0, "other"),
    (0x1780, "Khmer"),
    (0x1800, "other"),
    (0x1E00, "Latin"),
    (0x1F00, "Greek"),
    (0x2000, ""),
    (0x2C00, "other"),
    (0x2C60, "Latin"),
    (0x2C80, "other"),
    (0x2E80, "Han"),
    (0x3040, "Kana"),
    (0x3100, "Han"),
    (0x3130, "Hangul"),
    (0x3190, "Han"),
    (0x31F0, "Kana"),
    (0x3200, ""),
    (0x3400, "Han"),
    (0xA000, "other"),
    (0xA720, "Latin"),
    (0xA800, "other"),
    (0xAC00, "Hangul"),
    (0xD800, ""),
    (0xF900, "Han"),
    (0xFB00, "Latin"),
    (0xFB13, "other"),
    (0xFB1D, "Hebrew"),
    (0xFB50, "Arabic"),
    (0xFE00, ""),
    (0xFE70, "Arabic"),
    (0xFF00, ""),
    (0xFF21, "Latin"),
    (0xFF66, "Kana"),
    (0xFFA0, "Hangul"),
    (0xFFE0, ""),
    (0x10000, "other"),
    (0x1D400, ""),  # mathematical letters
    (0x1E000, "other"),
    (0x1F000, ""),
    (0x20000, "Han"),
    (0x40000, ""),
)
_STARTS = [first for first, _ in _BLOCKS]


@lru_cache(maxsize=8192)
def script(character: str) -> str:
    """The script of one character; empty for what is no letter."""
    if not character.isalpha():
        return ""
    return _BLOCKS[bisect_right(_STARTS, ord(character)) - 1][1]


def scripts(text: str) -> Counter[str]:
    """How many letters of each script a text has."""
    found: Counter[str] = Counter()
    for character, number in Counter(text).items():
        if name := script(character):
            found[name] += number
    return found
