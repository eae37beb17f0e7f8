"""A server that becomes another in the middle of a study is found out before its texts count."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from support.double import USUAL, CannedWriter, Double
from support.loopback import Reply, Request, as_json

from sampler_bench.engines import Engine, EngineOptions, ServerInfo
from sampler_bench.engines._identity import Witness, difference, identity
from sampler_bench.engines._pool import PoolEngine, pool
from sampler_bench.engines._remote import RemoteEngine
from sampler_bench.engines._retry import Fault
from sampler_bench.errors import EngineError
from sampler_bench.plugins import find
from sampler_bench.records import Completion, Prompt, SamplerConfig

CONFIG = SamplerConfig.of("temperature", {"temperature": 1, "max_tokens": 16})
PROMPT = Prompt(0, "Write about a lighthouse.")
HOSTED = ("openai", "openrouter")
NAMED = (
    "ollama",
    "lmstudio",
    "transformers",
    "lemonade",
    *HOSTED,
)  # they serve the model that a request names
KNOWN = "not the server that this study began with: .*would not compare and are not kept"


def server_of(name: str, model: str = "mine", port: int = 0, **how: Any) -> Double:
    quirks = replace(USUAL[name], slots=4, queue=-1)
    return Double(quirks, CannedWriter(model=model), port=port, **how)


def engine_at(name: str, url: str, model: str = "") -> RemoteEngine:
    options = EngineOptions(server=url, model=model, max_retries=2, first_wait_seconds=0.01)
    found: RemoteEngine = find("engines", name).build(options)
    found._witness.pause = 0.0  # these servers start again in no time
    return found


def model_of(name: str) -> str:
    """What has to be named where the server does not say what it serves."""
    return USUAL[name].prefix + "mine" if name in HOSTED else ""


@asynccontextmanager
async def one(name: str) -> AsyncIterator[tuple[Engine, Double]]:
    async with server_of(name) as server:
        engine = engine_at(name, server.url, model_of(name))
        async with pool([engine], rest_seconds=0.02) as found:
            await found.check()
            yield found, server


async def text(engine: Engine, seed: int) -> str:
    written = await engine.generate(CONFIG, PROMPT, seed)
    assert isinstance(written, Completion)
    return written.text


@pytest.mark.anyio
@pytest.mark.parametrize("name", sorted(USUAL))
async def test_another_model_under_the_same_address_is_refused(name: str) -> None:
    async with one(name) as (engine, server):
        for seed in range(1, 4):
            await text(engine, seed)
        server.model = server.model.replace("mine", "another")
        with pytest.raises(EngineError, match=rf"{KNOWN}.*--resume, or start a new study") as told:
            await engine.generate(CONFIG, PROMPT, 4)
    assert "another" in str(told.value)
    assert "mine" in str(told.value)
    assert len(server.applied) == 4  # it wrote, and the text did not count


@pytest.mark.anyio
@pytest.mark.parametrize("name", sorted(set(USUAL) - set(NAMED)))
async def test_a_server_that_restarts_with_another_model_is_refused(name: str) -> None:
    """On the same port, between two texts: no connection breaks, nothing else gives it away."""
    async with one(name) as (engine, server):
        await text(engine, 1)
        port = server._port
        await server.__aexit__(None, None, None)
        async with server_of(name, "another", port):
            with pytest.raises(EngineError, match=KNOWN):
                await engine.generate(CONFIG, PROMPT, 2)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "told"), [("llamacpp", {"meta": {"size": 1}}), ("vllm", {"root": "/other"})]
)
async def test_another_model_under_the_same_name_is_refused(name: str, told: Any) -> None:
    """Its answers carry the name that they always did."""
    async with one(name) as (engine, server):
        await text(engine, 1)
        entry = {**server.quirks.entry, **told}
        server.quirks = replace(server.quirks, entry=entry)
        with pytest.raises(EngineError, match=r"the (model's size or digest|path of its model) is"):
            await engine.generate(CONFIG, PROMPT, 2)


@pytest.mark.anyio
async def test_one_of_two_that_changes_leaves_its_texts_to_the_other() -> None:
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(server_of("vllm")) for _ in range(2)]
        engines = [engine_at("vllm", server.url) for server in servers]
        engine = await stack.enter_async_context(pool(engines, rest_seconds=0.02))
        await engine.check()
        servers[0].model = "another"
        written = await asyncio.gather(*(engine.generate(CONFIG, PROMPT, s) for s in range(1, 13)))
        assert isinstance(engine, PoolEngine)
        assert "the model is 'another', not 'mine'" in engine.members[0].refused
    assert all(isinstance(w, Completion) and w.server == servers[1].url for w in written)
    texts = {w.text for w in written if isinstance(w, Completion)}
    assert len(texts) == 12  # none lost, none twice


@pytest.mark.anyio
async def test_two_with_the_weights_in_different_folders_may_be_pooled() -> None:
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(server_of("vllm")) for _ in range(2)]
        for server, root in zip(servers, ("/a/weights", "/b/weights"), strict=True):
            server.quirks = replace(server.quirks, entry={**server.quirks.entry, "root": root})
        engines = [engine_at("vllm", server.url) for server in servers]
        info = await (await stack.enter_async_context(pool(engines))).check()
    assert info.details["servers"] == [server.url for server in servers]


@pytest.mark.anyio
async def test_one_that_comes_back_in_another_version_is_refused() -> None:
    """What its knobs do was seen in the old one."""
    async with one("koboldcpp") as (engine, server):
        told = {**server.quirks.asked["/api/extra/version"], "version": "2.0"}
        server.quirks = replace(
            server.quirks, asked={**server.quirks.asked, "/api/extra/version": told}
        )
        with pytest.raises(EngineError, match=r"the version is '2\.0', not"):
            await engine.generate(CONFIG, PROMPT, 1)


@pytest.mark.anyio
async def test_what_tabbyapi_forces_is_part_of_who_it_is() -> None:
    async with one("tabbyapi") as (engine, server):
        forced = {"overrides": {"top_p": {"override": 0.5, "force": True}}}
        asked = {**server.quirks.asked, "/v1/sampling/overrides": forced}
        server.quirks = replace(server.quirks, asked=asked)
        with pytest.raises(EngineError, match="what it forces is"):
            await engine.generate(CONFIG, PROMPT, 1)


SIDE = {
    "tabbyapi": ("/v1/model", "/v1/sampling/overrides"),
    "textgen": ("/v1/internal/model/info",),
    "vllm": ("/version",),
    "lmstudio": ("/api/v0/models",),
    "ollama": ("/api/ps", "/api/show"),
}


def hiccup(server: Double, path: str, reply: Reply) -> None:
    """Let a server answer one question otherwise, once; then as before."""
    usual, left = server._answer, [reply]

    def answer(request: Request) -> Any:
        return left.pop() if left and request.path == path else usual(request)

    server._answer = answer


@pytest.mark.anyio
@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize(("name", "path"), [(n, path) for n in SIDE for path in SIDE[n]])
async def test_a_hiccup_on_a_side_path_makes_no_other_server(
    name: str, path: str, status: int
) -> None:
    async with one(name) as (engine, server):
        assert isinstance(engine, PoolEngine)
        known = engine.members[0].engine.info
        hiccup(server, path, as_json({"error": "busy"}, status))
        with pytest.raises(Fault, match=f"HTTP {status}"):
            await engine.members[0].engine.look()
        hiccup(server, path, as_json({"error": "busy"}, status))
        await text(engine, 1)
        assert await engine.members[0].engine.check() == known
        assert not engine.members[0].refused


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "path", "reply"),
    [
        ("textgen", "/v1/internal/model/info", as_json({"model_name": "None"})),
        ("koboldcpp", "/api/v1/model", as_json({"result": "inactive"})),
        ("tabbyapi", "/v1/model", as_json({"detail": "No models are currently loaded."}, 400)),
    ],
)
async def test_one_whose_model_is_not_loaded_again_yet_is_awaited(
    name: str, path: str, reply: Reply
) -> None:
    async with one(name) as (engine, server):
        await text(engine, 1)
        hiccup(server, path, reply)
        with pytest.raises(Fault, match=r"no (text )?model is loaded there"):
            await engine.members[0].engine.look()  # type: ignore[attr-defined]
        hiccup(server, path, reply)
        await text(engine, 2)


@pytest.mark.anyio
async def test_a_model_that_is_unloaded_while_idle_is_the_same_one() -> None:
    """LM Studio tells the context of loaded models alone, and loads what a text asks for."""
    async with one("lmstudio") as (engine, server):
        assert isinstance(engine, PoolEngine)
        found = engine.members[0].engine
        hiccup(server, "/api/v0/models", as_json({"data": []}))
        assert (await found.look()).context == 4096
        again = engine_at("lmstudio", server.url)
        hiccup(server, "/api/v0/models", as_json({"data": []}))
        async with again:
            assert (await again.look()).context == 0
            assert (await again.look()).context == 4096


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("ollama", {"/api/ps": {"models": [{"name": "another"}]}}),
        ("lmstudio", {"/api/v0/models": {"data": [{"id": "another", "state": "loaded"}]}}),
        (
            "lemonade",
            {"/api/v1/health": {"model_loaded": "another", "version": "2026.39.1-2"}},
        ),
        ("transformers", {"/v1/models": {"data": [{"id": "another"}, {"id": "mine"}]}}),
    ],
)
async def test_the_model_that_was_found_is_taken_while_another_is_loaded_as_well(
    name: str, changes: dict[str, Any]
) -> None:
    async with one(name) as (engine, server):
        assert isinstance(engine, PoolEngine)
        found = engine.members[0].engine
        server.quirks = replace(server.quirks, asked={**server.quirks.asked, **changes})
        assert (await found.look()).model == "mine"


@pytest.mark.anyio
async def test_one_question_does_for_all_texts_that_wait_for_it() -> None:
    asked, answers = 0, asyncio.Event()

    async def look() -> None:
        nonlocal asked
        asked += 1
        await answers.wait()

    witness = Witness(lambda: "u", look)

    async def text() -> None:
        with witness:
            await asyncio.sleep(0)
        await witness.confirm()

    waiting = [asyncio.ensure_future(text()) for _ in range(9)]
    answers.set()
    await asyncio.gather(*waiting)
    await text()
    assert asked == 1  # a text that follows at once needs none
    witness.pause = 0.0
    await text()
    assert asked == 2  # after a pause, one is due


@pytest.mark.anyio
async def test_a_server_is_asked_again_while_texts_overlap_only_now_and_then() -> None:
    """It cannot have started again meanwhile: that would have cut a text off."""
    asked = 0

    async def look() -> None:
        nonlocal asked
        asked += 1

    witness = Witness(lambda: "u", look, pause=0.0)
    with witness:
        for _ in range(5):
            with witness:
                await asyncio.sleep(0)
            await witness.confirm()
    assert asked == 1


@pytest.mark.anyio
async def test_after_a_lost_text_the_next_one_asks_however_busy_the_server_seems() -> None:
    asked = 0

    async def look() -> None:
        nonlocal asked
        asked += 1

    witness = Witness(lambda: "u", look, pause=60.0)
    with witness:
        pass
    await witness.confirm()
    for _ in range(2):
        with pytest.raises(Fault), witness:
            raise Fault("connection", "refused")
    with witness:
        pass
    await witness.confirm()
    assert asked == 2


@pytest.mark.anyio
async def test_a_server_too_busy_to_say_is_no_other_but_it_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def look() -> None:
        raise Fault("timeout", "silent")

    witness = Witness(lambda: "http://u", look)
    for _ in range(2):
        with witness:
            pass
        await witness.confirm()
    assert [r.message for r in caplog.records] == [
        "http://u does not say who it is while it writes; a change of its model may go unnoticed "
        "(silent)"
    ]


@pytest.mark.anyio
async def test_a_text_of_a_server_that_is_gone_is_asked_for_again() -> None:
    async def look() -> None:
        raise Fault("connection", "gone")

    witness = Witness(lambda: "u", look)
    with witness:
        pass
    with pytest.raises(Fault, match="gone"):
        await witness.confirm()


def test_long_values_are_kept_short_and_still_tell() -> None:
    def info(template: str) -> ServerInfo:
        return ServerInfo("e", "u", model="m", details={"chat_template": template})

    one, other = identity(info("a" * 5000)), identity(info("a" * 4999 + "b"))
    assert difference(one, one) == ""
    assert difference(one, other).startswith("the chat template is '")
    assert len(str(one["the chat template"])) == 16
    assert difference(one, other, but=["the chat template"]) == ""
    assert difference(one, {"the model": "m"}) == ""
    assert difference({}, one) == ""
