"""Several servers as one: shared load, fail-over without loss, a return, and who is refused."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from support.double import Double
from support.loopback import Answer, Loopback, Reply, Request, as_json, until
from support.plain_servers import MODEL, PlainServer
from support.tiny_gguf import write_tiny_gguf

from sampler_bench.engines import Engine, EngineOptions, ServerInfo, llamacpp
from sampler_bench.engines._child import Order
from sampler_bench.engines._launch import Child
from sampler_bench.engines._member import Member
from sampler_bench.engines._pool import PoolEngine, pool
from sampler_bench.engines._retry import Fault
from sampler_bench.errors import EngineError, SpecError
from sampler_bench.plugins import find
from sampler_bench.records import Completion, Prompt, SamplerConfig, Unwritten

CONFIG = SamplerConfig.of("temperature", {"temperature": 1, "max_tokens": 16})
PROMPT = Prompt(0, "Write about a lighthouse.")
OPTIONS = EngineOptions(model=MODEL, max_retries=4, first_wait_seconds=0.01, timeout_seconds=5)


@asynccontextmanager
async def joined(
    answers: Sequence[Answer], name: str = "llamacpp"
) -> AsyncIterator[tuple[Engine, list[Loopback]]]:
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(Loopback(answer)) for answer in answers]
        build = find("engines", name).build
        engines = [build(replace(OPTIONS, server=server.url)) for server in servers]
        yield await stack.enter_async_context(pool(engines, rest_seconds=0.05)), servers


async def beside_one_away(
    stack: AsyncExitStack, there: PlainServer, retries: int, rest_seconds: float
) -> tuple[PoolEngine, str, str]:
    """A pool of a server and of one that has ended, and where they are."""
    gone = PlainServer("llamacpp").start()
    urls = [(await stack.enter_async_context(s)).url for s in (there.start(), gone)]
    await gone.__aexit__()
    options = replace(OPTIONS, max_retries=retries)
    engines = [llamacpp.build(replace(options, server=url)) for url in urls]
    engine = await stack.enter_async_context(pool(engines, rest_seconds=rest_seconds))
    assert isinstance(engine, PoolEngine)
    return engine, urls[0], urls[1]


async def many(engine: Engine, size: int, at_once: int) -> list[Completion | Unwritten]:
    room = asyncio.Semaphore(at_once)

    async def one(seed: int) -> Completion | Unwritten:
        async with room:
            return await engine.generate(CONFIG, PROMPT, seed)

    return await asyncio.gather(*(one(seed) for seed in range(1, size + 1)))


def complete(written: Sequence[Completion | Unwritten], size: int) -> None:
    texts = Counter(w.text for w in written if isinstance(w, Completion))
    assert texts == Counter(f"seed {seed} says hello there" for seed in range(1, size + 1))


def unless(bad: Callable[[], bool], good: Answer, reply: Reply) -> Answer:
    return lambda request: reply if bad() and request.method == "POST" else good(request)


@pytest.mark.anyio
async def test_load_is_shared_and_slots_are_kept() -> None:
    answers = [PlainServer("llamacpp", pause=0.005).answer for _ in range(2)]
    async with joined(answers) as (engine, servers):
        info = await engine.check()
        written = await many(engine, 60, at_once=20)
    complete(written, 60)
    assert info.slots == 8
    assert info.details["servers"] == [server.url for server in servers]
    shares = Counter(w.server for w in written if isinstance(w, Completion))
    assert all(share >= 20 for share in shares.values())
    assert all(server.most_open <= 4 for server in servers)


@pytest.mark.anyio
async def test_a_dying_server_costs_no_text_and_comes_back() -> None:
    down = False
    busy = as_json({"error": {"message": "gone"}}, 502)
    good = PlainServer("llamacpp", pause=0.002).answer
    async with joined([unless(lambda: down, good, busy), good]) as (engine, servers):
        await engine.check()
        down = True
        complete(await many(engine, 40, at_once=8), 40)
        first = len(servers[0].posts())
        assert first < 20  # it was left alone, not hammered
        down = False
        await asyncio.sleep(0.2)
        written = await many(engine, 40, at_once=8)
    complete(written, 40)
    assert {w.server for w in written if isinstance(w, Completion)} == {s.url for s in servers}


@pytest.mark.anyio
async def test_all_away_is_missing_not_wrong() -> None:
    busy = as_json({"error": {"message": "gone"}}, 502)
    down = False
    bad = unless(lambda: down, PlainServer("llamacpp").answer, busy)
    async with joined([bad, bad]) as (engine, _):
        await engine.check()
        down = True
        written = await engine.generate(CONFIG, PROMPT, 1)
    assert isinstance(written, Unwritten)
    assert (written.reason, written.retries) == ("protocol", 5)


@pytest.mark.anyio
async def test_one_that_is_away_at_first_may_join_later() -> None:
    async with AsyncExitStack() as stack:
        engine, here, url = await beside_one_away(stack, PlainServer("llamacpp"), 0, 0.05)
        info = await engine.check()
        assert info.details["servers"] == [here]
        assert len(info.details["away"]) == 1  # type: ignore[arg-type]
        assert (info.slots, engine.at_once) == (4, 6)  # one for each door, and one there to knock
        at_once: list[int] = []
        engine.joined = lambda: at_once.append(engine.at_once)
        complete(await many(engine, 10, at_once=2), 10)
        again = PlainServer("llamacpp").start(port=int(url.rsplit(":", 1)[1]))
        await stack.enter_async_context(again)
        await asyncio.sleep(0.2)
        complete(await many(engine, 30, at_once=8), 30)
        assert again.posts()
        assert at_once == [10]


@pytest.mark.anyio
async def test_looking_for_an_absent_server_costs_no_text_its_tries() -> None:
    """One worker more than the living server has slots keeps meeting the dead one."""
    async with AsyncExitStack() as stack:
        slow = PlainServer("llamacpp", pause=0.02)
        engine, _, _ = await beside_one_away(stack, slow, 1, 0.002)
        await engine.check()
        complete(await many(engine, 60, at_once=engine.at_once), 60)


@pytest.mark.anyio
async def test_a_text_is_given_up_where_no_server_answers() -> None:
    """The looks at two dead servers are its tries: another that rests no more is not well."""
    async with AsyncExitStack() as stack:
        servers = [PlainServer("llamacpp").start() for _ in range(2)]
        for server in servers:
            await stack.enter_async_context(server)
        options = replace(OPTIONS, max_retries=1)
        engines = [llamacpp.build(replace(options, server=server.url)) for server in servers]
        engine = await stack.enter_async_context(pool(engines, rest_seconds=0.0))
        await engine.check()
        for server in servers:
            await server.__aexit__()
        async with asyncio.timeout(5):
            written = await engine.generate(CONFIG, PROMPT, 1)
    assert isinstance(written, Unwritten)
    assert written.retries == 2


@pytest.mark.anyio
async def test_a_server_that_loads_its_model_is_not_asked_without_rest() -> None:
    loading = False
    busy = as_json({"error": {"message": "Loading model"}}, 503)
    good = PlainServer("llamacpp").answer
    asked = 0

    def answer(request: Request) -> Reply:
        nonlocal asked
        asked += loading
        return busy if loading else good(request)

    async with joined([answer, PlainServer("llamacpp", pause=0.02).answer]) as (engine, _):
        assert isinstance(engine, PoolEngine)
        await engine.check()
        loading, engine.members[0].doubted = True, True
        complete(await many(engine, 40, at_once=8), 40)
    assert asked < 40


@pytest.mark.anyio
async def test_what_can_be_said_is_told_by_one_that_answers() -> None:
    """It may depend on its context: told by one that is away, it was refused in mid-run."""
    async with PlainServer("koboldcpp", context=1000).start() as here:
        away = replace(OPTIONS, server="http://127.0.0.1:9", max_retries=0)
        build = find("engines", "koboldcpp").build
        async with pool([build(away), build(replace(away, server=here.url))]) as engine:
            await engine.check()
            with pytest.raises(SpecError, match="max_tokens=900"):
                engine.express(CONFIG.of("temperature", {"max_tokens": 900}), 1)


@pytest.mark.anyio
async def test_a_late_one_is_looked_at_closely_before_it_writes() -> None:
    """Gone again in the middle of that, it is awaited; not wanted, it is left out."""
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(PlainServer("llamacpp", pause=0.002).start())
        late = PlainServer("llamacpp").start()
        await stack.enter_async_context(late)
        await late.__aexit__()
        options = replace(OPTIONS, max_retries=0)
        engines = [llamacpp.build(replace(options, server=s.url)) for s in (here, late)]
        engine = await stack.enter_async_context(pool(engines, rest_seconds=0.02))
        assert isinstance(engine, PoolEngine)
        await engine.check()
        looked: list[int] = []

        async def admit(server: Engine) -> None:
            assert server is engines[1]
            looked.append(len(late.posts()))
            if len(looked) < 3:
                raise EngineError("no text came") from Fault("timeout", "silent")
            if len(looked) == 3:
                raise EngineError("its top_p is dead")

        engine.admit = admit
        answer = other({"build_info": "b9999"})  # versions may differ where knobs are looked at
        late = Loopback(answer, port=int(late.url.rsplit(":", 1)[1]))
        await stack.enter_async_context(late)
        for _ in range(200):
            if engine.members[1].refused:
                break
            complete(await many(engine, 10, at_once=4), 10)
            await asyncio.sleep(0.02)
        assert engine.members[1].refused == "its top_p is dead"
        engine.members[1].refused = ""
        engine.members[1].rests_until = 0.0
        complete(await many(engine, 30, at_once=8), 30)
        assert looked == [0, 0, 0, 0], "and once is enough"
        assert late.posts()


@pytest.mark.anyio
async def test_none_there_is_an_error() -> None:
    options = replace(OPTIONS, max_retries=0)
    engines = [llamacpp.build(replace(options, server=f"http://127.0.0.1:{p}")) for p in (9, 10)]
    async with pool(engines) as engine:
        with pytest.raises(EngineError, match=r"no server can be used: .*:9.*:10"):
            await engine.check()


def other(change: dict[str, object]) -> Answer:
    plain = PlainServer("llamacpp")

    async def answer(request: Request) -> Reply:
        reply = await plain.answer(request)
        if not request.path.startswith("/props"):
            return reply
        (props,) = reply.parts
        return as_json({**json.loads(props), **change})

    return answer


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"default_generation_settings": {"n_ctx": 99}}, "the context is 99, not 4096"),
        ({"chat_template": "other"}, "the chat template is"),
    ],
)
async def test_a_server_with_other_settings_is_refused(
    change: dict[str, object], what: str
) -> None:
    async with joined([PlainServer("llamacpp").answer, other(change)]) as (engine, _):
        with pytest.raises(EngineError, match=f"{what}.*would not compare"):
            await engine.check()


@pytest.mark.anyio
async def test_one_that_returns_with_another_model_is_left_out() -> None:
    away, changed = False, other({"chat_template": "other"})
    plain = PlainServer("llamacpp").answer
    gone = as_json({"error": {"message": "gone"}}, 502)

    async def answer(request: Request) -> Reply:
        if not away:
            return await plain(request)
        return gone if request.method == "POST" else await changed(request)

    async with joined([answer, plain]) as (engine, servers):
        await engine.check()
        away = True
        complete(await many(engine, 20, at_once=4), 20)
        await asyncio.sleep(0.2)
        complete(await many(engine, 20, at_once=4), 20)
        asked = len(servers[0].requests)
        await asyncio.sleep(0.2)
        complete(await many(engine, 20, at_once=4), 20)
        assert len(servers[0].requests) == asked
        assert isinstance(engine, PoolEngine)
        assert "would not compare" in engine.members[0].refused


@pytest.mark.anyio
async def test_one_of_another_version_joins_again_after_a_hiccup() -> None:
    """A check has seen what its knobs do; it is held to its own version."""
    down, old = False, PlainServer("llamacpp").answer
    gone = as_json({"error": {"message": "gone"}}, 502)
    newer = unless(lambda: down, other({"build_info": "b9999"}), gone)
    async with joined([old, newer]) as (engine, servers):
        await engine.check()
        down = True
        complete(await many(engine, 10, at_once=4), 10)
        down = False
        await asyncio.sleep(0.2)
        written = await many(engine, 20, at_once=4)
    complete(written, 20)
    assert isinstance(engine, PoolEngine)
    assert not engine.members[1].refused
    assert {w.server for w in written if isinstance(w, Completion)} == {s.url for s in servers}


@pytest.mark.anyio
async def test_a_refusal_by_the_last_server_ends_the_run() -> None:
    refuse = as_json({"error": {"message": "no such model"}}, 404)
    down = False
    bad = unless(lambda: down, PlainServer("llamacpp").answer, refuse)
    async with joined([bad, bad]) as (engine, _):
        await engine.check()
        down = True
        with pytest.raises(EngineError, match="no such model"):
            await engine.generate(CONFIG, PROMPT, 1)


@pytest.mark.anyio
async def test_concurrency_grows_with_success_and_halves_with_complaints() -> None:
    server = PlainServer("openai-compatible", pause=0.003)
    limit = 6

    async def answer(request: Request) -> Reply:
        if request.method == "POST" and server.double.running >= limit:
            return as_json({"error": {"message": "busy"}}, 503)
        return await server.answer(request)

    options = replace(OPTIONS, max_retries=12)
    async with Loopback(answer) as loopback:
        built = find("engines", "openai-compatible").build(replace(options, server=loopback.url))
        async with pool([built], rest_seconds=0.01) as engine:
            assert isinstance(engine, PoolEngine)
            await engine.check()
            complete(await many(engine, 150, at_once=30), 150)
            assert not engine.members[0].fixed
            assert 2 <= engine.members[0].limit <= 2 * limit
    assert limit / 2 < loopback.most_open <= limit + 1


def test_a_member_learns_its_limit() -> None:
    member = Member(llamacpp.build(OPTIONS))
    limits = []
    for _ in range(9):
        member.succeeded()
        limits.append(member.limit)
    assert limits == [2, 3, 3, 3, 4, 4, 4, 4, 5]
    member.failed(Fault("timeout", "x"), now=0.0, rest_seconds=1.0)
    assert (member.limit, member.rests_until) == (2, 1.0)
    member.failed(Fault("timeout", "x"), now=0.5, rest_seconds=1.0)
    assert (member.failures, member.rests_until) == (1, 1.0)  # the same trouble
    member.failed(Fault("timeout", "x"), now=1.5, rest_seconds=1.0)
    assert (member.failures, member.rests_until) == (2, 3.5)


@pytest.mark.anyio
async def test_texts_that_wait_in_line_are_fewer_from_then_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As Ollama: one text at a time, and the others wait; none is lost, no server fails."""
    limit = 1.8  # half of it is longer than a busy machine stands still
    server = PlainServer("ollama", pause=limit / 6 / 4)
    server.double = Double(replace(server.double.quirks, slots=1), server.double.writer)
    server.double.pause = server.pause
    async with Loopback(server.answer) as loopback:
        options = replace(OPTIONS, server=loopback.url, timeout_seconds=limit)
        async with pool([find("engines", "ollama").build(options)]) as engine:
            assert isinstance(engine, PoolEngine)
            await engine.check()
            engine.members[0].limit = 8.0
            complete(await many(engine, 24, at_once=8), 24)
            assert engine.members[0].limit <= 5
            assert engine.members[0].failures == 0
    said = [record.getMessage() for record in caplog.records]
    assert not any("fails" in line for line in said)
    assert said[0].startswith(f"{loopback.url} let texts wait for 1.8 s while it wrote others; ")
    assert len(loopback.posts()) < 24 + 8


