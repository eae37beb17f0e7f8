"""Every strategy's studies are read by the same model: the verdict's intervals hold the truth."""

from dataclasses import replace

import numpy as np
import pytest
from support.tables import BASELINE, GRID, problem_of

from sampler_bench import plugins
from sampler_bench.analysis.confirming import confirm
from sampler_bench.analysis.verdict import verdict
from sampler_bench.records import JUDGED, ScoreTable

STUDIES = 16
KEPT = 12


def planted(seed):
    """A truth of the evidence's size: settings .2 apart, prompts .2; texts scatter by .5."""
    rng = np.random.default_rng([31, seed])
    slope, bend = rng.normal(0, 0.3, 2)
    rough = dict(zip([BASELINE, *GRID], rng.normal(0, 0.1, len(GRID) + 1), strict=True))

    def worth(config):
        heat = config.get("temperature") - 1.0
        return 7.0 + slope * heat - 2 * abs(bend) * heat**2 + rough[config]

    return worth, rng.normal(0, 0.2, 2)


def play(strategy, seed):
    """The verdict of one study, and the truth."""
    worth, prompts = planted(seed)
    rng, ask = np.random.default_rng([32, seed]), plugins.find("search", strategy).ask
    problem = problem_of(budget=60, n_iterations=10, samples_per_config=3, confirm=KEPT)
    rows, done = [], False
    prompts = prompts - prompts.mean()
    while not done:
        table = ScoreTable.of(rows, 2)
        cells = ask(table, problem, 12, np.random.default_rng([seed, len(rows)]))
        cells = cells or confirm(table, problem, KEPT, 6)
        known = [worth(c.config) if c.config in (BASELINE, *GRID) else 7.0 for c in cells]
        scores = [
            w + prompts[c.prompt] + 0.5 * rng.normal() for w, c in zip(known, cells, strict=True)
        ]
        rows += [(c, JUDGED, s) for c, s in zip(cells, scores, strict=True)]
        done = not cells
    found = verdict(ScoreTable.of(rows, 2), replace(problem))
    return found, worth


def share(strategy, studies):
    """How many gains and objectives of so many studies lie in their intervals."""
    hits = [0, 0]
    for seed in range(studies):
        found, worth = play(strategy, seed)
        gain = worth(found.best) - worth(BASELINE)
        hits[0] += found.gain.low <= gain <= found.gain.high
        hits[1] += found.objective.low <= worth(found.best) <= found.objective.high
    return hits


def test_random_is_read_honestly():
    assert min(share("random", 5)) >= 4


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["bayesian", "grid", "halving", "random", "tpe", "gp"])
def test_every_strategy_is_read_honestly(strategy):
    """95 % intervals miss more than 3 of 16 in one of 150 rounds."""
    if strategy == "gp":
        pytest.importorskip("torch")
    assert min(share(strategy, STUDIES)) >= STUDIES - 3
