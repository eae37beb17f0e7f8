"""What a real llama-server does beyond one model in slots of its own: seen of b11669."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from urllib.parse import parse_qs

import pytest
from support.double import LLAMACPP_SHARED, CannedWriter, Double
from support.loopback import Reply, Request, as_json
from support.plain_servers import PlainServer, talking

from sampler_bench.engines import EngineOptions, llamacpp
from sampler_bench.engines._pool import PoolEngine
from sampler_bench.errors import EngineError
from sampler_bench.records import Completion, Prompt, SamplerConfig

pytestmark = pytest.mark.anyio
CONFIG = SamplerConfig.of("temperature", {"temperature": 1, "max_tokens": 16})
PROMPT = Prompt(0, "Write about a lighthouse.")
OPTIONS = EngineOptions(max_retries=4, first_wait_seconds=0.01, timeout_seconds=5)


class Router:
    """llama-server without a model of its own: it loads those of a folder as they are asked for."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.loaded: set[str] = set()
        self._behind = PlainServer("llamacpp").double

    async def answer(self, request: Request) -> Reply:
        path, _, query = request.path.partition("?")
        if path == "/v1/models":
            return as_json({"object": "list", "data": [self._entry(name) for name in self.names]})
        body = request.body if isinstance(request.body, dict) else {}
        name = parse_qs(query).get("model", [body.get("model")])[0]
        if path == "/props" and not name:
            return as_json({"role": "router", "default_generation_settings": {"n_ctx": 0}})
        if name not in self.names:
            said = f"model '{name}' not found" if name else "model name is missing from the request"
            return as_json({"error": {"code": 400, "message": said}}, 400)
        self.loaded.add(name)
        self._behind.model = name
        return await self._behind.answer(request)

    def _entry(self, name: str) -> dict[str, object]:
        value = "loaded" if name in self.loaded else "unloaded"
        entry = {"id": name, "owned_by": "llamacpp", "status": {"value": value}}
        return {**entry, "meta": {"n_ctx_train": 4096, "size": 10}} if value == "loaded" else entry


async def test_a_router_loads_the_model_that_is_named() -> None:
    router = Router("demo", "other")
    options = replace(OPTIONS, model="other")
    async with talking("llamacpp", options, router.answer) as (engine, _server):
        info = await engine.check()
        await engine.look()  # it tells more of a loaded model; that is no other server
        size = await engine.count(PROMPT)
        written = await engine.generate(CONFIG, PROMPT, 1)
    assert (info.model, info.context, info.slots, info.details["size"]) == ("other", 4096, 4, 10)
    assert router.loaded == {"other"}
    assert size == 9
    assert isinstance(written, Completion)
    assert written.model == "other"


async def test_a_router_is_told_a_name_of_models_yaml_that_it_lists_too() -> None:
    options = replace(OPTIONS, called="other")
    async with talking("llamacpp", options, Router("demo", "other").answer) as (engine, _server):
        assert (await engine.check()).model == "other"
        written = await engine.generate(CONFIG, PROMPT, 1)
    assert isinstance(written, Completion)
    assert written.model == "other"
    async with talking("llamacpp", options, Router("demo", "third").answer) as (engine, _server):
        with pytest.raises(EngineError, match=r"name one with --model: demo, third$"):
            await engine.check()


async def test_a_routers_lone_model_needs_no_name_and_several_do() -> None:
    async with talking("llamacpp", OPTIONS, Router("demo").answer) as (engine, _server):
        assert (await engine.check()).model == "demo"
    async with talking("llamacpp", OPTIONS, Router("demo", "other").answer) as (engine, _server):
        with pytest.raises(EngineError, match="name one with --model: demo, other"):
            await engine.check()


async def test_a_lone_model_is_known_whatever_it_is_called() -> None:
    plain, options = PlainServer("llamacpp", model="/models/x.gguf"), replace(OPTIONS, model="mine")
    async with talking("llamacpp", options, plain.answer) as (engine, _server):
        info = await engine.check()
    assert (info.model, info.details["size"]) == ("mine", 10)


async def test_texts_that_fill_a_shared_context_together_come_fewer_at_once() -> None:
    """Each takes 13 tokens of 30: all four lose theirs, and two at once do not."""
    double = Double(LLAMACPP_SHARED, CannedWriter(context=30), pause=0.002)
    async with (
        double,
        PoolEngine(
            [llamacpp.build(replace(OPTIONS, server=double.url))], rest_seconds=0.3
        ) as engine,
    ):
        await engine.check()
        written = await asyncio.gather(
            *(engine.generate(CONFIG, PROMPT, seed) for seed in range(1, 9))
        )
    assert all(isinstance(text, Completion) for text in written)
    assert engine.members[0].limit <= 2
    assert max(text.retries for text in written if isinstance(text, Completion)) <= 2
