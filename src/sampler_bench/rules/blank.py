"""blank: nothing was written, or nothing but white space and invisible characters."""

from __future__ import annotations

from ..records import Prompt
from ..tasks import Task
from ._reading import clean

FALSE_ALARMS = (0, 1209)


def check(text: str, prompt: Prompt, task: Task) -> str | None:
    """Say that the text is blank, or None."""
    visible = any(c.isprintable() and not c.isspace() for c in clean(text))
    return None if visible else "nothing was written"
