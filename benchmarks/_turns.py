"""A search and a bare load generator on one server, by turns of a few texts.

A machine whose cores others use too changes its pace within a minute; two speeds compare only where
they were measured side by side. So a search is held after every so many texts, and the bare
generator writes the very same ones again at once: as many at a time, the same bytes, nothing looked
at but the counts of tokens and of milliseconds. (The search may let one more wait at the server's
door; `slots` of them are written at once by either.)
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sampler_bench.engines._remote import Request
from sampler_bench.engines.llamacpp import LlamaCppEngine
from sampler_bench.records import Completion, Prompt, SamplerConfig

QUIET_SECONDS = 0.3  # what the search thinks after its last text is not the bare generator's


@dataclass(frozen=True, slots=True)
class Pace:
    """Tokens written in so many seconds; `busy` slots at a time on average, as the server says."""

    tokens: int
    seconds: float
    busy: float

    @property
    def speed(self) -> float:
        """Tokens a second."""
        return self.tokens / self.seconds


@dataclass(slots=True)
class Turns:
    """A gate before the server: `texts` for the search, then the same for the bare generator.

    `pairs` are the search's pace and the bare generator's, turn by turn, `held` the seconds for
    which the search was held. A turn of the search begins when it is let go, so what it does
    between two texts is its own; only the text that it has ready at the gate costs it nothing.
    """

    texts: int
    slots: int  # of all servers together
    urls: tuple[str, ...]
    pairs: list[tuple[Pace, Pace]] = field(default_factory=list)
    held: float = 0.0
    _requests: list[Request] = field(default_factory=list)
    _written: list[Completion] = field(default_factory=list)
    _began: float = 0.0
    _ended: float = 0.0
    _open: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self) -> None:
        """Let the search go."""
        self._requests, self._written = [], []
        self._began = time.perf_counter()
        self._open.set()

    @asynccontextmanager
    async def turn(self, request: Request) -> AsyncIterator[list[Completion]]:
        """Wait for one's turn; the text that is written goes into the list."""
        await self._open.wait()
        self._requests.append(request)
        if len(self._requests) == self.texts:
            self._open.clear()
        yield self._written
        self._ended = time.perf_counter()
        if len(self._written) == self.texts:
            await self.write_again()
            self.begin()

    async def write_again(self) -> None:
        """Let the bare generator write the texts of this turn."""
        held = time.perf_counter()
        if not self._written:
            return
        self._open.clear()
        tokens = sum(text.tokens for text in self._written)
        used = sum(text.seconds for text in self._written)
        seconds = self._ended - self._began
        await asyncio.sleep(QUIET_SECONDS)
        bare = await write_bare(self._requests, self.urls, self.slots)
        self.pairs.append((Pace(tokens, seconds, used / seconds), bare))
        self.held += time.perf_counter() - held


@asynccontextmanager
async def taking(turns: Turns) -> AsyncIterator[None]:
    """Have every text of every llama.cpp engine take turns from `turns.begin()` on."""
    own = LlamaCppEngine.attempt

    async def attempt(
        engine: LlamaCppEngine, config: SamplerConfig, prompt: Prompt, seed: int
    ) -> Completion:
        if not turns._began:  # a check, or a fingerprint
            return await own(engine, config, prompt, seed)
        request = engine.as_sent(engine.request(config, prompt, seed))
        async with turns.turn(request) as written:
            written.append(await own(engine, config, prompt, seed))
            return written[-1]

    LlamaCppEngine.attempt = attempt  # type: ignore[method-assign]
    try:
        yield
    finally:
        LlamaCppEngine.attempt = own  # type: ignore[method-assign]


async def write_bare(requests: list[Request], urls: tuple[str, ...], slots: int) -> Pace:
    """Send requests, `slots` at once, and read bytes."""
    waiting, told = iter(requests), list[tuple[int, float]]()

    async def worker(url: str) -> None:
        for request in waiting:
            told.append(await _post(url, request.path, json.dumps(request.body)))

    began = time.perf_counter()
    await asyncio.gather(*(worker(urls[i % len(urls)]) for i in range(slots)))
    seconds = time.perf_counter() - began
    counts, used = zip(*told, strict=True)
    return Pace(sum(counts), seconds, sum(used) / seconds)


async def _post(url: str, path: str, body: str) -> tuple[int, float]:
    """One request over a socket of its own; returns the server's count of tokens and seconds."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body.encode())}\r\nConnection: close\r\n\r\n{body}"
    )
    writer.write(head.encode())
    tail = b""
    while block := await reader.read(65536):
        tail = (tail + block)[-65536:]
    writer.close()
    milliseconds = sum(float(_told(tail, name)) for name in (b"prompt_ms", b"predicted_ms"))
    return int(_told(tail, b"completion_tokens")), milliseconds / 1e3


def _told(answer: bytes, name: bytes) -> bytes:
    """The number that stands last behind a name."""
    return answer.rpartition(b'"%s":' % name)[2].partition(b",")[0].rstrip(b"}")
