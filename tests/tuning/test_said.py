"""A study goes on only where its configurations are still said as they were for its kept texts."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import count, cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.double import LLAMACPP, Double, LlamaWriter

from sampler_bench.engines import Engine, EngineOptions, ServerInfo, aphrodite, koboldcpp
from sampler_bench.engines._dialect import Spoken
from sampler_bench.engines._pool import pool
from sampler_bench.engines._remote import RemoteEngine
from sampler_bench.engines.openrouter import OpenRouterEngine
from sampler_bench.errors import SpecError
from sampler_bench.plugins import find, names
from sampler_bench.records import Cell, Completion, JsonObject, Prompt, SamplerConfig, Value
from sampler_bench.samplers import parameter
from sampler_bench.spec import load_study
from sampler_bench.store import Store
from sampler_bench.store.sqlite import FILE, open_store
from sampler_bench.tuning.events import Event, Settled
from sampler_bench.tuning.request import Finished, Request
from sampler_bench.tuning.run import run
from sampler_bench.tuning.said import hold_to_words

ENGINES = names("engines")
OPTIONS = EngineOptions(server="http://127.0.0.1:1", model="m", context=4096)
HOT = SamplerConfig.of("temperature", {"temperature": 1.25, "max_tokens": 64})
STUDY = """
task: demo
judge: demo
search_strategy: random
n_iterations: 4
samples_per_config: 1
seed: 3
sampler_types: [temperature]
parameter_ranges: {temperature: {temperature: {low: 0.3, high: 1.1}, max_tokens: [24]}}
test_prompts: [Create a mystery, Write about AI]
"""


def build(name: str, context: int = 0, kept: tuple[str, ...] | None = None) -> RemoteEngine:
    """An engine that was told a context, and on OpenRouter what providers keep."""
    template = "raw" if name == "koboldcpp, native" else ""
    engine = find("engines", name.partition(",")[0]).build(replace(OPTIONS, template=template))
    assert isinstance(engine, RemoteEngine)
    engine.info = ServerInfo(name, "http://127.0.0.1:1", context=context)
    if isinstance(engine, OpenRouterEngine) and kept is not None:
        engine.kept = frozenset(kept)
    return engine


def keep(store: Store, name: str, texts: list[tuple[SamplerConfig, int, JsonObject]]) -> None:
    """A study with texts for which this was sent."""
    study = store.create_study(name, {}, 0.0).id
    for config, seed, sent in texts:
        cell = Cell(config, 0, 0)
        store.ask(study, [(cell, seed)], 0.0)
        text = Completion("A lamp.", False, 2, 2, 0.1, sent, "http://127.0.0.1:1", "m", "raw")
        store.save_written(study, cell, text, None, (), 0.0)


def sent_by(engine: RemoteEngine, config: SamplerConfig, seed: int) -> JsonObject:
    return engine.request(config, Prompt(0, "Write."), seed).sent


Hold = Callable[..., None]


@pytest.fixture(scope="module")
def hold(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hold]:
    """Keeps a study of texts for which something was sent, and sees engines go on with it."""
    numbers = count()
    with open_store(tmp_path_factory.mktemp("kept")) as store:

        def kept(texts: list[tuple[SamplerConfig, int, JsonObject]], *engines: Engine) -> None:
            name = f"s{next(numbers)}"
            keep(store, name, texts)
            for engine in engines:
                hold_to_words(store, name, engine)

        yield kept


def some_value(name: str, word: Spoken, draw: Callable[[Any], Any]) -> Value:
    known = parameter(name)
    if word.only:
        return draw(st.sampled_from(word.only))  # type: ignore[no-any-return]
    if known.kind == "strings":
        return tuple(draw(st.lists(st.text(min_size=1, max_size=3), min_size=1, max_size=3)))
    if known.kind == "choice":
        return draw(st.sampled_from(known.choices))  # type: ignore[no-any-return]
    low = max(x for x in (known.low, word.low) if x is not None)
    high = min(x for x in (known.high, word.high, 1e4) if x is not None)
    if known.kind == "int":
        return draw(st.integers(int(low), int(high)))  # type: ignore[no-any-return]
    return draw(st.floats(low, high))  # type: ignore[no-any-return]


@st.composite
def a_config(draw: Callable[[Any], Any], name: str) -> SamplerConfig:
    words = build(name).dialect.words
    spoken = [k for k, w in words.items() if isinstance(w, Spoken) and k != "max_tokens"]
    chosen = draw(st.lists(st.sampled_from(spoken), unique=True, max_size=5))
    values = {k: some_value(k, words[k], draw) for k in chosen}  # type: ignore[arg-type]
    return SamplerConfig.of("temperature", {"max_tokens": draw(st.integers(1, 900)), **values})


def expressible(engine: RemoteEngine, config: SamplerConfig) -> bool:
    try:
        engine.express(config, 1)
    except SpecError:
        return False
    return True


@pytest.mark.parametrize("name", [*ENGINES, "koboldcpp, native"])
@settings(max_examples=12)
@given(data=st.data())
def test_a_study_of_this_version_goes_on_whatever_its_server_tells_now(
    hold: Hold, name: str, data: st.DataObject
) -> None:
    """More context, and on OpenRouter other providers, are no other words."""
    every = tuple(build(name).dialect.keys())
    before = build(name, 2048, every)
    after = build(name, 4096, ("temperature", "max_tokens"))
    configs = data.draw(st.lists(a_config(name), min_size=1, max_size=3, unique=True))
    configs = [config for config in configs if all(expressible(e, config) for e in (before, after))]
    texts = [(c, s, sent_by(before, c, s)) for s, c in enumerate([HOT, *configs], start=1)]
    hold(texts, after, pool([after]), build(name, 8192, every))


@pytest.mark.parametrize("name", [*ENGINES, "koboldcpp, native"])
def test_a_key_that_is_said_otherwise_now_is_found(hold: Hold, name: str) -> None:
    """Each key in turn: it had another value, or was not sent."""
    engine = build(name, 2048)
    sent = sent_by(engine, HOT, 7)
    how = cycle([("older", '"older"'), (None, "not sent")])
    for path, (older, told) in zip(leaves(engine.lasting(sent)), how, strict=False):
        shown = ".".join(path)
        with pytest.raises(SpecError, match=rf" {shown} is .* now and was {told}; new texts"):
            hold([(HOT, 7, changed(sent, path, older))], engine)
    with pytest.raises(SpecError, match="gone is not sent now and was 1; new texts"):
        hold([(HOT, 7, {**sent, "gone": 1})], engine)


def test_the_message_says_what_differs_for_whom_and_what_to_do(hold: Hold) -> None:
    """Aphrodite's cut-offs were told in units of 1e-4 once."""
    config = SamplerConfig.of(
        "epsilon_cutoff", {"temperature": 1, "epsilon_cutoff": 0.0009, "max_tokens": 64}
    )
    engine = aphrodite.build(OPTIONS)
    with pytest.raises(SpecError) as told:
        hold([(config, 7, {**sent_by(engine, config, 7), "epsilon_cutoff": 9.0})], engine)
    said = f"which asks otherwise for {config.text}: epsilon_cutoff is 0.0009 now and was 9.0; new "
    assert said in str(told.value)
    assert str(told.value).endswith(
        "Start a study of another name (--study NAME), or go on with the version that wrote them"
    )


