"""Which model of mlx_lm.server writes? It loads whichever a request names."""

from __future__ import annotations

import pytest
from support.double import MLX_LM, MLX_LM_UNLISTED, CannedWriter, Double
from support.loopback import Loopback, Reply, Request, as_json

from sampler_bench.engines import EngineOptions, mlx_lm
from sampler_bench.errors import EngineError
from sampler_bench.records import Completion, Prompt, SamplerConfig

pytestmark = pytest.mark.anyio
CONFIG = SamplerConfig.of("temperature", {"temperature": 1, "max_tokens": 16})
PROMPT = Prompt(0, "Write about a lighthouse.")


async def test_a_folder_that_it_was_started_with_is_known_by_its_path_alone() -> None:
    """By its path it would be loaded once more, without the adapter that belongs to it."""
    async with (
        Double(MLX_LM, CannedWriter(model="mine")) as server,
        mlx_lm.build(EngineOptions(server=server.url)) as engine,
    ):
        info = await engine.check()
        written = await engine.generate(CONFIG, PROMPT, 1)
        assert len(server.applied) == 1
    assert (info.model, info.slots) == ("/models/mine", 1)
    assert isinstance(written, Completion)
    assert written.model == "default_model"  # as it says in its answers


async def test_the_model_that_it_was_started_with_writes_though_its_list_has_but_another() -> None:
    async with Double(MLX_LM_UNLISTED, CannedWriter()) as server:
        async with mlx_lm.build(EngineOptions(server=server.url)) as engine:
            assert (await engine.check()).model == "default_model"
            asked = len(server.applied)
            assert (await engine.look()).model == "default_model"
            written = await engine.generate(CONFIG, PROMPT, 1)
        options = EngineOptions(server=server.url, called="default_model")
        async with mlx_lm.build(options) as engine:
            assert (await engine.check()).model == "default_model"
        assert len(server.applied) == asked + 1  # no more tokens are spent to know it
        async with mlx_lm.build(EngineOptions(server=server.url, model="mine")) as engine:
            assert (await engine.check()).model == "mine"
    assert isinstance(written, Completion)
    assert written.model == "default_model"


@pytest.mark.parametrize("names", [["first"], ["first", "second"], []])
async def test_without_one_the_only_one_of_its_list_is_taken(names: list[str]) -> None:
    """It is refused, as no model is to load, where it was started with none."""

    def answer(request: Request) -> Reply:
        if request.path == "/v1/models":
            return as_json({"object": "list", "data": [{"id": name} for name in names]})
        return as_json({"error": "no model"}, 404)

    async with (
        Loopback(answer) as server,
        mlx_lm.build(EngineOptions(server=server.url, max_retries=0)) as engine,
    ):
        if len(names) == 1:
            assert (await engine.check()).model == engine.model == "first"
            return
        told = "any of 2 models; name .* --model: first, second" if names else "lists no model"
        with pytest.raises(EngineError, match=told):
            await engine.check()


@pytest.mark.parametrize("reply", [as_json({"object": "list", "data": []}), Reply([b""])])
async def test_without_a_list_it_is_the_one_that_it_was_started_with(reply: Reply) -> None:
    """Its list breaks off where nothing was ever downloaded."""

    def answer(request: Request) -> Reply:
        return reply if request.path == "/v1/models" else as_json({"choices": []})

    async with (
        Loopback(answer) as server,
        mlx_lm.build(EngineOptions(server=server.url)) as engine,
    ):
        assert (await engine.check()).model == "default_model"
