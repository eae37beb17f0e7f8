"""The embedded engine on a real model: what is set is what runs, and nothing is left behind."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from support.loopback import until
from support.tiny_gguf import LONG, LONG_TEXT, write_tiny_gguf

from sampler_bench import demo_model
from sampler_bench.engines import EngineOptions, embedded
from sampler_bench.engines._dialect import Spoken
from sampler_bench.errors import EngineError, SpecError
from sampler_bench.records import Completion, Prompt, SamplerConfig, Unwritten
from sampler_bench.samplers import parameter

PROMPT = Prompt(0, "Write about a lighthouse.")
VALUES: dict[str, Any] = {
    "dry_sequence_breakers": ("\n", "the"),
    "dry_allowed_length": 4,
    "dry_range": 77,
    "mirostat_mode": 2,
    "repetition_range": 33,
    "temperature_order": "first",
    "top_k": 11,
    "max_tokens": 5,
}


@pytest.fixture
def options(tiny_gguf: Path) -> EngineOptions:
    return EngineOptions(gguf=tiny_gguf, slots=2, context=512, first_wait_seconds=0.01)


def config(**parameters: Any) -> SamplerConfig:
    return SamplerConfig.of("temperature", {"temperature": 1, "max_tokens": 12, **parameters})


async def write(engine: embedded.EmbeddedEngine, seed: int = 7, **parameters: Any) -> Completion:
    written = await engine.generate(config(**parameters), PROMPT, seed)
    assert isinstance(written, Completion)
    return written


@pytest.mark.anyio
async def test_the_server_echoes_every_knob_as_it_was_set(options: EngineOptions) -> None:
    async with embedded.build(options) as engine:
        for knob, word in embedded.DIALECT.words.items():
            if not isinstance(word, Spoken):
                continue
            low, high = parameter(knob).search or (0.0, 1.0)
            value = VALUES.get(knob, low + 0.4 * (high - low))
            written = await write(engine, **{knob: value})
            assert written.echoed is not None
            sent, heard = written.sent[word.key], written.echoed[word.key]
            near = pytest.approx(sent, rel=1e-5) if isinstance(sent, float) else sent
            assert heard == near, knob


@pytest.mark.anyio
async def test_knobs_that_are_easily_inert_act(options: EngineOptions) -> None:
    async with embedded.build(options) as engine:
        plain = await write(engine)
        assert (await write(engine)).text == plain.text
        for change in ({"adaptive_target": 0.02}, {"top_n_sigma": 0.5}, {"typical_p": 0.3}):
            assert (await write(engine, **change)).text != plain.text, change
        hot: dict[str, Any] = {"temperature": 3, "min_p": 0.3}
        last = {(await write(engine, seed, **hot)).text for seed in range(1, 6)}
        hot["temperature_order"] = "first"
        first = {(await write(engine, seed, **hot)).text for seed in range(1, 6)}
        assert not first & last
        greedy = {(await write(engine, seed, temperature=0)).text for seed in range(1, 6)}
        assert len(greedy) == 1


@pytest.mark.anyio
async def test_our_chatml_is_the_models_own(options: EngineOptions) -> None:
    texts = []
    for template in ("", "chatml", "raw"):
        async with embedded.build(replace(options, template=template)) as engine:
            info = await engine.check()
            written = await write(engine)
            texts.append((written.text, written.prompt_tokens))
            assert written.prompt_tokens == await engine.count(PROMPT)
            assert info.template == written.template
            assert info.details.get("template_is_own") is (True if template == "chatml" else None)
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.anyio
async def test_another_template_than_the_models_own_is_noticed(options: EngineOptions) -> None:
    async with embedded.build(replace(options, template="alpaca")) as engine:
        assert (await engine.check()).details["template_is_own"] is False


@pytest.mark.anyio
async def test_a_healthy_server_loses_nothing(options: EngineOptions) -> None:
    async with embedded.build(replace(options, slots=4)) as engine:
        for _ in range(10):
            written = await asyncio.gather(*(write(engine, seed) for seed in range(1, 21)))
            assert sum(w.retries for w in written) == 0


@pytest.mark.anyio
async def test_quick_texts_come_whole_and_are_the_same(options: EngineOptions) -> None:
    async with embedded.build(options) as engine:
        streamed = await write(engine)
        asked = engine.request(config(), PROMPT, 7)
        assert engine.as_sent(asked).body["stream"] is False
        whole = await write(engine)
        timeless = {"seconds": 0.0}
        assert replace(whole, **timeless) == replace(streamed, **timeless)
        long = config(max_tokens=10**6)
        assert engine.as_sent(engine.request(long, PROMPT, 7)).body["stream"] is True
        probed = await engine.probe(config(), PROMPT, 7)
        assert probed.body["stream"] is True
        assert len(probed.answer.text) > 1  # a probe counts the pieces


@pytest.mark.anyio
async def test_who_waits_at_the_door_does_not_count_as_written(options: EngineOptions) -> None:
    async with embedded.build(replace(options, slots=1)) as engine:
        began = time.monotonic()
        texts = await asyncio.gather(*(write(engine, seed) for seed in range(1, 9)))
        passed = time.monotonic() - began
    assert 0 < sum(text.seconds for text in texts) <= passed


@pytest.mark.anyio
@pytest.mark.parametrize("way", ["streamed", "whole"])
async def test_cancelling_frees_the_slot_at_once(tmp_path: Path, way: str) -> None:
    """For a text in one piece it looks only in a second in which nothing else happens there."""
    gguf = write_tiny_gguf(tmp_path / "long.gguf", context=LONG)
    async with embedded.build(EngineOptions(gguf=gguf, slots=1, context=LONG)) as engine:
        engine._pace = 0.0 if way == "streamed" else 1e9
        penalty = {"presence_penalty": -2, "temperature": 0}  # it repeats itself without end
        long = SamplerConfig.of("temperature", {**penalty, "max_tokens": LONG_TEXT})
        writing = asyncio.ensure_future(engine.generate(long, PROMPT, 1))

        async def busy() -> bool:
            async with httpx2.AsyncClient() as client:
                slots = (await client.get(f"{engine.http.url}/slots")).json()
            return bool(slots[0]["is_processing"])

        while not await busy():
            assert not writing.done()
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        async with asyncio.timeout(120):
            while await busy():  # noqa: ASYNC110 (another process: there is no event)
                await asyncio.sleep(1.5 if way == "whole" else 0.01)


@pytest.mark.anyio
async def test_a_child_that_dies_is_started_again(options: EngineOptions) -> None:
    async with embedded.build(options) as engine:
        assert engine.child is not None
        before = await write(engine)
        first = engine.child.process
        first.kill()
        started = asyncio.gather(*(write(engine) for _ in range(4)))
        await until(engine._starting.locked)  # others begin to write while it is being started
        every = await asyncio.gather(*(write(engine) for _ in range(4)))
        every += await started
        assert [w.text for w in every] == [before.text] * 8
        assert sum(w.retries for w in every) >= 1
        assert engine.child.process.pid != first.pid
        last = engine.child.process
    assert first.poll() is not None
    assert last.poll() is not None


@pytest.mark.anyio
async def test_a_child_that_keeps_dying_ends_the_run(options: EngineOptions) -> None:
    async with embedded.build(options) as engine:

        async def kill_and_write() -> None:
            for _ in range(9):
                assert engine.child is not None
                engine.child.process.kill()
                engine.child.process.wait()
                await engine.generate(config(), PROMPT, 1)

        with pytest.raises(EngineError, match=r"died 4 times while serving .*tiny\.gguf"):
            await kill_and_write()


@pytest.mark.anyio
async def test_no_process_outlives_the_engine(options: EngineOptions) -> None:
    before = {p.pid for p in psutil.Process().children()}

    async def fail() -> None:
        async with embedded.build(options) as engine:
            await engine.check()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await until(lambda: {p.pid for p in psutil.Process().children()} <= before)


@pytest.mark.anyio
async def test_what_does_not_fit_is_told_before_and_after(options: EngineOptions) -> None:
    async with embedded.build(replace(options, context=256)) as engine:
        await engine.check()
        size = await engine.count(PROMPT)
        assert size is not None
        await engine.fit([PROMPT], 256 - size)
        with pytest.raises(SpecError, match="do not fit the context of 256 tokens"):
            await engine.fit([PROMPT], 257 - size)
        too_long = await engine.generate(config(), Prompt(1, "word " * 300), 1)
        assert isinstance(too_long, Unwritten)
        assert too_long.reason == "context"
        full = await engine.generate(config(temperature=3, max_tokens=3000), PROMPT, 1)
        assert isinstance(full, Unwritten | Completion)
        if isinstance(full, Completion):
            assert not full.cut_off  # it ended by itself before the context was full


@pytest.mark.anyio
async def test_a_model_of_little_context_says_so(tiny_gguf: Path, tmp_path: Path) -> None:
    from support.tiny_gguf import write_tiny_gguf

    small = write_tiny_gguf(tmp_path / "small.gguf", context=128)
    async with embedded.build(EngineOptions(gguf=small, slots=1, context=512)) as engine:
        assert (await engine.check()).context == 128


def test_a_users_model_gets_all_cores_but_one_and_the_demo_model_one(
    options: EngineOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "cpu_count", lambda logical: 1 if logical else 8)
    assert embedded.build(options).order().threads == 7
    for demo in (EngineOptions(), EngineOptions(gguf=demo_model.path())):
        assert embedded.build(demo).order().threads == 1
    monkeypatch.setattr(psutil, "cpu_count", lambda logical: 1)
    assert embedded.build(options).order().threads == 1


@pytest.mark.anyio
async def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"model file .*none\.gguf: not found"):
        async with embedded.build(EngineOptions(gguf=tmp_path / "none.gguf")):
            pass
