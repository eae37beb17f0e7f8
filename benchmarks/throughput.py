"""How much of a server's speed reaches a search? Prints a table.

    python benchmarks/throughput.py --slots 1 4 8 --rounds 5 --blocks 60
    python benchmarks/throughput.py --servers 2 --rounds 5
    python benchmarks/throughput.py --memory 20000

A round is one whole search (rules, judge, SQLite, strategy; from its first check to its verdict's
evidence) and one bare load generator that sends the very same requests, as many at once, reads
bytes and looks at nothing but the token count. Both go to the same embedded llama.cpp, one after
the other, in turns; tokens per second of the one by the other is the round's share. Shown: the
median over rounds with a 95 % bootstrap interval, for the whole run (with checks, fingerprint and
imports) and for the loop alone, which is what a long search tends to. `full` is how full the search
kept the slots, divided by how full the bare generator did: on a machine where others take the
server's cores by turns, the speeds wander and this does not. `--blocks` slows the demo model to a
real model's speed (`_slowed.py`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from sampler_bench import demo_model
from sampler_bench._algebra import one_thread
from sampler_bench.engines import EngineOptions, llamacpp
from sampler_bench.engines._child import Order
from sampler_bench.engines._launch import Child
from sampler_bench.records import Completion, Trial
from sampler_bench.spec import StudySpec, load_study
from sampler_bench.store.sqlite import open_store
from sampler_bench.tasks import Task
from sampler_bench.tuning.build import build_task
from sampler_bench.tuning.events import Event, Planned
from sampler_bench.tuning.parts import with_instructions
from sampler_bench.tuning.request import Request
from sampler_bench.tuning.run import run

CONTEXT = 1024


@dataclass(frozen=True, slots=True)
class Pace:
    """Tokens written in so many seconds; `busy` slots at a time on average."""

    tokens: int
    seconds: float
    busy: float

    @property
    def speed(self) -> float:
        """Tokens a second."""
        return self.tokens / self.seconds


@dataclass(frozen=True, slots=True)
class Searched:
    """A search's speed, as a whole and without its start, and what it kept."""

    whole: Pace
    loop: Pace
    trials: list[Trial]


def main() -> None:
    options = _options()
    if options.memory:
        from _flat import measure_memory

        measure_memory(options.memory, print)
        return
    with tempfile.TemporaryDirectory() as folder:
        if options.blocks:
            from _slowed import write_slowed

            options.model = write_slowed(options.model, Path(folder) / "m.gguf", options.blocks)
        with one_thread():  # as by the command line
            _measure(options)


def _measure(options: argparse.Namespace) -> None:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {options.strategy}")
    if options.servers > 1:
        _compare_servers(options)
        return
    print("slots  texts  search t/s  bare t/s  share of the whole run  of the loop  full")
    for slots in options.slots:
        _compare_slots(options, slots)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--slots", nargs="+", type=int, default=[1, 4, 8])
    add("--servers", type=int, default=1, help="compare so many servers of one slot with one")
    add("--memory", type=int, default=0, help="watch the memory over so many texts instead")
    add("--rounds", type=int, default=5)
    add("--texts", type=int, default=192, help="texts of one search (default: 192)")
    add("--strategy", default="bayesian")
    add("--blocks", type=int, default=0, help="blocks that slow the model and change nothing")
    add("--model", type=Path, default=demo_model.path(), help="a GGUF (default: the demo model)")
    return parser.parse_args()


