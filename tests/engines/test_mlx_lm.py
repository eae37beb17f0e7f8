"""Which model of mlx_lm.server writes? It loads whichever a request names."""

from __future__ import annotations

import pytest
from support.double import MLX_LM, MLX_LM_SEVERAL, CannedWriter, Double
from support.loopback import Loopback, Reply, Request, as_json

from sampler_bench.engines import EngineOptions, mlx_lm
from sampler_bench.errors import EngineError

pytestmark = pytest.mark.anyio


async def test_the_only_model_is_taken() -> None:
    async with (
        Double(MLX_LM, CannedWriter(model="/models/mine")) as server,
        mlx_lm.build(EngineOptions(server=server.url)) as engine,
    ):
        info = await engine.check()
    assert (info.model, info.slots) == ("/models/mine", 1)


async def test_of_several_one_must_be_named() -> None:
    """The first of its list may not be the one that it was started with."""
    async with Double(MLX_LM_SEVERAL, CannedWriter(model="mine")) as server:
        async with mlx_lm.build(EngineOptions(server=server.url)) as engine:
            with pytest.raises(EngineError, match=r"any of 2 models; .*: somebody/other, mine"):
                await engine.check()
        async with mlx_lm.build(EngineOptions(server=server.url, model="mine")) as engine:
            assert (await engine.check()).model == "mine"


@pytest.mark.parametrize("reply", [as_json({"object": "list", "data": []}), Reply([b""])])
async def test_without_a_list_it_is_the_one_that_it_was_started_with(reply: Reply) -> None:
    """Its list breaks off where nothing was ever downloaded."""

    def answer(_: Request) -> Reply:
        return reply

    async with (
        Loopback(answer) as server,
        mlx_lm.build(EngineOptions(server=server.url)) as engine,
    ):
        assert (await engine.check()).model == "default_model"
