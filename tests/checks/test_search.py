"""A search does not trust its server: it probes first, keeps what it saw, refuses what is dead."""

from __future__ import annotations

import json
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from support.cli import command
from support.double import (
    KOBOLDCPP_1_76,
    KOBOLDCPP_FORCING,
    MLX_LM,
    TABBYAPI_FORCING,
    CannedWriter,
    Double,
    LlamaWriter,
)

from sampler_bench.engines import EngineOptions, mlx_lm
from sampler_bench.plugins import find
from sampler_bench.samplers import Listed, SamplerSpace, Space
from sampler_bench.store.sqlite import open_store
from sampler_bench.tuning.events import Event, Warned
from sampler_bench.tuning.knobs import KnobCheck

pytestmark = pytest.mark.anyio
STUDY = """
search_strategy: random
n_iterations: 1
samples_per_config: 1
judge: demo
task: demo
test_prompts: [Create a mystery]
sampler_types: [top_n_sigma, min_p]
parameter_ranges:
  min_p: {temperature: [1.0], min_p: [0.05, 0.1], max_tokens: [40]}
  top_n_sigma: {temperature: [1.0], top_n_sigma: [1.0, 2.0], max_tokens: [40]}
"""


async def test_a_search_over_a_dead_knob_is_refused_or_says_so_for_ever(
    writer: LlamaWriter, tmp_path: Path
) -> None:
    (tmp_path / "study.yaml").write_text(STUDY)
    async with Double(KOBOLDCPP_1_76, writer) as server:
        words = ("search", "--config", "study.yaml", "--server", server.url, "--study", "s")
        code, out, err = await command(tmp_path, *words)
        assert (code, out) == (2, "")
        assert "top_n_sigma does nothing on koboldcpp at" in err
        assert "take it out of the space" in err
        assert "or go on all the same with --allow-unverified" in err
        assert not list((tmp_path / "results").glob("*.json"))
        code, out, err = await command(tmp_path, *words, "--allow-unverified")
        assert code == 0, err
        assert "UNVERIFIED: the server ignores top_n_sigma" in out
        assert "min_p" in out.partition("Act as they should:")[2].partition("\n")[0]
        code, out, err = await command(tmp_path, "analyze", "--study", "s")
        assert "UNVERIFIED: the server ignores top_n_sigma" in out, err
        texts = len(server.applied)
        code, out, err = await command(tmp_path, "search", "--resume", "s")
        assert code == 0, err
        assert "UNVERIFIED: the server ignores top_n_sigma" in out
        assert len(server.applied) == texts + 1  # the first short text of every run
    document: Any = json.loads(next((tmp_path / "results").glob("hyper*.json")).read_text())
    assert document["knobs"]["allowed_unverified"] is True
    (checked,) = document["knobs"]["servers"]
    found = {finding["knob"]: finding["says"] for finding in checked["findings"]}
    assert found == {"min_p": "honoured", "top_n_sigma": "ignored"}