def test_a_crowded_server_is_given_half_and_slowly_more() -> None:
    member = Member(llamacpp.build(OPTIONS), limit=9.0, running=8)
    assert not member.crowd(began=1.0, now=9.0)
    assert member.crowd(began=1.5, now=9.1)
    assert not member.crowd(began=2.0, now=9.2)  # it was asked for before: the same crowd
    assert (member.limit, member.failures, member.rests_until) == (4, 0, 0.0)
    for _ in range(4 * 4 - 1):
        member.succeeded()
    assert member.limit == 4
    member.succeeded()
    assert member.limit == 5
    member.running = 5
    assert not member.crowd(began=9.5, now=20.0)
    assert member.crowd(began=20.1, now=30.0)  # perhaps the same text, again
    assert member.limit == 2
    for _ in range(10_000):
        member.succeeded()
    assert member.limit == 64


def test_one_text_that_waited_alone_says_nothing() -> None:
    member = Member(llamacpp.build(OPTIONS), limit=9.0, running=8)
    assert not member.crowd(began=1.0, now=9.0)
    assert not member.crowd(began=100.0, now=108.0)
    assert (member.limit, member.ceiling) == (9, None)


def test_half_is_of_what_was_in_flight_together_and_not_of_what_is_left() -> None:
    member = Member(llamacpp.build(OPTIONS), limit=16.0)
    for _ in range(12):
        member.begin()
    member.running = 1
    member.crowd(began=1.0, now=9.0)
    assert member.crowd(began=1.0, now=9.0)
    assert member.limit == 6


