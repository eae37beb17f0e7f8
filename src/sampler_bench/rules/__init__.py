"""WHAT FAILS: rules that find a bad text for free, before any judge sees it.

A rule's file offers `check(text, prompt, task) -> str | None` (what is wrong in one phrase, or
None) and `FALSE_ALARMS`, how many good texts it called bad: (called bad, looked at). The file's
name is the reason stored with a `Failure`. Where a text that the token limit ended is to be seen
with other eyes, the file offers `check_cut_off` too.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType

from ..plugins import find
from ..records import Completion, Failure, Prompt
from ..tasks import Task


def look(completion: Completion, prompt: Prompt, task: Task) -> Failure | None:
    """Return the first failure that the task's rules find in a text, in the task's order."""
    if task.cut_off_fails and completion.cut_off:
        return Failure("cut_off", "ended by the token limit")
    for name in task.rules:
        if problem := _problem(_rule(name), completion, prompt, task):
            return Failure(name.replace("-", "_"), problem)
    return None


def _problem(rule: ModuleType, completion: Completion, prompt: Prompt, task: Task) -> str | None:
    check = rule.check
    if completion.cut_off:
        check = getattr(rule, "check_cut_off", check)
    problem: str | None = check(completion.text, prompt, task)
    return problem


@cache
def _rule(name: str) -> ModuleType:
    return find("rules", name)
