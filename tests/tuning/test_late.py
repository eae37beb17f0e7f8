"""A server that joins a running study late is probed before it writes, as those that began it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from support.double import KOBOLDCPP_1_115, LLAMACPP, Double, LlamaWriter, orders
from support.double.quirks import Quirks

from sampler_bench.engines import EngineOptions, ServerInfo, koboldcpp
from sampler_bench.engines._remote import RemoteEngine
from sampler_bench.errors import EngineError
from sampler_bench.records import Completion
from sampler_bench.spec import load_study
from sampler_bench.store import Store
from sampler_bench.store.sqlite import open_store
from sampler_bench.tuning.events import Event, Settled
from sampler_bench.tuning.knobs import KnobCheck
from sampler_bench.tuning.late import Door
from sampler_bench.tuning.order import decided, seen_in
from sampler_bench.tuning.request import Finished, Request
from sampler_bench.tuning.run import run
from sampler_bench.tuning.served import note_server

pytestmark = pytest.mark.anyio
STUDY = """
task: demo
judge: demo
search_strategy: random
n_iterations: 400
samples_per_config: 1
seed: 3
sampler_types: [min_p]
parameter_ranges:
  min_p: {temperature: {low: 0.8, high: 1.4}, min_p: {low: 0.02, high: 0.3}, max_tokens: [24]}
