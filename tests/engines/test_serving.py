"""Serving a model: started, found again, refused a port, stopped; no process is left behind."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import httpx2
import psutil
import pytest
from support.hub import Hub
from support.plain_servers import PlainServer

from sampler_bench.engines._download import Source
from sampler_bench.engines._koboldcpp_program import find_koboldcpp
from sampler_bench.engines._ports import port_in_use
from sampler_bench.engines._serving import Plan, _say_lines, serving
from sampler_bench.errors import EngineError

FAKE = Path(__file__).parents[1] / "support" / "fake_koboldcpp.py"
KOBOLD = {"KOBOLDCPP": str(FAKE)}
NONE: Mapping[str, str] = {"PATH": ""}

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


def free_port() -> int:
    """One that no system lends to others, so that it is nobody's after its server has ended."""
    return next(p for p in iter(lambda: random.randrange(20_000, 30_000), 0) if not port_in_use(p))


@pytest.fixture
def plan(tiny_gguf: Path, tmp_path: Path) -> Plan:
    log = tmp_path / "koboldcpp.log"
    return Plan("guide-model", tiny_gguf, port=free_port(), slots=2, context=512, log=log)


@pytest.mark.anyio
async def test_the_built_in_server_serves_on_its_port(plan: Plan) -> None:
    said: list[str] = []
    async with serving(plan, said.append, NONE) as served:
        assert served.info.url == f"http://127.0.0.1:{plan.port}"
        assert (served.engine, served.info.model) == ("llamacpp", "guide-model")
        assert (served.info.slots, served.info.context) == (2, 512)
        assert httpx2.get(f"{served.info.url}/health").status_code == 200
    assert "KoboldCpp was not found, so the built-in llama.cpp serves" in said[0]
    assert said[-1].startswith("Loading complete: guide-model answers at http://127.0.0.1:")
    assert not port_in_use(plan.port)
    assert plan.log is not None
    assert plan.log.exists()


@pytest.mark.anyio
@pytest.mark.parametrize("how", ["variable", "option", "path"])
async def test_koboldcpp_is_found_and_serves(plan: Plan, how: str, tmp_path: Path) -> None:
    environment: Mapping[str, str] = KOBOLD if how == "variable" else NONE
    if how == "option":
        plan = replace(plan, koboldcpp=FAKE)
    if how == "path":
        program = tmp_path / "koboldcpp"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {FAKE} "$@"\n')
        program.chmod(0o755)
        environment = {"PATH": str(tmp_path)}
    said: list[str] = []
    async with serving(plan, said.append, environment) as served:
        assert served.engine == "koboldcpp"
        assert served.info.model == "koboldcpp/tiny"
        assert served.info.context == 512
    assert said[-1].startswith("Loading complete: koboldcpp/tiny answers at")
    assert not port_in_use(plan.port)
    assert plan.log is not None
    assert "quiet=True" in plan.log.read_text()


def test_a_koboldcpp_that_is_not_there_is_named() -> None:
    assert find_koboldcpp(None, NONE) is None
    with pytest.raises(EngineError, match=r"no such file.*releases page"):
        find_koboldcpp(Path("/no/koboldcpp"), NONE)


@pytest.mark.anyio
async def test_koboldcpp_by_name_is_not_replaced_silently(plan: Plan) -> None:
    words = "KoboldCpp was not found.*releases page.*--engine llamacpp"
    with pytest.raises(EngineError, match=words):
        async with serving(replace(plan, engine="koboldcpp"), print, NONE):
            pass


@pytest.mark.anyio
@pytest.mark.parametrize("environment", [NONE, KOBOLD], ids=["built-in", "koboldcpp"])
async def test_the_same_model_is_reused(plan: Plan, environment: Mapping[str, str]) -> None:
    said: list[str] = []
    async with serving(plan, print, environment):
        async with serving(plan, said.append, environment) as again:
            assert again.process is None
            assert await again.ended() == 0
        assert port_in_use(plan.port)  # the second left the first alone
    assert "is served at" in said[-1]


@pytest.mark.anyio
async def test_another_model_on_the_port_is_named(plan: Plan, tmp_path: Path) -> None:
    other = tmp_path / "other.gguf"
    assert plan.gguf is not None
    shutil.copy(plan.gguf, other)
    async with serving(plan, print, NONE):
        words = r"port \d+: the port is taken by .*, which serves guide-model with llamacpp; stop"
        with pytest.raises(EngineError, match=words):
            async with serving(replace(plan, name="other", gguf=other), print, NONE):
                pass


