"""Start a server in a child process, wait until it says where it listens, and stop it cleanly.

Knows nothing about HTTP or prompts: `embedded` and `_serving` build on it.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO

from ..errors import EngineError
from ._child import Order
from ._parts import parts_of
from ._ports import port_in_use, port_owner

START_SECONDS = 600.0  # a large model from a slow disk
STOP_SECONDS = 5.0
TAIL_BYTES = 8192


class Child:
    """A process that serves a GGUF. `address` is empty until it is ready.

    Start it with `start`, wait with `ready`, end it with `stop`. If our process dies first, by
    whatever means, the child ends too.
    """

    def __init__(self, process: subprocess.Popen[bytes], log: IO[bytes], gguf: Path) -> None:
        self.process = process
        self.address = ""
        self._last_words = ""
        self._log = log
        self._log_start = log.tell()
        self._gguf = gguf
        self._stopping = threading.Lock()  # whoever waits in `ready` may stop it while we do

    @classmethod
    def start(cls, order: Order, log: Path | None = None) -> Child:
        """Start serving a model, without waiting.

        Args:
            order: what to serve, and how.
            log: file that the server's output is appended to; None for a temporary one.

        Raises:
            EngineError: the file is missing or no GGUF, the port is taken, or no log can be kept.
        """
        check_gguf(order.gguf)
        if order.port and port_in_use(order.port):
            raise EngineError(taken(order.gguf.name, order.port))
        output = open_log(log)
        command = [sys.executable, "-P", "-m", f"{__package__}._child", order.to_text(os.getpid())]
        try:
            process = spawn(command, output)
        except BaseException:
            output.close()
            raise
        return cls(process, output, order.gguf)

    def ready(self, seconds: float = START_SECONDS) -> str:
        """Wait until the server listens and return its address, `http://127.0.0.1:PORT`.

        Raises:
            EngineError: it could not load the model, or took longer than `seconds`.
        """
        timer = _Killer(self.process, seconds)
        assert self.process.stdout is not None
        with timer:
            line = self.process.stdout.readline()
        said = json.loads(line) if line.strip() else {}
        if timer.fired or "address" not in said:
            self.stop()
            why = f"no answer in {seconds:g} s" if timer.fired else said.get("error", "it ended")
            raise EngineError(self._no_start(str(why)))
        self.address = said["address"]
        return self.address

    async def ready_async(self) -> str:
        """As `ready`; cancelling stops the child."""
        try:
            return await asyncio.to_thread(self.ready)
        except asyncio.CancelledError:
            self.process.kill()  # the thread that waits sees it end, and tidies up
            raise

    def running(self) -> bool:
        """Say whether the process is still there."""
        return self.process.poll() is None

    def tail(self) -> str:
        """The end of what the server printed, for messages."""
        if self._log.closed:
            return self._last_words
        end = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(self._log_start, end - TAIL_BYTES))
        return self._log.read().decode("utf-8", "replace").strip()

    def stop(self) -> None:
        """End the process: ask first, then kill. Safe to call twice, at once too."""
        with self._stopping:
            end_process(self.process)
            self._last_words = self.tail()
            self._log.close()

    def _no_start(self, why: str) -> str:
        words = [line for line in self._last_words.splitlines() if " E " in line or "rror" in line]
        heard = "; it said: " + " | ".join(words[-3:]) if words else ""
        return (
            f"the built-in llama.cpp could not serve {self._gguf}: {why}{heard}. Check that the "
            "file is a complete GGUF of a language model and that memory suffices"
        )


def check_gguf(path: Path) -> None:
    """Check that a file is there and begins like a GGUF; of a split model, that all parts are.

    Raises:
        EngineError: says what was found instead.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except FileNotFoundError:
        raise EngineError(f"model file {path}: not found; check the path") from None
    except OSError as error:
        raise EngineError(f"model file {path}: cannot be read: {error.strerror}") from error
    if magic != b"GGUF":
        raise EngineError(
            f"model file {path}: expected a GGUF file, found one that begins with {magic!r}; "
            "download the model in GGUF form (the file name ends in .gguf)"
        )
    parts = parts_of(path.name)
    if absent := [name for name in parts if not (path.parent / name).is_file()]:
        raise EngineError(
            f"model file {path}: expected all {len(parts)} parts beside it, {', '.join(absent)} "
            "not found; bring them too"
        )
    if path.name != parts[0]:
        raise EngineError(f"model file {path}: a later part of a model; name its first, {parts[0]}")


def open_log(path: Path | None) -> IO[bytes]:
    """Open a log to append to; a temporary file where no path is given.

    Raises:
        EngineError: the file cannot be written.
    """
    if path is None:
        return tempfile.TemporaryFile()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
    except OSError as error:
        raise EngineError(f"server log {path}: cannot be written: {error.strerror}") from error
    file.seek(0, os.SEEK_END)
    return file


def spawn(command: list[str], output: IO[bytes], *, quiet: bool = False) -> subprocess.Popen[bytes]:
    """Start a program that Ctrl-C does not reach; we hold its stdin, so that it sees us go.

    Must be called in a thread that lives as long as the program may: Linux ends the child with the
    thread that started it.

    Args:
        command: the program and its arguments.
        output: where its stderr goes.
        quiet: True to send its stdout there too, False to read it.
    """
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=output if quiet else subprocess.PIPE,
        stderr=output,
        start_new_session=sys.platform != "win32",
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )


def end_process(process: subprocess.Popen[bytes], seconds: float = STOP_SECONDS) -> None:
    """Ask a process to end, kill it after `seconds`, and close our ends of its pipes."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None and not pipe.closed:
            pipe.close()


def taken(model: str, port: int, serves: str = "") -> str:
    """Say that a port is taken, by whom (and what that serves, if it is known), and what to do."""
    which = f", which serves {serves}" if serves else ""
    return (
        f"serving {model} on port {port}: the port is taken by {port_owner(port)}{which}; stop it, "
        "or choose another port"
    )


def spare_cores() -> int:
    """One less than there are: a run needs some of one, and llama.cpp's threads spin."""
    import psutil

    return max(1, (psutil.cpu_count(logical=False) or 2) - 1)


class _Killer:
    """Kill a process that has not answered in time, so that reading from it ends."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self.fired = False
        self._process = process
        self._timer = threading.Timer(seconds, self._fire)

    def _fire(self) -> None:
        self.fired = True
        self._process.kill()

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
