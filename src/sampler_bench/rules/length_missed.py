"""length_missed: a length that the prompt asks for is grossly missed.

Understands "500 words", "500-word", "at least 300 words", "under 200 words", "between 300 and 500
words". An answer fails under a third of what was asked, or over three times as long.
"""

from __future__ import annotations

import re

from ..records import Prompt
from ..tasks import Task

FALSE_ALARMS = (0, 604)  # good public stories by 22 models
FACTOR = 3.0
_ASKED = re.compile(
    r"(?P<how>at least|minimum of|at most|under|up to|no more than|fewer than|less than|within)?\s*"
    r"(?:(?P<low>\d[\d,]*)\s*(?:-|–|to|and)\s*)?(?P<high>\d[\d,]*)[\s-]*words?\b",
    re.IGNORECASE,
)
UPPER = ("at most", "under", "up to", "no more than", "fewer than", "less than", "within")


def check(text: str, prompt: Prompt, task: Task) -> str | None:
    """Say by how much the asked-for length is missed, or None."""
    count = len(text.split())
    low, high = asked(prompt.text)
    if task.max_words is not None:
        high = min(high, task.max_words)
    if count * FACTOR < low:
        return f"{count} words, asked for {low:g}"
    return f"{count} words, asked for {high:g}" if count > FACTOR * high else None


def asked(prompt: str) -> tuple[float, float]:
    """(least, most) words that a prompt asks for; (0, infinity) where it asks for none."""
    found = _ASKED.search(prompt)
    if not found:
        return 0.0, float("inf")
    high = float(found["high"].replace(",", ""))
    low = float(found["low"].replace(",", "")) if found["low"] else high
    how = (found["how"] or "").lower()
    if how in ("at least", "minimum of"):
        return low, float("inf")
    return (0.0, high) if how in UPPER else (low, high)
