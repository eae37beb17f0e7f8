"""The demo model's true response surface, measured with real texts. Resumable; prints a table.

    python benchmarks/sweep.py --minutes 120                 # goes on where it stopped
    python benchmarks/sweep.py --show                        # what is there

Temperature alone, top_p, min_p and top_n_sigma, each with temperature, in both orders where the
order matters (at temperature 1, and for top_n_sigma and temperature alone, it does not). Texts are
written by the embedded engine, looked at by the demo task's rules, and scored by the demo judge.

The unit is a block of four texts of one configuration on one prompt; blocks are interleaved over
all configurations, so that the table can be used at any moment. Configurations that are far from
the best get fewer. A line of the table (`data/demo_sweep.csv`) is a configuration on a prompt:

    texts, failed       texts written; those that a rule found bad (they have no score)
    score, square       sums of the scores (0 to 10) and of their squares, over texts - failed
    tokens, cut         tokens written; texts that the limit of 400 tokens ended
    blocks              blocks of four texts
    distinct, distinct2 sums over blocks of distinct-3 (share of different word triples in the
                        block's four texts) and of its square
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import os
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from zlib import crc32

from sampler_bench.engines import Engine, EngineOptions, embedded
from sampler_bench.judges import demo
from sampler_bench.records import Completion, Prompt, SamplerConfig, Score
from sampler_bench.rules import look
from sampler_bench.tasks.demo import PROMPTS, build

TABLE = Path(__file__).parent / "data" / "demo_sweep.csv"
BLOCK = 4
SLOTS = 2
MAX_TOKENS = 400
PLAIN = (0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.3, 1.6, 2)
HEATS = (0.5, 0.8, 1, 1.3, 1.6, 2, 2.5)
KNOBS = {
    "top_p": (0.6, 0.7, 0.8, 0.9, 0.95, 0.98),
    "min_p": (0.01, 0.02, 0.05, 0.1, 0.2, 0.35),
    "top_n_sigma": (0.5, 0.75, 1, 1.25, 1.5, 2),
}
FAR = ((0.4, 1), (1.0, 3), (float("inf"), 12))  # (points below the best, one block in so many)
ENOUGH = 8  # blocks of a configuration before its distance from the best is believed


@dataclass(slots=True)
class Line:
    """One configuration on one prompt."""

    config: str
    prompt: int
    texts: int = 0
    failed: int = 0
    score: float = 0.0
    square: float = 0.0
    tokens: int = 0
    cut: int = 0
    blocks: int = 0
    distinct: float = 0.0
    distinct2: float = 0.0


def configurations() -> Iterator[SamplerConfig]:
    """What is measured: 209 configurations."""
    for heat in PLAIN:
        yield SamplerConfig.of("temperature", {"temperature": heat})
    for sampler, values in KNOBS.items():
        for heat in HEATS:
            orders = ("last", "first") if heat != 1 and sampler != "top_n_sigma" else ("last",)
            for value in values:
                for order in orders:
                    knobs = {"temperature": heat, sampler: value, "temperature_order": order}
                    yield SamplerConfig.of(sampler, knobs)


def read(path: Path) -> list[Line]:
    """Read a table; lines that are not there yet are empty."""
    lines = {(c.text, p): Line(c.text, p) for c in configurations() for p in range(len(PROMPTS))}
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                line = Line(**{f.name: _value(row[f.name], f.type) for f in fields(Line)})
                lines[line.config, line.prompt] = line
    return list(lines.values())


def _value(text: str, kind: object) -> str | int | float:
    return {"str": str, "int": int, "float": float}[str(kind)](text)


def keep(path: Path, lines: Iterable[Line]) -> None:
    """Write a table in one stroke, so that a kill leaves the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".part")
    names = [f.name for f in fields(Line)]
    with fresh.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(names)
        for line in lines:
            found = [getattr(line, name) for name in names]
            rows.writerow([f"{v:.6g}" if isinstance(v, float) else v for v in found])
    os.replace(fresh, path)


def worth(lines: list[Line]) -> float:
    """The mean objective of a configuration's lines so far; failures are worth 1 point."""
    texts = sum(line.texts for line in lines)
    return (sum(line.score + line.failed for line in lines) / texts) if texts else float("nan")


