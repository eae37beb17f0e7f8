"""OpenRouter held to the providers that a study names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.loopback import Answer, Reply, Request, as_json
from support.plain_servers import MODEL, PlainServer, talking

from sampler_bench.engines import EngineOptions
from sampler_bench.errors import EngineError, SpecError
from sampler_bench.records import Completion, Prompt, SamplerConfig

OPTIONS = EngineOptions(model=MODEL, max_retries=1, first_wait_seconds=0.01)
PROMPT = Prompt(0, "Write about a lighthouse.")
CONFIG = SamplerConfig.of("temperature", {"temperature": 1, "max_tokens": 50})

ENDPOINTS = {
    "together/fp8": ("Together", 2048, ["top_p", "temperature", "seed", "max_tokens", "top_k"]),
    "deepinfra/bf16": ("DeepInfra", 4096, ["top_p", "temperature", "seed", "max_tokens", "min_p"]),
    "moonshotai/fp8": ("Moonshot AI", 4096, ["temperature", "seed", "max_tokens", "min_p"]),
}


def listed_endpoints(told: bool = True) -> Answer:
    """OpenRouter with its list of a model's endpoints, in the shape of its API reference."""
    plain = PlainServer("openrouter")
    entries = [
        {"tag": tag, "provider_name": name, "context_length": room, "supported_parameters": kept}
        for tag, (name, room, kept) in ENDPOINTS.items()
    ]

    async def answer(request: Request) -> Reply:
        if not request.path.endswith("/endpoints"):
            return await plain.answer(request)
        assert request.path == f"/v1/models/{MODEL}/endpoints"
        return as_json({"data": {"id": MODEL, "endpoints": entries}} if told else {})

    return answer


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("named", "sent", "kept", "context"),
    [
        (("together",), ("together",), {"top_k"}, 2048),
        (("DeepInfra",), ("deepinfra",), {"min_p"}, 4096),
        (("DeepInfra/BF16", "together"), ("deepinfra/bf16", "together"), set(), 2048),
        (("Moonshot AI",), ("moonshotai",), {"min_p"}, 4096),
    ],
)
async def test_openrouter_is_held_to_the_providers_that_are_named(
    named: tuple[str, ...], sent: tuple[str, ...], kept: set[str], context: int
) -> None:
    options = replace(OPTIONS, providers=named)
    async with talking("openrouter", options, listed_endpoints()) as (engine, server):
        info = await engine.check()
        written = await engine.generate(CONFIG, PROMPT, 1)
        assert isinstance(written, Completion)
        body = server.posts()[-1].body
        with pytest.raises(SpecError, match="top_a on openrouter: not every named provider of"):
            engine.express(SamplerConfig.of("top_a", {"top_a": 0.1, "max_tokens": 9}), 1)
    only = {"require_parameters": True, "order": [*sent], "allow_fallbacks": False}
    assert body["provider"] == written.sent["provider"] == only
    assert info.context == context
    assert {"top_k", "min_p", "top_a"} & body.keys() == kept
    assert written.provider == "Somebody"


@pytest.mark.anyio
async def test_a_provider_that_does_not_serve_the_model_is_named_with_those_that_do() -> None:
    options = replace(OPTIONS, providers=("togehter",))
    async with talking("openrouter", options, listed_endpoints()) as (engine, _):
        with pytest.raises(
            EngineError, match=r"'togehter' does not .* deepinfra/bf16, moonshotai/fp8, tog"
        ):
            await engine.check()


@pytest.mark.anyio
async def test_a_list_of_endpoints_can_be_done_without() -> None:
    options = replace(OPTIONS, providers=("together",))
    async with talking("openrouter", options, listed_endpoints(told=False)) as (engine, server):
        await engine.check()
        assert isinstance(await engine.generate(CONFIG, PROMPT, 1), Completion)
    assert server.posts()[-1].body["provider"]["order"] == ["together"]
    assert "top_a" in server.posts()[-1].body