def _compare_slots(options: argparse.Namespace, slots: int) -> None:
    """One row of the table: search and bare generator in turns."""
    rounds = []
    with ExitStack() as stack:
        url = _serve(stack, options.model, slots)
        spec = _spec(options, (url,))
        for number in range(options.rounds):
            searched = asyncio.run(_search(spec, number))
            bare = asyncio.run(_bare(spec, (url,), slots, searched.trials))
            rounds.append((searched, bare))
            told = f"loop {searched.loop.speed:.0f} t/s, bare {bare.speed:.0f} t/s, "
            told += f"busy {searched.loop.busy:.2f} and {bare.busy:.2f}"
            print(f"  {slots} slots, round {number + 1}: {told}", file=sys.stderr, flush=True)
    whole = [s.whole.speed / b.speed for s, b in rounds]
    loop = [s.loop.speed / b.speed for s, b in rounds]
    search, other = (np.median([x.speed for x in xs]) for xs in zip(*_paces(rounds), strict=True))
    full = [s.loop.busy / b.busy for s, b in rounds]
    texts = len(rounds[0][0].trials)
    print(
        f"{slots:5d}  {texts:5d}  {search:10.0f}  {other:8.0f}  {_interval(whole):>22s}"
        f"  {_interval(loop):>11s}  {_interval(full)}  load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def _paces(rounds: list[tuple[Searched, Pace]]) -> list[tuple[Pace, Pace]]:
    return [(searched.whole, bare) for searched, bare in rounds]


def _compare_servers(options: argparse.Namespace) -> None:
    """Several servers of one slot against one of them, in turns; searches and bare generators."""
    rounds = []
    with ExitStack() as stack:
        urls = tuple(_serve(stack, options.model, 1) for _ in range(options.servers))
        for number in range(options.rounds):
            one = asyncio.run(_search(_spec(options, urls[:1]), number))
            many = asyncio.run(_search(_spec(options, urls), number))
            spec = _spec(options, urls)
            bare_one = asyncio.run(_bare(spec, urls[:1], 1, one.trials))
            bare_many = asyncio.run(_bare(spec, urls, 1, many.trials))
            rounds.append((one, many, bare_one, bare_many))
            print(
                f"loop of one {one.loop.speed:.0f} t/s, of {options.servers} "
                f"{many.loop.speed:.0f}, bare {bare_one.speed:.0f} and {bare_many.speed:.0f}, "
                f"load {os.getloadavg()[0]:.1f}",
                file=sys.stderr,
                flush=True,
            )
    loop = _interval([many.loop.speed / one.loop.speed for one, many, _, _ in rounds])
    whole = _interval([many.whole.speed / one.whole.speed for one, many, _, _ in rounds])
    bare = _interval([many.speed / one.speed for _, _, one, many in rounds])
    print(
        f"{options.servers} servers of one slot give {loop} times one (loop), {whole} times (whole "
        f"runs of {len(rounds[0][0].trials)} texts); the bare generator sees {bare} times"
    )


def _serve(stack: ExitStack, model: Path, slots: int) -> str:
    child = Child.start(Order(model, name="served", slots=slots, context=CONTEXT))
    stack.callback(child.stop)
    return child.ready(120.0)


def _spec(options: argparse.Namespace, urls: tuple[str, ...]) -> StudySpec:
    overrides = {
        "server": list(urls),
        "engine": "llamacpp",
        "model": "served",
        "search_strategy": options.strategy,
        "n_iterations": max(1, options.texts // 8),
        "seed": 1,
    }
    return load_study(None, "demo", overrides)


async def _search(spec: StudySpec, number: int) -> Searched:
    """Run a whole search as the command line does, with a store on disk."""
    began, planned = time.perf_counter(), 0.0

    def watch(event: Event) -> None:
        nonlocal planned
        if isinstance(event, Planned):
            planned = time.perf_counter()

    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder)) as store:
        request = Request(spec, Path(folder), f"round_{number}", Path(folder) / "x.json", {})
        finished = await run(request, store, watch, asyncio.Event())
        ended = time.perf_counter()
    trials = finished.study.trials
    written = [trial.written for trial in trials if isinstance(trial.written, Completion)]
    assert len(written) == len(trials), "a text is missing: the speeds would not compare"
    tokens = sum(text.tokens for text in written)
    used = sum(text.seconds for text in written)
    whole = Pace(tokens, ended - began, used / (ended - began))
    return Searched(whole, Pace(tokens, ended - planned, used / (ended - planned)), trials)


async def _bare(spec: StudySpec, urls: tuple[str, ...], slots: int, trials: list[Trial]) -> Pace:
    """Send the same requests again, `slots` at once to each server, and read bytes."""
    task: Task = build_task(spec)
    engine = llamacpp.build(EngineOptions(server=urls[0], model="served"))
    written = [t.written for t in trials if isinstance(t.written, Completion)]
    engine._pace = float(np.median([w.tokens / w.seconds for w in written]))  # whole, or streamed
    bodies = iter(
        [
            engine.as_sent(
                engine.request(
                    t.cell.config, with_instructions(spec.prompts[t.cell.prompt], task), t.seed
                )
            )
            for t in trials
        ]
    )
    counts: list[int] = []
    used: list[float] = []

    async def worker(url: str) -> None:
        for request in bodies:
            start = time.perf_counter()
            counts.append(await _post(url, request.path, json.dumps(request.body)))
            used.append(time.perf_counter() - start)

    began = time.perf_counter()
    await asyncio.gather(*(worker(url) for url in urls for _ in range(slots)))
    seconds = time.perf_counter() - began
    return Pace(sum(counts), seconds, sum(used) / seconds)


async def _post(url: str, path: str, body: str) -> int:
    """One request over a socket of its own; returns the tokens that the server counted."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body.encode())}\r\nConnection: close\r\n\r\n{body}"
    )
    writer.write(head.encode())
    tail = b""
    while block := await reader.read(65536):
        tail = (tail + block)[-65536:]
    writer.close()
    return int(tail.rpartition(b'"completion_tokens":')[2].split(b",")[0])


def _interval(values: list[float]) -> str:
    rng = np.random.default_rng(1)
    draws = np.median(rng.choice(values, (2000, len(values))), axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return f"{np.median(values):.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
