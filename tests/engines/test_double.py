"""The double does what was seen of real servers, and draws as llama.cpp draws."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx2
import numpy as np
import pytest
from support.double import (
    KOBOLDCPP_1_76,
    KOBOLDCPP_1_115,
    LLAMACPP,
    VLLM,
    Double,
    LlamaWriter,
    servers,
)
from support.double.applied import Applied, Reader
from support.double.chain import STEPS, candidates, probabilities
from support.double.quirks import OFF, SPAN, Quirks
from support.double.writer import End, Piece
from support.tiny_gguf import LONG, LONG_TEXT, write_tiny_gguf

PROMPT = "Once upon a time there was a"
NEUTRAL: dict[str, Any] = {"temperature": 5, "top_k": 0, "top_p": 1, "min_p": 0, "typical": 1}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def writer() -> AsyncIterator[LlamaWriter]:
    async with LlamaWriter(slots=2) as found:
        yield found


@pytest.fixture(scope="module")
async def endless(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LlamaWriter]:
    """Texts that do not end while a test looks elsewhere."""
    gguf = write_tiny_gguf(tmp_path_factory.mktemp("long") / "long.gguf", context=LONG)
    async with LlamaWriter(gguf, slots=1, context=LONG, endless=True) as found:
        yield found


async def draws(
    quirks: Quirks, writer: LlamaWriter, path: str, bodies: list[dict[str, Any]], **how: Any
) -> list[str]:
    """One token for each body, natively as KoboldCpp is asked."""
    found = []
    async with (
        Double(quirks, writer, **how) as server,
        httpx2.AsyncClient(verify=False, timeout=120) as client,
    ):
        for body in bodies:
            asked = {"prompt": PROMPT, "max_length": 1, "max_tokens": 1, **body}
            told = (await client.post(server.url + path, json=asked)).json()
            found.append((told.get("results") or told["choices"])[0]["text"])
    return found


def kobold(writer: LlamaWriter, *bodies: dict[str, Any], quirks: Quirks = KOBOLDCPP_1_76) -> Any:
    return draws(quirks, writer, "/api/v1/generate", list(bodies), clock=lambda: 77.0)


def seeded(n: int = 40, **body: Any) -> list[dict[str, Any]]:
    return [{"sampler_seed": seed, **body} for seed in range(1, n + 1)]


@pytest.mark.anyio
async def test_what_was_seen_of_koboldcpp_1_76(writer: LlamaWriter) -> None:
    """T=5: few tokens with top_k and top_p omitted, many when neutral; `nsigma` ignored; ..."""
    omitted = await kobold(writer, *seeded(temperature=5))
    neutral = await kobold(writer, *seeded(**NEUTRAL))
    assert len(set(omitted)) < 28 < 34 < len(set(neutral))
    for ignored in ({"nsigma": 0.01}, {"top_n_sigma": 0.01}):
        assert await kobold(writer, *seeded(**NEUTRAL, **ignored)) == neutral
    assert len(set(await kobold(writer, *seeded(**{**NEUTRAL, "min_p": 1.0})))) == 1
    assert await kobold(writer, *seeded(**NEUTRAL)) == neutral
    # `seed` is no seed there, yet all agree within one second; 0 is as good as none
    same = [{**NEUTRAL, "seed": 1}, {**NEUTRAL, "seed": 2}, {**NEUTRAL, "sampler_seed": 0}]
    assert len(set(await kobold(writer, *same))) == 1


@pytest.mark.anyio
async def test_koboldcpp_1_115_knows_nsigma(writer: LlamaWriter) -> None:
    found = await kobold(writer, *seeded(9, **NEUTRAL, nsigma=0.01), quirks=KOBOLDCPP_1_115)
    assert len(set(found)) == 1


def test_koboldcpp_1_115_truncates_before_adaptive_p() -> None:
    """Only where neither min_p nor top_p does, whatever else does; 0 switches adaptive-p off."""
    native = next(e for e in KOBOLDCPP_1_115.endpoints if e.path == "/api/v1/generate")

    def min_p(**body: Any) -> float:
        neutral = {"top_p": 1, "min_p": 0, "top_k": 0, "adaptive_target": 0.5}
        knobs = Reader(KOBOLDCPP_1_115).read(native, {**neutral, **body}, 99).knobs
        return float(knobs["min_p"])

    assert min_p() == min_p(top_k=40) == 0.002
    assert min_p(top_p=0.9) == min_p(adaptive_target=0) == 0
    assert min_p(min_p=0.1) == 0.1


@pytest.mark.anyio
async def test_koboldcpps_openai_endpoint_has_other_words(writer: LlamaWriter) -> None:
    """There `seed` overwrites `sampler_seed`, and frequency is taken for presence."""
    path = "/v1/completions"
    native = next(e for e in KOBOLDCPP_1_76.endpoints if e.path == "/api/v1/generate")
    body = {"nsigma": 1, "seed": 1, "max_tokens": 9, "min_p": 0.1, "sampler_seed": 4}
    assert Reader(KOBOLDCPP_1_76).read(native, body, 99).ignored == ("nsigma", "seed", "max_tokens")
    many = [{**NEUTRAL, "seed": 5, "sampler_seed": seed} for seed in (1, 2, 3)]
    assert len(set(await draws(KOBOLDCPP_1_76, writer, path, many))) == 1
    async with (
        Double(KOBOLDCPP_1_76, writer) as server,
        httpx2.AsyncClient(verify=False, timeout=120) as client,
    ):
        body = {"prompt": PROMPT, "max_tokens": 1, "frequency_penalty": 0.7, "mirostat": 2}
        await client.post(server.url + path, json=body)
    knobs = server.applied[0].knobs
    assert (knobs["presence"], knobs["frequency"], knobs["mirostat"]) == (0.7, 0, 0)


@pytest.mark.anyio
async def test_temperature_comes_first_in_vllm_and_last_in_llama_cpp(writer: LlamaWriter) -> None:
    hot = {**NEUTRAL, "temperature": 2, "min_p": 0.1}  # vLLM takes no more than 2
    bodies = [{**hot, "seed": seed} for seed in range(1, 41)]
    last = await draws(LLAMACPP, writer, "/v1/completions", bodies)
    first = await draws(VLLM, writer, "/v1/completions", bodies)
    assert len(set(last)) < 21 < len(set(first))


def random_settings(rng: np.random.Generator) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Some knobs that both can do, in any order.

    Not top-n-sigma together with what counts the candidates: llama.cpp leaves the tokens that it
    cuts among them, with probability 0, so that typical_p and dynamic temperature act otherwise.
    """
    values = {
        "top_k": int(rng.integers(2, 200)),
        "top_p": float(rng.uniform(0.3, 0.99)),
        "min_p": float(rng.uniform(0.001, 0.3)),
        "typical": float(rng.uniform(0.3, 0.99)),
        "sigma": float(rng.uniform(0.3, 3)),
    }
    chosen = [name for name in values if rng.random() < 0.5]
    steps = rng.permutation([*values, "temperature"])
    heat = {"temperature": float(rng.uniform(0.3, 2.5))}
    if "sigma" in chosen:
        chosen = [name for name in chosen if name != "typical"]
    elif rng.random() < 0.3:
        heat |= {"dynatemp_range": 0.2, "dynatemp_exponent": 1.3}
    return {**OFF, **heat, **{name: values[name] for name in chosen}}, tuple(map(str, steps))


