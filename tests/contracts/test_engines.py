"""One suite for every engine: what is sent, what comes of it, and that no text is lost or made up.

It runs over `plugins.names("engines")`, so a new file is tested the moment it exists. The servers
are plain imitations (`support/plain_servers.py`); `embedded` serves a real model.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.loopback import Loopback, Reply, Request, as_json, sse, until
from support.plain_servers import MODEL, PlainServer, talking
from support.tiny_gguf import write_tiny_gguf

from sampler_bench.engines import Engine, EngineOptions
from sampler_bench.engines._dialect import Dialect, Spoken, Unspoken
from sampler_bench.errors import EngineError, SpecError
from sampler_bench.plugins import find, names
from sampler_bench.records import Completion, Prompt, SamplerConfig, Unwritten, Value
from sampler_bench.samplers import parameter, parameter_names

ENGINES = names("engines")
REMOTE = [name for name in ENGINES if name != "embedded"]
PROMPT = Prompt(0, "Write about a lighthouse.")
NEUTRAL = SamplerConfig.of("temperature", {"temperature": 1, "max_tokens": 16})
OPTIONS = EngineOptions(model=MODEL, max_retries=3, first_wait_seconds=0.01, timeout_seconds=10)

every_engine = pytest.mark.parametrize("name", ENGINES)
every_remote = pytest.mark.parametrize("name", REMOTE)


def dialect(name: str) -> Dialect:
    found: Dialect = find("engines", name).DIALECT
    return found


def build(name: str, options: EngineOptions) -> Engine:
    engine: Engine = find("engines", name).build(options)
    return engine


@asynccontextmanager
async def running(name: str, **how: Any) -> AsyncIterator[tuple[Engine, Loopback]]:
    options = how.pop("options", OPTIONS)
    async with talking(name, options, PlainServer(name, **how).answer) as (engine, server):
        yield engine, server


def config_of(name: str, value: Value) -> SamplerConfig:
    family = parameter(name).sampler or "temperature"
    return SamplerConfig.of(family, {"temperature": 1, "max_tokens": 16, name: value})


def somewhere(name: str, word: Spoken) -> Value:
    """A legal value that is not neutral."""
    known = parameter(name)
    if word.only:
        return next(value for value in word.only if value != known.neutral)
    if known.kind == "strings":
        return ("x",)
    if known.kind == "choice":
        return known.choices[0]
    if known.kind == "int":
        return 2 if known.neutral != 2 else 3
    low, high = known.search or (known.low, min(known.high, known.low + 1))
    return round(low + 0.4 * (high - low), 3)


# What is said


@every_engine
def test_every_parameter_is_stated(name: str) -> None:
    assert set(dialect(name).words) == set(parameter_names())
    assert dialect(name).name == name


@every_engine
def test_every_key_is_sent_neutral(name: str) -> None:
    spoken = dialect(name)
    said = spoken.express(NEUTRAL, 7)
    inner = said[spoken.inside] if spoken.inside else said
    assert isinstance(inner, dict)
    assert spoken.keys() <= inner.keys()
    if spoken.seed:
        assert inner[spoken.seed] == 7
    assert all(value is not None for value in inner.values())


@every_engine
def test_a_knob_moves_its_own_keys_and_no_other(name: str) -> None:
    before = _flat(dialect(name).express(NEUTRAL, 7))
    for knob, word in dialect(name).words.items():
        if not isinstance(word, Spoken):
            continue
        after = _flat(dialect(name).express(config_of(knob, somewhere(knob, word)), 7))
        moved = {key for key in after if after[key] != before[key]}
        allowed = set(word.key.split(", "))
        if knob == "adaptive_target":  # llama.cpp: the sampler acts only when named
            allowed.add("samplers")
        if knob == "temperature_order":  # stating the server's own order moves nothing
            moved = moved or allowed & after.keys()
        assert moved, knob
        assert moved <= allowed, knob


@every_engine
def test_what_is_not_spoken_stops_with_a_remedy(name: str) -> None:
    for knob, word in dialect(name).words.items():
        neutral = parameter(knob).neutral
        if isinstance(word, Spoken) or neutral is None:
            continue
        other = somewhere(knob, Spoken(knob))
        with pytest.raises(SpecError, match=rf"^{knob} on {name}: .*; remove it from the space"):
            dialect(name).express(config_of(knob, other), 7)
        dialect(name).express(config_of(knob, neutral), 7)  # doing nothing can be said anywhere


@every_engine
@pytest.mark.parametrize("order", ["first", "last"])
def test_an_order_is_sent_or_refused(name: str, order: str) -> None:
    spoken, config = dialect(name), config_of("temperature_order", order)
    word = spoken.words["temperature_order"]
    if isinstance(word, Unspoken) and spoken.order != order:
        with pytest.raises(SpecError, match="temperature_order on"):
            spoken.express(config, 7)
        return
    said = _flat(spoken.express(config, 7))
    if isinstance(word, Spoken):
        assert set(word.key.split(", ")) <= said.keys()
    assert spoken.order_of(config) == order


@every_engine
def test_values_that_a_server_does_not_take_stop(name: str) -> None:
    for knob, word in dialect(name).words.items():
        if not isinstance(word, Spoken):
            continue
        for value in (word.low if word.above else None, _under(knob, word), _over(knob, word)):
            if value is not None and not parameter(knob).problem(value):
                with pytest.raises(SpecError, match=rf"{knob}=.* on {name}: it takes only"):
                    dialect(name).express(config_of(knob, value), 7)


@every_engine
@pytest.mark.parametrize("seed", [0, -1, 2**31])
def test_seeds_that_mean_something_else_somewhere_stop(name: str, seed: int) -> None:
    if not dialect(name).seed:
        return  # none is sent
    with pytest.raises(SpecError, match=f"seed {seed}: expected a whole number from 1"):
        dialect(name).express(NEUTRAL, seed)


@every_engine
def test_a_configuration_without_a_limit_stops(name: str) -> None:
    with pytest.raises(SpecError, match="max_tokens is missing"):
        dialect(name).express(SamplerConfig.of("temperature", {"temperature": 1}), 7)


@given(data=st.data())
@every_engine
def test_any_configuration_is_said_the_same_way_twice(name: str, data: st.DataObject) -> None:
    spoken = dialect(name)
    knobs = [k for k, w in spoken.words.items() if isinstance(w, Spoken) and k != "max_tokens"]
    chosen = data.draw(st.lists(st.sampled_from(knobs), unique=True, max_size=4))
    values: dict[str, Value] = {k: somewhere(k, spoken.words[k]) for k in chosen}  # type: ignore[arg-type]
    config = SamplerConfig.of("temperature", {"max_tokens": 9, **values})
    seed = data.draw(st.integers(1, 2**31 - 1))
    said = spoken.express(config, seed)
    assert said == spoken.express(SamplerConfig.parse(config.text), seed)
    assert json.loads(json.dumps(said)) == said


# What comes of it


@pytest.mark.anyio
@every_remote
async def test_check_tells_who_answers(name: str) -> None:
    async with running(name) as (engine, server):
        info = await engine.check()
    assert info.engine == name
    assert info.url == server.url
    assert info.model.endswith(MODEL)
    assert info.details["temperature_order"] in ("first", "last", "unknown")
    assert info.template == "chat endpoint"


@pytest.mark.anyio
@every_remote
async def test_a_text_comes_with_what_was_applied(name: str) -> None:
    async with running(name) as (engine, server):
        await engine.check()
        written = await engine.generate(NEUTRAL, PROMPT, seed=11)
        said = engine.express(NEUTRAL, 11)
    assert isinstance(written, Completion)
    seed = "11" if dialect(name).seed else "none"
    assert written.text == f"seed {seed} says hello there"
    assert (written.cut_off, written.tokens, written.prompt_tokens) == (False, 4, 7)
    assert written.sent == said
    assert (written.server, written.template) == (server.url, "chat endpoint")
    assert written.model.endswith(MODEL)
    assert written.seconds > 0
    body = _wrote(server)
    assert {key: body[key] for key in said} == said
    assert body["stream"] is True
    assert PROMPT.text in json.dumps(body)


@pytest.mark.anyio
@every_remote
@pytest.mark.parametrize("template", ["raw", "chatml", "{{ messages[0].content }}|"])
async def test_a_template_of_our_own_goes_to_the_raw_endpoint(name: str, template: str) -> None:
    options = replace(OPTIONS, template=template)
    if name == "openai":
        with pytest.raises(EngineError, match="only a chat endpoint"):
            build(name, options)
        return
    async with running(name, options=options) as (engine, server):
        await engine.check()
        written = await engine.generate(NEUTRAL, PROMPT, seed=11)
    assert isinstance(written, Completion)
    assert written.template in ("raw", "template chatml", "template from models.yaml")
    body = _wrote(server)
    assert "messages" not in body
    assert PROMPT.text in body["prompt"]
    assert (body["prompt"] == PROMPT.text) == (template == "raw")


@pytest.mark.anyio
@every_remote
async def test_the_token_limit_is_told_from_the_end(name: str) -> None:
    config = SamplerConfig.of("temperature", {"temperature": 1, "max_tokens": 4})
    async with running(name, finish="length") as (engine, _):
        await engine.check()
        written = await engine.generate(config, PROMPT, seed=11)
    assert isinstance(written, Completion)
    assert written.cut_off


@pytest.mark.anyio
@every_remote
async def test_thoughts_are_kept_apart(name: str) -> None:
    async with running(name, words="<think>") as (engine, _):
        await engine.check()
        written = await engine.generate(NEUTRAL, PROMPT, seed=11)
    assert isinstance(written, Completion)  # the tag does not stand in front: it is text
    async with running(name, thoughts="hm, hm") as (engine, _):
        written = await engine.generate(NEUTRAL, PROMPT, seed=11)
    assert isinstance(written, Completion)
    assert "hm" not in written.text


@pytest.mark.anyio
@every_remote
@pytest.mark.parametrize("status", [401, 403, 404, 400])
async def test_refusals_stop_at_once(name: str, status: int) -> None:
    refuse = lambda _: as_json({"error": {"message": "no such thing"}}, status)
    async with running(name, fault=refuse) as (engine, server):
        with pytest.raises(EngineError, match=f"HTTP {status}.*no such thing"):
            await engine.generate(NEUTRAL, PROMPT, seed=11)
        assert len(_all_writes(server)) == 1


@pytest.mark.anyio
@every_remote
@pytest.mark.parametrize("kind", ["503", "cut", "half", "error"])
async def test_faults_are_retried_then_missing(name: str, kind: str) -> None:
    async with running(name, fault=lambda request: _fault(kind, request)) as (engine, server):
        written = await engine.generate(NEUTRAL, PROMPT, seed=11)
        assert isinstance(written, Unwritten)
        assert written.retries == 3
        assert len(_all_writes(server)) == 4


@pytest.mark.anyio
@every_remote
async def test_cancelling_reaches_the_server(name: str) -> None:
    async with running(name, words="word " * 500, pause=0.01) as (engine, server):
        writing = asyncio.ensure_future(engine.generate(NEUTRAL, PROMPT, seed=11))
        await until(lambda: server.open and _all_writes(server))
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        await until(lambda: server.broken == 1)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "size"),
    [(name, 50) for name in REMOTE] + [pytest.param("koboldcpp", 1000, marks=pytest.mark.slow)],
)
async def test_no_text_is_lost_or_doubled(name: str, size: int) -> None:
    """A fifth of the requests fail in one of four ways, eight run at once."""
    rng = random.Random(5)
    kinds = ("503", "cut", "half", "error")

    def fault(request: Request) -> Reply | None:
        return _fault(rng.choice(kinds), request) if rng.random() < 0.2 else None

    options = replace(OPTIONS, max_retries=12, first_wait_seconds=0.001)
    async with running(name, fault=fault, options=options) as (engine, server):
        room = asyncio.Semaphore(8)

        async def one(seed: int) -> Completion | Unwritten:
            async with room:
                return await engine.generate(NEUTRAL, PROMPT, seed)

        seeds = range(1, size + 1)
        written = await asyncio.gather(*(one(seed) for seed in seeds))
    texts = [w.text for w in written if isinstance(w, Completion)]
    assert len(texts) == size
    if dialect(name).seed:
        assert Counter(texts) == Counter(f"seed {seed} says hello there" for seed in seeds)
    lost = sum(w.retries for w in written)
    assert len(_all_writes(server)) == size + lost
    assert lost > size / 20


# The embedded engine, on a real model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.mark.anyio
async def test_embedded_applies_what_it_was_told(tiny: Path) -> None:
    options = EngineOptions(gguf=tiny, slots=2, context=512)
    async with build("embedded", options) as engine:
        info = await engine.check()
        config = SamplerConfig.of("min_p", {"temperature": 1.5, "min_p": 0.1, "max_tokens": 8})
        first = await engine.generate(config, PROMPT, seed=3)
        again = await engine.generate(config, PROMPT, seed=3)
        other = await engine.generate(config, PROMPT, seed=4)
    assert (info.engine, info.slots, info.context) == ("embedded", 2, 512)
    assert isinstance(first, Completion)
    assert isinstance(again, Completion)
    assert isinstance(other, Completion)
    assert first.text == again.text != other.text
    assert first.echoed is not None
    for key, value in first.sent.items():
        if isinstance(value, float) and key in first.echoed:
            assert first.echoed[key] == pytest.approx(value, rel=1e-6), key
        elif key in first.echoed:
            assert first.echoed[key] == value, key
    # chat requests are not told back these two; all else that we send is
    assert first.sent.keys() - first.echoed.keys() <= {"cache_prompt"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def _flat(said: dict[str, Any]) -> dict[str, Any]:
    inner = said.get("options")
    return {**{k: v for k, v in said.items() if k != "options"}, **(inner or {})}


def _under(knob: str, word: Spoken) -> float | None:
    low = parameter(knob).low
    return low if word.low is not None and low < word.low else None


def _over(knob: str, word: Spoken) -> float | None:
    high = min(parameter(knob).high, 1e6)
    return high if word.high is not None and high > word.high else None


def _all_writes(server: Loopback) -> list[Request]:
    paths = ("/chat/completions", "/v1/completions", "/api/chat", "/api/generate", "/stream")
    return [request for request in server.posts() if request.path.endswith(paths)]


def _wrote(server: Loopback) -> dict[str, Any]:
    body = _all_writes(server)[-1].body
    assert isinstance(body, dict)
    return body


def _fault(kind: str, request: Request) -> Reply:
    if kind == "503":
        return as_json({"error": {"message": "busy"}}, 503)
    line = b'{"message": {"content": "once"}, "done": false}\n'
    ndjson = request.path.startswith("/api/") and "extra" not in request.path
    if kind == "cut":
        begun = sse([{"choices": [{"delta": {"content": "once upon"}}]}])
        return replace(begun, parts=[line] if ndjson else begun.parts, end="cut")
    if kind == "half":
        return Reply([b'{"message": {"con'], kind="x") if ndjson else sse(['{"choices": [{"de'])
    error = {"error": "out of memory"}
    return Reply([json.dumps(error).encode() + b"\n"], kind="x") if ndjson else sse([error])


Fault = Callable[[Request], Reply | None]
