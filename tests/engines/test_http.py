"""Faults on the wire: what is retried, what ends at once, what is cancelled. No text is made up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from support.loopback import Loopback, Reply, Request, as_json, chat, sse, until

from sampler_bench.engines import EngineOptions, _http
from sampler_bench.engines._http import base_url, is_local, shown_url
from sampler_bench.engines._retry import Fault
from sampler_bench.engines._translation import Translation
from sampler_bench.engines.openai_compatible import build
from sampler_bench.errors import EngineError
from sampler_bench.records import Completion, Prompt, SamplerConfig, Unwritten

CONFIG = SamplerConfig.of("temperature", {"temperature": 0.8, "max_tokens": 20})
PROMPT = Prompt(0, "Say something.")
OPTIONS = EngineOptions(
    model="m", max_retries=2, first_wait_seconds=0.01, timeout_seconds=5.0, api_key="s3cr3t-key"
)
Answer = Callable[[Request], Reply]


async def generate(answer: Answer, **options: Any) -> tuple[Completion | Unwritten, Loopback]:
    async with Loopback(answer) as server:
        engine = build(replace(OPTIONS, server=server.url, **options))
        async with engine:
            return await engine.generate(CONFIG, PROMPT, seed=3), server


def failing(times: int, bad: Reply) -> Answer:
    left = [bad] * times
    return lambda _: left.pop() if left else chat("it works now")


FAULTS = {
    "broken json": sse(['{"choices": [']),
    "no object": sse(["[1, 2]"]),
    "an error in a stream": sse([{"error": {"message": "queue is full", "code": 503}}]),
    "an error as text": sse([{"error": "CUDA out of memory"}]),
    "an empty body": Reply(),
    "an empty stream": sse([]),
    "only done": sse(["[DONE]"]),
    "no end": chat("once upon", finish=None),
    "death in the text": chat("once upon a", finish=None, end="cut"),
    "a wrong shape": sse([{"choices": [{"delta": {"content": ["a", "list"]}}]}]),
    "choices of numbers": sse([{"choices": [7]}]),
    "an odd end": chat("once upon", finish="content_filter"),
    "html": Reply([b"<html><title>Bad gateway</title></html>"], kind="text/html"),
    "html 502": Reply([b"<html><title>Bad gateway</title></html>"], status=502, kind="text/html"),
    "500": as_json({"error": {"message": "internal"}}, 500),
    "503": as_json({"error": {"message": "loading"}}, 503),
    "429": as_json({"error": {"message": "slow down"}}, 429),
}


# As OpenAI's: who reaches the limit of a minute is told of billing.
LIMITED = {
    "message": "Rate limit reached (RPM). A payment method raises it: see account/billing.",
    "type": "requests",
    "code": "rate_limit_exceeded",
}
FAULTS["a rate limit that speaks of billing"] = as_json({"error": LIMITED}, 429)
FAULTS["one that speaks of credits"] = as_json({"error": "with more credits, more a minute"}, 429)


@pytest.mark.anyio
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_passing_fault_is_retried_and_counted(fault: Reply) -> None:
    written, server = await generate(failing(2, fault))
    assert isinstance(written, Completion)
    assert (written.text, written.retries) == ("it works now", 2)
    assert len(server.posts()) == 3


@pytest.mark.anyio
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_lasting_fault_ends_as_unwritten(fault: Reply) -> None:
    written, server = await generate(failing(99, fault))
    assert isinstance(written, Unwritten)
    assert written.retries == 2
    assert written.reason in ("overload", "protocol", "connection")
    assert written.detail
    assert len(server.posts()) == 3


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, {"error": {"message": "bad key s3cr3t-key"}}, r"HTTP 401.*bad key \*\*\*.*API key"),
        (403, {"detail": {"msg": "no"}}, "HTTP 403"),
        (404, {"error": {"message": "model x not found"}}, "model x not found.*model's name"),
        (400, {"error": {"message": "min_p must be at most 1"}}, "min_p must be at most 1"),
        (422, {"detail": [{"msg": "ge 0"}]}, "HTTP 422"),
        (402, {"error": {"message": "no money"}}, "top it up"),
        (429, {"error": {"type": "insufficient_quota", "message": "quota"}}, "top it up"),
        (429, {"error": {"code": "billing_not_active", "message": "inactive"}}, "top it up"),
        (307, {}, "redirects"),
    ],
)
async def test_what_no_retry_can_help_stops_at_once(status: int, body: Any, words: str) -> None:
    calls: list[Request] = []

    def answer(request: Request) -> Reply:
        calls.append(request)
        return as_json(body, status)

    with pytest.raises(EngineError, match=words) as caught:
        await generate(answer)
    assert len(calls) == 1
    assert "s3cr3t" not in str(caught.value)
    assert calls[0].headers["authorization"] == "Bearer s3cr3t-key"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "message",
    [
        "request (9 tokens) exceeds the available context size (5 tokens), try increasing it",
        "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
    ],
)
async def test_a_prompt_that_does_not_fit_is_missing_not_retried(message: str) -> None:
    written, server = await generate(lambda _: as_json({"error": {"message": message}}, 400))
    assert isinstance(written, Unwritten)
    assert (written.reason, written.retries) == ("context", 0)
    assert len(server.posts()) == 1


@pytest.mark.anyio
async def test_a_silent_server_times_out() -> None:
    written, _ = await generate(
        lambda _: chat("once", finish=None, end="hang"), timeout_seconds=0.2, max_retries=1
    )
    assert isinstance(written, Unwritten)
    assert (written.reason, written.retries) == ("timeout", 1)
    assert "silent for too long (ReadTimeout; --timeout gives it more than 0.2 s)" in written.detail


def test_more_time_is_no_remedy_where_nobody_takes_a_connection() -> None:
    with (
        pytest.raises(Fault, match=r"^timeout: here does not take a request \(ConnectTimeout\)$"),
        Translation("here", lambda: True, "; --timeout", 9.0),
    ):
        raise httpx2.ConnectTimeout("")


@pytest.mark.anyio
async def test_a_server_that_never_ends_a_text_is_not_called_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_http, "LONGEST_TEXT", 2)
    reply = chat("a " * 400, finish=None, end="hang", pause=0.02)
    written, _ = await generate(lambda _: reply, timeout_seconds=0.4, max_retries=0)
    assert isinstance(written, Unwritten)
    assert written.reason == "timeout"
    assert "did not end a text in 0.8 s, the most that --timeout allows it" in written.detail


@pytest.mark.anyio
@pytest.mark.parametrize("others_wait_too", [False, True])
async def test_a_server_that_writes_others_is_not_silent_but_crowded(others_wait_too: bool) -> None:
    """One that dies under all of them at once is not crowded: all hear of it last together."""
    asked = 0

    def answer(_: Request) -> Reply:
        nonlocal asked
        asked += 1
        if asked > 1:
            return chat("once", finish=None, end="hang")
        words = "a" if others_wait_too else "a " * 2000
        return chat(words, finish=None, end="hang", pause=0.02)

    options = replace(OPTIONS, timeout_seconds=1.5, max_retries=0)
    async with Loopback(answer) as server, build(replace(options, server=server.url)) as engine:
        first = asyncio.ensure_future(engine.attempt(CONFIG, PROMPT, 1))
        await until(lambda: asked == 1)
        with pytest.raises(Fault) as caught:
            await engine.attempt(CONFIG, PROMPT, 2)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    assert caught.value.reason == "timeout"
    assert caught.value.crowded is not others_wait_too


@pytest.mark.anyio
async def test_nobody_there_is_a_connection_fault() -> None:
    options = replace(OPTIONS, server="http://127.0.0.1:9")
    async with build(options) as engine:
        written = await engine.generate(CONFIG, PROMPT, seed=3)
        assert isinstance(written, Unwritten)
        assert (written.reason, written.retries) == ("connection", 2)
        with pytest.raises(EngineError, match=r"127\.0\.0\.1:9 cannot be used.*is the server run"):
            await engine.check()


@pytest.mark.anyio
async def test_retry_after_is_obeyed() -> None:
    loop = asyncio.get_running_loop()
    begin = loop.time()
    slow = as_json({"error": {"message": "slow down"}}, 429, **{"retry-after": "0.5"})
    written, _ = await generate(failing(1, slow))
    assert isinstance(written, Completion)
    assert loop.time() - begin >= 0.5


@pytest.mark.anyio
async def test_a_server_that_asks_for_an_hour_is_not_waited_for() -> None:
    slow = as_json({"error": {"message": "slow down"}}, 429, **{"retry-after": "3600"})
    written, server = await generate(failing(9, slow))
    assert isinstance(written, Unwritten)
    assert len(server.posts()) == 1


@pytest.mark.anyio
async def test_cancelling_closes_the_connection() -> None:
    def answer(_: Request) -> Reply:
        return chat("word " * 1000, pause=0.01)

    async with Loopback(answer) as server, build(replace(OPTIONS, server=server.url)) as engine:
        writing = asyncio.ensure_future(engine.generate(CONFIG, PROMPT, seed=3))
        await until(lambda: server.open)
        await asyncio.sleep(0.05)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        await until(lambda: server.broken == 1)
    assert len(server.posts()) == 1


@pytest.mark.anyio
async def test_an_answer_in_one_piece_is_understood() -> None:
    whole = {
        "model": "m2",
        "choices": [{"message": {"content": "all at once"}, "finish_reason": "length"}],
        "usage": {"completion_tokens": 20, "prompt_tokens": 4},
    }
    written, _ = await generate(lambda _: as_json(whole))
    assert isinstance(written, Completion)
    assert (written.text, written.cut_off, written.tokens) == ("all at once", True, 20)
    assert (written.prompt_tokens, written.model) == (4, "m2")


@pytest.mark.anyio
async def test_a_blank_text_that_ended_is_a_text() -> None:
    written, _ = await generate(lambda _: chat("", tokens=1))
    assert isinstance(written, Completion)
    assert (written.text, written.cut_off, written.tokens) == ("", False, 1)


@pytest.mark.anyio
async def test_a_server_that_stays_open_after_done_costs_no_time() -> None:
    loop = asyncio.get_running_loop()
    begin = loop.time()
    written, _ = await generate(lambda _: chat("done", end="hang"), timeout_seconds=60)
    assert isinstance(written, Completion)
    assert loop.time() - begin < 30


@pytest.mark.parametrize(
    ("given", "tidy"),
    [
        ("localhost:5001", "http://localhost:5001"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://h:1/v1", "http://h:1"),
        ("https://openrouter.ai/api/v1/", "https://openrouter.ai/api"),
    ],
)
def test_addresses_are_tidied(given: str, tidy: str) -> None:
    assert base_url(given) == tidy


@pytest.mark.parametrize("given", ["", "ftp://x", "http://", "http://h:99999", "http://h:x"])
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(EngineError, match="expected an address like"):
        base_url(given)


def test_passwords_in_an_address_are_not_shown() -> None:
    assert shown_url("http://me:secret@h:1/x") == "http://h:1/x"
    assert shown_url("https://me:p@ss@h/x@y") == "https://h/x@y"
    assert shown_url("me:secret@h:1") == "h:1"
    assert is_local("http://127.0.0.1:1")
    assert not is_local("http://example.org")