@pytest.mark.anyio
async def test_its_own_draws_are_llama_cpps(writer: LlamaWriter) -> None:
    """The same candidates and probabilities as llama.cpp's own, for 60 random chains."""
    rng = np.random.default_rng(3)
    prompt = await writer.tokens(PROMPT)
    for _ in range(60):
        knobs, steps = random_settings(rng)
        applied = Applied(knobs, steps, seed=1, tokens=1, logprobs=5000, after=True)
        entries, logits = await writer._distribution(applied, prompt)
        ours = probabilities(candidates(logits, applied, np.random.default_rng(0)))
        theirs = np.zeros(len(ours))
        places = {entry["id"]: i for i, entry in enumerate(entries)}
        async for piece in writer.write(applied, prompt):
            if isinstance(piece, Piece) and piece.logprobs:
                for entry in piece.logprobs["top_probs"]:
                    theirs[places[entry["id"]]] = entry["prob"]
        assert np.abs(ours - theirs).max() < 1e-4, (knobs, steps)


@pytest.mark.anyio
async def test_what_llama_cpp_lacks_is_drawn_into_whole_texts(writer: LlamaWriter) -> None:
    prompt = await writer.tokens(PROMPT)
    for knobs in ({"tfs": 0.5}, {"top_a": 0.3}, {"smoothing_factor": 0.5}, {"eta": 0.002}):
        steps = ("tfs", "top_a", "temperature", "smoothing", "eta")
        applied = Applied({**OFF, **knobs}, steps, seed=4, tokens=12, stop=(" zzz",))
        found = [piece async for piece in writer.write(applied, prompt)]
        assert isinstance(found[-1], End)
        assert found[-1].why in ("limit", "eos")
        assert len("".join(piece.text for piece in found if isinstance(piece, Piece))) > 10
        again = [piece async for piece in writer.write(applied, prompt)]
        assert again == found


