"""Is the verdict true? Whole simulated studies with confirmation, and how often each sentence lies.

    python benchmarks/verdict.py --families flat physics --runs 50 --budget 300

Every rate is printed as k/n with its standard error in brackets. The search is asked for 16 cells
at a time, which is as far as the program's view lags behind; the confirmation for four, and it ends
by itself: `fresh` is the share of its kept texts that it spent. `--strategy` plays the others: they
leave no share of the budget by themselves, so here each is given what bayesian is given.

`false better`: "better" said where the winner is truly no better than the baseline. `power`:
"better" said where the winner truly is three standard errors of its fresh-seed difference above the
baseline.
`false as good`: "as good" said where the best of the space, whether it was found or not, truly is
more than the margin above the baseline: of those said, and of all studies where that is so.
`set`: equivalents and possible ones together hold a configuration that truly is within the margin
of the best of the space; the equivalents alone; their size in configurations and as a share of
those tried, how many untried ones are named beside them, and both as a share of all looked at.
`simplest`: the recommended simplest configuration is truly within the margin of the winner.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from _players import Game, problem_of
from _problems import FAMILIES
from _rows import keep, kept_rows

from sampler_bench import plugins
from sampler_bench.analysis.confirming import confirm, confirmation_texts
from sampler_bench.analysis.reading import posterior_of
from sampler_bench.analysis.verdict import verdict
from sampler_bench.search import Problem

SEARCH_BATCH, BATCH = 16, 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--families", nargs="+", default=list(FAMILIES), choices=list(FAMILIES))
    parser.add_argument("--strategy", default="bayesian", choices=plugins.names("search"))
    parser.add_argument("--budget", type=int, default=300)
    parser.add_argument("--share", type=float, help="kept for fresh seeds; default: as the package")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--rows", type=Path, help="add each study here, and report all in it")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no run after so long")
    options = parser.parse_args()
    started, rows = time.time(), kept_rows(options.rows)
    for run in range(options.first, options.first + options.runs):
        for family in options.families:
            if time.time() - started < 60 * options.minutes:
                rows.append(judge(FAMILIES[family](run), run, options))
                keep(options.rows, rows[-1:])
    for family in dict.fromkeys(row["family"] for row in rows):
        report(family, [row for row in rows if row["family"] == family])
    report("all", rows)


def judge(study, seed: int, options: argparse.Namespace) -> dict:
    """Play one study to its verdict and compare that with the truth."""
    budget, share = options.budget, options.share
    kept = confirmation_texts(budget) if share is None else round(share * budget)
    game = Game(study, seed)
    problem = replace(problem_of(study, budget - kept), confirm=kept)
    ask = plugins.find("search", options.strategy).ask
    while len(game.rows) < budget - kept:
        n = min(SEARCH_BATCH, budget - kept - len(game.rows))
        rng = np.random.default_rng([seed, len(game.rows)])
        cells = ask(game.table(), problem, n, rng)
        if not cells:
            break
        for cell in cells:
            game.write(cell)
    return {"family": study.name, "seed": seed, **judged(study, game, problem, kept)}


def judged(study, game: Game, problem: Problem, kept: int) -> dict:
    """Confirm a search that is done, and compare its verdict with the truth."""
    while cells := confirm(game.table(), problem, kept, BATCH):
        for cell in cells:
            game.write(cell)
    fresh = [cell for cell, _, _ in game.rows if cell.fresh]
    found = verdict(game.table(), problem)
    rival = found.compared or found.best
    best, base, other = (float(study.truth([c])[0]) for c in (found.best, study.baseline, rival))
    good = study.best - found.margin
    sets = study.truth(found.equivalent)
    simplest = float(study.truth([found.simplest])[0])
    return {
        "sentence": found.sentence,
        "gain": other - base,
        "best gain": study.best - base,
        "covers": bool(found.gain.low <= other - base <= found.gain.high),
        "above": bool(found.gain.low > other - base),
        "width": found.gain.high - found.gain.low,
        "claimed": found.gain.mean - (other - base),
        "standard errors": (other - base) / error_of(study, rival, fresh, kept),
        "fresh": len(fresh) / max(kept, 1),
        "margin": found.margin,
        "set": bool(max([*sets, *study.truth(found.possible)]) >= good),
        "tried set": bool(sets.max() >= good),
        "size": len(found.equivalent),
        "possible": len(found.possible),
        "of the tried": len(found.equivalent) / len(game.values),
        "of the space": share_of_space(game.table(), problem, found),
        "simplest": bool(simplest >= best - found.margin),
        "regret": study.best - best,
        "objective covers": bool(found.objective.low <= best <= found.objective.high),
    }


def share_of_space(table, problem, found) -> float:
    """The share of what was tried and what stands for the space that may be within the margin."""
    posterior = posterior_of(table, problem)
    looked_at = {found.best, *posterior.frame.pool, *posterior.evidence.configs}
    return (len(found.equivalent) + len(found.possible)) / len(looked_at)


def error_of(study, config, fresh: list, kept: int) -> float:
    """The standard error of winner minus baseline by fresh texts alone, had all kept been spent."""
    total = 0.0
    for one in (config, study.baseline):
        count = max(1, sum(cell.config == one for cell in fresh)) * max(kept / len(fresh or [0]), 1)
        rate, quality = study.failing([one])[0], study.quality([one])[0]
        variance = (1 - rate) * study.noise(one)[0] ** 2
        variance += rate * (1 - rate) * (quality - study.failure_score) ** 2
        total += variance / count
    return float(np.sqrt(total))


def report(title: str, rows: list[dict]) -> None:
    if not rows:
        return
    column = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    said, gain, margin = column["sentence"], column["gain"], column["margin"]
    better, as_good = said == "better", said == "as good"
    missed = column["best gain"] > margin
    everyone = np.ones(len(rows), dtype=bool)
    print(
        f"{title:9} {len(rows):4d} runs: better {rate(better, everyone)}, as good "
        f"{rate(as_good, everyone)}; false better {rate(better, gain <= 1e-9)} or, interval above "
        f"the true gain, {rate(column['above'], everyone)}; power "
        f"{rate(better, column['standard errors'] >= 3)}; false as good {rate(missed, as_good)} of "
        f"those said, {rate(as_good, missed)} where it is; gain covers "
        f"{rate(column['covers'], everyone)}, claimed minus true {mean(column['claimed'])}, width "
        f"{mean(column['width'])}; best covers {rate(column['objective covers'], everyone)}; set "
        f"{rate(column['set'], everyone)}, tried ones alone {rate(column['tried set'], everyone)}: "
        f"{mean(column['size'])} = {mean(column['of the tried'])} of the tried, "
        f"{mean(column['possible'])} untried, {mean(column['of the space'])} in all; simplest "
        f"{rate(column['simplest'], everyone)}; fresh {mean(column['fresh'])}; regret "
        f"{mean(column['regret'])}",
        flush=True,
    )


def rate(hit: np.ndarray, of: np.ndarray) -> str:
    n, k = int(of.sum()), int((hit & of).sum())
    return f"{k}/{n} ({np.sqrt(k / n * (1 - k / n) / n):.2f})" if n else "0/0"


def mean(values: np.ndarray) -> str:
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return f"{values.mean():.3f} ({error:.3f})"


if __name__ == "__main__":
    main()
