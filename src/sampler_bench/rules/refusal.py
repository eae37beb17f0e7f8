"""refusal: the model says that it will not or cannot write.

The sentence has to stand at the beginning, be the model's own (not in quotation marks), and little
may follow it: a story that begins with "I'm sorry, but I can't" goes on, a refusal does not.
"""

from __future__ import annotations

import re

from ..records import Prompt
from ..tasks import Task
from ._reading import read

FALSE_ALARMS = (0, 1209)

MOST_WORDS = 150
OPENING = 240  # characters
_DO = (
    r"(?:write|create|generate|produce|continue|fulfil|assist|help|comply|provide|complete|engage|"
    r"discuss|do that|do this|tell|compose|answer|respond|accommodate|share|offer|make|support)"
)
_SIGNS = (
    r"\bI(?:'m| am) (?:very |really |so |truly )?(?:sorry|afraid)\b[^.!?\n]{0,60}\b(?:can(?:no|')t|"
    r"won't|unable|not able)\b",
    rf"\bI (?:can(?:no|')t|won't|will not|(?:am|'m) (?:unable|not able) to|(?:am|'m) not going to|"
    rf"must (?:respectfully )?decline to|do(?: not|n't) feel comfortable)\b[^.!?\n]{{0,40}}\b{_DO}",
    r"\bI (?:must|have to) (?:respectfully |politely )?(?:decline|refuse)\b",
    r"\bI apologi[sz]e,? but I\b",
    r"\b(?:against|violates?) (?:my|the|our) (?:content |usage |safety )?(?:guidelines|polic)",
    r"\bas an AI\b[^.!?\n]{0,80}\b(?:can(?:no|')t|not able|unable|don't|do not)\b",
    r"\bes tut mir (?:sehr )?leid,? aber ich (?:kann|darf)\b",
    r"\bje suis (?:vraiment )?désolée?,? mais je ne (?:peux|suis)\b",
    r"\blo siento(?: mucho)?,? pero no puedo\b",
    r"\bmi dispiace,? ma non (?:posso|riesco)\b",
    r"\b(?:desculpe|sinto muito|lamento),? mas não posso\b",
    r"(?:抱歉|对不起)[，,]?\s*(?:但)?我(?:无法|不能)",
    r"申し訳(?:ありません|ございません)が",
    r"(?:извините|к сожалению),? (?:но )?я не могу",
)
_REFUSES = re.compile("|".join(_SIGNS), re.IGNORECASE)
_QUOTED = re.compile(r"[\"“«„][^\"”»“]{0,400}[\"”»“]")


def check(text: str, prompt: Prompt, task: Task) -> str | None:
    """Quote the refusal, or None."""
    reading = read(text)
    if len(reading.words) > MOST_WORDS:
        return None
    opening = _QUOTED.sub(" ", reading.text.strip().replace("’", "'"))[:OPENING]
    found = _REFUSES.search(opening)
    return f"refuses: {found[0][:80]!r}" if found else None
