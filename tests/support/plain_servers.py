"""A plain imitation of every server: its questions and answers in its own shapes, canned texts.

It samples nothing. What a server really does with a knob is for the double that sits in front of a
real model; this one is for shapes, faults and bookkeeping. Its text names the seed that it was
asked with, so that a lost or doubled text shows.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from support.loopback import Loopback, Reply, Request, as_json, sse

from sampler_bench.engines import EngineOptions
from sampler_bench.plugins import find

MODEL = "plain-model"
CONTEXT = 4096
SLOTS = 4
OWNERS = {
    "llamacpp": "llamacpp",
    "koboldcpp": "koboldcpp",
    "vllm": "vllm",
    "sglang": "sglang",
    "aphrodite": "pygmalionai",
    "tabbyapi": "tabbyAPI",
}
PROPS = {
    "total_slots": SLOTS,
    "default_generation_settings": {"n_ctx": CONTEXT, "params": {"top_k": 40}},
    "chat_template": "{{ messages }}",
    "model_path": "/models/plain.gguf",
    "build_info": "b1-plain",
}
ASKED: dict[str, dict[str, Any]] = {
    "llamacpp": {
        "/props": PROPS,
        "/apply-template": {"prompt": "<user>hi"},
        "/tokenize": {"tokens": [1] * 9},
    },
    "koboldcpp": {
        "/api/extra/version": {"result": "KoboldCpp", "version": "1.102"},
        "/api/v1/model": {"result": f"koboldcpp/{MODEL}"},
        "/api/extra/true_max_context_length": {"value": CONTEXT},
        "/api/extra/perf": {"last_token_count": 4, "last_input_count": 7, "idle": 1, "queue": 0},
        "/api/extra/tokencount": {"value": 9, "ids": [1] * 9},
    },
    "vllm": {"/version": {"version": "0.32.0"}, "/tokenize": {"count": 9}},
    "sglang": {"/get_model_info": {"model_path": "m"}},
    "aphrodite": {
        "/version": {"version": "0.9.0"},
        "/tokenize": {"count": 9},
        "/api/extra/version": {"result": "KoboldCpp", "version": "1.63"},
    },
    "tabbyapi": {
        "/v1/model": {"id": MODEL, "parameters": {"max_seq_len": CONTEXT}},
        "/v1/sampling/overrides": {"overrides": {}},
        "/api/extra/version": {"result": "KoboldCpp", "version": "1.61"},
    },
    "textgen": {"/v1/internal/model/info": {"model_name": MODEL, "loader": "llama.cpp"}},
    "lmstudio": {
        "/api/v0/models": {
            "data": [{"id": MODEL, "state": "loaded", "loaded_context_length": CONTEXT}]
        }
    },
    "ollama": {
        "/api/version": {"version": "0.30.6"},
        "/api/tags": {"models": [{"name": MODEL}]},
        "/api/ps": {"models": [{"name": MODEL}]},
        "/api/show": {"parameters": "temperature 0.7"},
    },
}


@dataclass
class PlainServer:
    """An imitation of one engine's server.

    Attributes:
        words: of the answer.
        finish: why it ends, in the OpenAI protocol's word.
        fault: may answer a writing request in the server's stead.
        pause: seconds between words.
    """

    engine: str
    words: str = "says hello there"
    finish: str = "stop"
    fault: Callable[[Request], Reply | None] = lambda _: None
    pause: float = 0.0
    thoughts: str = ""

    def start(self, port: int = 0) -> Loopback:
        return Loopback(self.answer, port)

    def answer(self, request: Request) -> Reply:
        if request.method == "POST" and (writes := self._write(request)):
            return self.fault(request) or writes
        asked = ASKED.get(self.engine, {})
        if request.path in asked:
            return as_json(asked[request.path])
        if request.path == "/v1/models" and self.engine != "ollama":
            return as_json({"data": [self._entry()]})
        return as_json({"error": {"message": "not found"}}, 404)

    def _entry(self) -> dict[str, Any]:
        entry: dict[str, Any] = {"id": MODEL, "object": "model"}
        if self.engine in OWNERS:
            entry["owned_by"] = OWNERS[self.engine]
        if self.engine in ("vllm", "sglang", "aphrodite"):
            entry["max_model_len"] = CONTEXT
        if self.engine == "openrouter":
            entry["context_length"] = CONTEXT
            entry["supported_parameters"] = ["temperature", "top_p", "min_p", "seed", "max_tokens"]
        if self.engine == "llamacpp":
            entry["meta"] = {"n_ctx_train": CONTEXT * 2, "size": 10}
        return entry

    def _write(self, request: Request) -> Reply | None:
        pieces = self._pieces(request)
        if request.path in ("/api/chat", "/api/generate"):
            return self._ollama(request, pieces)
        if request.path == "/api/extra/generate/stream":
            events: list[Any] = [{"token": piece, "finish_reason": None} for piece in pieces]
            return self._sse([*events, {"token": "", "finish_reason": self.finish}])
        if request.path in ("/v1/chat/completions", "/v1/completions"):
            return self._sse(self._openai(request, pieces))
        return None

    def _pieces(self, request: Request) -> list[str]:
        body = request.body or {}
        known = {**body, **body.get("options", {})}
        seed = known.get("seed", known.get("sampler_seed", "none"))
        return [f"seed {seed}", *(f" {word}" for word in self.words.split())]

    def _openai(self, request: Request, pieces: list[str]) -> list[Any]:
        chat = request.path.endswith("/chat/completions")
        events: list[Any] = []
        if self.thoughts:
            events.append({"choices": [{"delta": {"reasoning_content": self.thoughts}}]})
        for piece in pieces:
            said = {"delta": {"content": piece}} if chat else {"text": piece}
            events.append({"model": MODEL, "choices": [{"index": 0, **said}]})
        last: dict[str, Any] = {"choices": [{"index": 0, "finish_reason": self.finish}]}
        if self.engine == "llamacpp" and request.body.get("verbose"):
            last["__verbose"] = {"generation_settings": {"temperature": 1.0}}
        events.append(last)
        if self.engine != "koboldcpp":  # its streams carry no counts
            usage = {"completion_tokens": len(pieces), "prompt_tokens": 7}
            events.append({"choices": [], "usage": usage})
        return [*events, "[DONE]"]

    def _ollama(self, request: Request, pieces: list[str]) -> Reply:
        chat = request.path == "/api/chat"
        lines: list[dict[str, Any]] = []
        if self.thoughts:
            lines.append({"message": {"thinking": self.thoughts}, "done": False})
        lines += [
            {"message": {"content": p}, "done": False} if chat else {"response": p, "done": False}
            for p in pieces
        ]
        counts = {"eval_count": len(pieces), "prompt_eval_count": 7}
        lines.append({"model": MODEL, "done": True, "done_reason": self.finish, **counts})
        parts = [json.dumps(line).encode() + b"\n" for line in lines]
        return Reply(parts, kind="application/x-ndjson", pause=self.pause)

    def _sse(self, events: list[Any]) -> Reply:
        return sse(events, pause=self.pause)


@asynccontextmanager
async def talking(
    name: str, options: EngineOptions, answer: Callable[[Request], Reply]
) -> AsyncIterator[tuple[Any, Loopback]]:
    """An engine and a loopback server that it talks to."""
    server = Loopback(answer)
    async with server, find("engines", name).build(replace(options, server=server.url)) as engine:
        yield engine, server
