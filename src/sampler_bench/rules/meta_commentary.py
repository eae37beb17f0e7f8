"""meta_commentary: talks about itself or the task instead of writing.

"Let me know if you need changes", "Word count: 350", "Here is a story", "As an AI ...": a line of
it before or after a story is a habit that judges forgive; a failure is a text of which it is a
third. Sentences count whole, inside quotation marks they do not count. Our lists are English.
"""

from __future__ import annotations

import re

from ..records import Prompt
from ..tasks import Task
from ._reading import clean

FALSE_ALARMS = (0, 1209)

MOST_META = 1 / 3
_SIGNS = (
    r"\bas an AI\b(?! (?:opened|looked|walked))|\bAI language model\b",
    r"\bas a (?:large )?language model\b",
    r"\bmy (?:training data|knowledge cutoff|programming as an)\b",
    r"\b(?:please )?(?:let me know|tell me|feel free)\b.{0,80}"
    r"\b(?:if|what|whether|how|to|your|which)\b",
    r"\b(?:would|do) you (?:like|want) me to\b|\bshall I (?:continue|go on|proceed)\b",
    r"\bI (?:hope|trust) (?:that )?(?:you (?:enjoy|like)|this (?:helps|meets|story|satisf|works))",
    r"\b(?:word|character) (?:count|limit)\b|\b\d{2,5}(?:\s*[-–]\s*\d{2,5})? words\b",
    r"^\W*(?:sure|certainly|of course|absolutely|okay|here(?:'s| is| are| goes))\b.{0,120}"
    r"\b(?:story|stories|narrative|tale|scene|chapter|poem|version|response|draft|example|option)"
    r"s?\b",
    r"\bI(?:'ve| have)? (?:written|aimed|tried|attempted|made|revised|adjusted|kept|used|included)"
    r"\b.{0,80}\b(?:story|prompt|count|request|instructions?|requirements?|length|draft|words)\b",
    r"\b(?:this|the|your) (?:prompt|assignment|writing (?:task|prompt|exercise|challenge))\b",
    r"\b(?:the|this) (?:short )?(?:story|piece|narrative) (?:is (?:complete|now|about)|ends here|"
    r"concludes|meets|explores|follows|captures|adheres|should (?:be|have|include))\b",
    r"\b(?:revise|rewrite|edit|tweak|change|adjust|expand|shorten|improve) (?:it|this|the|any)\b"
    r".{0,40}\b(?:story|draft|text|piece|further|length|parts?)\b",
    r"\b(?:need|make|want|like|have) any (?:further )?(?:changes|revisions|adjustments|feedback|"
    r"edits|questions|modifications|refinements)\b",
    r"^\W*(?:note|word count|notes?|disclaimer|end of (?:story|response)|final answer)\b\W*(?::|$)",
    r"^\W*(?:best regards|kind regards|sincerely|\[your name\]|thank you for (?:your|the))",
    r"\b(?:do not|don't) (?:write|include|use|exceed|add|go over)\b.{0,40}"
    r"\b(?:word|words|limit|text)\b",
)
_META = re.compile("|".join(f"(?:{sign})" for sign in _SIGNS), re.IGNORECASE)
_QUOTED = re.compile(r"[\"“][^\"”\n]{0,600}[\"”]")
_SENTENCE = re.compile(r"[^.!?\n]{1,1000}[.!?\n]*")


def check(text: str, prompt: Prompt, task: Task) -> str | None:
    """Say how much of the text is about the task, or None."""
    share = meta_share(text)
    return f"{share:.0%} of the text is about the task" if share > MOST_META else None


def meta_share(text: str) -> float:
    """Share of the characters that stand in sentences about the task or the writer, 0 to 1."""
    plain = _QUOTED.sub(" ", clean(text).replace("’", "'"))
    about, all_of_it = 0, 0
    for sentence in _SENTENCE.findall(plain):
        length = len(sentence.strip())
        all_of_it += length
        about += length if _META.search(sentence) else 0
    return about / all_of_it if all_of_it else 0.0
