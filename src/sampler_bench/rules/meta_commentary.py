"""meta_commentary: the answer talks about the task instead of doing it.

A line of preamble ("Here is a story:") or a closing remark does no harm; an answer that is mostly
plans, advice or talk about itself is no story.
"""

from __future__ import annotations

import re

from ..records import Prompt
from ..tasks import Task
from ._words import trim

FALSE_ALARMS = (0, 604)  # good public stories by 22 models
MOST_SHARE = 0.34
_META = re.compile(
    r"\b(as an ai|language model|the (prompt|user)\b|word count|this (story|prompt|response) "
    r"(should|must|will|needs)|(your|the) (request|instructions)|let me know if|would you like me"
    r"|i('| wi|’)ll (write|create|craft)|here('|’| i)s (a|the|an|your) (\w+ )?(story|draft|outline)"
    r"|(the|your) story (should|must|needs)|(revise|rewrite|feedback|critique) )",
    re.IGNORECASE,
)


def check(text: str, prompt: Prompt, task: Task) -> str | None:
    """Say that the text is mostly about itself, or None."""
    paragraphs = [part for part in re.split(r"\n+", trim(text)) if part.strip()]
    meta = [part for part in paragraphs if _META.search(part)]
    length = sum(map(len, paragraphs))
    if meta and sum(map(len, meta)) > MOST_SHARE * length:
        return f"it talks about the task: {meta[0].strip()[:60]!r}"
    return None
