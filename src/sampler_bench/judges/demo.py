"""The demo judge: a toy grammar check, exact for the demo model's little language.

It reads a text with the recogniser of `tasks._demo` and scores it by the formula stated in
`tasks._demo.scoring`. Free, instant and deterministic. It says nothing about a text of any other
model (a good sentence outside the language counts as wrong) and cannot see sameness between texts.
"""

from __future__ import annotations

import asyncio
from hashlib import sha256
from time import perf_counter

from ..records import Prompt, Score
from ..tasks import Task
from ..tasks._demo import COLOUR_BITS, WEIGHTS, Reading, rate, read, read_prompt
from ..tasks._demo.beats import BEATS
from ..tasks._demo.words import LEXICON
from ..tasks._demo.worlds import WORLDS
from . import Judge, JudgeOptions

PANEL = False


class DemoJudge(Judge):
    """Scores stories of the demo language; a panel of one."""

    def __init__(self) -> None:
        language = repr((BEATS, WORLDS, LEXICON, WEIGHTS, COLOUR_BITS))
        self._identity = f"demo:{sha256(language.encode()).hexdigest()[:10]}"

    @property
    def identities(self) -> tuple[str, ...]:
        return (self._identity,)

    async def check(self) -> str:
        return "demo: a toy grammar check for the demo model; needs no key and costs nothing"

    async def judge(self, identity: str, prompt: Prompt, text: str) -> Score:
        assert identity == self._identity, f"{identity} is not {self._identity}"
        return await asyncio.to_thread(
            self._score, prompt, text
        )  # it computes; servers must not wait

    def _score(self, prompt: Prompt, text: str) -> Score:
        start = perf_counter()
        reading = read(text, read_prompt(prompt.text))
        value, criteria = rate(reading)
        return Score(
            judge=self._identity,
            value=value,
            criteria=tuple(criteria.items()),
            seconds=perf_counter() - start,
            comment=_comment(reading),
        )


def _comment(reading: Reading) -> str:
    wrong = sum(unit.template is None for unit in reading.units)
    ending = "ended" if reading.ended else "not ended"
    world = reading.world or "none"
    return f"{len(reading.units)} sentences, {wrong} ungrammatical; {ending}; world: {world}"


def build(options: JudgeOptions, task: Task) -> Judge:
    """Build the judge. It has no options, and the language itself is its rubric."""
    return DemoJudge()
