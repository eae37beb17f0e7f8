"""Is the live check right? Seeded runs against servers with really wrong settings.

    python benchmarks/live_check.py --runs 3000 --out runs.jsonl
    python benchmarks/live_check.py --runs 3000 --engine tabbyapi     # of these, one engine's alone

Behind every server is a real llama.cpp with a real model (the demo model, or a random one), so the
texts are real. Each run draws an engine, a server, a twist (the key is not read, forced, clamped;
seeds do nothing, or are the clock; texts come out otherwise now and then) and one knob. Prints a
table over engines, knobs and twists; 0 means that the check was never wrong. A clamp within the
usual range of a knob that was called honoured all the same is unseen, and counted apart. With
`--out`, runs are kept as they come, and a run that is there is not run again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.double import LlamaWriter
from support.live_runs import Outcome, place, run
from support.tiny_gguf import write_tiny_gguf

WRONG = (
    *("ignored called honoured", "honoured called ignored", "honoured called clamped"),
    *("clamp unseen", "broken"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Is the live check right?")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--first", type=int, default=1, help="seed of the first run")
    parser.add_argument("--out", type=Path, help="file that keeps the runs, a JSON line each")
    parser.add_argument("--engine", help="only the runs that draw this engine")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so long")
    args = parser.parse_args()
    outcomes = asyncio.run(collect(args.runs, args.first, args.out, args.minutes, args.engine))
    print(table(outcomes))


async def collect(
    runs: int, first: int, out: Path | None, minutes: float, engine: str | None = None
) -> list[Outcome]:
    """Run the seeds that are not kept yet; return all."""
    found = kept(out)
    known = {outcome.seed for outcome in found}
    ends = time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory() as folder:
        tiny = write_tiny_gguf(Path(folder) / "random.gguf")
        async with LlamaWriter(slots=4) as demo, LlamaWriter(tiny, slots=4) as other:
            for seed in range(first, first + runs):
                if seed in known or time.monotonic() > ends:
                    continue
                if engine not in (None, place(seed)[0]):
                    continue
                outcome = await run(seed, {"demo": demo, "random": other})
                found.append(outcome)
                if out is not None:
                    with out.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(asdict(outcome)) + "\n")
    return found


def kept(out: Path | None) -> list[Outcome]:
    """The runs of a file."""
    if out is None or not out.exists():
        return []
    return [Outcome(**json.loads(line)) for line in out.read_text("utf-8").splitlines()]


def table(outcomes: Sequence[Outcome]) -> str:
    """Runs, mistakes and doubts: in all, and over engines, knobs, twists and models."""
    titles = (
        "runs",
        "ign.->hon.",
        "hon.->ign.",
        "hon.->cl.",
        "cl. unseen",
        "broken",
        "cannot tell",
    )
    widths = (5, 10, 10, 9, 10, 6, 11)
    named = " ".join(f"{title:>{width}}" for title, width in zip(titles, widths, strict=True))
    head = f"{'':24} {named} requests"
    lines = [head, row("all", outcomes)]
    by: Sequence[tuple[str, Callable[[Outcome], str]]] = (
        ("engine", lambda o: o.engine),
        ("knob", lambda o: o.knob),
        ("twist", lambda o: o.twist),
        ("model", lambda o: o.model),
        ("truth", lambda o: "acts" if o.acts else "does nothing"),
    )
    for title, key in by:
        lines += ["", title]
        for name in sorted({key(outcome) for outcome in outcomes}):
            lines.append(row(name, [o for o in outcomes if key(o) == name]))
    wrong = [outcome for outcome in outcomes if outcome.kind in WRONG]
    lines += ["", "mistakes:" if wrong else "no mistakes", *map(str, wrong)]
    return "\n".join(lines)


def row(name: str, outcomes: Sequence[Outcome]) -> str:
    """One line of the table."""
    kinds = Counter(outcome.kind for outcome in outcomes)
    doubt = kinds["cannot tell"] / max(len(outcomes), 1)
    asked = [outcome.requests for outcome in outcomes]
    mean = sum(asked) / max(len(asked), 1)
    first, second, third, unseen, broken = (kinds[kind] for kind in WRONG)
    return (
        f"{name:24} {len(outcomes):5} {first:10} {second:10} {third:9} {unseen:10} {broken:6} "
        f"{doubt:11.1%} "
        f"{mean:5.1f}, at most {max(asked, default=0)}"
    )


if __name__ == "__main__":
    main()