@pytest.mark.anyio
async def test_one_more_waits_at_the_door_of_a_quick_llamacpp_and_of_no_other() -> None:
    for name, seconds, most in (("llamacpp", 0.1, 5), ("llamacpp", 3.0, 4), ("vllm", 0.1, 2)):
        async with joined([PlainServer(name).answer], name) as (engine, _):
            await engine.check()
            assert isinstance(engine, PoolEngine)
            assert isinstance(await engine.generate(CONFIG, PROMPT, 1), Completion)
            member = engine.members[0]
            if isinstance(member.engine, llamacpp.LlamaCppEngine):
                member.engine._seconds = seconds  # half of the time-out of 5 is quick
            room = 0
            while member.has_room(0.0):
                member.begin()
                room += 1
        assert room == most, (name, seconds)


def test_who_waits_too_long_at_the_door_closes_it_and_halves_nothing() -> None:
    engine = llamacpp.build(OPTIONS)
    engine._seconds = 0.1
    member = Member(engine)
    member.accept(ServerInfo("llamacpp", "http://here", slots=4))
    for _ in range(5):
        member.begin()
    for began in (1.0, 1.5, 2.0):
        assert not member.crowd(began=began, now=9.0 + began)
    member.running = 4
    assert (member.limit, member.has_room(20.0)) == (4, False)
    assert not member.crowd(began=21.0, now=30.0)
    assert member.crowd(began=22.0, now=31.0)  # these were not at the door
    assert member.limit == 2


