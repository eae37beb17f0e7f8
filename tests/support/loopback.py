"""A real HTTP server on loopback that answers as a test tells it, well or badly.

    async with Loopback(answer) as server: ... server.url ... server.requests

`answer(request)` returns a `Reply`; `sse(...)` and `chat(...)` make the usual ones.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Reply:
    """What to send: parts with `pause` seconds between them, then an end.

    `end` is "clean", "cut" (the connection dies before the body is complete) or "hang". Parts that
    come in their own time may end with `Cut`; `close` is awaited when all is over, or when nobody
    listens any more.
    """

    parts: Sequence[bytes] | AsyncIterator[bytes] = ()
    status: int = 200
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0
    end: str = "clean"
    close: Callable[[], Awaitable[None]] | None = None


class Cut(Exception):
    """Raised among the parts of a reply: the connection dies here."""


Answer = Callable[[Request], "Reply | Awaitable[Reply]"]


def as_json(body: Any, status: int = 200, **headers: str) -> Reply:
    return Reply([json.dumps(body).encode()], status, headers=headers)


def sse(events: Sequence[Any], **more: Any) -> Reply:
    """Server-sent events; a text is sent as it is, anything else as JSON."""
    texts = [e if isinstance(e, str) else json.dumps(e) for e in events]
    parts = [f"data: {text}\n\n".encode() for text in texts]
    return Reply(parts, kind="text/event-stream", **more)


def chat(text: str, finish: str | None = "stop", tokens: int | None = None, **more: Any) -> Reply:
    """A streamed chat completion, word by word."""
    words = text.split(" ")
    pieces = [word if i == 0 else " " + word for i, word in enumerate(words)] if text else []
    events: list[Any] = [{"choices": [{"index": 0, "delta": {"content": p}}]} for p in pieces]
    if finish is not None:
        events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        used = len(pieces) if tokens is None else tokens
        usage = {"completion_tokens": used, "prompt_tokens": 7, "total_tokens": used + 7}
        events += [{"choices": [], "usage": usage}, "[DONE]"]
    return sse(events, **more)


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait until something is true; fail if it never is."""
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


class Loopback:
    """The server. `open` is how many streamed answers are being sent now, `broken` how many clients
    went away in the middle of one. `began` is set when the first part of a stream was sent, `left`
    when a client has gone away and all that was done for it has ended."""

    def __init__(self, answer: Answer, port: int = 0) -> None:
        self.requests: list[Request] = []
        self.open = 0
        self.most_open = 0
        self.broken = 0
        self.began, self.left = asyncio.Event(), asyncio.Event()
        self.url = ""
        self._answer = answer
        self._port = port

    def posts(self) -> list[Request]:
        return [request for request in self.requests if request.method == "POST"]

    async def __aenter__(self) -> Self:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while (request := await self._read(reader)) is not None:
                self.requests.append(request)
                if not await self._reply(request, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Request | None:
        line = (await reader.readline()).decode().split()
        if len(line) < 2:
            return None
        headers: dict[str, str] = {}
        while (header := (await reader.readline()).decode().strip()) != "":
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        return Request(line[0], line[1], headers, json.loads(raw) if raw else None)

    async def _reply(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        gone = asyncio.ensure_future(reader.read(1))  # ends only when the client goes away
        reply: Reply | None = None
        broken = self.broken
        try:
            answer = self._answer(request)
            if inspect.isawaitable(answer):
                reply = await self._unless(gone, answer)
            else:
                assert isinstance(answer, Reply)
                reply = answer
            await self._send(reply, gone, writer)
        except Cut:
            writer.transport.abort()
        except (_Gone, ConnectionError):
            self.broken += 1
        finally:
            gone.cancel()
            if reply is not None and reply.close is not None:
                await reply.close()
            if self.broken > broken:
                self.left.set()
        return False  # one request a connection: `gone` has eaten the next one's first byte

    async def _send(
        self, reply: Reply, gone: asyncio.Future[bytes], writer: asyncio.StreamWriter
    ) -> None:
        fields = {
            "content-type": reply.kind,
            "transfer-encoding": "chunked",
            "connection": "close",
            **reply.headers,
        }
        lines = [f"HTTP/1.1 {reply.status} X", *(f"{k}: {v}" for k, v in fields.items())]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            async for part in self._parts(reply, gone):
                writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                await writer.drain()
                if reply.kind != "application/json":
                    self.began.set()
                if reply.pause:
                    await self._unless(gone, asyncio.sleep(reply.pause))
            if reply.end == "hang":
                await self._unless(gone, asyncio.sleep(60))
            if reply.end == "cut":
                raise Cut
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        finally:
            self.open -= 1

    async def _parts(self, reply: Reply, gone: asyncio.Future[bytes]) -> AsyncIterator[bytes]:
        if isinstance(reply.parts, Sequence):
            for part in reply.parts:
                yield part
            return
        parts = reply.parts
        while True:
            found: bytes | None = await self._unless(gone, _next(parts))
            if found is None:
                return
            yield found

    async def _unless(self, gone: asyncio.Future[bytes], work: Awaitable[T]) -> T:
        """Wait for something, unless the client goes away first."""
        task: asyncio.Future[T] = asyncio.ensure_future(work)
        both: list[asyncio.Future[Any]] = [gone, task]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        if task.cancelled():
            raise _Gone
        return task.result()


class _Gone(Exception):
    """The client went away."""


async def _next(parts: AsyncIterator[bytes]) -> bytes | None:
    async for part in parts:
        return part
    return None
