"""Start a model's server and stay with it: KoboldCpp where there is one, else our own llama.cpp.

`serve` is what the command line calls; `serving` is the same as a context, for programs.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from ..errors import EngineError
from ..plugins import find
from ..records import Prompt, SamplerConfig
from . import EngineOptions, ServerInfo
from ._child import Order
from ._download import Source, download, models_folder
from ._koboldcpp_program import HOW_TO_GET, find_koboldcpp, kobold_command
from ._launch import START_SECONDS, Child, check_gguf, end_process, open_log, spawn, taken
from ._ports import port_in_use
from ._recognise import recognise
from ._remote import RemoteEngine
from ._retry import Fault

LOOK_SECONDS = 0.25
TELL_SECONDS = 5.0
ONE_TOKEN = SamplerConfig.of("temperature", {"temperature": 0, "max_tokens": 1})
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to serve, and how.

    Attributes:
        name: what the model is called.
        gguf: its file; None to bring it from `source`.
        source: where the file can be had; None where it is on this machine.
        engine: `koboldcpp`, `llamacpp` (or `embedded`: the built-in one), or `auto`: KoboldCpp
            where it is found, else the built-in one.
        koboldcpp: path of KoboldCpp; None to look for it.
        port: 0 for any free one (the built-in server only).
        slots, context, gpu_layers: as in `EngineOptions`.
        threads: CPU threads.
        log: file for the server's output.
        verbose: let the server log every request.
    """

    name: str
    gguf: Path | None = None
    source: Source | None = None
    engine: str = "auto"
    koboldcpp: Path | None = None
    port: int = 0
    slots: int = 4
    context: int = 2048
    threads: int = 1
    gpu_layers: int = -1
    log: Path | None = None
    verbose: bool = False


@dataclass(frozen=True, slots=True)
class Served:
    """A server that answers.

    Attributes:
        engine: its engine.
        info: what it says about itself.
        process: the process that we started; None where it ran already.
    """

    engine: str
    info: ServerInfo
    process: subprocess.Popen[bytes] | None = None

    async def ended(self) -> int:
        """Wait until the server ends by itself, and return its exit code."""
        if self.process is None:
            return 0
        while True:
            if (code := self.process.poll()) is not None:
                return code
            await asyncio.sleep(LOOK_SECONDS)


def serve(plan: Plan, say: Say, environment: Mapping[str, str] = os.environ) -> int:
    """Serve until the user stops it (Ctrl-C) or the server ends.

    Args:
        plan: what to serve, and how.
        say: told what happens, a line at a time.
        environment: where `KOBOLDCPP` and `PATH` are looked up.

    Returns:
        An exit code: 0 after Ctrl-C or where the model is served already, 1 where the server ended.

    Raises:
        EngineError: it cannot be served; says why and what to do.
    """
    plan = _with_file(plan, say)  # not in `stay`: Ctrl-C would have to wait for the download
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # begun by a script, in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))

    async def stay() -> int:
        async with serving(plan, say, environment) as served:
            if served.process is None:
                return 0
            tail = asyncio.create_task(_repeat(plan, say)) if plan.verbose else None
            code = await served.ended()
            if tail is not None:
                tail.cancel()
            say(f"the server ended by itself (exit code {code}); see {plan.log or 'its output'}")
            return 1

    try:
        return asyncio.run(stay())
    except KeyboardInterrupt:
        say("stopped")
        return 0


@asynccontextmanager
async def serving(
    plan: Plan, say: Say, environment: Mapping[str, str] = os.environ
) -> AsyncIterator[Served]:
    """Serve a model while the context lasts; nothing that was started outlives it.

    Raises:
        EngineError: it cannot be served; says why and what to do.
    """
    if _taken(plan):
        yield await _reuse(plan, say)
        return
    plan = _with_file(plan, say)
    assert plan.gguf is not None
    with ExitStack() as stack:
        engine, url, process = await _start(plan, plan.gguf, say, environment, stack)
        info = await _answers(engine, url, process, plan, say)
        say(f"Loading complete: {info.model} answers at {url}")
        yield Served(engine, info, process)


async def _start(
    plan: Plan, gguf: Path, say: Say, environment: Mapping[str, str], stack: ExitStack
) -> tuple[str, str, subprocess.Popen[bytes]]:
    """Start a server; `stack` ends it. Returns its engine, address and process."""
    program = _program(plan, say, environment)
    say(f"{program[-1] if program else 'the built-in llama.cpp'} is loading {gguf.name}")
    if program is None:
        child = Child.start(_order(plan, gguf), plan.log)
        stack.callback(child.stop)
        async with _patience(say):
            return "llamacpp", await child.ready_async(), child.process
    output = stack.enter_context(open_log(plan.log))
    process = spawn(_guarded(kobold_command(program, _order(plan, gguf))), output, quiet=True)
    stack.callback(end_process, process, 10.0)
    return "koboldcpp", f"http://127.0.0.1:{plan.port}", process


@asynccontextmanager
async def _patience(say: Say) -> AsyncIterator[None]:
    """Say every few seconds that a model is still loading."""
    begin = time.monotonic()

    async def tell() -> None:
        while True:
            await asyncio.sleep(TELL_SECONDS)
            say(f"still loading after {time.monotonic() - begin:.0f} s")

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()


