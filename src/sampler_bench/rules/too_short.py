"""too_short: fewer words than the task asks of any answer."""

from __future__ import annotations

from ..records import Prompt
from ..tasks import Task

FALSE_ALARMS = (0, 604)  # good public stories by 22 models


def check(text: str, prompt: Prompt, task: Task) -> str | None:
    """Say that the text is too short, or None."""
    count = len(text.split())
    return f"{count} words, expected {task.min_words}" if count < task.min_words else None
