"""Where temperature acts: the engine states it, the live check may know better; one answer."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.double import KOBOLDCPP_1_115, OPENAI_COMPATIBLE, VLLM, Double, LlamaWriter, orders
from support.double.quirks import Quirks

from sampler_bench.engines import ServerInfo
from sampler_bench.errors import EngineError
from sampler_bench.exports.guide_yaml import source_of, write_best
from sampler_bench.posterior.frame import frame_of
from sampler_bench.reports.terminal import report
from sampler_bench.spec import load_study
from sampler_bench.store.sqlite import open_store
from sampler_bench.tuning.events import Event
from sampler_bench.tuning.kept import study_of_kept
from sampler_bench.tuning.order import BY, ORDER, acts_last, decided, seen_in
from sampler_bench.tuning.request import Finished, Request
from sampler_bench.tuning.run import run

STUDY = """
task: demo
judge: demo
search_strategy: random
n_iterations: 1
samples_per_config: 1
seed: 3
engine: ENGINE
sampler_types: [top_p]
parameter_ranges: {top_p: {temperature: [1.5], top_p: [0.3], max_tokens: [24]}}
baseline: "top_p:temperature=1.5,top_p=0.5,max_tokens=24"
test_prompts: [Create a mystery]
"""
KOBOLD_FIRST = replace(KOBOLDCPP_1_115, order=orders.fixed("penalties", "temperature", "top_p"))
LAST = replace(OPENAI_COMPATIBLE, order=orders.fixed(*orders.LLAMACPP))


@pytest.mark.parametrize(
    ("stated", "seen", "order", "by"),
    [
        ("last", [], "last", "as the engine states it; not seen"),
        ("first", ["unknown"], "first", "as the engine states it; not seen"),
        ("last", ["last"], "last", "seen by the live check"),
        ("unknown", ["first", "unknown"], "first", "seen by the live check"),
        ("last", ["first"], "first", "seen by the live check, although last was asked for"),
        ("unknown", ["unknown"], "unknown", "not known; last is assumed"),
        ("", [], "", "not known; last is assumed"),
    ],
)
def test_what_was_seen_counts_before_what_is_stated(
    stated: str, seen: list[str], order: str, by: str
) -> None:
    info = ServerInfo("e", "http://a", details={ORDER: stated} if stated else {})
    found = decided(info, {f"http://{i}": order for i, order in enumerate(seen)})
    assert found.details[ORDER] == order
    assert str(found.details[BY]).startswith(by)
    assert acts_last(found) == (order != "first")


def test_servers_that_differ_are_refused() -> None:
    info = ServerInfo("e", "http://a http://b", details={ORDER: "last"})
    told = r"temperature acts last at http://a and first at http://b.*leave one out"
    with pytest.raises(EngineError, match=told):
        decided(info, {"http://a": "last", "http://b": "first"})


def test_a_note_without_servers_says_nothing() -> None:
    assert seen_in(None) == seen_in({}) == {}
    assert seen_in({"servers": [{"url": "u", "order": "last"}]}) == {"u": "last"}


async def searched(folder: Path, quirks: Quirks, engine: str, writer: LlamaWriter) -> Finished:
    study = folder / "study.yaml"
    study.write_text(STUDY.replace("ENGINE", engine))

    def watch(_: Event) -> None:
        return None

    async with Double(quirks, writer) as server:
        spec = load_study(study, None, {"server": [server.url]})
        with open_store(folder) as store:
            request = Request(spec, folder, "s", folder / "s.json", {})
            return await run(request, store, watch, asyncio.Event())


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("quirks", "engine", "order", "by"),
    [
        (VLLM, "vllm", "first", "seen by the live check"),
        (VLLM, "openai-compatible", "first", "seen by the live check"),
        (LAST, "openai-compatible", "last", "seen by the live check"),
        (KOBOLD_FIRST, "koboldcpp", "first", "seen by the live check, although last was asked"),
    ],
    ids=["first", "unknown is first", "unknown is last", "stated wrongly"],
)
async def test_what_was_seen_reaches_search_record_page_and_presets(
    tmp_path: Path, writer: LlamaWriter, quirks: Quirks, engine: str, order: str, by: str
) -> None:
    found = await searched(tmp_path, quirks, engine, writer)
    problem = found.study.problem
    assert problem.temperature_last == (order == "last")
    frame = frame_of(problem.space, problem.temperature_last, problem.features, problem.chain)
    assert frame.temperature_last == (order == "last")
    assert found.study.server[ORDER] == order
    assert str(found.study.server[BY]).startswith(by)
    for document in (found.study.document(), study_of_kept(tmp_path, "s").document):
        told = f"Temperature is applied: {order} ({found.study.server[BY]})"
        assert told in " ".join(report(document).split())
        assert f"Temperature was applied: {order} ({by}" in write_best(document)
        assert source_of(document, None).order == order
        kept = json.loads(document.model_dump_json())["search_metadata"]["server"]
        assert kept[ORDER] == order
