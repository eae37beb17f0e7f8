"""Is the verdict true? Whole simulated studies with confirmation, and how often each sentence lies.

    python benchmarks/verdict.py --families flat physics --runs 50 --budget 300

`false better`: "better" said where the winner is truly no better than the baseline. `power`:
"better" said where the winner truly is three standard errors of its fresh-seed difference above the
baseline.
`false as good`: "as good" said where the winner is truly the margin or more above the baseline.
`set`: the set of equivalents holds a configuration that truly is within the margin of the best.
`simplest`: the recommended simplest configuration is truly within the margin of the winner.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from _players import Game, batch_of, problem_of
from _problems import FAMILIES

from sampler_bench import plugins
from sampler_bench.analysis.verdict import confirm, confirmation_texts, verdict


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--families", nargs="+", default=list(FAMILIES), choices=list(FAMILIES))
    parser.add_argument("--budget", type=int, default=300)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no run after so long")
    options = parser.parse_args()
    started, everything = time.time(), []
    for family in options.families:
        rows = []
        for run in range(options.first, options.first + options.runs):
            if time.time() - started > 60 * options.minutes:
                break
            rows.append(judge(FAMILIES[family](run), options.budget, run))
        report(family, rows)
        everything += rows
    report("all", everything)


def judge(study, budget: int, seed: int) -> dict:
    """Play one study to its verdict and compare that with the truth."""
    kept = confirmation_texts(budget)
    game, problem = Game(study, seed), problem_of(study, budget - kept)
    ask = plugins.find("search", "bayesian").ask
    while len(game.rows) < budget - kept:
        n = min(batch_of(len(game.rows)), budget - kept - len(game.rows))
        for cell in ask(game.table(), problem, n, np.random.default_rng([seed, len(game.rows)])):
            game.write(cell)
    fresh = confirm(game.table(), problem, kept, np.random.default_rng(seed))
    for cell in fresh:
        game.write(cell)
    found = verdict(game.table(), problem)
    best, base = (float(study.truth([c])[0]) for c in (found.best, study.baseline))
    sets = study.truth(found.equivalent)
    simplest = float(study.truth([found.simplest])[0])
    return {
        "sentence": found.sentence,
        "gain": best - base,
        "covers": found.gain.low <= best - base <= found.gain.high,
        "width": found.gain.high - found.gain.low,
        "standard errors": (best - base) / error_of(study, found.best, fresh),
        "margin": found.margin,
        "set": bool(sets.max() >= study.best - found.margin),
        "size": len(found.equivalent),
        "simplest": simplest >= best - found.margin,
        "regret": study.best - best,
        "objective covers": found.objective.low <= best <= found.objective.high,
    }


def error_of(study, config, fresh: list) -> float:
    """The standard error of winner minus baseline by the fresh texts alone."""
    total = 0.0
    for one in (config, study.baseline):
        count = max(1, sum(cell.config == one for cell in fresh))
        rate, quality = study.failing([one])[0], study.quality([one])[0]
        variance = (1 - rate) * study.noise(one)[0] ** 2
        variance += rate * (1 - rate) * (quality - study.failure_score) ** 2
        total += variance / count
    return float(np.sqrt(total))


def report(title: str, rows: list[dict]) -> None:
    if not rows:
        return

    def share(mask, of) -> str:
        mask, of = np.array(mask, dtype=bool), np.array(of, dtype=bool)
        return f"{int((mask & of).sum())}/{int(of.sum())}"

    said = np.array([row["sentence"] for row in rows])
    gain, margin = (np.array([row[k] for row in rows]) for k in ("gain", "margin"))
    sure = np.array([row["standard errors"] for row in rows]) >= 3
    everyone = np.ones(len(rows), dtype=bool)
    print(
        f"{title:9} {len(rows):4d} runs: better {np.mean(said == 'better'):.2f}, "
        f"as good {np.mean(said == 'as good'):.2f}; false better "
        f"{share(said == 'better', gain <= 1e-9)}; power {share(said == 'better', sure)}; "
        f"false as good {share(gain >= margin, said == 'as good')}; gain covers "
        f"{share([r['covers'] for r in rows], everyone)}; best covers "
        f"{share([r['objective covers'] for r in rows], everyone)}; set "
        f"{share([r['set'] for r in rows], everyone)} of {np.mean([r['size'] for r in rows]):.0f}; "
        f"simplest {share([r['simplest'] for r in rows], everyone)}; regret "
        f"{np.mean([r['regret'] for r in rows]):.3f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