def _taken(plan: Plan) -> bool:
    return plan.port != 0 and port_in_use(plan.port)


def _with_file(plan: Plan, say: Say) -> Plan:
    """The plan with its file, which is downloaded unless its port is taken already."""
    if _taken(plan):
        return plan
    gguf = plan.gguf
    if gguf is None:
        if plan.source is None:
            raise EngineError(
                f"model {plan.name}: models.yaml names neither a file (`gguf:`) nor where it can "
                "be had (`hub:`, `file:`)"
            )
        gguf = download(plan.source, models_folder(), say)
    check_gguf(gguf)
    return replace(plan, gguf=gguf)


def _program(plan: Plan, say: Say, environment: Mapping[str, str]) -> list[str] | None:
    """KoboldCpp's command, or None for the built-in server."""
    if plan.engine not in ("auto", "koboldcpp"):
        return None
    found = find_koboldcpp(plan.koboldcpp, environment)
    if found is None and plan.engine == "koboldcpp":
        raise EngineError(
            f"serving {plan.name}: KoboldCpp was not found; {HOW_TO_GET}; or use the built-in "
            "server with --engine llamacpp"
        )
    if found is None:
        say("KoboldCpp was not found, so the built-in llama.cpp serves (set KOBOLDCPP to change)")
    if found is not None and not plan.port:
        raise EngineError(f"serving {plan.name} with KoboldCpp: name a port (--port)")
    return found


def _order(plan: Plan, gguf: Path) -> Order:
    return Order(
        gguf,
        name=plan.name,
        slots=plan.slots,
        context=plan.context,
        threads=plan.threads,
        gpu_layers=plan.gpu_layers,
        port=plan.port,
        verbose=plan.verbose,
    )


def _guarded(command: list[str]) -> list[str]:
    return [sys.executable, "-P", "-m", f"{__package__}._guard", str(os.getpid()), *command]


async def _reuse(plan: Plan, say: Say) -> Served:
    """Use what listens on the port, if it is the same model.

    Raises:
        EngineError: it is something else; names it.
    """
    url = f"http://127.0.0.1:{plan.port}"
    try:
        engine = await recognise(url)
        async with _engine(engine, url) as known:
            info = await known.check()
    except EngineError as error:
        raise EngineError(taken(plan.name, plan.port)) from error
    if not _same_model(info, plan):
        raise EngineError(taken(plan.name, plan.port, f"{info.model} with {engine}"))
    say(f"Loading complete: {info.model} is served at {url} already, by {engine}")
    return Served(engine, info)


def _same_model(info: ServerInfo, plan: Plan) -> bool:
    file = plan.gguf or (Path(plan.source.file) if plan.source and plan.source.file else None)
    names = {plan.name} | ({file.stem, file.name} if file else set())
    served = {info.model, info.model.removeprefix("koboldcpp/")}
    path = info.details.get("model_path")
    there = plan.gguf is not None and isinstance(path, str) and Path(path) == plan.gguf.resolve()
    return bool(names & served) or there


def _engine(engine: str, url: str) -> RemoteEngine:
    options = EngineOptions(server=url, max_retries=0, timeout_seconds=60.0)
    built: RemoteEngine = find("engines", engine).build(options)
    return built


async def _answers(
    engine: str, url: str, process: subprocess.Popen[bytes], plan: Plan, say: Say
) -> ServerInfo:
    """Wait until the server says who it is and writes a token.

    Raises:
        EngineError: it ended, or never answered.
    """
    begin = told = time.monotonic()
    async with _engine(engine, url) as known:
        while (now := time.monotonic()) - begin < START_SECONDS:
            if process.poll() is not None:
                raise EngineError(_died(process, plan))
            try:
                info = await known.look()
                await known.attempt(ONE_TOKEN, Prompt(0, "Hello"), seed=1)
            except (Fault, EngineError) as error:
                if now - told > TELL_SECONDS:
                    told = now
                    say(f"still loading after {now - begin:.0f} s ({error})")
                await asyncio.sleep(LOOK_SECONDS)
            else:
                return info
    raise EngineError(f"serving {plan.name}: no answer at {url} in {START_SECONDS:.0f} s")


def _died(process: subprocess.Popen[bytes], plan: Plan) -> str:
    words = ""
    if plan.log is not None:
        lines = plan.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        words = "; it said last: " + " | ".join(lines[-3:])
    return (
        f"serving {plan.name}: the server ended with exit code {process.returncode}{words}. Check "
        "that the file is complete and that memory suffices"
    )


async def _repeat(plan: Plan, say: Say) -> None:
    """Say what the server writes into its log."""
    if plan.log is None:
        return
    with plan.log.open("rb") as log:
        log.seek(0, os.SEEK_END)
        while True:
            _say_lines(log, say)
            await asyncio.sleep(LOOK_SECONDS)


def _say_lines(log: IO[bytes], say: Say) -> None:
    """Say the lines that are whole; what follows the last one stays for the next time."""
    whole, end, rest = log.read().rpartition(b"\n")
    log.seek(-len(rest), os.SEEK_CUR)
    for line in (whole + end).decode("utf-8", "replace").splitlines():
        say(line)
