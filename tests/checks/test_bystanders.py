"""What acts on every text although nobody searches it: found on servers that say nothing of it."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import pytest
from support import double
from support.double import OPENROUTER_NARROW, USUAL, Double, LlamaWriter, Quirks
from support.loopback import Reply, Request, as_json
from support.plain_servers import MODEL, PlainServer, talking

from sampler_bench.checks import Fact, bystanders, check
from sampler_bench.checks._ask import Ask
from sampler_bench.engines import EngineOptions
from sampler_bench.plugins import find

pytestmark = pytest.mark.anyio
ACTS = ("honoured", "honoured differently", "clamped")
DO_NOT_KNOW = {
    "APHRODITE_V2": ["typical_p, top_n_sigma"],
    "KOBOLDCPP_1_76": ["top_n_sigma"],
    "OLLAMA_2025": ["typical_p"],
    "OPENAI_COMPATIBLE_BARE": ["top_k, min_p"],
}


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


async def facts(quirks: Quirks, writer: LlamaWriter) -> tuple[list[Fact], int]:
    """What is said of a double's bystanders, and what asking for it cost."""
    ranges = {"temperature": (0.6, 1.3), "top_p": (0.8, 0.99)}
    model = "demo-q8_0" if quirks.engine in ("openai", "openrouter") else ""
    async with Double(quirks, writer) as server:
        options = EngineOptions(server=server.url, model=model, max_retries=1)
        async with find("engines", quirks.engine).build(options) as built:
            alone = await check(built, ranges, ranges, thorough=False)
            report = await check(built, ranges, ranges, thorough=False, beside=True)
    told = [fact for fact in report.facts if fact.what in ("forced", "unheard")]
    return told, report.requests - alone.requests


@pytest.mark.parametrize("name", [n for n in double.servers.__all__ if "FORCING" not in n])
async def test_no_server_is_warned_of_that_only_does_not_know_a_knob(
    writer: LlamaWriter, name: str
) -> None:
    quirks: Quirks = getattr(double, name)
    told, cost = await facts(quirks, writer)
    assert [fact.found for fact in told if not fact.fine] == []
    found = [fact.found.removeprefix("the server does not act on ") for fact in told]
    assert [one.partition(", not searched")[0] for one in found] == DO_NOT_KNOW.get(name, [])
    assert cost == 0 or quirks.engine not in ("openai", "openrouter")


async def test_a_knob_that_the_engine_cannot_say_now_is_not_asked_for(writer: LlamaWriter) -> None:
    """No provider of the model keeps min_p: even where texts may cost something."""
    async with Double(OPENROUTER_NARROW, writer) as server:
        options = EngineOptions(server=server.url, model="demo-q8_0", max_retries=1)
        async with find("engines", "openrouter").build(options) as built:
            built.costs = False
            await built.check()
            ask = Ask(built)
            ask.seeded = True
            assert await bystanders.facts(ask, ["temperature", "top_p"]) == []
            asked = [request.body for request in server.requests if server.writes(request)]
    assert sum(body["top_k"] == 1 for body in asked) == 2
    assert not any("min_p" in body for body in asked)


@pytest.mark.parametrize(
    ("reply", "times"),
    [
        (as_json({"error": "CUDA assert"}, 500), 2),  # tried again once, as every text is
        (as_json({"error": "invalid top_k"}, 400), 1),
        (as_json({"error": "who are you?"}, 401), 1),
        (Reply(end="hang"), 2),
        (Reply(end="cut"), 2),
    ],
    ids=["fails", "refuses", "turns away", "is silent", "breaks off"],
)
async def test_no_answer_to_a_bystander_ends_a_check(reply: Reply, times: int) -> None:
    plain, asked = PlainServer("openai-compatible"), list[object]()

    def answer(request: Request) -> Reply | Awaitable[Reply]:
        if isinstance(request.body, dict) and request.body.get("top_k") == 1:
            asked.append(request.body)
            return reply
        return plain.answer(request)

    options = EngineOptions(
        model=MODEL, max_retries=1, first_wait_seconds=0.01, timeout_seconds=1.5
    )
    async with talking("openai-compatible", options, answer) as (engine, _):
        await engine.check()
        report = await check(engine, ["temperature"], thorough=False, beside=True)
    assert len(asked) == times
    assert not any("top_k" in fact.found for fact in report.facts)