async def test_what_was_found_is_kept_with_the_study(writer: LlamaWriter, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(STUDY)
    async with Double(KOBOLDCPP_1_76, writer) as server:
        words = ("--server", server.url, "--samplers", "min_p", "--study", "s", "--quiet")
        code, out, err = await command(tmp_path, "search", "--config", "study.yaml", *words)
    assert code == 0, err
    assert "UNVERIFIED" not in out
    with open_store(tmp_path / "results") as store:
        row = store.study("s")
        assert row is not None
        note: Any = store.note(row.id, "knobs")
    assert note["allowed_unverified"] is False
    assert note["servers"][0]["seed"]["says"] == "honoured"


async def test_what_a_server_forces_is_refused_under_study_and_else_told_for_ever(
    writer: LlamaWriter, tmp_path: Path
) -> None:
    top_p = STUDY.replace("top_n_sigma", "top_p").replace("[1.0, 2.0]", "[0.5, 0.9]")
    (tmp_path / "study.yaml").write_text(top_p)
    forced = "the server forces banned_strings = ['a tapestry of'], min_p = 0.2"
    async with Double(TABBYAPI_FORCING, writer) as server:
        words = ("search", "--config", "study.yaml", "--server", server.url)
        code, out, err = await command(tmp_path, *words, "--study", "refused")
        assert (code, out) == (2, "")
        assert "min_p does nothing on tabbyapi at" in err
        assert "the server says that it forces min_p = 0.2; take it out of the space, or" in err
        assert "or go on all the same with --allow-unverified" in err
        code, out, err = await command(tmp_path, *words, "--study", "s", "--samplers", "top_p")
    assert code == 0, err
    assert f"forced on {server.url}: {forced}" in err
    assert f"FORCED: {forced}, whatever is sent" in out
    assert "UNVERIFIED" not in out
    (file,) = (tmp_path / "results").glob("hyper*.json")
    document: Any = json.loads(file.read_text())
    (checked,) = document["knobs"]["servers"]
    assert {"what": "forced", "found": forced, "fine": False} in checked["facts"]
    page = unescape(file.with_suffix(".html").read_text())
    assert page.count(forced) >= 3  # beside the answer, in the live check, among the limits
    code, out, err = await command(tmp_path, "analyze", "--study", "s")
    assert f"FORCED: {forced}, whatever is sent" in out, err


async def test_what_a_server_forces_unsaid_is_told_for_ever(
    writer: LlamaWriter, tmp_path: Path
) -> None:
    """KoboldCpp's --gendefaultsoverwrite: min_p 0.2 in every text, and it is not searched."""
    heat = STUDY.replace("[top_n_sigma, min_p]", "[temperature]")
    heat = heat.partition("parameter_ranges")[0]
    heat += "parameter_ranges:\n  temperature: {temperature: [0.5, 1.0], max_tokens: [40]}\n"
    (tmp_path / "study.yaml").write_text(heat)
    deaf = "the server does not act on min_p, not searched here"
    async with Double(KOBOLDCPP_FORCING, writer) as server:
        words = ("search", "--config", "study.yaml", "--server", server.url, "--study", "s")
        code, out, err = await command(tmp_path, *words)
    assert code == 0, err
    assert f"unheard on {server.url}: {deaf}" in err
    assert f"UNHEARD: {deaf}: it does not know it, or forces a value of its own" in out
    (file,) = (tmp_path / "results").glob("hyper*.json")
    assert unescape(file.with_suffix(".html").read_text()).count(deaf) >= 3
    code, out, err = await command(tmp_path, "analyze", "--study", "s")
    assert f"UNHEARD: {deaf}" in out, err


async def test_seeds_in_doubt_are_told_at_the_start() -> None:
    told: list[Event] = []
    space = Space((SamplerSpace("temperature", (("temperature", Listed((0.5, 1.0))),)),))
    async with (
        Double(KOBOLDCPP_1_76, CannedWriter(naming=lambda _: "It")) as server,
        find("engines", "koboldcpp").build(EngineOptions(server=server.url)) as engine,
    ):
        await KnobCheck(space, None, True, told.append).begin(engine, None)
    warned = [event.message for event in told if isinstance(event, Warned)]
    seed = f"seed on {server.url}: cannot tell: texts do not vary there, whatever the seed"
    assert seed in warned


@pytest.mark.anyio
async def test_what_a_server_of_its_kind_makes_of_a_knob_is_told_before_texts_are_spent() -> None:
    """mlx-lm caches prompts, which penalties do not see then: no probe of one prompt tells that."""
    told: list[Event] = []
    knobs = ("presence_penalty", Listed((0, 0.5))), ("repetition_penalty", Listed((1, 1.2)))
    space = Space((SamplerSpace("temperature", knobs),))
    async with (
        Double(MLX_LM, CannedWriter()) as server,
        find("engines", "mlx-lm").build(EngineOptions(server=server.url)) as engine,
    ):
        await KnobCheck(space, None, True, told.append).begin(engine, None)
    said = [event.message for event in told if isinstance(event, Warned)]
    assert [text for text in said if "--prompt-cache-size 0" in text] == [
        f"presence_penalty, repetition_penalty on {server.url}: {mlx_lm.CACHED}"
    ]
