"""Does memory stay flat over a long search? Real loop, real SQLite file, a scripted server.

The server is scripted (it answers at once with a text of about 1 kB that no other is equal to), so
that 20,000 texts take minutes, not days. What may grow with a text is what the loop, the ledger and
the strategy keep of it.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import psutil

from sampler_bench.engines import Engine, ServerInfo
from sampler_bench.judges import Judge
from sampler_bench.plugins import find
from sampler_bench.records import Completion, JsonObject, Prompt, SamplerConfig, Score
from sampler_bench.samplers import Range, SamplerSpace, Space
from sampler_bench.search import Problem
from sampler_bench.store.sqlite import open_store
from sampler_bench.tasks import Task
from sampler_bench.tuning.budget import Budget, Limits
from sampler_bench.tuning.events import Event, Settled
from sampler_bench.tuning.ledger import Ledger
from sampler_bench.tuning.loop import Loop
from sampler_bench.tuning.parts import Pace, Parts

WORDS = "The keeper climbed the stairs, counted the ships, and wrote every name in his book. " * 12
TASK = Task("plain", ("Write.",), (), ("blank",), min_words=5)
PROMPTS = tuple(Prompt(i, f"Prompt {i}.") for i in range(4))
EVERY = 2000


class Instant(Engine):
    """Answers at once."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        return None

    async def check(self) -> ServerInfo:
        return ServerInfo("scripted", "memory:", model="script")

    def express(self, config: SamplerConfig, seed: int) -> JsonObject:
        return {**dict(config.as_dict()), "seed": seed}  # type: ignore[dict-item]

    async def generate(self, config: SamplerConfig, prompt: Prompt, seed: int) -> Completion:
        await asyncio.sleep(0)
        text = f"{WORDS}{config.text} {prompt.index} {seed}"
        sent = self.express(config, seed)
        return Completion(text, False, 200, 5, 0.01, sent, "memory:", "script", "raw")


class Level(Judge):
    """Gives every text a number that depends on its length alone."""

    @property
    def identities(self) -> tuple[str, ...]:
        return ("level",)

    async def check(self) -> str:
        return "level"

    async def judge(self, identity: str, prompt: Prompt, text: str) -> Score:
        return Score(identity, len(text) % 100 / 10)


def measure_memory(texts: int, say: Callable[[str], None]) -> list[tuple[int, float]]:
    """Run a search of so many texts; say and return (texts, MiB of our process) now and then."""
    process, seen = psutil.Process(), list[tuple[int, float]]()
    began, settled = time.monotonic(), 0

    def watch(event: Event) -> None:
        nonlocal settled
        settled += isinstance(event, Settled)
        if isinstance(event, Settled) and settled % EVERY == 0:
            gc.collect()
            seen.append((settled, process.memory_info().rss / 2**20))
            rate = settled / (time.monotonic() - began)
            say(f"{settled:6d} texts  {seen[-1][1]:7.1f} MiB  {rate:5.0f} texts/s so far")

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_search(texts, Path(folder), watch))
        size = sum(file.stat().st_size for file in Path(folder).iterdir()) / 2**20
    say(f"the store holds {size:.0f} MiB")
    return seen


async def _search(texts: int, folder: Path, watch: Callable[[Event], None]) -> None:
    space = Space((SamplerSpace("temperature", (("temperature", Range(0.1, 2.0)),)),))
    problem = Problem(
        space, n_prompts=4, budget=texts, n_iterations=texts // 20, samples_per_config=5
    )
    with open_store(folder) as store:
        study = store.create_study("long", {}, 0.0)
        parts = Parts(Instant(), Level(), store, TASK, PROMPTS, lambda text: (), time.time)
        ledger, budget = Ledger([], ("level",), 4), Budget(Limits(), 0.0, time.monotonic)
        pace = Pace(slots=8, judging=8)
        loop = Loop(parts, study.id, 1, ledger, budget, pace, watch, asyncio.Event())
        await loop.run([("search", find("search", "random"), problem)])
