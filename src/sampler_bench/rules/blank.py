"""blank: nothing was written, or nothing but white space and invisible characters."""

from __future__ import annotations

from ..records import Prompt
from ..tasks import Task

FALSE_ALARMS = (0, 604)  # good public stories by 22 models


def check(text: str, prompt: Prompt, task: Task) -> str | None:
    """Say that the text is blank, or None."""
    visible = any(character.isprintable() and not character.isspace() for character in text)
    return None if visible else "nothing was written"
