"""A server that serves another model in the middle of a study: nothing of it is kept."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from support.double import LLAMACPP, MLX_LM, OLLAMA, OPENAI_COMPATIBLE, Double, LlamaWriter
from support.double.quirks import Quirks
from support.loopback import Request as Asked

from sampler_bench.engines import ServerInfo
from sampler_bench.errors import EngineError
from sampler_bench.records import Completion
from sampler_bench.spec import load_study
from sampler_bench.store.sqlite import open_store
from sampler_bench.tuning import fingerprint
from sampler_bench.tuning.events import Checked, Event, Settled, Watcher
from sampler_bench.tuning.request import Finished, Request
from sampler_bench.tuning.run import run
from sampler_bench.tuning.served import hold, note_server

STUDY = """
task: demo
judge: demo
search_strategy: random
n_iterations: 8
samples_per_config: 1
seed: 3
slots: 2
sampler_types: [temperature]
parameter_ranges: {temperature: {temperature: {low: 0.3, high: 1.1}, max_tokens: [24]}}
test_prompts: [Create a mystery, Write about AI]
"""
PLANNED = 18


class Story:
    """Counts the texts of a study that settled; stops it after some."""

    def __init__(self, texts: int = PLANNED) -> None:
        self.texts, self.settled, self.stop = texts, 0, asyncio.Event()
        self.watch: Watcher | None = None

    def __call__(self, event: Event) -> None:
        if self.watch is not None:
            self.watch(event)
        self.settled += isinstance(event, Settled) and not event.kept
        if self.settled >= self.texts:
            self.stop.set()


async def search(folder: Path, story: Story, *urls: str, resume: bool = False) -> Finished:
    study = folder / "study.yaml"
    study.write_text(STUDY)
    spec = load_study(study, None, {"server": list(urls)})
    with open_store(folder) as store:
        request = Request(spec, folder, "s", folder / "s.json", {}, resume=resume)
        return await run(request, store, story, story.stop)


def kept(folder: Path) -> list[Completion]:
    with open_store(folder) as store:
        row = store.study("s")
        assert row is not None
        written = [trial.written for trial in store.trials(row.id)]
    return [text for text in written if isinstance(text, Completion)]


def swapping(server: Double, at: int) -> None:
    """From the `at`-th text on, the double serves another model."""

    def swap(_: Asked) -> str:
        if len(server.applied) >= at:
            server.model = "another"
        return ""

    server.fault = swap


async def begun(folder: Path, server: Double, texts: int) -> int:
    """Write some texts of the study; returns how many requests its start took besides."""
    story = Story(texts)
    assert (await search(folder, story, server.url)).ended.words == "interrupted"
    return len(server.applied)


@pytest.mark.anyio
@pytest.mark.parametrize("quirks", [LLAMACPP, OPENAI_COMPATIBLE], ids=["llamacpp", "unknown"])
async def test_no_text_of_another_model_is_kept_and_the_study_goes_on_with_its_own(
    tmp_path: Path, writer: LlamaWriter, quirks: Quirks
) -> None:
    quirks = replace(quirks, slots=2)
    async with Double(quirks, writer, model="mine") as server:
        asked = await begun(tmp_path, server, 3)
        swapping(server, asked + 4)
        refused = r"not the server that this study began with.*'another'.*are not kept"
        with pytest.raises(EngineError, match=refused):
            await search(tmp_path, Story(), server.url, resume=True)
        texts = kept(tmp_path)
        assert 3 <= len(texts) < PLANNED
        assert {text.model for text in texts} == {"mine"}
        port = server._port
    async with Double(quirks, writer, model="another", port=port) as server:
        refused = "not what the kept texts of this study are by: the model is 'another', not 'mine'"
        with pytest.raises(EngineError, match=refused):
            await search(tmp_path, Story(), server.url, resume=True)
        assert not server.applied  # nothing was spent
    async with Double(quirks, writer, model="mine", port=port) as server:
        finished = await search(tmp_path, Story(999), server.url, resume=True)
    assert finished.ended.words == "done"
    assert {text.model for text in kept(tmp_path)} == {"mine"}
    assert len(kept(tmp_path)) == len(finished.study.trials) >= PLANNED


@pytest.mark.anyio
async def test_with_two_servers_the_other_one_writes_on(
    tmp_path: Path, writer: LlamaWriter
) -> None:
    async with AsyncExitStack() as stack:
        quirks = replace(LLAMACPP, slots=1)
        servers = [
            await stack.enter_async_context(Double(quirks, writer, model="mine")) for _ in "ab"
        ]
        story = Story(999)

        def watch(event: Event) -> None:
            story(event)
            if story.settled == 3:
                servers[0].model = "another"

        study = tmp_path / "study.yaml"
        study.write_text(STUDY)
        spec = load_study(study, None, {"server": [server.url for server in servers]})
        with open_store(tmp_path) as store:
            request = Request(spec, tmp_path, "s", tmp_path / "s.json", {})
            finished = await run(request, store, watch, story.stop)
    assert finished.ended.words == "done"
    texts = kept(tmp_path)
    assert len(texts) == len(finished.study.trials) >= PLANNED
    assert {text.model for text in texts} == {"mine"}


@pytest.mark.anyio
async def test_a_run_that_is_stopped_before_its_first_text_leaves_no_study_that_runs(
    tmp_path: Path, writer: LlamaWriter
) -> None:
    def watch(event: Event) -> None:
        if isinstance(event, Checked) and event.what == "fingerprint":
            running.cancel()

    story = Story()
    story.watch = watch
    async with Double(LLAMACPP, writer, model="mine") as server:
        running = asyncio.create_task(search(tmp_path, story, server.url))
        with pytest.raises(asyncio.CancelledError):
            await running
        with open_store(tmp_path) as store:
            assert store.chosen("s").state == "interrupted"
        await search(tmp_path, Story(3), server.url, resume=True)
    assert kept(tmp_path)


@pytest.mark.anyio
async def test_a_run_that_fails_before_its_first_text_leaves_no_study_that_runs(
    tmp_path: Path, writer: LlamaWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*asked: object) -> None:
        raise EngineError("the server is gone")

    monkeypatch.setattr(fingerprint, "remembered", silent)
    async with Double(LLAMACPP, writer, model="mine") as server:
        with pytest.raises(EngineError, match="gone"):
            await search(tmp_path, Story(), server.url)
        with open_store(tmp_path) as store:
            assert store.chosen("s").state == "failed"
        monkeypatch.undo()
        await search(tmp_path, Story(3), server.url, resume=True)
    assert kept(tmp_path)


@pytest.mark.anyio
async def test_a_service_that_gives_another_model_under_the_name_is_refused_on_resume(
    tmp_path: Path, writer: LlamaWriter
) -> None:
    """What it lists is the same; its answers say what it is."""
    quirks = replace(OPENAI_COMPATIBLE, entry={**OPENAI_COMPATIBLE.entry, "id": "mine"})
    async with Double(quirks, writer, model="mine-2026-01") as server:
        await begun(tmp_path, server, 3)
        server.model = "mine-2026-06"
        refused = "the name in its answers is 'mine-2026-06', not 'mine-2026-01'"
        with pytest.raises(EngineError, match=refused):
            await search(tmp_path, Story(), server.url, resume=True)
    assert {text.model for text in kept(tmp_path)} == {"mine-2026-01"}


def test_a_study_goes_on_after_the_folder_of_its_model_moved(tmp_path: Path) -> None:
    info = ServerInfo("vllm", "http://a", model="m", details={"root": "/old/weights"})
    with open_store(tmp_path) as store:
        note_server(store, store.create_study("s", {}, 0.0).id, info)
        hold(store, "s", replace(info, details={"root": "/new/weights"}))
        with pytest.raises(EngineError, match="the model's size or digest is"):
            hold(store, "s", replace(info, details={"digest": "sha256:1"}))


@pytest.mark.anyio
async def test_a_study_whose_model_was_found_goes_on_with_it_when_another_is_loaded(
    tmp_path: Path, writer: LlamaWriter
) -> None:
    """Ollama unloads a model after minutes, and loads what a request names."""
    listed = {"/api/tags": {"models": [{"name": "another"}, {"name": "mine"}]}}

    def quirks(loaded: list[str]) -> Quirks:
        running = {"/api/ps": {"models": [{"name": name} for name in loaded]}}
        return replace(OLLAMA, asked={**OLLAMA.asked, **listed, **running})

    async with Double(quirks(["mine"]), writer, model="mine") as server:
        await begun(tmp_path, server, 3)
        for loaded in ([], ["another"]):
            server.quirks = quirks(loaded)
            await search(tmp_path, Story(1), server.url, resume=True)
        server.quirks = quirks(["mine"])
        finished = await search(tmp_path, Story(999), server.url, resume=True)
    assert finished.ended.words == "done"
    assert {text.model for text in kept(tmp_path)} == {"mine"}


@pytest.mark.anyio
async def test_a_study_goes_on_with_a_server_that_has_got_an_engine_of_its_own_since(
    tmp_path: Path, writer: LlamaWriter
) -> None:
    """It was taken for openai-compatible when it began, and is to this day; no other one is."""
    ours = replace(OPENAI_COMPATIBLE, slots=2)
    told = MLX_LM.asked["/v1/models/not/one"]
    async with Double(ours, writer, model="mine") as server:
        await begun(tmp_path, server, 3)
        server.quirks = replace(ours, asked={**ours.asked, "/version": {"version": "0.8"}})
        with pytest.raises(EngineError, match="engine is 'vllm', not 'openai-compatible'"):
            await search(tmp_path, Story(), server.url, resume=True)
        server.quirks = replace(ours, asked={**ours.asked, "/v1/models/not/one": told})
        assert (await search(tmp_path, Story(999), server.url, resume=True)).ended.words == "done"
