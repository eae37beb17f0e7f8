"""Servers that speak the OpenAI protocol: chat completions, or plain completions for raw prompts.

Answers are read as server-sent events, so that cancelling stops the work; a server that answers in
one piece all the same is understood too. Source: OpenAI's API reference (chat completions,
streaming), and what the servers in this folder add to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import httpx2

from ..errors import EngineError
from ..records import Json, JsonObject, Prompt, SamplerConfig
from . import EngineOptions, ServerInfo
from ._answer import Answer
from ._dialect import Dialect
from ._http import mapping, objects
from ._logprobs import told_logprobs
from ._remote import Request
from ._retry import Fault
from ._telling import TellingEngine

CHAT_PATH, RAW_PATH, MODELS_PATH = "/v1/chat/completions", "/v1/completions", "/v1/models"
DRAIN_SECONDS = 0.05
THOUGHTLESS: JsonObject = {"chat_template_kwargs": {"enable_thinking": False}}


@dataclass(frozen=True, slots=True)
class Wire:
    """What goes with every request besides parameters.

    Attributes:
        chat_extra, raw_extra: more keys for chats and for raw prompts, such as switch thinking off.
        raw_logprobs: the key that asks for so many log-probabilities beside a raw prompt's answer.
    """

    chat_extra: Mapping[str, Json] = field(default_factory=dict)
    raw_extra: Mapping[str, Json] = field(default_factory=dict)
    raw_logprobs: str = "logprobs"


class OpenAIEngine(TellingEngine):
    """An engine whose server speaks the OpenAI protocol."""

    loads_any = False  # True: it loads whichever model is named, so of several one has to be

    def __init__(
        self, dialect: Dialect, options: EngineOptions, server: str, wire: Wire | None = None
    ) -> None:
        super().__init__(dialect, options, server)
        self.wire = wire or Wire()

    async def ask(self) -> ServerInfo:
        """Read the list of models."""
        return self.described(*self._choose(await self.http.get(MODELS_PATH)))

    def described(self, model: str, entry: Mapping[str, object]) -> ServerInfo:
        """What the list of models says of one."""
        return ServerInfo(
            engine=self.dialect.name,
            url=self.http.shown,
            model=model,
            context=context_of(entry),
            slots=0,
            details={"root": entry.get("root")},  # vLLM's: what lies behind the model's name
        )

    def telling(self, tokens: int) -> JsonObject:
        """The keys that ask for the log-probabilities of so many tokens in each place."""
        if self.template is None:
            return {"logprobs": True, "top_logprobs": tokens}
        return {self.wire.raw_logprobs: tokens}

    def _choose(self, listed: object, loaded: str = "") -> tuple[str, Mapping[str, object]]:
        """Pick the model that was asked for, else the one called as here, the loaded, the first.

        Raises:
            EngineError: it loads whichever is named, and nothing says which.
            Fault: there is none.
        """
        by_id = models_of(listed)
        called = self.called if self.called in by_id else ""
        if named := self.options.model or called or loaded:
            return named, by_id.get(named, {})
        if self.loads_any and len(by_id) != 1:
            some = ": " + ", ".join(list(by_id)[:6]) if by_id else ""
            has = f"would load any of {len(by_id)} models" if by_id else "lists no model"
            raise EngineError(
                f"{self.dialect.name} at {self.http.shown}: it {has}; name the one that writes "
                f"with --model{some}"
            )
        if not by_id:
            raise Fault("protocol", f"{MODELS_PATH} lists no model: is one there, or loaded?")
        return next(iter(by_id.items()))

    def request(self, config: SamplerConfig, prompt: Prompt, seed: int) -> Request:
        sent = self.express(config, seed)
        stop: JsonObject = {}
        if self.template is None:
            path, extra = CHAT_PATH, self.wire.chat_extra
            asked: JsonObject = {"messages": [{"role": "user", "content": prompt.text}]}
        else:
            path, extra = RAW_PATH, self.wire.raw_extra
            asked = {"prompt": self.template.render(prompt.text)}
            stop = {"stop": list(self.template.stop)} if self.template.stop else {}
        model: JsonObject = {"model": self.model} if self.model else {}
        streamed: JsonObject = {"stream": True, "stream_options": {"include_usage": True}}
        body = {**model, **asked, **stop, **sent, **extra, **streamed}
        return Request(path, body, sent, asked_tokens(config))

    async def write(self, request: Request) -> Answer:
        answer = Answer()
        async with self.http.stream(request.path, request.body) as response:
            if _is_stream(response):
                await self._read(aiter(httpx2.EventSource(response)), answer, request.path)
            else:
                whole = (await response.aread()).decode("utf-8", "replace")
                self._take(whole, answer, request.path)
        return answer

    async def _read(
        self, events: AsyncIterator[httpx2.ServerSentEvent], answer: Answer, path: str
    ) -> None:
        async for event in events:
            if event.data == "[DONE]":
                break
            if event.event == "error":
                self.http.complain(event.data, path)
            self._take(event.data, answer, path)
        if not self.http.reuses:
            return
        with suppress(TimeoutError):  # only a stream read to its end leaves a usable connection
            async with asyncio.timeout(DRAIN_SECONDS):
                async for _ in events:
                    pass

    def _take(self, data: str, answer: Answer, path: str) -> None:
        """Add one event (or a whole answer) to what we have."""
        event = self.http.parsed(data, path)
        if not isinstance(event, dict):
            found = self.http.hide(data)[:80]
            raise Fault("protocol", f"{path}: expected an object, found {found!r}")
        if event.get("error"):
            self.http.complain(event["error"], path)
        self.take(event, answer)

    def take(self, event: Mapping[str, object], answer: Answer) -> None:
        """Add one event of a stream, or a whole answer, to what we have."""
        choices = event.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            self._take_choice(self._object(choice), answer)
        self._take_rest(event, answer)

    def _take_choice(self, choice: Mapping[str, object], answer: Answer) -> None:
        delta = self._object(choice.get("delta") or choice.get("message") or {})
        if text := self._string(delta.get("content")) or self._string(choice.get("text")):
            answer.text.append(text)
        thought = self._string(delta.get("reasoning_content"))
        if thought := thought or self._string(delta.get("reasoning")):
            answer.thoughts.append(thought)
        if finish := self._string(choice.get("finish_reason")):
            answer.finish = finish
        if told := choice.get("logprobs"):
            answer.logprobs += told_logprobs(self._object(told))

    def _take_rest(self, event: Mapping[str, object], answer: Answer) -> None:
        if usage := self._object(event.get("usage") or {}):
            answer.tokens = _count(usage.get("completion_tokens"), answer.tokens)
            answer.prompt_tokens = _count(usage.get("prompt_tokens"), answer.prompt_tokens)
        if model := self._string(event.get("model")):
            answer.model = model
        if verbose := event.get("__verbose"):  # llama.cpp's
            settings = self._object(verbose).get("generation_settings")
            answer.echoed = dict(settings) if isinstance(settings, dict) else None

    def _object(self, found: object) -> Mapping[str, object]:
        if not isinstance(found, dict):
            raise self._odd("an object", found)
        return found

    def _string(self, found: object) -> str:
        if found is None or isinstance(found, str):
            return found or ""
        raise self._odd("a text", found)

    def _odd(self, expected: str, found: object) -> Fault:
        shown = self.http.hide(repr(found))[:80]
        return Fault("protocol", f"expected {expected} in the answer, found {shown}")


def _count(found: object, before: int | None) -> int | None:
    return found if isinstance(found, int) and not isinstance(found, bool) else before


def _is_stream(response: httpx2.Response) -> bool:
    return response.headers.get("content-type", "").startswith("text/event-stream")


def models_of(listed: object) -> dict[str, Mapping[str, object]]:
    """What a list of models says of each, by its name."""
    entries = objects(mapping(listed).get("data"))
    return {str(entry["id"]): entry for entry in entries if entry.get("id")}


def asked_tokens(config: SamplerConfig) -> int:
    """The longest answer that a configuration allows."""
    asked = config.get("max_tokens")
    return int(asked) if isinstance(asked, int | float) else 0


def context_of(entry: Mapping[str, object]) -> int:
    """Find the context length in an entry of the list of models, under any of its names."""
    for key in ("max_model_len", "context_length", "max_context_length", "n_ctx"):
        found = entry.get(key)
        if isinstance(found, int) and found > 0:
            return found
    return 0
