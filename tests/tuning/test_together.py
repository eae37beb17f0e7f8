"""Knobs that do not go together, or in an order that nobody knows: told before texts are spent."""

from __future__ import annotations

from typing import Any

import pytest
from support.double import LLAMACPP, CannedWriter, Double

from sampler_bench.engines import EngineOptions, llamacpp
from sampler_bench.plugins import find
from sampler_bench.reports._document import LiveCheckResult
from sampler_bench.samplers import Listed, SamplerSpace, Space
from sampler_bench.tuning.events import Event, Warned
from sampler_bench.tuning.knobs import ORDER_UNKNOWN, ROUGHLY, KnobCheck, to_mind


@pytest.mark.anyio
async def test_knobs_that_do_not_go_together_are_told_and_kept() -> None:
    """llama.cpp's typical_p hardly cuts after top_n_sigma, whatever either of them does alone."""
    told: list[Event] = []
    knobs = ("top_n_sigma", Listed((1, 2))), ("typical_p", Listed((0.6, 0.9)))
    both = SamplerSpace("top_n_sigma+typical_p", knobs)
    alone = [SamplerSpace(name, (knob,)) for knob in knobs for name in (knob[0],)]
    told_of = {}
    async with (
        Double(LLAMACPP, CannedWriter()) as server,
        find("engines", "llamacpp").build(EngineOptions(server=server.url)) as engine,
    ):
        for name, parts in (("both", (both,)), ("alone", tuple(alone))):
            told.clear()
            note = await KnobCheck(Space(parts), None, True, told.append).begin(engine, None)
            said = [event.message for event in told if isinstance(event, Warned)]
            told_of[name] = [text for text in said if "hardly cuts" in text], note
    sentence = llamacpp.TOGETHER["top_n_sigma+typical_p"]
    assert "Do not combine them" in sentence
    assert told_of["both"][0] == [f"top_n_sigma+typical_p on {server.url}: {sentence}"]
    assert told_of["alone"][0] == []
    kept: Any = told_of["both"][1]
    assert kept["servers"][0]["minded"] == [f"top_n_sigma+typical_p: {sentence}"]
    read = LiveCheckResult.model_validate(kept)
    assert read.servers[0].minded == kept["servers"][0]["minded"]


def test_a_baseline_counts_and_an_unknown_order_is_said_where_it_matters() -> None:
    unknown, known = find("engines", "openai-compatible").DIALECT, find("engines", "vllm").DIALECT
    two, one = [{"min_p", "top_p"}, set()], [{"min_p"}, {"top_p"}]
    assert to_mind(unknown, two) == {ORDER_UNKNOWN: ["min_p+top_p"]}
    assert to_mind(unknown, [set(), {"min_p", "top_p"}]) == {ORDER_UNKNOWN: ["min_p+top_p"]}
    assert to_mind(unknown, one) == to_mind(known, two) == {}
    three = [{"top_k", "top_p", "min_p"}]
    assert to_mind(find("engines", "sglang").DIALECT, three) == {ROUGHLY: ["top_k+top_p+min_p"]}
