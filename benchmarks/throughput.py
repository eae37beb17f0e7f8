"""How much of a server's speed reaches a search? Prints a table.

    python benchmarks/throughput.py --slots 1 4 8 --rounds 2 --blocks 60
    python benchmarks/throughput.py --servers 2 --rounds 5
    python benchmarks/throughput.py --memory 20000

A search is run as the command line does (rules, judge, SQLite, strategy), and is held after every
few texts, while a bare load generator sends the very same requests again, as many at once, to the
same embedded llama.cpp (`_turns.py`). Its share is its tokens per second by the other's: with a
95 % bootstrap interval over turns for the loop alone, which is what a long search tends to, and
for the whole run (with checks, fingerprint and imports). `full` is how full the search kept the
slots, divided by how full the bare generator did. `--blocks` slows the demo model to a real model's
speed (`_slowed.py`).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from _turns import Pace, Turns, taking

from sampler_bench import demo_model
from sampler_bench._algebra import one_thread
from sampler_bench.engines._child import Order
from sampler_bench.engines._launch import Child
from sampler_bench.records import Completion
from sampler_bench.spec import StudySpec, load_study
from sampler_bench.store.sqlite import open_store
from sampler_bench.tuning.events import Event, Planned
from sampler_bench.tuning.request import Request
from sampler_bench.tuning.run import run

CONTEXT = 1024
TURN = 12  # texts of a turn, for each slot


@dataclass(frozen=True, slots=True)
class Searched:
    """A search's speed, as a whole and without its start, and what it kept."""

    whole: Pace
    loop: Pace
    texts: int


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
    print(
        "slots  texts  turns  search t/s  bare t/s  share of the loop     whole run  full",
        flush=True,
    )
    for slots in options.slots:
        _compare_slots(options, slots)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--slots", nargs="+", type=int, default=[1, 4, 8])
    add("--servers", type=int, default=1, help="compare so many servers of one slot with one")
    add("--memory", type=int, default=0, help="watch the memory over so many texts instead")
    add("--rounds", type=int, default=3)
    add("--texts", type=int, default=600, help="texts of one search (default: 600)")
    add("--strategy", default="bayesian")
    add("--blocks", type=int, default=0, help="blocks that slow the model and change nothing")
    add("--model", type=Path, default=demo_model.path(), help="a GGUF (default: the demo model)")
    return parser.parse_args()


def _compare_slots(options: argparse.Namespace, slots: int) -> None:
    """One row of the table: search and bare generator by turns."""
    pairs, wholes, texts = list[tuple[Pace, Pace]](), list[Pace](), 0
    with ExitStack() as stack:
        url = _serve(stack, options.model, slots)
        for number in range(options.rounds):
            turns = Turns(TURN * slots, slots, (url,))
            searched = asyncio.run(_search(_spec(options, (url,)), number, turns))
            pairs += turns.pairs
            wholes.append(searched.whole)
            texts += searched.texts
            shares = " ".join(f"{s.speed / b.speed:.2f}" for s, b in turns.pairs)
            print(f"  {slots} slots, search {number + 1}: {shares}", file=sys.stderr, flush=True)
    search, bare = (_together(paces) for paces in zip(*pairs, strict=True))
    whole = _together(wholes).speed / bare.speed
    print(
        f"{slots:5d}  {texts:5d}  {len(pairs):5d}  {search.speed:10.0f}  {bare.speed:8.0f}  "
        f"{_ratio(pairs, lambda pace: pace.speed)}  {whole:9.3f}  "
        f"{_ratio(pairs, lambda pace: pace.busy)}  load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def _together(paces: Iterable[Pace]) -> Pace:
    """Several turns as one."""
    tokens, seconds, busy = zip(
        *((p.tokens, p.seconds, p.busy * p.seconds) for p in paces), strict=True
    )
    return Pace(sum(tokens), sum(seconds), sum(busy) / sum(seconds))


def _ratio(pairs: list[tuple[Pace, Pace]], of: Callable[[Pace], float]) -> str:
    """The search by the bare generator, all turns as one; bootstrap over turns."""

    def ratio(chosen: list[tuple[Pace, Pace]]) -> float:
        search, bare = zip(*chosen, strict=True)
        return of(_together(search)) / of(_together(bare))

    rng = np.random.default_rng(1)
    draws = [ratio([pairs[i] for i in rng.integers(0, len(pairs), len(pairs))]) for _ in range(500)]
    low, high = np.quantile(draws, [0.025, 0.975])
    return f"{ratio(pairs):.3f} [{low:.3f}, {high:.3f}]"


def _compare_servers(options: argparse.Namespace) -> None:
    """Several servers of one slot against one of them; each held against the bare generator."""
    ones, manies = list[tuple[Searched, Pace]](), list[tuple[Searched, Pace]]()
    with ExitStack() as stack:
        urls = tuple(_serve(stack, options.model, 1) for _ in range(options.servers))
        for number in range(options.rounds):
            for some, found in ((urls[:1], ones), (urls, manies)):
                turns = Turns(TURN * len(some), len(some), some)
                searched = asyncio.run(_search(_spec(options, some), number, turns))
                found.append((searched, _together(bare for _, bare in turns.pairs)))
                speeds = f"loop {searched.loop.speed:.0f} t/s, bare {found[-1][1].speed:.0f}"
                told = f"  {len(some)} servers, search {number + 1}: {speeds}"
                print(told, file=sys.stderr, flush=True)
    pairs = list(zip(ones, manies, strict=True))
    loop = _interval([many.loop.speed / one.loop.speed for (one, _), (many, _) in pairs])
    whole = _interval([many.whole.speed / one.whole.speed for (one, _), (many, _) in pairs])
    bare = _interval([many.speed / one.speed for (_, one), (_, many) in pairs])
    print(
        f"{options.servers} servers of one slot give {loop} times one (loop), {whole} times (whole "
        f"runs of {ones[0][0].texts} texts); the bare generator sees {bare} times"
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


async def _search(spec: StudySpec, number: int, turns: Turns) -> Searched:
    """Run a whole search as the command line does, with a store on disk."""
    began = time.perf_counter()

    def watch(event: Event) -> None:
        if isinstance(event, Planned):
            turns.begin()

    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder)) as store:
        request = Request(spec, Path(folder), f"round_{number}", Path(folder) / "x.json", {})
        async with taking(turns):
            finished = await run(request, store, watch, asyncio.Event())
        seconds = time.perf_counter() - began - turns.held
        await turns.write_again()
    trials = finished.study.trials
    written = [trial.written for trial in trials if isinstance(trial.written, Completion)]
    assert len(written) == len(trials), "a text is missing: the speeds would not compare"
    loop = _together(search for search, _ in turns.pairs)
    whole = Pace(loop.tokens, seconds, loop.busy * loop.seconds / seconds)
    return Searched(whole, loop, len(trials))


def _interval(values: list[float]) -> str:
    rng = np.random.default_rng(1)
    draws = np.median(rng.choice(values, (2000, len(values))), axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return f"{np.median(values):.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    main()