test_prompts: [Create a mystery, Write about AI]
"""
SPACE = {"min_p": {"temperature": [0.8, 1.4], "min_p": [0.02, 0.3], "max_tokens": [24]}}
ENOUGH = 3
HERE = replace(KOBOLDCPP_1_115, slots=1)
DEAD = replace(HERE, forced={"min_p": 0.0})
OTHERS_DEAD = replace(HERE, forced={"temperature": 1.0})
OTHERWISE = replace(HERE, order=orders.fixed("penalties", "temperature", "top_p", "min_p"))


class Story:
    """The second of two servers comes up after the third text.

    The study ends after enough texts by it, or when it is left out.
    """

    def __init__(
        self, urls: list[str], late: Double, log: pytest.LogCaptureFixture, enough: int = ENOUGH
    ) -> None:
        self.urls, self.late, self.log, self.enough = urls, late, log, enough
        self.most_at_once = 0
        self.wrote: Counter[str] = Counter()
        self.stop = asyncio.Event()
        self.starting: asyncio.Task[Double] | None = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, Settled) and isinstance(event.trial.written, Completion):
            self.wrote[event.trial.written.server] += 1
        if self.wrote.total() == 3 and not self.starting:
            self.starting = asyncio.ensure_future(self.late.__aenter__())
        if self.wrote[self.urls[1]]:
            self.most_at_once = max(self.most_at_once, self.late.running)
        if self.wrote[self.urls[1]] >= self.enough or "left out" in self.log.text:
            self.stop.set()


async def search(folder: Path, story: Story, engine: str = "koboldcpp") -> Finished:
    study = folder / "study.yaml"
    study.write_text(STUDY)
    spec = load_study(study, None, {"server": story.urls, "engine": engine})
    with open_store(folder) as store:
        return await run(
            Request(spec, folder, "s", folder / "s.json", {}), store, story, story.stop
        )


def probed(knobs: object) -> list[str]:
    assert isinstance(knobs, dict)
    return [str(told["url"]) for told in knobs["servers"]]


@pytest.mark.parametrize(
    "quirks", [DEAD, pytest.param(HERE, marks=pytest.mark.slow)], ids=["dead", "fine"]
)
async def test_a_search_probes_a_server_that_was_down_when_it_began(
    tmp_path: Path, writer: LlamaWriter, caplog: pytest.LogCaptureFixture, quirks: Quirks
) -> None:
    async with Double(HERE, writer, model="mine") as here:
        late = Double(quirks, writer, model="mine")
        async with late:
            story = Story([here.url, late.url], late, caplog)
        finished = await search(tmp_path, story)
        await late.__aexit__()
    if quirks is DEAD:
        assert set(story.wrote) == {here.url}
        assert f"from now on: min_p does nothing on koboldcpp at {late.url}" in caplog.text
        assert probed(finished.study.knobs) == [here.url]
        return
    assert story.wrote[late.url] >= ENOUGH
    document = finished.study.document()
    assert document.knobs is not None
    assert [server.url for server in document.knobs.servers] == story.urls
    assert document.search_metadata.server["url"] == " ".join(story.urls)


@pytest.mark.slow
async def test_all_slots_of_a_server_that_joins_are_used(
    tmp_path: Path, writer: LlamaWriter, caplog: pytest.LogCaptureFixture
) -> None:
    """Of two that write one text and two at once, the first alone was there."""
    async with Double(replace(LLAMACPP, slots=1), writer, model="mine") as here:
        late = Double(replace(LLAMACPP, slots=2), writer, model="mine")
        async with late:
            story = Story([here.url, late.url], late, caplog, enough=12)
        await search(tmp_path, story, "llamacpp")
        await late.__aexit__()
    assert story.wrote[late.url] >= 12
    assert story.most_at_once == 2


class Joining:
    """A study on one server, and another that stands at its door."""

    def __init__(self, store: Store, here: RemoteEngine, allow: bool) -> None:
        self.store, self.here, self.told = store, here, list[Event]()
        self.study = store.create_study("s", {}, 0.0).id
        space = load_study(None, None, {"parameter_ranges": SPACE, "sampler_types": ["min_p"]})
        self.check = KnobCheck(space.space, None, allow, self.told.append)

    async def admit(self, late: RemoteEngine) -> None:
        info = await self.here.check()
        knobs = await self.check.begin(self.here, None)
        info = decided(info, seen_in(knobs))
        self.store.set_note(self.study, "knobs", knobs or {})
        note_server(self.store, self.study, info)
        await late.check()
        await Door(self.check, info, self.store, self.study).admit(late)

    @property
    def knobs(self) -> object:
        return self.store.note(self.study, "knobs")


@asynccontextmanager
async def at_the_door(
    folder: Path, writer: LlamaWriter, quirks: Quirks, here: Quirks = HERE, allow: bool = False
) -> AsyncIterator[tuple[Joining, RemoteEngine, Double]]:
    async with (
        Double(here, writer, model="mine") as one,
        Double(quirks, writer, model="mine") as two,
        koboldcpp.build(EngineOptions(server=one.url)) as first,
        koboldcpp.build(EngineOptions(server=two.url)) as late,
    ):
        assert isinstance(first, RemoteEngine)
        assert isinstance(late, RemoteEngine)
        with open_store(folder) as store:
            yield Joining(store, first, allow), late, two


async def test_what_was_found_is_kept_and_not_asked_for_again(
    tmp_path: Path, writer: LlamaWriter
) -> None:
    async with at_the_door(tmp_path, writer, HERE) as (study, late, double):
        await study.admit(late)
        urls = [study.here.http.shown, late.http.shown]
        assert probed(study.knobs) == urls
        assert (study.store.note(study.study, "server") or {})["url"] == " ".join(urls)
        asked = len(double.applied)
        assert asked >= 10
        assert await study.check.one_more(late, dict(study.knobs)) == study.knobs  # type: ignore[call-overload]
        assert len(double.applied) == asked


async def test_a_knob_that_was_allowed_to_be_dead_may_be_so_on_a_late_server_too(
    tmp_path: Path, writer: LlamaWriter
) -> None:
    how = at_the_door(tmp_path, writer, DEAD, here=DEAD, allow=True)
    async with how as (study, late, _):
        await study.admit(late)
        assert isinstance(study.knobs, dict)
        assert study.knobs["allowed_unverified"] is True
        assert len(probed(study.knobs)) == 2
        assert sum("min_p does nothing" in str(event) for event in study.told) == 2


@pytest.mark.parametrize("here", [HERE, DEAD], ids=["none", "another"])
async def test_what_was_allowed_excuses_no_other_knob(
    tmp_path: Path, writer: LlamaWriter, here: Quirks
) -> None:
    """Its texts would be mixed with those of servers on which the knob acts."""
    how = at_the_door(tmp_path, writer, OTHERS_DEAD, here=here, allow=True)
    async with how as (study, late, _):
        with pytest.raises(EngineError, match="temperature does nothing on koboldcpp"):
            await study.admit(late)
        assert isinstance(study.knobs, dict)
        assert study.knobs["allowed_unverified"] is (here is DEAD)
        assert len(probed(study.knobs)) == 1


async def test_one_on_which_temperature_acts_elsewhere_is_refused(
    tmp_path: Path, writer: LlamaWriter
) -> None:
    async with at_the_door(tmp_path, writer, OTHERWISE) as (study, late, _):
        first, second = study.here.http.shown, late.http.shown
        told = f"temperature acts last at {first} and first at {second}"
        with pytest.raises(EngineError, match=told):
            await study.admit(late)
        assert probed(study.knobs) == [first]
        unseen = ServerInfo("koboldcpp", first, details={"temperature_order": "last"})
        study.store.set_note(study.study, "knobs", {})
        door = Door(study.check, unseen, study.store, study.study)
        with pytest.raises(EngineError, match=r"acts first at .* is computed with last"):
            await door.admit(late)
