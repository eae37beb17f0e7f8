"""Does the model's fingerprint make a search better? Prints tables, with and without.

    python benchmarks/fingerprint.py --runs 40      # simulated searches on the real sweep
    python benchmarks/fingerprint.py --predict      # how well the model predicts, without a search
    python benchmarks/fingerprint.py --take         # takes the demo model's fingerprint anew

The same studies, the same chances: `bayesian` with the built-in bank and with the demo model's own
distributions, on the measured response surface of the demo model (`sweep.py`, `_sweep_study.py`).
`gain` is the regret without minus the regret with, paired by study: above 0 the fingerprint helps.

`--predict` takes texts of configurations drawn evenly, no search deciding, and prints how far the
model is from the truth (root mean square over configurations within .6 points of the best):
with all samplers tried, and for each sampler when only the others were.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from pathlib import Path

import numpy as np
from _players import PLAYERS, Game
from _report import report
from _sweep_study import FINGERPRINT, Surface, fingerprint
from search import measure
from sweep import TABLE

from sampler_bench.posterior import Frame, fit_posterior, frame_of
from sampler_bench.records import Cell

WITHOUT, WITH = "bayesian", "fingerprint"
SURFACES = (("last", False), ("first", False), ("last", True), ("first", True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20, help="studies for each surface")
    parser.add_argument("--first", type=int, default=0, help="number of the first study")
    parser.add_argument("--budgets", nargs="+", type=int, default=[60, 150, 300])
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no run after so long")
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--out", type=Path, help="write every answer as a line of JSON")
    parser.add_argument("--predict", action="store_true", help="only the model's errors")
    parser.add_argument("--take", action="store_true", help="only take the fingerprint")
    args = parser.parse_args()
    if args.take:
        asyncio.run(take())
        return
    surfaces = [Surface(order, variety, args.table) for order, variety in SURFACES]
    if args.predict:
        predict(surfaces, args.budgets, range(args.first, args.first + args.runs))
        return
    rows, end = [], time.time() + 60 * args.minutes
    for run in range(args.first, args.first + args.runs):
        for surface in surfaces:
            if time.time() > end:
                break
            study = surface.study(run)
            for method in (WITHOUT, WITH):
                rows += [
                    {"family": study.name, "method": method, "run": run, **measure(study, answer)}
                    for answer in PLAYERS[method](study, tuple(args.budgets), run)
                ]
            if args.out:
                args.out.write_text("\n".join(map(json.dumps, rows)) + "\n")
    report(rows)
    for name in dict.fromkeys(row["family"] for row in rows):
        gains(name, [row for row in rows if row["family"] == name])
    gains("all", rows)


def gains(title: str, rows: list[dict]) -> None:
    """Print the paired difference at each budget."""
    print(f"\n{title}: gain in regret by the fingerprint")
    for texts in sorted({row["texts"] for row in rows}):
        mine = [row for row in rows if row["texts"] == texts]
        without, having = (
            {(r["family"], r["run"]): r["regret"] for r in mine if r["method"] == method}
            for method in (WITHOUT, WITH)
        )
        gain = np.array([without[key] - having[key] for key in sorted(set(without) & set(having))])
        print(f"{texts:5d} texts: {gain.mean():+.4f} ±{_error(gain):.4f}, {len(gain)} studies")


def _error(values: np.ndarray) -> float:
    """The standard error of a mean."""
    return float(np.std(values) / np.sqrt(len(values)))


def predict(surfaces: list[Surface], budgets: list[int], runs: range) -> None:
    """Print how far the model is from the truth after so many texts, drawn evenly."""
    for surface in surfaces:
        frames = [
            frame_of(surface.space, surface.order == "last", features)
            for features in (None, fingerprint())
        ]
        for texts in budgets:
            for unseen in (None, "top_p", "min_p", "top_n_sigma"):
                errors = np.array([_errors(surface, run, texts, unseen, frames) for run in runs])
                gain = errors[:, 0] - errors[:, 1]
                title = f"temperature {surface.order}{', variety' if surface.variety else ''}"
                print(
                    f"{title:28}{texts:5d} texts, {unseen or 'nothing':12} unseen: built-in bank "
                    f"{errors[:, 0].mean():.3f}, own {errors[:, 1].mean():.3f}, "
                    f"gain {gain.mean():+.3f} ±{_error(gain):.3f}",
                    flush=True,
                )


def _errors(
    surface: Surface, run: int, texts: int, unseen: str | None, frames: list[Frame]
) -> list[float]:
    study, rng = surface.study(run), np.random.default_rng([5, run, texts])
    tried = [config for config in surface.configs if config.sampler != unseen]
    asked = [c for c in surface.configs if c.sampler == unseen] if unseen else surface.configs
    game = Game(study, run)
    for k in range(texts):
        config = tried[rng.integers(len(tried))]
        game.write(Cell(config, k % study.n_prompts, k))
    truth = study.truth(asked)
    good = truth > study.best - 0.6
    found = []
    for frame in frames:
        belief = fit_posterior(game.table(), frame, study.failure_score).believe(asked)
        found.append(float(np.sqrt(np.mean((belief.mean[good] - truth[good]) ** 2))))
    return found


async def take() -> None:
    """Take the demo model's fingerprint and keep it."""
    from sampler_bench.engines import EngineOptions, embedded
    from sampler_bench.records import Prompt
    from sampler_bench.tasks.demo import PROMPTS
    from sampler_bench.tuning.fingerprint import noted
    from sampler_bench.tuning.fingerprint import take as taken

    async with embedded.build(EngineOptions(slots=1, context=512)) as engine:
        await engine.check()
        found = await taken(engine, [Prompt(i, text) for i, text in enumerate(PROMPTS)])
    FINGERPRINT.write_text(json.dumps(noted(found)) + "\n", encoding="utf-8")
    print(found.said)


if __name__ == "__main__":
    main()
