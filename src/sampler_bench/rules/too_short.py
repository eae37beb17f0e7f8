"""too_short: fewer words than the task's `min_words`.

A text that the token limit cut off is not blamed: its shortness is the limit's.
"""

from __future__ import annotations

from ..records import Prompt
from ..tasks import Task
from ._reading import read

FALSE_ALARMS = (0, 1209)


def check(text: str, prompt: Prompt, task: Task) -> str | None:
    """Say that the text is too short, or None."""
    words = len(read(text).words)
    if words >= task.min_words:
        return None
    return f"{words} words, at least {task.min_words} are asked for"


def check_cut_off(text: str, prompt: Prompt, task: Task) -> str | None:
    """Find no fault with a text that the token limit ended."""
    return None
