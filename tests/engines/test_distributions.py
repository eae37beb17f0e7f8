"""Next-token distributions: taken by few requests, told in every shape, refused where too few."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.double import USUAL, VLLM, Double, LlamaWriter, Quirks
from support.loopback import Loopback, Reply, Request, as_json, sse

from sampler_bench.engines import Distributions, EngineOptions, embedded, llamacpp
from sampler_bench.engines._logprobs import chosen, gathered, told_logprobs
from sampler_bench.errors import EngineError
from sampler_bench.plugins import find
from sampler_bench.records import Prompt

PROMPTS = [Prompt(i, text) for i, text in enumerate(("Create a mystery", "Write about AI"))]
TOKENS = 60
ALL_REFUSED = {
    "vllm": "Requested sample logprobs of 2048, which is greater than max allowed: 20",
    "aphrodite": "`top_logprobs` must be a positive value.",
}


def test_a_few_texts_stand_for_many_prompts():
    many = [Prompt(i, str(i)) for i in range(40)]
    assert [prompt.index for prompt, _ in chosen(many)] == [0, 5, 10, 15, 20, 25, 30, 35]
    assert [prompt.index for prompt, _ in chosen(PROMPTS)] == [0, 1, 0, 1]
    seeds = [seed for _, seed in chosen(PROMPTS)]
    assert len(set(seeds)) == len(seeds)


def test_log_probabilities_are_read_in_both_shapes():
    chat = {"content": [{"top_logprobs": [{"logprob": -0.1}, {"logprob": -3}]}, {}]}
    plain = {"tokens": ["a"], "top_logprobs": [{" a": -0.1, " b": -3}, None]}
    assert told_logprobs(chat) == [[-0.1, -3]]
    assert told_logprobs(plain) == [[-0.1, -3]]
    assert told_logprobs({"content": None, "top_logprobs": "odd"}) == []


def test_a_token_that_was_drawn_from_further_down_is_none_of_the_most_probable():
    """vLLM tells it first; in the place of the last one, in a chat."""
    chat = {"content": [{"top_logprobs": [{"logprob": p} for p in (-9, -0.1, -3)]}]}
    plain = {"top_logprobs": [{"c": -9, "a": -0.1, "b": -3}, {"b": -3, "a": -0.1, "c": -9}]}
    assert told_logprobs(chat) == [[-0.1, -3]]
    assert told_logprobs(plain) == [[-0.1, -3], [-3, -0.1, -9]]


def test_beginnings_end_before_a_space():
    parts = llamacpp.beginnings("Once upon a time there was a fox")
    assert parts[0] == ""
    assert all("Once upon a time there was a fox".startswith(part + " ") for part in parts[1:])
    assert llamacpp.beginnings("") == [""]
    assert llamacpp.beginnings("nospace") == [""]


@pytest.mark.anyio
async def test_the_embedded_server_tells_its_whole_vocabulary(tiny_gguf: Path) -> None:
    async with embedded.build(EngineOptions(gguf=tiny_gguf, slots=1, context=512)) as engine:
        info = await engine.check()
        found = await engine.distributions(PROMPTS)
        again = await engine.distributions(PROMPTS)
    assert found is not None
    assert found.requests < 60
    assert 64 <= len(found.logprobs) <= 200
    assert found.vocabulary is None
    assert found.logprobs.shape[1] == info.details["n_vocab"]
    np.testing.assert_allclose(np.exp(found.logprobs).sum(axis=1), 1, atol=1e-4)
    assert (np.diff(found.logprobs, axis=1) <= 0).all()
    assert again is not None
    np.testing.assert_array_equal(found.logprobs, again.logprobs)


def telling(engine: str, tokens: int, asked: list[dict[str, Any]], chat: bool = True) -> Loopback:
    """A server that tells the first 20 tokens beside each of its own."""
    probabilities = 0.5 ** np.arange(1, 21)

    def event(_: int) -> str:
        if chat:
            top = [{"token": str(i), "logprob": float(np.log(p))}
                   for i, p in enumerate(probabilities)]  # fmt: skip
            told: dict[str, Any] = {"content": [{"token": "0", "top_logprobs": top}]}
            choice: dict[str, Any] = {"delta": {"content": "0 "}, "logprobs": told}
        else:
            named = {str(i): float(np.log(p)) for i, p in enumerate(probabilities)}
            choice = {"text": "0 ", "logprobs": {"tokens": ["0"], "top_logprobs": [named]}}
        return json.dumps({"choices": [choice]})

    def answer(request: Request) -> Reply:
        if request.path == "/v1/models":
            return as_json({"data": [{"id": "m", "owned_by": engine, "max_model_len": 4096}]})
        if request.path.startswith("/v1/") and request.method == "POST":
            if request.body.get("top_logprobs", request.body["logprobs"]) == -1:
                return as_json({"error": {"message": ALL_REFUSED[engine]}}, 400)
            asked.append(request.body)
            end = json.dumps({"choices": [{"delta": {}, "text": "", "finish_reason": "length"}]})
            return sse([*map(event, range(tokens)), end, "[DONE]"])
        return as_json({}, 404)

    return Loopback(answer)


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["vllm", "sglang", "aphrodite"])
async def test_twenty_tokens_are_asked_for_where_that_is_the_most(name: str) -> None:
    asked: list[dict[str, Any]] = []
    async with telling(name, TOKENS, asked) as server:
        options = EngineOptions(server=server.url, model="m", first_wait_seconds=0.01)
        async with find("engines", name).build(options) as engine:
            found = await engine.distributions(PROMPTS)
    assert found is not None
    assert found.logprobs.shape[1] == 20
    assert 64 <= len(found.logprobs) <= 200
    assert found.vocabulary == (2048 if name == "vllm" else 0), "others do not say"
    assert found.requests == (4 if name == "sglang" else 5)
    assert len(asked) == 4
    for body in asked:
        assert (body["logprobs"], body["top_logprobs"]) == (True, 20)
        assert (body["temperature"], body["top_p"], body["min_p"]) == (1, 1, 0)


@pytest.mark.anyio
async def test_raw_prompts_ask_in_the_other_shape() -> None:
    asked: list[dict[str, Any]] = []
    async with telling("vllm", TOKENS, asked, chat=False) as server:
        options = EngineOptions(server=server.url, model="m", template="raw")
        async with find("engines", "vllm").build(options) as engine:
            found = await engine.distributions(PROMPTS)
    assert found is not None
    assert found.logprobs.shape[1] == 20
    assert all(body["logprobs"] == 20 for body in asked)


@pytest.mark.anyio
async def test_a_server_that_tells_next_to_nothing_is_not_believed() -> None:
    async with telling("vllm", 2, []) as server:
        engine = find("engines", "vllm").build(EngineOptions(server=server.url, model="m"))
        async with engine:
            assert await engine.distributions(PROMPTS) is None


@pytest.mark.anyio
@pytest.mark.parametrize("template", ["", "raw"])
async def test_vllm_tells_as_much_as_it_was_started_for(template: str) -> None:
    async with LlamaWriter(slots=1) as writer:
        few, many = [
            await told_by(replace(VLLM, most_logprobs=most), writer, template)
            for most in (20, 100_000)
        ]
        with pytest.raises(EngineError, match=r"tells 5 tokens, .*with --max-logprobs 20"):
            await told_by(replace(VLLM, most_logprobs=5), writer, template)
    assert few.vocabulary == 2048
    assert many.vocabulary == (1918 if template else 2048), "plain completions join equal names"
    assert many.logprobs.shape[1] == 500
    n = 19 if template == "" else 20  # in a chat, one that was drawn takes the place of the last
    assert np.isfinite(few.logprobs[:, :n]).all()
    same = np.isclose(few.logprobs[:, :n], many.logprobs[:, :n], atol=0.01)
    assert same.mean() > 0.99, "all but where equal names were joined"


async def told_by(quirks: Quirks, writer: LlamaWriter, template: str) -> Distributions:
    async with Double(quirks, writer) as server:
        options = EngineOptions(server=server.url, template=template)
        async with find("engines", "vllm").build(options) as engine:
            await engine.check()
            found = await engine.distributions(PROMPTS)
    assert found is not None
    return found  # type: ignore[no-any-return]


def test_places_of_which_too_little_was_told_are_left_out():
    full, short = [-float(k) for k in range(20)], [-0.1, -2.0]
    found = gathered([full] * 20 + [short] * 5, 0, texts=4, requests=4)
    assert found is not None
    assert found.logprobs.shape == (20, 20)
    assert gathered([short] * 40, 0, texts=4, requests=4) is None


ASKED = ("tabbyapi", "textgen", "ollama", "openai-compatible", "openai-compatible raw")


@pytest.mark.anyio
async def test_whoever_tells_twenty_is_asked_for_them() -> None:
    """By one token, at settings at which before and after sampling are the same."""
    found = {}
    async with LlamaWriter(slots=1) as writer:
        for words in ASKED:
            name, _, template = words.partition(" ")
            async with Double(USUAL[name], writer) as server:
                options = EngineOptions(server=server.url, template=template)
                async with find("engines", name).build(options) as engine:
                    await engine.check()
                    before = len(server.applied)
                    found[words] = await engine.distributions(PROMPTS)
                    asked = server.applied[before:]
            assert [applied.tokens for applied in asked] == [1, 120, 120, 120, 120], words
            assert all(applied.logprobs == 20 for applied in asked), words
            assert all(applied.knobs["temperature"] == 1 for applied in asked), words
        reference = await told_by(VLLM, writer, "")
    for words, told in found.items():
        assert told is not None, words
        assert told.logprobs.shape[1] == 20, words
        assert (told.vocabulary, told.texts, told.requests) == (0, 4, 5), words
        assert 64 <= len(told.logprobs) <= 200
        assert (np.exp(told.logprobs).sum(axis=1) <= 1 + 1e-6).all()
    same = np.isclose(found["openai-compatible"].logprobs[:5], reference.logprobs[:5], atol=0.01)
    assert same[:, :19].all(), "the model's own"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "most", "why"),
    [
        ("openai-compatible", 0, "it tells none, and 16 are needed"),
        ("ollama", 0, "it tells none, and 16 are needed"),
        ("lmstudio", 20, "it tells none, and 16 are needed"),
        ("tabbyapi", 10, "greater than max allowed: 10"),
    ],
)
async def test_what_is_said_of_a_server_that_tells_too_few_was_asked_of_it(
    name: str, most: int, why: str
) -> None:
    async with (
        LlamaWriter(slots=1) as writer,
        Double(replace(USUAL[name], most_logprobs=most), writer) as server,
        find("engines", name).build(EngineOptions(server=server.url)) as engine,
    ):
        await engine.check()
        with pytest.raises(EngineError, match=why):
            await engine.distributions(PROMPTS)
        assert {applied.tokens for applied in server.applied} <= {1}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("openai", "it was not asked, for that would cost money"),
        ("openrouter", "it was not asked, for that would cost money"),
        ("koboldcpp", "it tells those of at most 10 tokens, after its samplers"),
    ],
)
async def test_who_is_not_asked_is_not_said_to_tell_none(name: str, why: str) -> None:
    options = EngineOptions(server="http://127.0.0.1:9", model="m")
    async with find("engines", name).build(options) as engine:
        with pytest.raises(EngineError, match=why):
            await engine.distributions(PROMPTS)


@pytest.mark.anyio
async def test_a_server_that_refuses_is_an_error_that_says_so() -> None:
    def refuse(request: Request) -> Reply:
        return as_json({"error": {"message": "logprobs are switched off"}}, 400)

    async with Loopback(refuse) as server:
        options = EngineOptions(server=server.url, model="m")
        async with find("engines", "vllm").build(options) as engine:
            with pytest.raises(EngineError, match="logprobs are switched off"):
                await engine.distributions(PROMPTS)
