"""WHAT FAILS: rules that find a bad text for free, before any judge sees it.

A rule's file offers `check(text, prompt, task) -> str | None` (what is wrong in one phrase, or
None) and `FALSE_ALARMS`, (alarms, texts) counted on good texts by `tools/calibrate_rules.py`.
The file's name is the reason stored with a `Failure`.
"""

from __future__ import annotations

from ..plugins import find
from ..records import Completion, Failure, Prompt
from ..tasks import Task


def look(completion: Completion, prompt: Prompt, task: Task) -> Failure | None:
    """Return the first failure that the task's rules find in a text, in the task's order."""
    if task.cut_off_fails and completion.cut_off:
        return Failure("cut_off", "ended by the token limit")
    for name in task.rules:
        if problem := find("rules", name).check(completion.text, prompt, task):
            return Failure(name.replace("-", "_"), problem)
    return None
