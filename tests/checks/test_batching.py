"""Texts beside others: all of them are waited for, whatever becomes of one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sampler_bench.checks import batching
from sampler_bench.checks._ask import Ask, Sample
from sampler_bench.engines import EngineOptions, embedded
from sampler_bench.errors import EngineError

pytestmark = pytest.mark.anyio


class Crowded(Ask):
    """A server that loses some texts that are written beside others, by their seeds."""

    def __init__(self, lost: dict[int, Exception]) -> None:
        super().__init__(embedded.build(EngineOptions()))
        self.seeded = True
        self.lost = lost
        self.writing = 0

    async def send(self, values: Any, seed: int, *_: Any, **__: Any) -> Sample:
        self.writing += 1
        try:
            await asyncio.sleep(0)
            if self.writing > 1 and seed in self.lost:
                raise self.lost[seed]
            await asyncio.sleep(0.01)
        finally:
            self.writing -= 1
        return Sample(f"text {seed}", ("text",), 1, "stop", "", {}, None)


async def test_texts_that_stay_the_same_are_told() -> None:
    fact = await batching.probe(Crowded({}))
    assert (fact.found, fact.fine) == ("2 texts stayed the same beside others", True)


async def test_a_lost_text_leaves_no_other_running() -> None:
    ask = Crowded({2: EngineError("too little context"), 3: EngineError("the same")})
    fact = await batching.probe(ask)
    assert (fact.found, fact.fine) == ("cannot tell: too little context", False)
    assert ask.writing == 0


async def test_a_defect_beside_lost_texts_is_not_hidden() -> None:
    ask = Crowded({2: EngineError("too little context"), 3: ZeroDivisionError()})
    with pytest.raises(ZeroDivisionError):
        await batching.probe(ask)
    assert ask.writing == 0
