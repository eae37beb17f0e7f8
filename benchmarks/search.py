"""Which search finds the best setting with the fewest judged texts? Prints a table.

    python benchmarks/search.py --families physics unshared --methods bayesian tpe --runs 20
    python benchmarks/search.py --data surfaces.parquet --methods bayesian random tpe
    python benchmarks/search.py --surface sweep.json --methods bayesian fingerprint tpe

Regret is the truth of the best configuration minus the truth of the recommended one, in points.
`claimed - true` is by how much a method overstates its own winner; `covers` how often its 95 %
interval holds the truth; standard errors are from a bootstrap over runs. Each run is one simulated
study (`_problems.py`) or one more search on a measured surface (`_surfaces.py`); the same studies
and chances for every method.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from _players import PLAYERS
from _problems import FAMILIES


def main() -> None:
    options = _options()
    makers = _makers(options)
    rows = []
    started = time.time()
    for family, make in makers.items():
        for run in range(options.first, options.first + options.runs):
            if time.time() - started > 60 * options.minutes:
                break
            study = make(run)
            for method in options.methods:
                rows += [
                    {"family": family, "method": method, "run": run, **_measure(study, answer)}
                    for answer in PLAYERS[method](study, tuple(options.budgets), run)
                ]
        report([row for row in rows if row["family"] == family], family)
    if len(makers) > 1:
        report(rows, "all families")
    if options.out:
        options.out.write_text("\n".join(map(json.dumps, rows)) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--families", nargs="*", choices=list(FAMILIES), help="default: all")
    parser.add_argument("--data", type=Path, help="accuracy surfaces, a parquet file")
    parser.add_argument("--surface", type=Path, help="a measured sweep, a JSON file")
    parser.add_argument(
        "--methods", nargs="+", default=["bayesian", "random", "tpe"], choices=list(PLAYERS)
    )
    parser.add_argument("--budgets", nargs="+", type=int, default=[60, 150, 300])
    parser.add_argument("--runs", type=int, default=10, help="studies for each family")
    parser.add_argument("--first", type=int, default=0, help="number of the first study")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no run after so long")
    parser.add_argument("--out", type=Path, help="write every answer as a line of JSON")
    return parser.parse_args()


def _makers(options: argparse.Namespace) -> dict:
    """What to play: name -> maker of a study from its number."""
    if options.data is None and options.surface is None:
        return {name: FAMILIES[name] for name in options.families or FAMILIES}
    from _surfaces import accuracies, sweep

    found = {name: FAMILIES[name] for name in options.families or ()}
    found |= {} if options.data is None else accuracies(options.data)
    return found | ({} if options.surface is None else sweep(options.surface))


def _measure(study, answer) -> dict:
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


def report(rows: list[dict], title: str) -> None:
    """Print a table: a line for each method and budget."""
    runs = len({(row["family"], row["run"]) for row in rows})
    print(f"\n{title}: {runs} studies")
    print(
        f"{'method':14}{'texts':>6}{'regret':>16}{'median':>8}{'claimed-true':>17}"
        f"{'covers':>8}{'width':>7}{'ms/text':>9}"
    )
    for method in dict.fromkeys(row["method"] for row in rows):
        for texts in sorted({row["texts"] for row in rows}):
            some = [r for r in rows if r["method"] == method and r["texts"] == texts]
            if some:
                print(_line(method, texts, some), flush=True)


def _line(method: str, texts: int, rows: list[dict]) -> str:
    regret, over = (np.array([row[k] for row in rows]) for k in ("regret", "over"))
    cover, width, ms = (np.mean([row[k] for row in rows]) for k in ("covers", "width", "ms"))
    return (
        f"{method:14}{texts:6d}{regret.mean():9.3f} ±{_error(regret):.3f}{np.median(regret):8.3f}"
        f"{over.mean():+10.3f} ±{_error(over):.3f}{100 * cover:7.0f}%{width:7.2f}{ms:9.1f}"
    )


def _error(values: np.ndarray) -> float:
    """The bootstrap standard error of a mean."""
    rng = np.random.default_rng(0)
    return float(rng.choice(values, (400, len(values))).mean(axis=1).std())


if __name__ == "__main__":
    main()
