"""The live check on the built-in server: what it honours is found, cheaply."""

import asyncio
import json
from pathlib import Path
from typing import get_args

import pytest
from support.cli import run
from support.double import TABBYAPI, Double, LlamaWriter

from sampler_bench.checks import By, check
from sampler_bench.cli.check import BRIEF
from sampler_bench.engines import EngineOptions
from sampler_bench.engines._dialect import Spoken
from sampler_bench.engines.embedded import DIALECT, build

pytestmark = pytest.mark.anyio


async def test_the_built_in_server_honours_every_knob_that_it_speaks():
    async with build(EngineOptions()) as engine:
        report = await check(engine)
    spoken = {name for name, word in DIALECT.words.items() if isinstance(word, Spoken)}
    found = {finding.knob: finding.says for finding in report.findings}
    assert {k for k, says in found.items() if says == "honoured"} == spoken
    assert {k for k, says in found.items() if says != "honoured"} == set(DIALECT.words) - spoken
    assert report.seed.says == "honoured"
    assert report.requests < 150
    assert all(f.false_honoured < 0.05 for f in report.findings)


async def test_only_the_asked_knobs_cost_requests():
    async with build(EngineOptions()) as engine:
        report = await check(engine, ["min_p", "temperature"], thorough=False)
    assert [(f.knob, f.says) for f in report.findings] == [
        ("temperature", "honoured"),
        ("min_p", "honoured"),
    ]
    assert report.requests <= 18


def test_the_command_prints_json_and_its_exit_code_says_whether_all_work(tmp_path):
    code, out, err = run("check", "--samplers", "min_p", "--json", cwd=tmp_path)
    assert code == 0, err
    (report,) = json.loads(out)
    assert {f["knob"]: f["says"] for f in report["findings"]} == {
        "temperature": "honoured",
        "min_p": "honoured",
        "max_tokens": "honoured",
    }
    code, out, err = run("check", "--samplers", "tfs", "--quiet", cwd=tmp_path)
    assert code == 1, err
    assert "not spoken by this engine: tfs" in out


def test_a_server_that_does_not_answer_has_its_own_exit_code(tmp_path):
    code, out, err = run("check", "--server", "http://127.0.0.1:9", cwd=tmp_path)
    assert (code, out) == (3, "")
    assert "nothing answers at http://127.0.0.1:9" in err


async def test_what_told_on_a_server_without_seeds_is_shown(writer: LlamaWriter, tmp_path: Path):
    """Each probe that may tell has its words, also those of servers whose texts do not repeat."""
    assert {by for by in get_args(By) if by} == set(BRIEF)
    async with Double(TABBYAPI, writer) as server:
        words = ("check", "--server", server.url, "--samplers", "xtc", "--quiet")
        code, out, err = await asyncio.to_thread(run, *words, cwd=tmp_path)
    assert code == 0, err
    assert "texts with it are others" in out