@pytest.mark.anyio
async def test_who_waits_for_room_can_be_given_up() -> None:
    async with joined([PlainServer("koboldcpp", pause=0.1).answer], "koboldcpp") as (engine, them):
        await engine.check()
        tasks = [asyncio.create_task(engine.generate(CONFIG, PROMPT, s)) for s in range(1, 7)]
        await until(lambda: bool(them[0].posts()))
        engine.give_up_waiting()
        done = await asyncio.gather(*tasks, return_exceptions=True)
    written = [one for one in done if isinstance(one, Completion)]
    assert 0 < len(written) < 6
    assert len(written) + sum(isinstance(one, asyncio.CancelledError) for one in done) == 6


def test_nobody_waits_at_the_door_of_a_server_that_holds_fewer_than_its_slots() -> None:
    engine = llamacpp.build(OPTIONS)
    engine._seconds = 0.1
    whole, smaller, crowded = (Member(engine, running=4) for _ in range(3))
    for member in (whole, smaller, crowded):
        member.accept(ServerInfo("llamacpp", "http://here", slots=4))
    smaller.failed(Fault("context", "full"), now=0.0, rest_seconds=0.0)
    smaller.running = 2
    crowded.ceiling = 4.0
    assert [m.has_room(1.0) for m in (whole, smaller, crowded)] == [True, False, False]
    whole.failed(Fault("timeout", "x"), now=0.0, rest_seconds=0.0)
    assert not whole.has_room(1.0)


