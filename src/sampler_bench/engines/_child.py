"""The program that serves a GGUF: the bundled llama.cpp (xllamacpp), in a process of its own.

Run as `python -P -m sampler_bench.engines._child JSON`; `_launch` starts it, watches it and stops
it. It answers with one line of JSON on stdout, `{"address": ...}` or `{"error": ...}`; everything
else it or llama.cpp prints goes to stderr. A process of its own, because ending llama.cpp's server
with a request in flight hangs the process that it lives in (xllamacpp 2026.10).

It never outlives its parent: the parent holds the other end of stdin, and when that closes, for
whatever reason, a thread here ends the process at once; on Linux the kernel does so as well.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Protocol

PR_SET_PDEATHSIG = 1  # linux/prctl.h
LAST_WORDS_SECONDS = 0.3  # llama.cpp logs why it cannot start from a thread of its own


@dataclass(frozen=True, slots=True)
class Order:
    """What to serve, and how.

    Attributes:
        gguf: path of the model.
        name: what the server calls the model; empty for the file's name.
        slots: texts written at once.
        context: tokens of prompt and answer together, for each slot.
        threads: CPU threads. More than there are free cores make llama.cpp crawl (threads spin).
        gpu_layers: layers on the GPU; -1 for all.
        port: 0 for any free one. Always on 127.0.0.1.
        verbose: log every request, not only what is wrong.
    """

    gguf: Path
    name: str = ""
    slots: int = 4
    context: int = 2048
    threads: int = 1
    gpu_layers: int = -1
    port: int = 0
    verbose: bool = False

    def to_text(self, parent: int) -> str:
        """As the program's one argument; `parent` is the process that it must not outlive."""
        known = {**asdict(self), "gguf": str(self.gguf.resolve()), "parent": parent}
        return json.dumps(known)


class _Server(Protocol):
    listening_address: str


def main(argument: str) -> None:
    """Serve until stdin closes or a signal ends the process."""
    known = json.loads(argument)
    parent = known.pop("parent")
    order = Order(**{**known, "gguf": Path(known["gguf"])})
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # llama.cpp prints where it likes
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    die_with(parent)
    watch = threading.Thread(target=_end_when_stdin_closes, daemon=True)
    watch.start()
    try:
        server = _serve(order)
    except Exception as error:
        time.sleep(LAST_WORDS_SECONDS)
        _say(answer, {"error": str(error)})
        os._exit(1)
    _say(answer, {"address": server.listening_address})
    watch.join()


def _serve(order: Order) -> _Server:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(order.gguf)
    params.model_alias = {
        order.name or order.gguf.stem
    }  # a set: a bare string would become a set of letters
    params.n_parallel = order.slots
    params.n_ctx = order.context * order.slots  # the total; each slot gets its equal part
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = order.threads
    params.n_gpu_layers = order.gpu_layers
    params.port = order.port
    params.hostnames = ["127.0.0.1"]
    params.n_threads_http = order.slots + 4  # each streamed answer holds one
    params.cache_prompt = False  # a cached prompt changes the last bits of the logits
    params.cache_ram_mib = 0
    params.n_ctx_checkpoints = 0
    params.ui = False
    params.verbosity = 3 if order.verbose else 2
    server: _Server = xllamacpp.Server(params)
    return server


def die_with(parent: int) -> None:
    """Let the kernel end this process with its parent, where it can (Linux)."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)


def _end_when_stdin_closes() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


def _say(answer: IO[str], message: dict[str, str]) -> None:
    answer.write(json.dumps(message) + "\n")
    answer.flush()


if __name__ == "__main__":
    main(sys.argv[1])