def test_what_is_refused_by_now_is_said(hold: Hold) -> None:
    """KoboldCpp takes a range of 0 for something else, which older versions did not know."""
    config = SamplerConfig.of("temperature", {"temperature": 1, "max_tokens": 9, "dry_range": 0})
    engine = koboldcpp.build(OPTIONS)
    sent = {**sent_by(engine, HOT, 7), "dry_penalty_last_n": 0}
    with pytest.raises(SpecError, match=r"nothing is sent any more \(dry_range=0 on koboldcpp"):
        hold([(config, 7, sent)], engine)


class Story:
    """Stops the study after a few texts."""

    def __init__(self, texts: int) -> None:
        self.texts, self.stop = texts, asyncio.Event()

    def __call__(self, event: Event) -> None:
        self.texts -= isinstance(event, Settled) and not event.kept
        if self.texts <= 0:
            self.stop.set()


async def search(folder: Path, url: str, texts: int, resume: bool = False) -> Finished:
    study = folder / "study.yaml"
    study.write_text(STUDY)
    spec, story = load_study(study, None, {"server": [url]}), Story(texts)
    with open_store(folder) as store:
        request = Request(spec, folder, "s", folder / "s.json", {}, resume=resume)
        return await run(request, store, story, story.stop)


@pytest.mark.anyio
async def test_a_study_of_older_words_is_refused_before_anything_is_written(
    tmp_path: Path, writer: LlamaWriter
) -> None:
    async with Double(replace(LLAMACPP, slots=2), writer, model="mine") as server:
        await search(tmp_path, server.url, 3)
        rewrite(tmp_path / FILE, lambda sent: {**sent, "top_n_sigma": 0})
        before, asked = contents(tmp_path / FILE), len(server.applied)
        told = "top_n_sigma is -1 now and was 0; new texts would not compare"
        with pytest.raises(SpecError, match=told):
            await search(tmp_path, server.url, 99, resume=True)
        assert contents(tmp_path / FILE) == before
        assert len(server.applied) == asked
        rewrite(tmp_path / FILE, lambda sent: {**sent, "top_n_sigma": -1})
        await search(tmp_path, server.url, 1, resume=True)
        assert len(server.applied) > asked


def leaves(said: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for key, value in said.items():
        if isinstance(value, dict) and value:
            yield from ((key, *rest) for rest in leaves(value))
        else:
            yield (key,)


def changed(said: Mapping[str, Any], path: tuple[str, ...], value: str | None) -> JsonObject:
    """The same with another value in one place; None: without it."""
    key, *rest = path
    if rest:
        return {**said, key: changed(said[key], tuple(rest), value)}
    found = {k: v for k, v in said.items() if k != key}
    return found if value is None else {**found, key: value}


def rewrite(path: Path, change: Callable[[JsonObject], JsonObject]) -> None:
    """Make kept texts say that something else was sent for them."""
    with sqlite3.connect(path) as db:
        kept = "SELECT position, written FROM trials WHERE kind = 'Completion'"
        for position, written in db.execute(kept).fetchall():
            told = json.loads(written)
            told["sent"] = change(told["sent"])
            sets = "UPDATE trials SET written = ? WHERE position = ?"
            db.execute(sets, (json.dumps(told), position))
    db.close()


def contents(path: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(path) as db:
        tables = ("studies", "notes", "trials", "judgments")
        rows = [row for name in tables for row in db.execute(f"SELECT * FROM {name}")]
    db.close()
    return rows
