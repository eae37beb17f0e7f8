"""Who answers at an address? Every engine is told from every other, imitators included."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.double import (
    LEMONADE_SEVERAL,
    LMSTUDIO,
    LMSTUDIO_V1,
    USUAL,
    CannedWriter,
    Double,
    Quirks,
)
from support.loopback import Loopback, Reply, as_json
from support.plain_servers import PlainServer

from sampler_bench.engines import EngineOptions, embedded, lemonade, lmstudio
from sampler_bench.engines._recognise import recognise
from sampler_bench.errors import EngineError


@pytest.mark.anyio
@pytest.mark.parametrize("name", [name for name in USUAL if not name.startswith("open")])
async def test_each_server_is_told_from_the_others(name: str) -> None:
    async with PlainServer(name).start() as server:
        assert await recognise(server.url) == name
        assert await recognise(server.url.removeprefix("http://") + "/v1") == name


@pytest.mark.anyio
@pytest.mark.parametrize("quirks", [LMSTUDIO, LMSTUDIO_V1])
async def test_lm_studio_names_the_model_that_writes(quirks: Quirks) -> None:
    """Not the one that embeds and may be loaded beside it; in its old list and its new one."""
    async with Double(quirks, CannedWriter()) as server:
        assert await recognise(server.url) == "lmstudio"
        async with lmstudio.build(EngineOptions(server=server.url)) as engine:
            info = await engine.check()
        assert (info.model, info.context) == (server.model, 4096)
        options = EngineOptions(server=server.url, model="another")
        async with lmstudio.build(options) as engine:
            assert (await engine.check()).context == 0  # it is not loaded yet


@pytest.mark.anyio
async def test_lemonade_names_the_model_that_is_loaded() -> None:
    """Not the first of its list; nor is it LM Studio or Ollama, whose questions it answers."""
    async with Double(LEMONADE_SEVERAL, CannedWriter()) as server:
        assert await recognise(server.url) == "lemonade"
        async with lemonade.build(EngineOptions(server=server.url)) as engine:
            info = await engine.check()
        assert (info.model, info.context, info.version) == (server.model, 4096, "2026.39.1-2")
        async with lemonade.build(EngineOptions(server=server.url, model="other")) as engine:
            assert (await engine.check()).context == 77
    none = {**LEMONADE_SEVERAL.asked, "/api/v1/health": {"model_loaded": None}}
    async with (
        Double(replace(LEMONADE_SEVERAL, asked=none), CannedWriter()) as server,
        lemonade.build(EngineOptions(server=server.url)) as engine,
    ):
        with pytest.raises(EngineError, match=r"any of 2 models; name the one .* --model: o"):
            await engine.check()


@pytest.mark.anyio
async def test_any_other_is_openai_compatible() -> None:
    async with PlainServer("something-else").start() as server:
        assert await recognise(server.url) == "openai-compatible"


@pytest.mark.anyio
async def test_the_real_llama_cpp_is_recognised(tiny_gguf: Path) -> None:
    async with embedded.build(EngineOptions(gguf=tiny_gguf, slots=1, context=256)) as engine:
        assert await recognise(engine.http.url) == "llamacpp"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("url", "engine"),
    [("https://api.openai.com/v1", "openai"), ("https://openrouter.ai/api/v1", "openrouter")],
)
async def test_hosted_servers_are_known_by_name(url: str, engine: str) -> None:
    assert await recognise(url) == engine


@pytest.mark.anyio
async def test_nobody_is_named_with_a_remedy() -> None:
    with pytest.raises(EngineError, match=r"nothing answers at http://127\.0\.0\.1:9 .*start a"):
        await recognise("http://127.0.0.1:9")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply([b"<html>hello</html>"], kind="text/html"), "like no model server that we know"),
        (as_json({"error": "who are you"}, 401), "asks for an API key"),
        (as_json({"error": "no"}, 404), "like no model server that we know"),
        (
            as_json({"error": {"message": "Loading model"}}, 503),
            "not ready .*: Loading model.*try again",
        ),
        (Reply([b"Internal Server Error"], 500, "text/plain"), "HTTP 500 .*if it asks for an API"),
        (Reply([b""]), "like no model server that we know; .*name the engine"),
    ],
)
async def test_strangers_are_not_mistaken(reply: Reply, words: str) -> None:
    async with Loopback(lambda _: reply) as server:
        with pytest.raises(EngineError, match=words):
            await recognise(server.url)
