"""refusal: the model says that it cannot or will not write, and then does not."""

from __future__ import annotations

import re

from ..records import Prompt
from ..tasks import Task

FALSE_ALARMS = (0, 604)  # good public stories by 22 models
LONGEST = 150  # words: who refuses and then writes a story has written a story
_REFUSAL = re.compile(
    r"\b(i(’|'| a)m (sorry|unable|not able)|i (can(no|’|')t|cannot|won(’|')t|will not|must decline)"
    r"|as an ai\b|i am an ai\b|i(’|')d rather not|not (able|comfortable) (to|with))",
    re.IGNORECASE,
)
_ASK = re.compile(
    r"\b(assist|help|fulfil|fulfill|provide|create|write|comply|generate|continue|request|content)",
    re.IGNORECASE,
)


def check(text: str, prompt: Prompt, task: Task) -> str | None:
    """Say that the text is a refusal, or None."""
    if len(text.split()) > LONGEST:
        return None
    opening = text.strip()[:250]
    found = _REFUSAL.search(opening)
    if found is None or found.start() >= 80 or '"' in opening[: found.start()]:
        return None
    asked = _ASK.search(opening[found.start() :])
    return f"it begins: {opening[:60]!r}" if asked else None
