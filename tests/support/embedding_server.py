"""Servers that embed: the demo model behind a real llama.cpp, and one that misbehaves on demand.

python tests/support/embedding_server.py     (llama.cpp; prints its URL, ends with its stdin)
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sampler_bench import demo_model


@contextmanager
def llamacpp_embeddings():
    """The demo model as an embedding model, in a process of its own; gives its URL."""
    process = subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.kill()
        process.wait()
        process.stdout.close()


def _serve():
    import os

    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # llama.cpp prints where it likes
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(demo_model.path())
    params.model_alias = {"demo-embedding"}
    params.embedding = True
    params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    params.n_parallel, params.n_ctx = 1, 512
    params.n_batch = params.n_ubatch = 512
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.port, params.hostnames, params.ui, params.verbosity = 0, ["127.0.0.1"], False, 2
    server = xllamacpp.Server(params)
    print(server.listening_address, file=answer, flush=True)
    sys.stdin.read()
    os._exit(0)


class EmbeddingServer:
    """Embeds by the first word: texts that begin alike are the same answer.

    `behaviours` are used up from the front; after that it is well. Each of: an HTTP status, `short`
    (one embedding too few), `nan`, `zero`, `backwards` (the right ones in another order).
    `numbers` is how long an embedding is; `meanwhile` is called before each answer.
    """

    def __init__(self, behaviours=()):
        self.behaviours, self.texts, self.keys = list(behaviours), [], []
        self.numbers, self.meanwhile = 64, lambda: None
        handler = type("Handler", (_Handler,), {"embedder": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self):
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def vector_of(text):
    """A direction for each first word."""
    place = sum(map(ord, text.split()[0])) % 64
    return [3.0 if i == place else 0.001 for i in range(64)]


class _Handler(BaseHTTPRequestHandler):
    embedder: EmbeddingServer

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        mine = self.embedder
        mine.keys.append(self.headers.get("Authorization"))
        told = mine.behaviours.pop(0) if mine.behaviours else "ok"
        if isinstance(told, int):
            return self._say(told, {"error": {"message": "told to"}})
        mine.texts += body["input"]
        rows = [
            {"index": i, "embedding": vector_of(t)[: mine.numbers]}
            for i, t in enumerate(body["input"])
        ]
        mine.meanwhile()
        if told == "short":
            rows = rows[1:]
        if told == "nan":
            rows[0]["embedding"][0] = None
        if told == "zero":
            rows[0]["embedding"] = [0.0] * 64
        if told == "backwards":
            rows = rows[::-1]
        return self._say(200, {"object": "list", "model": body["model"], "data": rows})

    def _say(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    _serve()
