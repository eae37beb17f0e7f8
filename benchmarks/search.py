"""Which search finds the best setting with the fewest judged texts? Prints a table.

    python benchmarks/search.py --runs 60 --out search.jsonl
    python benchmarks/search.py --families physics unshared --methods bayesian tpe --runs 20
    python benchmarks/search.py --data surfaces.parquet --methods bayesian random tpe
    python benchmarks/search.py --surface sweep.json --methods bayesian fingerprint tpe
    python benchmarks/search.py --report search.jsonl more.jsonl

Each run is one simulated study (`_problems.py`) or one more search on a measured surface
(`_surfaces.py`); the same studies and chances for every method, one run of all families after the
other, so that it may be stopped at any time. With `--out` every answer is kept as it comes, and
what is there already is not played again. `_report.py` says what the columns mean.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from _players import PLAYERS
from _problems import FAMILIES
from _report import report
from _rows import keep, kept_rows

CHEAP = ("bayesian", "halving", "climb", "random", "tpe", "tpe x5", "tpe+wilcoxon")


def main() -> None:
    options = _options()
    if options.report:
        return report([row for path in options.report for row in kept_rows(path)])
    rows = kept_rows(options.out)
    rows += play(options, {(r["family"], r["method"], r["run"]) for r in rows})
    return report(rows)


def play(options: argparse.Namespace, done: set[tuple[str, str, int]]) -> list[dict]:
    """Play what is not done yet, until the minutes are over."""
    makers, rows, started = _makers(options), [], time.time()
    for run in range(options.first, options.first + options.runs):
        for family, make in makers.items():
            methods = [m for m in options.methods if (family, m, run) not in done]
            if not methods or time.time() - started > 60 * options.minutes:
                continue
            study = make(run)
            for method in methods:
                found = [
                    {"family": family, "method": method, "run": run, **measure(study, answer)}
                    for answer in PLAYERS[method](study, tuple(options.budgets), run)
                ]
                keep(options.out, found)
                rows += found
    return rows


def measure(study, answer) -> dict:
    """Compare a player's answer with the truth."""
    truth = float(study.truth([answer.config])[0])
    return {
        "texts": answer.texts,
        "regret": study.best - truth,
        "over": answer.claimed - truth,
        "covers": bool(answer.low <= truth <= answer.high),
        "width": answer.high - answer.low,
        "ms": 1000 * answer.seconds,
        "config": answer.config.text,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--families", nargs="*", choices=list(FAMILIES), help="default: all")
    parser.add_argument("--data", type=Path, help="accuracy surfaces, a parquet file")
    parser.add_argument("--surface", type=Path, help="a measured sweep, a JSON file")
    parser.add_argument("--methods", nargs="+", default=list(CHEAP), choices=list(PLAYERS))
    parser.add_argument("--budgets", nargs="+", type=int, default=[60, 150, 300])
    parser.add_argument("--runs", type=int, default=10, help="studies for each family")
    parser.add_argument("--first", type=int, default=0, help="number of the first study")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no run after so long")
    parser.add_argument("--out", type=Path, help="keep every answer here as a line of JSON")
    parser.add_argument("--report", nargs="+", type=Path, help="only print what was kept")
    return parser.parse_args()


def _makers(options: argparse.Namespace) -> dict:
    """What to play: name -> maker of a study from its number."""
    if options.data is None and options.surface is None:
        return {name: FAMILIES[name] for name in options.families or FAMILIES}
    from _surfaces import accuracies, sweep

    found = {name: FAMILIES[name] for name in options.families or ()}
    found |= {} if options.data is None else accuracies(options.data)
    return found | ({} if options.surface is None else sweep(options.surface))


if __name__ == "__main__":
    main()
