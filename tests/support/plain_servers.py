"""Every server with canned words instead of a model: for shapes, faults and bookkeeping.

The double without its quirks of load: any number of texts at once, none turned away. The text names
the seed that it was asked with, so that a lost or doubled text shows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sampler_bench.engines import EngineOptions
from sampler_bench.plugins import find

from .double import USUAL, CannedWriter, Double
from .loopback import Answer, Loopback, Reply, Request

MODEL = "plain-model"
CONTEXT = 4096
SLOTS = 4


@dataclass
class PlainServer:
    """One engine's server with canned words.

    Attributes:
        words: of the answer, after its seed.
        finish: why it ends: `stop`, `length`, or `word` for a stop text.
        fault: may answer a request for a text in the server's stead.
        pause: seconds between words.
        thoughts: what comes before each text, kept apart as that server keeps it.
        model: what the server calls it.
        context: tokens.
    """

    engine: str
    words: str = "says hello there"
    finish: str = "stop"
    fault: Callable[[Request], Reply | None] = lambda _: None
    pause: float = 0.0
    thoughts: str = ""
    model: str = MODEL
    context: int = CONTEXT
    double: Double = field(init=False)

    def __post_init__(self) -> None:
        known = USUAL.get(self.engine, USUAL["openai-compatible"])
        slots = SLOTS if known.engine == "llamacpp" else 1000  # nobody else tells them
        quirks = replace(known, slots=slots, queue=-1, thinking=self.thoughts, think_key="")
        why = {"stop": "eos", "length": "limit", "word": "word"}[self.finish]
        writer = CannedWriter(self.words, why, model=self.model, context=self.context)
        self.double = Double(quirks, writer, pause=self.pause)

    def start(self, port: int = 0) -> Loopback:
        return Loopback(self.answer, port)

    async def answer(self, request: Request) -> Reply:
        if self.double.writes(request) and (bad := self.fault(request)):
            return bad
        return await self.double.answer(request)


@asynccontextmanager
async def talking(
    name: str, options: EngineOptions, answer: Answer
) -> AsyncIterator[tuple[Any, Loopback]]:
    """An engine and a loopback server that it talks to."""
    server = Loopback(answer)
    async with server, find("engines", name).build(replace(options, server=server.url)) as engine:
        yield engine, server