@pytest.mark.anyio
async def test_nothing_is_downloaded_for_a_port_that_is_taken(plan: Plan) -> None:
    nowhere = Source("owner/name", "tiny.gguf", endpoint="http://127.0.0.1:9")
    wanted = replace(plan, gguf=None, source=nowhere)
    said: list[str] = []
    async with serving(plan, print, NONE):
        async with serving(wanted, said.append, NONE) as again:
            assert again.process is None
        with pytest.raises(EngineError, match="the port is taken by"):
            async with serving(replace(wanted, name="another"), print, NONE):
                pass
    assert "is served at" in said[-1]


@pytest.mark.anyio
async def test_a_stranger_on_the_port_is_named(plan: Plan) -> None:
    async with PlainServer("something-else", fault=lambda _: None).start(plan.port):
        with pytest.raises(EngineError, match=rf"taken by this very process \({os.getpid()}\)"):
            async with serving(plan, print, NONE):
                pass


@pytest.mark.anyio
async def test_a_server_that_dies_while_loading_is_quoted(plan: Plan, tmp_path: Path) -> None:
    dies = tmp_path / "dies.gguf"
    assert plan.gguf is not None
    shutil.copy(plan.gguf, dies)
    with pytest.raises(EngineError, match=r"ended with exit code 3; it said last: .*out of memory"):
        async with serving(replace(plan, gguf=dies), print, KOBOLD):
            pass


@pytest.mark.anyio
async def test_a_model_without_a_file_is_refused() -> None:
    with pytest.raises(EngineError, match="names neither a file"):
        async with serving(Plan("nothing"), print, NONE):
            pass


@pytest.mark.anyio
async def test_a_model_is_brought_from_a_hub(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMPLER_BENCH_MODELS", str(tmp_path / "models"))
    assert plan.gguf is not None
    said: list[str] = []
    with Hub({"tiny.gguf": plan.gguf.read_bytes()}) as hub:
        source = Source("owner/name", endpoint=hub.url)
        async with serving(replace(plan, gguf=None, source=source), said.append, NONE) as served:
            assert served.info.model == "guide-model"
    assert "checksum verified" in said
    assert said[-1].startswith("Loading complete")


def test_a_servers_log_is_repeated_in_whole_lines(tmp_path: Path) -> None:
    said: list[str] = []
    log = tmp_path / "log"
    with log.open("ab", buffering=0) as server, log.open("rb") as reader:
        for piece, lines in (
            (b"load", []),
            (b"ing\nw\xc3", ["loading"]),
            (b"", []),
            (b"\xb6rter\n\nlast\n", ["w\u00f6rter", "", "last"]),
        ):
            server.write(piece)
            said.clear()
            _say_lines(reader, said.append)
            assert said == lines


PROGRAM = """
import sys
from pathlib import Path
from sampler_bench.engines._serving import Plan, serve
file, port, log = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
plan = Plan("m", file, port=port, slots=1, context=256, log=log, verbose=True)
sys.exit(serve(plan, lambda line: print(line, flush=True)))
"""
IN_THE_BACKGROUND = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"  # as by a script


@posix
@pytest.mark.parametrize(
    ("engine", "how"),
    [
        ("built-in", signal.SIGINT),
        ("built-in", signal.SIGTERM),
        ("built-in", signal.SIGKILL),
        ("built-in in the background", signal.SIGTERM),
        ("koboldcpp", signal.SIGTERM),
        ("koboldcpp", signal.SIGKILL),
    ],
)
def test_however_it_ends_no_process_is_left(
    plan: Plan, engine: str, how: signal.Signals, tmp_path: Path
) -> None:
    known = {**os.environ, "PATH": "", **(KOBOLD if engine == "koboldcpp" else {})}
    log = str(tmp_path / "log")
    program = IN_THE_BACKGROUND + PROGRAM if "background" in engine else PROGRAM
    command = [sys.executable, "-c", program, str(plan.gguf), str(plan.port), log]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=known) as serve:
        assert serve.stdout is not None
        for line in serve.stdout:
            if line.startswith("Loading complete"):
                break
        children = psutil.Process(serve.pid).children(recursive=True)
        assert children
        serve.send_signal(how)
        serve.wait(10)
    _, alive = psutil.wait_procs(children, timeout=8)
    assert alive == []
    assert not port_in_use(plan.port)
    if how != signal.SIGKILL:
        assert serve.returncode == 0


@posix
def test_serve_says_when_the_server_ends_by_itself(plan: Plan, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(plan.gguf), str(plan.port), str(tmp_path / "l")]
    known = {**os.environ, "PATH": ""}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=known) as serve:
        assert serve.stdout is not None
        lines = iter(serve.stdout)
        assert any(line.startswith("Loading complete") for line in lines)
        psutil.Process(serve.pid).children()[0].kill()
        assert any("ended by itself (exit code -9)" in line for line in lines)
        assert serve.wait(10) == 1