@pytest.mark.anyio
async def test_leaving_a_stream_frees_the_slot(endless: LlamaWriter) -> None:
    """llama.cpp writes on whether it is read or not: the text must not end meanwhile."""
    body = {"prompt": PROMPT, "max_tokens": LONG_TEXT, "stream": True}
    async with (
        Double(LLAMACPP, endless) as server,
        httpx2.AsyncClient(verify=False, timeout=120) as client,
    ):
        async with client.stream("POST", server.url + "/v1/completions", json=body) as response:
            lines = response.aiter_lines()
            await anext(lines)  # and keep them: once they are dropped, the stream is closed
            assert await endless.busy() == 1
        await server.left.wait()
        await endless.until_idle()
        assert server.running == 0
        assert server.last is None  # it never came to an end


@pytest.mark.anyio
async def test_a_full_queue_is_said(endless: LlamaWriter) -> None:
    narrow = replace(VLLM, slots=1, queue=0, full=429)
    async with (
        Double(narrow, endless, retry_after=3) as server,
        httpx2.AsyncClient(verify=False, timeout=120) as client,
    ):
        url = server.url + "/v1/completions"
        body = {"prompt": PROMPT, "max_tokens": LONG_TEXT}
        async with client.stream("POST", url, json={**body, "stream": True}) as first:
            lines = first.aiter_lines()
            await anext(lines)  # and keep them: once they are dropped, the stream is closed
            second = await client.post(url, json=body)
        assert (second.status_code, second.headers["retry-after"]) == (429, "3")


@pytest.mark.anyio
@pytest.mark.parametrize("name", servers.__all__)
async def test_every_server_writes_with_its_own_defaults(name: str, writer: LlamaWriter) -> None:
    """The data is sound: knobs and steps are known, and each endpoint answers an empty request."""
    quirks = getattr(servers, name)
    for endpoint in quirks.endpoints:
        assert {key.knob for key in endpoint.keys.values()} <= {*OFF, *SPAN}
        body = {"prompt": PROMPT, "messages": [{"role": "user", "content": PROMPT}]}
        inner = {endpoint.tokens: 3, "stop": ["zzz"]}
        said = {endpoint.inside: inner} if endpoint.inside else {"max_tokens": 3, **inner}
        async with (
            Double(quirks, writer) as server,
            httpx2.AsyncClient(verify=False, timeout=60) as client,
        ):
            response = await client.post(server.url + endpoint.path, json={**body, **said})
        assert response.status_code == 200
        (applied,) = server.applied
        assert applied.tokens == 3
        assert set(applied.steps) <= STEPS.keys() | {"penalties", "dry", "sigma", "xtc", "adaptive"}
        assert len(set(applied.steps)) == len(applied.steps)


@pytest.mark.anyio
async def test_vllms_presence_penalty_looks_at_the_answer_alone(writer: LlamaWriter) -> None:
    """The first token is drawn as without it, though all its likely tokens stand in the prompt."""
    texts = []
    async with (
        Double(VLLM, writer) as server,
        httpx2.AsyncClient(verify=False, timeout=120) as client,
    ):
        for penalty in (0.0, 2.0):
            body = {"prompt": "the dog and the dog and the", "temperature": 0, "max_tokens": 90}
            asked = {**body, "presence_penalty": penalty, "logprobs": 2}
            told = (await client.post(server.url + "/v1/completions", json=asked)).json()
            texts.append(told["choices"][0]["logprobs"]["tokens"])
    assert texts[0][0] == texts[1][0]
    assert texts[0] != texts[1]