def due(lines: list[Line]) -> list[Line]:
    """The lines whose turn it is, in a mixed order."""
    by_config: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_config[line.config].append(line)
    known = [worth(mine) for mine in by_config.values() if sum(m.blocks for m in mine) >= ENOUGH]
    best = max(known, default=float("nan"))
    turn = {}
    for mine in by_config.values():
        sure = sum(m.blocks for m in mine) >= ENOUGH
        stride = next(n for far, n in FAR if not sure or best - worth(mine) <= far)
        turn.update({(m.config, m.prompt): m.blocks * stride for m in mine})
    first = min(turn.values())
    mine = [line for line in lines if turn[line.config, line.prompt] == first]
    return sorted(mine, key=lambda m: crc32(f"{m.config} {m.prompt} {m.blocks}".encode()))


async def write_block(engine: Engine, line: Line) -> None:
    """Write and score four texts, and add them to their line."""
    prompt, task = Prompt(line.prompt, PROMPTS[line.prompt]), build()
    config = SamplerConfig.parse(f"{line.config},max_tokens={MAX_TOKENS}")
    judge = demo.DemoJudge()
    written: list[Completion] = []
    for k in range(BLOCK):
        seed = 1 + crc32(f"{line.config} {line.prompt} {line.blocks} {k}".encode()) % (2**31 - 2)
        text = await engine.generate(config, prompt, seed)
        if not isinstance(text, Completion):
            raise SystemExit(f"{line.config}: no text: {text}")
        written.append(text)
    for text in written:
        if look(text, prompt, task) is None:
            score = await judge.judge(judge.identities[0], prompt, text.text)
            assert isinstance(score, Score)
            line.score += score.value
            line.square += score.value**2
        else:
            line.failed += 1
    line.texts += BLOCK
    line.tokens += sum(text.tokens for text in written)
    line.cut += sum(text.cut_off for text in written)
    line.blocks += 1
    different = distinct([text.text for text in written])
    line.distinct += different
    line.distinct2 += different**2


def distinct(texts: list[str]) -> float:
    """Share of different word triples over some texts."""
    triples = [
        triple
        for text in texts
        for words in [text.split()]
        for triple in zip(words, words[1:], words[2:], strict=False)
    ]
    return len(set(triples)) / len(triples) if triples else 0.0


async def measure(path: Path, minutes: float) -> None:
    """Write texts until the time is over."""
    lines, end, kept = read(path), time.monotonic() + 60 * minutes, time.monotonic()
    async with embedded.build(EngineOptions(slots=SLOTS, context=512)) as engine:
        await engine.check()
        while time.monotonic() < end:
            queue = iter(due(lines))

            async def work(queue: Iterator[Line] = queue) -> None:
                nonlocal kept
                for line in queue:
                    if time.monotonic() > end:
                        return
                    await write_block(engine, line)
                    if time.monotonic() > kept + 60:
                        kept = time.monotonic()
                        keep(path, lines)
                        texts = sum(line.texts for line in lines)
                        print(f"{time.strftime('%H:%M:%S')} {texts} texts", flush=True)

            async with asyncio.TaskGroup() as workers:
                for _ in range(SLOTS):
                    workers.create_task(work())
    keep(path, lines)


def show(path: Path) -> None:
    """Print the table by configuration, the best first."""
    by_config: dict[str, list[Line]] = defaultdict(list)
    for line in read(path):
        by_config[line.config].append(line)
    texts = sum(line.texts for mine in by_config.values() for line in mine)
    print(f"{len(by_config)} configurations, {texts} texts")
    print(f"{'worth':>6}{'error':>7}{'texts':>7}{'failed':>8}{'cut':>6}{'distinct':>9}")
    tried = {config: mine for config, mine in by_config.items() if any(m.texts for m in mine)}
    for config, mine in sorted(tried.items(), key=lambda item: -worth(item[1])):
        n, blocks = sum(m.texts for m in mine), sum(m.blocks for m in mine)
        squares = sum(m.square + m.failed for m in mine) / n
        error = (max(squares - worth(mine) ** 2, 0) / n) ** 0.5
        failed, cut = (sum(getattr(m, k) for m in mine) / n for k in ("failed", "cut"))
        different = sum(m.distinct for m in mine) / blocks
        print(
            f"{worth(mine):6.2f}{error:7.3f}{n:7d}{failed:8.3f}{cut:6.2f}{different:9.3f}  {config}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--out", type=Path, default=TABLE)
    parser.add_argument("--show", action="store_true", help="write nothing, print what is there")
    args = parser.parse_args()
    if not args.show:
        asyncio.run(measure(args.out, args.minutes))
    show(args.out)


if __name__ == "__main__":
    main()