@pytest.mark.parametrize("fixed", [False, True])
def test_a_server_that_comes_back_is_still_as_crowded(fixed: bool) -> None:
    member = Member(llamacpp.build(OPTIONS), limit=8.0, most=8)
    info = ServerInfo("llamacpp", "http://here", slots=8)
    if fixed:
        member.accept(info)
    member.crowd(began=1.0, now=9.0)
    member.crowd(began=1.0, now=9.0)
    member.failed(Fault("connection", "gone"), 10.0, 1.0)
    member.accept(info)
    assert member.limit == 4
    for _ in range(1000):
        member.succeeded()
    assert member.limit == 8


@pytest.mark.anyio
async def test_one_lost_text_leaves_a_server_all_that_it_had() -> None:
    plain, asked = PlainServer("openai-compatible"), 0

    async def answer(request: Request) -> Reply:
        nonlocal asked
        if request.method == "POST":
            asked += 1
            if asked == 2:
                await asyncio.sleep(60)
        return await plain.answer(request)

    async with Loopback(answer) as loopback:
        options = replace(OPTIONS, server=loopback.url, timeout_seconds=2.4)
        async with pool([find("engines", "openai-compatible").build(options)]) as engine:
            assert isinstance(engine, PoolEngine)
            await engine.check()
            engine.members[0].limit = 16.0

            async def late(seed: int) -> Completion | Unwritten:
                await asyncio.sleep(1.8 if seed > 16 else 0.0)
                return await engine.generate(CONFIG, PROMPT, seed)

            texts = await asyncio.gather(*(late(seed) for seed in range(1, 25)))
            assert sum(text.retries for text in texts) == 1
            assert engine.members[0].limit >= 16


