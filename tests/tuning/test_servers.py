"""A search on two real servers, one of which is killed and started again in the middle of it."""

import asyncio
import os
import signal
import threading
from collections import Counter

import pytest

from sampler_bench import demo_model
from sampler_bench.engines._child import Order
from sampler_bench.engines._launch import Child
from sampler_bench.errors import EngineError
from sampler_bench.records import Completion
from sampler_bench.spec import load_study
from sampler_bench.store.sqlite import open_store
from sampler_bench.tuning.events import Settled, Warned
from sampler_bench.tuning.request import Request
from sampler_bench.tuning.run import run

pytestmark = pytest.mark.anyio
STUDY = """
task: demo
judge: demo
search_strategy: random
n_iterations: 200
samples_per_config: 2
seed: 3
slots: 2
sampler_types: [temperature]
parameter_ranges: {temperature: {temperature: {low: 0.3, high: 1.1}, max_tokens: [48]}}
test_prompts: [Create a mystery, Write about AI]
"""
PLANNED = 201 * 2 * 2


def serve(port=0, name="demo"):
    child = Child.start(Order(demo_model.path(), name=name, slots=1, context=512, port=port))
    child.ready(120)
    return child


@pytest.fixture
def servers():
    children = [serve(), serve()]
    yield children
    for child in children:
        child.stop()


class Story:
    """Kills the first server at the 6th outcome, starts it again later, stops when it writes."""

    def __init__(self, servers):
        self.servers, self.stop = servers, asyncio.Event()
        self.seen, self.warned = Counter(), []
        self.started, self.over = None, threading.Event()

    def __call__(self, event):
        if isinstance(event, Warned):
            self.warned.append(event.message)
        if not isinstance(event, Settled):
            return
        self.seen[event.trial.written.server] += 1
        if self.seen.total() == 6:
            os.kill(self.servers[0].process.pid, signal.SIGKILL)
            self.servers[0].process.wait()
            self.before = self.seen[self.servers[0].address]
        if self.seen.total() == 12:
            self.started = threading.Thread(target=self.start_again)
            self.started.start()
        if self.started and self.seen[self.servers[0].address] > self.before + 4:
            self.stop.set()

    def start_again(self):
        address = self.servers[0].address
        self.servers[0].stop()
        self.servers[0] = serve(int(address.rpartition(":")[2]))
        self.over.wait()  # Linux ends a child with the thread that started it


async def search(folder, urls, watch, stop):
    study = folder / "study.yaml"
    study.write_text(STUDY)
    spec = load_study(study, None, {"server": urls})
    with open_store(folder) as store:
        request = Request(spec, folder, "s", folder / "s.json", {})
        return await run(request, store, watch, stop)


@pytest.mark.slow
async def test_no_text_is_lost_or_doubled_and_the_server_joins_again(tmp_path, servers):
    story = Story(servers)
    urls = [child.address for child in servers]
    finished = await search(tmp_path, urls, story, story.stop)
    story.over.set()
    story.started.join()
    assert finished.ended.words == "interrupted", "the server never wrote again"
    written = [trial for trial in finished.study.trials if trial.written is not None]
    assert story.seen.total() <= len(written) < PLANNED  # a few wait for the judge
    assert all(isinstance(trial.written, Completion) for trial in written)
    assert len({trial.cell for trial in finished.study.trials}) == len(finished.study.trials)
    assert set(story.seen) == set(urls)
    assert finished.study.server["slots"] == 2


async def test_a_search_begins_with_the_servers_that_are_there(tmp_path, servers):
    story = Story(servers)
    servers[0].stop()
    urls = [child.address for child in servers]

    def watch(event):
        if isinstance(event, Warned):
            story.warned.append(event.message)
        if isinstance(event, Settled):
            story.seen[event.trial.written.server] += 1
            if story.seen.total() == 4:
                story.stop.set()

    await search(tmp_path, urls, watch, story.stop)
    assert set(story.seen) == {urls[1]}
    assert len(story.warned) == 1
    assert urls[0] in story.warned[0]
    assert story.warned[0].endswith("it may join later")


async def test_nobody_there_names_each(tmp_path):
    nobody = ["http://127.0.0.1:9", "http://127.0.0.1:10"]
    with pytest.raises(EngineError, match=r"127\.0\.0\.1:9.*; .*127\.0\.0\.1:10"):
        await search(tmp_path, nobody, print, asyncio.Event())


async def test_a_server_with_another_model_is_refused(tmp_path, servers):
    servers[0].stop()
    servers[0] = serve(name="another")
    with pytest.raises(EngineError, match=r"the model is .*their texts would not compare"):
        await search(tmp_path, [c.address for c in servers], print, asyncio.Event())
