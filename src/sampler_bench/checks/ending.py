"""Does a text end by itself, or is it cut off? Does the model think aloud although it must not?

One greedy answer to a question whose answer is one word. A text that runs on to the limit has no
end: a missing chat template, a banned end token, or a model that cannot. Thoughts are what the
server sets apart, or what is marked as thoughts in the text (`engines._thoughts`), or tokens that
were counted and never shown.

Error rates: none by chance, the answer is greedy; a small model may run on for reasons of its own.
"""

from __future__ import annotations

from ..engines._answer import CUT, NEARLY
from ..engines._thoughts import hides, split_thoughts
from ..records import Prompt
from ._ask import Ask, Sample
from ._findings import Fact

QUESTION = Prompt(0, "Reply with the word OK and nothing else.")
LONGEST = 256


async def probe(ask: Ask) -> list[Fact]:
    """Look at one short answer."""
    context = ask.engine.info.context if ask.engine.info else 0
    limit = min(LONGEST, context // 2) if context else LONGEST
    sample = await ask.send({"temperature": 0.0}, 1, limit, prompt=QUESTION)
    return [_end(sample, limit), _thinking(sample)]


def _end(sample: Sample, limit: int) -> Fact:
    if sample.finish in CUT and sample.tokens < NEARLY * limit:
        return Fact(
            "end of text",
            f"cut off after {sample.tokens} tokens where {limit} were allowed: the server has a "
            "limit of its own, whatever max_tokens says",
            fine=False,
        )
    if sample.finish in CUT:
        return Fact(
            "end of text",
            f"not reached within {limit} tokens of an answer that is one word; is the chat "
            "template the model's own, and may texts end there?",
            fine=False,
        )
    return Fact("end of text", f"reached after {sample.tokens} tokens")


def _thinking(sample: Sample) -> Fact:
    told = sample.thoughts or split_thoughts(sample.text)[0]
    if told:
        return Fact(
            "thinking",
            f"the model thinks aloud ({len(told)} characters for one word); thoughts are kept "
            "apart, but they cost time and tokens",
            fine=False,
        )
    if hides(sample.text, sample.tokens):
        return Fact("thinking", f"{sample.tokens} tokens were counted for a short text", fine=False)
    return Fact("thinking", "none seen")
