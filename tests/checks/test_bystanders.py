"""What acts on every text although nobody searches it: found on servers that say nothing of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.double import USUAL, Double, LlamaWriter

from sampler_bench.checks import check
from sampler_bench.engines import EngineOptions
from sampler_bench.plugins import find

pytestmark = pytest.mark.anyio
ACTS = ("honoured", "honoured differently", "clamped")


async def beside(
    writer: LlamaWriter, engine: str, searched: str, forced: dict[str, Any]
) -> tuple[list[str], int]:
    """What is told of knobs beside the searched one, and what looking for it cost."""
    quirks = replace(USUAL[engine], forced=forced)
    async with Double(quirks, writer) as server:
        options = EngineOptions(server=server.url, max_retries=1)
        async with find("engines", engine).build(options) as built:
            alone = await check(built, [searched], thorough=False)
            report = await check(built, [searched], thorough=False, beside=True)
    assert {f.says for f in report.findings} <= set(ACTS)
    return [fact.found for fact in report.facts if not fact.fine], report.requests - alone.requests


@pytest.mark.parametrize("engine", ["koboldcpp", "vllm", "tabbyapi"])
async def test_a_cut_that_is_forced_is_told_and_nothing_where_none_is(
    writer: LlamaWriter, engine: str
) -> None:
    """TabbyAPI has no seed: three texts a knob there."""
    assert (await beside(writer, engine, "temperature", {}))[0] == []
    for knob, value in (("min_p", 0.2), ("top_p", 0.9), ("top_k", 40)):
        (told,), cost = await beside(writer, engine, "temperature", {knob: value})
        assert told.startswith(f"the server does not act on {knob}, not searched here")
        assert cost <= 12
    (told,), cost = await beside(writer, engine, "min_p", {"temperature": 0.7})
    assert "not act on temperature," in told


async def test_an_echo_tells_every_knob_and_costs_nothing(writer: LlamaWriter) -> None:
    assert await beside(writer, "llamacpp", "temperature", {}) == ([], 0)
    forced = {"min_p": 0.2, "presence": 0.5, "temperature": 0.7}
    told, cost = await beside(writer, "llamacpp", "top_k", forced)
    found = "the server forces temperature = 0.7, min_p = 0.2, presence_penalty = 0.5"
    assert (told, cost) == ([found], 0)
