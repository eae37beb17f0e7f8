"""The demo judge scores by the stated formula, and says who it is."""

from __future__ import annotations

from random import Random

import pytest

from sampler_bench import plugins
from sampler_bench.judges import JudgeOptions
from sampler_bench.records import Prompt, Score
from sampler_bench.tasks._demo import WEIGHTS, read_prompt, write

PROMPT = Prompt(0, "Create a mystery")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_it_scores_its_language_and_nothing_else() -> None:
    task = plugins.find("tasks", "demo").build()
    story = write(read_prompt(PROMPT.text), Random(4))
    async with plugins.find("judges", "demo").build(JudgeOptions(), task) as judge:
        (identity,) = judge.identities
        good = await judge.judge(identity, PROMPT, story)
        prose = await judge.judge(identity, PROMPT, "It was a dark and stormy night. Rain fell.")
        assert "demo" in await judge.check()
    assert isinstance(good, Score)
    assert 9.5 < good.value <= 10
    assert dict(good.criteria).keys() == WEIGHTS.keys()
    weighted = sum(WEIGHTS[name] * value for name, value in good.criteria)
    assert weighted == pytest.approx(good.value)
    assert good.cost == 0
    assert (prose.value, prose.comment) == (
        0,
        "2 sentences, 2 ungrammatical; not ended; world: none",
    )


def test_the_rubric_of_the_task_is_that_of_the_judge() -> None:
    task = plugins.find("tasks", "demo").build()
    assert {c.name: c.weight for c in task.rubric} == WEIGHTS
    assert all(read_prompt(prompt).stated for prompt in task.prompts)