@pytest.mark.anyio
async def test_cancelling_gives_the_slot_back() -> None:
    async with joined([PlainServer("llamacpp", words="w " * 300, pause=0.01).answer]) as (
        engine,
        _,
    ):
        await engine.check()
        writing = asyncio.ensure_future(engine.generate(CONFIG, PROMPT, 1))
        await asyncio.sleep(0.05)
        assert isinstance(engine, PoolEngine)
        assert engine.members[0].running == 1
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        assert engine.members[0].running == 0


@pytest.mark.anyio
async def test_two_real_servers_one_killed_and_started_again(
    tiny_gguf: Path, tmp_path: Path
) -> None:
    children = [Child.start(Order(tiny_gguf, slots=2, context=512, name=MODEL)) for _ in range(2)]
    try:
        urls = [child.ready(30) for child in children]
        engines = [llamacpp.build(replace(OPTIONS, server=url)) for url in urls]
        async with pool(engines, rest_seconds=0.1) as engine:
            await engine.check()
            running = asyncio.ensure_future(many(engine, 40, at_once=4))
            await asyncio.sleep(0.1)
            children[0].stop()
            written = await running
            assert all(isinstance(w, Completion) for w in written)
            other_model = write_tiny_gguf(tmp_path / "other.gguf", seed=2, context=256)
            port = int(urls[0].rsplit(":", 1)[1])
            order = Order(other_model, slots=2, context=512, port=port, name="another")
            children[0] = Child.start(order)
            children[0].ready(30)
            await asyncio.sleep(0.3)
            written = await many(engine, 10, at_once=4)
            assert {w.server for w in written if isinstance(w, Completion)} == {urls[1]}
    finally:
        for child in children:
            child.stop()


def test_only_servers_can_be_pooled() -> None:
    with pytest.raises(EngineError, match="only engines that talk to a server"):
        pool([object()])  # type: ignore[list-item]
