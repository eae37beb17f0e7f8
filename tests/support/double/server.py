"""The double itself: a loopback server that asks, applies, writes and answers as its quirks say."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from support.loopback import Loopback, Reply, Request, as_json

from . import faults
from .applied import Applied, Reader, Refusal
from .quirks import LLAMACPPS, Endpoint, Quirks
from .shapes import FLOOR, Shape, listed, refusal, with_chosen
from .writer import End, Piece, Writer

STREAMS = {"ollama": "application/x-ndjson"}


class Double(Loopback):
    """One server of given quirks in front of a writer. Use as `async with`.

    Attributes:
        applied: what acted, for each text asked for, in order; `prompts`: after which tokens.
        running, waiting: texts being written now, and in line for it.
        last: how the last text ended; None before.
        fault: names what goes wrong with a request for a text (`faults.KINDS`), or is empty.
    """

    def __init__(
        self,
        quirks: Quirks,
        writer: Writer,
        *,
        fault: Callable[[Request], str] = lambda _: "",
        model: str = "",
        clock: Callable[[], float] = time.time,
        seed: int = 1,
        pause: float = 0.0,
        retry_after: float | None = None,
        api_key: str = "",
        port: int = 0,
    ) -> None:
        super().__init__(self.answer, port)
        self.quirks, self.writer = quirks, writer
        self.model = quirks.prefix + (model or writer.model)
        self.fault, self.pause, self.retry_after = fault, pause, retry_after
        self.applied: list[Applied] = []
        self.prompts: list[list[int]] = []
        self.running = self.waiting = 0
        self.last: End | None = None
        self.last_probs: list[Mapping[str, Any]] = []
        self._key = api_key
        self._reader = Reader(quirks, clock, random.Random(seed))
        self._room = asyncio.Semaphore(quirks.slots)
        self._held: dict[object, int] = {}  # tokens of the one context, by text
        self._lost: set[object] = set()

    def writes(self, request: Request) -> bool:
        """Say whether a request asks for a text."""
        paths = [endpoint.path for endpoint in self.quirks.endpoints]
        return request.method == "POST" and request.path in paths

    async def answer(self, request: Request) -> Reply:
        """Answer as the server would."""
        try:
            return await self._respond(request)
        except Refusal as refused:
            return as_json(refusal(self.quirks, refused), refused.status, **refused.headers)

    async def _respond(self, request: Request) -> Reply:
        if self._key and request.headers.get("authorization") != f"Bearer {self._key}":
            raise Refusal(401, "invalid API key")
        path = request.path.partition("?")[0]
        if request.method == "POST":
            for endpoint in self.quirks.endpoints:
                if endpoint.path == path:
                    return await self._write(endpoint, request)
        told = await self._about(path, request.body or {})
        if told is None:
            raise Refusal(404, f"{path}: not found", "not_found_error")
        return as_json(told)

    # What it says about itself

    async def _about(self, path: str, body: Mapping[str, Any]) -> Any:
        if path in self.quirks.asked:
            return self._filled(self.quirks.asked[path])
        if path == "/v1/models" and self.quirks.owner is not None:
            return {"object": "list", "data": [self._entry()]}
        return await self._counted(path, body)

    async def _counted(self, path: str, body: Mapping[str, Any]) -> Any:
        match self.quirks.engine, path:
            case "koboldcpp", "/api/extra/tokencount":
                text = str(body.get("prompt", ""))
                if self.quirks.counts_chats and body.get("messages") and not text:
                    text = await self.writer.wrap(body["messages"])
                ids = await self.writer.tokens(text)
                told = {"prompt": text} if self.quirks.counts_chats else {}
                return {"value": len(ids), "ids": ids, **told}
            case "koboldcpp", "/api/extra/perf":
                return self._perf()
            case "koboldcpp", "/api/extra/last_logprobs" if self.quirks.most_logprobs:
                return {"logprobs": listed(self.last_probs, FLOOR)}
            case "llamacpp", "/tokenize":
                return {"tokens": await self.writer.tokens(str(body.get("content", "")))}
            case "llamacpp", "/apply-template":
                return {"prompt": await self.writer.wrap(body.get("messages", []))}
            case "llamacpp", "/slots":
                slots = range(self.quirks.slots)
                return [{"id": i, "is_processing": i < self.running} for i in slots]
            case (("vllm" | "sglang" | "aphrodite"), "/tokenize"):
                ids = await self._prompt("chat" if "messages" in body else "raw", body)
                return {"count": len(ids), "tokens": ids, "max_model_len": self.writer.context}
        return None

    def _entry(self) -> dict[str, Any]:
        entry: dict[str, Any] = {"id": self.model, "object": "model"}
        if self.quirks.owner:
            entry["owned_by"] = self.quirks.owner
        return {**entry, **self._filled(self.quirks.entry)}

    def _filled(self, told: Any) -> Any:
        """Fill the placeholders of the data on a server; a lone one keeps its type."""
        known = {
            "{model}": self.model,
            "{context}": self.writer.context,
            "{template}": self.writer.template,
            "{slots}": self.quirks.slots,
        }
        if isinstance(told, Mapping):
            return {key: self._filled(value) for key, value in told.items()}
        if isinstance(told, list):
            return [self._filled(value) for value in told]
        if isinstance(told, str):
            return known.get(told, told.replace("{model}", self.model))
        return told

    def _perf(self) -> dict[str, Any]:
        end = self.last
        return {
            "last_token_count": end.tokens if end else 0,
            "last_input_count": end.prompt_tokens if end else 0,
            "last_seed": self.applied[-1].seed if self.applied else -1,
            "stop_reason": {"eos": 1, "limit": 0, "word": 2}.get(end.why, -1) if end else -1,
            "total_gens": len(self.applied),
            "queue": self.waiting,
            "idle": 0 if self.running else 1,
        }

    # What it writes

    async def _write(self, endpoint: Endpoint, request: Request) -> Reply:
        kind = self.fault(request)
        if kind in faults.BEFORE:
            return faults.before(kind, self.retry_after)
        body = request.body if isinstance(request.body, dict) else {}
        applied = self._reader.read(endpoint, body, self.writer.context)
        prompt = self._fitted(await self._prompt(endpoint.asks, body), applied)
        asked = body.get("model", "default_model") if self.quirks.engine == "mlx-lm" else ""
        shape = Shape(self.quirks, endpoint, body, asked or self.model)
        self._admit()
        pieces = self._pieces(body, applied, prompt)
        if not self._streams(endpoint, body):
            return faults.whole(kind, as_json(await self._whole(shape, pieces)))
        parts = shape.stream(_chained(await anext(pieces), pieces))
        return Reply(
            faults.within(kind, parts) if kind else parts,
            kind=STREAMS.get(endpoint.shape, "text/event-stream"),
            pause=self.pause,
            close=pieces.aclose,
        )

    async def _whole(self, shape: Shape, pieces: AsyncIterator[Piece | End]) -> dict[str, Any]:
        async def collect() -> dict[str, Any]:
            found = [piece async for piece in pieces]
            end = found.pop()
            assert isinstance(end, End)
            return shape.whole([piece for piece in found if isinstance(piece, Piece)], end)

        work = asyncio.ensure_future(collect())
        return await (work if self.quirks.stops_whole else asyncio.shield(work))

    async def _prompt(self, asks: str, body: Mapping[str, Any]) -> list[int]:
        if asks == "chat":
            messages = body.get("messages")
            if not isinstance(messages, list) or not messages:
                raise Refusal(400, "messages: expected a list")
            return await self.writer.tokens(await self.writer.wrap(messages))
        text = str(body.get("prompt", ""))
        if asks == "generate" and body.get("raw") is not True:
            text = await self.writer.wrap([{"role": "user", "content": text}])
        return await self.writer.tokens(text)

    def _fitted(self, prompt: list[int], applied: Applied) -> list[int]:
        left = applied.room - applied.tokens
        if len(prompt) <= left:
            return prompt
        if self.quirks.overflow != "refuse":
            left = left if self.quirks.overflow == "trim" else applied.room - 1
            return prompt[-max(1, left) :]
        if len(prompt) < applied.room and self.quirks.engine in LLAMACPPS:
            return prompt  # the answer ends where the context does
        size, room = len(prompt), applied.room
        raise Refusal(
            400,
            f"request ({size} tokens) exceeds the available context size ({room} tokens)"
            if self.quirks.engine in LLAMACPPS
            else f"This model's maximum context length is {room} tokens. However, you requested "
            f"{size + applied.tokens} tokens",
        )

    def _streams(self, endpoint: Endpoint, body: Mapping[str, Any]) -> bool:
        if endpoint.streams == "asked":
            return body.get("stream", endpoint.shape == "ollama") is True
        return endpoint.streams == "always"

    def _admit(self) -> None:
        """Turn a request away where too many wait already."""
        if self._room.locked() and 0 <= self.quirks.queue <= self.waiting:
            refused = Refusal(self.quirks.full, "Server is busy; please try again later.")
            refused.body["error"]["type"] = "service_unavailable"
            if self.retry_after is not None:
                refused.headers["retry-after"] = f"{self.retry_after:g}"
            raise refused

    async def _pieces(
        self, body: Mapping[str, Any], applied: Applied, prompt: list[int]
    ) -> AsyncGenerator[Piece | End]:
        self.waiting += 1
        try:
            await self._room.acquire()
        finally:
            self.waiting -= 1
        self.running += 1
        self.applied.append(applied)
        self.prompts.append(prompt)
        self.last_probs = []
        me = object()
        try:
            self._hold(me, len(prompt))
            if self.quirks.thinking and self._thinks(body):
                yield self._thought()
            async with aclosing(self.writer.write(applied, prompt)) as written:
                async for piece in self._unlooped(written):
                    self._hold(me, 1)
                    if isinstance(piece, Piece) and piece.logprobs is not None:
                        if self.quirks.tells_chosen:
                            piece = replace(piece, logprobs=with_chosen(piece.logprobs))
                        self.last_probs.append(piece.logprobs or {})
                    if isinstance(piece, End):
                        self.last = piece
                        if piece.word and not body.get("trim_stop", self.quirks.trims_stop):
                            yield Piece(piece.word)
                    yield piece
        finally:
            self._held.pop(me, None)
            self._lost.discard(me)
            if self.quirks.lingers:
                asyncio.get_running_loop().call_later(self.quirks.lingers, self._leave)
            else:
                self._leave()

    async def _unlooped(self, written: AsyncIterator[Piece | End]) -> AsyncIterator[Piece | End]:
        last, again = "", 0
        async for piece in written:
            if self.quirks.loop and isinstance(piece, Piece):
                again = again + 1 if piece.text.strip() == last else 0
                last = piece.text.strip()
                if again > self.quirks.loop and self.quirks.loop_says:
                    raise Refusal(500, self.quirks.loop_says)
                if again > self.quirks.loop:
                    return
            yield piece

    def _leave(self) -> None:
        self.running -= 1
        self._room.release()

    def _hold(self, text: object, tokens: int) -> None:
        """Let a text take more of a shared context; where it is full, all that are written fail."""
        if not self.quirks.shared:
            return
        if text not in self._lost:
            self._held[text] = self._held.get(text, 0) + tokens
        if sum(self._held.values()) > self.writer.context:
            self._lost |= set(self._held)
            self._held.clear()
        if text in self._lost:
            raise Refusal(500, "Context size has been exceeded.", "server_error")

    def _thinks(self, body: Mapping[str, Any]) -> bool:
        found: Any = body
        for key in self.quirks.think_key.split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        return found is None or found not in (False, 0, "none")

    def _thought(self) -> Piece:
        if self.quirks.thinks_in:
            return Piece(self.quirks.thinking, thought=True)
        return Piece(f"<think>\n{self.quirks.thinking}\n</think>\n\n")


async def _chained(
    first: Piece | End, rest: AsyncIterator[Piece | End]
) -> AsyncIterator[Piece | End]:
    yield first
    async for piece in rest:
        yield piece
