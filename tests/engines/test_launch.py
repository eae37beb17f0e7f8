"""The child that serves a GGUF: it starts, it stops, and it never outlives its parent."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import httpx2
import psutil
import pytest

from sampler_bench.engines._child import Order
from sampler_bench.engines._launch import STOP_SECONDS, Child, check_gguf, open_log, spawn
from sampler_bench.engines._ports import port_in_use, port_owner
from sampler_bench.errors import EngineError

PARENT = """
import signal, sys, time
from pathlib import Path
from sampler_bench.engines._child import Order
from sampler_bench.engines._launch import Child
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a background job
child = Child.start(Order(Path(sys.argv[1]), slots=1, context=256))
print(child.ready(), child.process.pid, flush=True)
time.sleep(600)
"""


def _gone(pid: int, seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_it_serves_with_the_slots_and_context_asked_for(tiny_gguf: Path) -> None:
    child = Child.start(Order(tiny_gguf, slots=3, context=512, name="mine"))
    try:
        address = child.ready(30)
        assert httpx2.get(f"{address}/health").json() == {"status": "ok"}
        props = httpx2.get(f"{address}/props").json()
        assert props["total_slots"] == 3
        assert props["default_generation_settings"]["n_ctx"] == 512
        assert props["model_alias"] == "mine"
    finally:
        child.stop()
    assert not child.running()
    assert port_in_use(int(address.rsplit(":", 1)[1])) is False


def test_it_stops_at_once_with_a_request_in_flight(tiny_gguf: Path) -> None:
    child = Child.start(Order(tiny_gguf, slots=1, context=60_000))
    address = child.ready(30)
    with socket.create_connection(("127.0.0.1", int(address.rsplit(":", 1)[1]))) as client:
        body = json.dumps({"prompt": "a", "n_predict": 59_000, "ignore_eos": True}).encode()
        head = f"POST /completion HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        client.sendall(head.encode() + body)
        time.sleep(0.1)
        begin = time.monotonic()
        child.stop()
    assert time.monotonic() - begin < STOP_SECONDS
    assert not child.running()
    child.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_never_outlives_a_killed_parent(tiny_gguf: Path, how: signal.Signals) -> None:
    command = [sys.executable, "-c", PARENT, str(tiny_gguf)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as parent:
        assert parent.stdout is not None
        _, pid = parent.stdout.readline().split()
        assert psutil.pid_exists(int(pid))
        parent.send_signal(how)
        parent.wait(10)
    assert _gone(int(pid))


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_closing_stdin_alone_ends_it_at_once(tiny_gguf: Path) -> None:
    child = Child.start(Order(tiny_gguf, slots=1, context=256))
    child.ready(30)
    assert child.process.stdin is not None
    child.process.stdin.close()
    assert child.process.wait(5) == 0
    child.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_does_not_reach_it(tiny_gguf: Path) -> None:
    child = Child.start(Order(tiny_gguf, slots=1, context=256))
    try:
        child.ready(30)
        assert os.getpgid(child.process.pid) != os.getpgid(0)
        child.process.send_signal(signal.SIGINT)
        time.sleep(0.1)
        assert child.running()
    finally:
        child.stop()


def test_cancelling_the_wait_stops_it(tiny_gguf: Path) -> None:
    async def cancelled() -> Child:
        child = Child.start(Order(tiny_gguf, slots=1, context=256))
        waiting = asyncio.ensure_future(child.ready_async())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return child

    child = asyncio.run(cancelled())
    child.process.wait(5)
    assert not child.running()
    child.stop()


class SlowLog(BytesIO):
    """One that takes a while to be read."""

    def read(self, size: int | None = -1) -> bytes:
        time.sleep(0.2)
        return super().read(size)


def test_two_threads_may_stop_it_at_once() -> None:
    command, pipe = [sys.executable, "-c", ""], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        process.wait(30)
        child = Child(process, SlowLog(), Path("m.gguf"))
        with ThreadPoolExecutor() as threads:
            first = threads.submit(child.stop)
            time.sleep(0.1)  # both are reading when the first closes the log
            second = threads.submit(child.stop)
            first.result()
            second.result()


def test_it_logs_to_a_file_and_appends(tiny_gguf: Path, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "server.log"
    for run in (1, 2):
        child = Child.start(Order(tiny_gguf, slots=1, context=256, verbose=True), log)
        child.ready(30)
        end = time.monotonic() + 5
        while log.read_text().count("model loaded") < run and time.monotonic() < end:
            time.sleep(0.02)  # llama.cpp logs from a thread of its own
        child.stop()
    assert log.read_text().count("model loaded") == 2


def test_a_missing_file_is_named() -> None:
    with pytest.raises(EngineError, match=r"no/such\.gguf: not found"):
        check_gguf(Path("no/such.gguf"))


def test_a_file_that_is_no_gguf_is_named(tmp_path: Path) -> None:
    path = tmp_path / "page.gguf"
    path.write_text("<html>not found</html>")
    with pytest.raises(EngineError, match=r"expected a GGUF file, found one that begins with"):
        Child.start(Order(path, slots=1, context=256))


def test_half_a_gguf_is_reported_with_the_servers_words(tiny_gguf: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.gguf"
    half.write_bytes(tiny_gguf.read_bytes()[:200_000])
    child = Child.start(Order(half, slots=1, context=256))
    with pytest.raises(EngineError, match=r"could not serve .*half\.gguf.*failed to load model"):
        child.ready(30)
    assert not child.running()


def test_a_taken_port_is_named_with_its_owner(tiny_gguf: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(EngineError, match=rf"port {port}.*this very process \({os.getpid()}\)"):
            Child.start(Order(tiny_gguf, slots=1, context=256, port=port))
        assert str(os.getpid()) in port_owner(port)


def test_a_child_that_does_not_answer_in_time_is_killed(tiny_gguf: Path) -> None:
    output = open_log(None)
    silent = spawn([sys.executable, "-c", "import time; time.sleep(600)"], output)
    child = Child(silent, output, tiny_gguf)
    with pytest.raises(EngineError, match=r"no answer in 0\.2 s"):
        child.ready(0.2)
    assert not child.running()


def test_a_log_that_cannot_be_written_is_named(tiny_gguf: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError, match=r"server log .*file/x\.log: cannot be written"):
        Child.start(Order(tiny_gguf, slots=1, context=256), tmp_path / "file" / "x.log")


def test_a_split_model_is_complete_and_begins_with_its_first(tmp_path: Path) -> None:
    first, second = (tmp_path / f"m-{n:05d}-of-00002.gguf" for n in (1, 2))
    first.write_bytes(b"GGUF")
    with pytest.raises(EngineError, match=r"all 2 parts beside it, m-00002-of-00002\.gguf not f"):
        check_gguf(first)
    second.write_bytes(b"GGUF")
    check_gguf(first)
    with pytest.raises(EngineError, match=r"name its first, m-00001-of-00002\.gguf"):
        check_gguf(second)
