"""Searching for quality and diversity: what a text is worth, twins, and a whole search."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cli import run
from support.tables import GRID, problem_of

from sampler_bench.errors import SpecError
from sampler_bench.records import (
    FAILED,
    JUDGED,
    MISSING,
    PENDING,
    Cell,
    Completion,
    Failure,
    Score,
    Trial,
)
from sampler_bench.search import bayesian
from sampler_bench.spec import load_study
from sampler_bench.tuning.ledger import Ledger
from sampler_bench.tuning.objective import Novelty, Objective, Steered

A, B = GRID[:2]


def trial(cell, text, score=8.0, failed=False):
    written = Completion(text, False, 9, 9, 1.0, {}, "s", "m", "raw")
    if failed:
        return Trial(cell, 1, written, Failure("loops", ""))
    return Trial(cell, 1, written, judgments=(Score("j", score),))


def ledger_of(*trials):
    return Ledger(list(trials), ("j",), 2, texts=True)


def worth(ledger, weight, visible=None):
    return Novelty(ledger).enter(ledger.table(visible), weight)


def test_a_text_is_worth_its_share_of_score_and_of_novelty():
    ledger = ledger_of(
        trial(Cell(A, 0, 0), "a b c", 8.0),
        trial(Cell(A, 0, 1), "a b c", 6.0),
        trial(Cell(A, 0, 2), "x y z", 6.0),
    )
    table = worth(ledger, 0.25)
    novelties = [0.5, 0.5, 1.0]
    scores = [8.0, 6.0, 6.0]
    wanted = [0.75 * s + 2.5 * n for s, n in zip(scores, novelties, strict=True)]
    assert table.score.tolist() == pytest.approx(wanted)
    assert worth(ledger, 0.0).score.tolist() == scores


def test_only_texts_of_the_same_configuration_prompt_and_phase_are_compared():
    ledger = ledger_of(
        trial(Cell(A, 0, 0), "a b c"),
        trial(Cell(B, 0, 0), "a b c"),
        trial(Cell(A, 1, 0), "a b c"),
        trial(Cell(A, 0, 0, fresh=True), "a b c"),
    )
    assert worth(ledger, 0.5).state.tolist() == [MISSING] * 4


def test_a_lone_text_waits_for_its_twin_and_no_hidden_text_is_looked_at():
    ledger = ledger_of(trial(Cell(A, 0, 0), "a b c"), trial(Cell(A, 0, 1), "x y z"))
    assert worth(ledger, 0.5, visible=1).state.tolist() == [PENDING, PENDING]
    assert worth(ledger, 0.5).state.tolist() == [JUDGED, JUDGED]


def test_a_failed_twin_serves_only_where_there_is_no_good_one():
    failed = trial(Cell(A, 0, 1), "a b c", failed=True)
    alone = worth(ledger_of(trial(Cell(A, 0, 0), "a b c"), failed), 1.0)
    assert alone.state.tolist() == [JUDGED, FAILED]
    assert alone.score[0] == 0.0
    good = trial(Cell(A, 0, 2), "x y z")
    assert worth(ledger_of(trial(Cell(A, 0, 0), "a b c"), failed, good), 1.0).score[0] == 10.0


class Once:
    """A strategy that goes over prompts, one text each."""

    def ask(self, table, problem, n, rng):
        at = int((~table.fresh).sum())
        return [Cell(GRID[k // 2 % 9], k % 2, 2 * (k // 18)) for k in range(at, at + n)]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.integers(2, 30))
def test_every_text_gets_a_twin_within_the_limit_and_never_twice(n, limit):
    ledger = ledger_of()
    steered = Steered(Once(), Novelty(ledger), (0.5,), False, limit)
    rng = np.random.default_rng(0)
    while cells := steered.ask(ledger.table(), problem_of(), n, rng):
        assert len(cells) <= n
        for cell in cells:
            ledger.add(cell, 1)  # asserts that no cell is asked for twice
            ledger.update(trial(cell, f"{cell.repeat} of {cell.prompt}"))
    assert len(ledger) == limit
    lone = sum(len(r) == 1 for r in groups(ledger.table()).values())
    assert lone <= 1


def groups(table):
    found = {}
    for i in range(len(table)):
        found.setdefault((int(table.config[i]), int(table.prompt[i])), []).append(i)
    return found


def test_the_default_strategy_finds_the_varied_rival_when_diversity_counts():
    """Two halves of a space, one a little better; that one always writes the same."""
    chosen = {}
    for weight in (0.0, 0.5):
        ledger = ledger_of()
        problem = problem_of(budget=72, baseline=None)
        ((_, strategy, _),) = Objective((weight,)).phases([("s", bayesian, problem)], ledger, [72])
        rng, k = np.random.default_rng(1), 0
        while cells := strategy.ask(ledger.table(), problem, 4, np.random.default_rng(len(ledger))):
            for cell in cells:
                k += 1
                same = cell.config.sampler == "min_p"
                text = (
                    "the same old words again" if same else " ".join(f"{k}w{j}" for j in range(9))
                )
                score = 7.0 + 0.4 * same + 0.3 * rng.normal()
                ledger.add(cell, 1)
                ledger.update(trial(cell, text, score))
        table = Novelty(ledger).enter(ledger.table(), weight)
        posterior = bayesian.steering_posterior(table, problem)
        means = dict(zip(GRID, posterior.believe(list(GRID)).mean, strict=True))
        chosen[weight] = max(means, key=means.get).sampler
    assert chosen == {0.0: "min_p", 0.5: "top_p"}


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"objective": "variety"}, "expected one of quality, quality+diversity, front"),
        ({"objective": "quality+diversity"}, "needs diversity_weight, from 0 to 1"),
        ({"objective": "front"}, "front needs diversity_weight"),
        ({"diversity_weight": 0.3}, "of no use with objective quality"),
        ({"objective": "front", "diversity_weight": 2}, "expected a number from 0 to 1"),
        (
            {
                "objective": "quality+diversity",
                "diversity_weight": 0.3,
                "search_strategy": "random",
                "samples_per_config": 1,
            },
            "needs samples_per_config of at least 2 with random",
        ),
    ],
)
def test_mistakes_are_named(keys, said):
    with pytest.raises(SpecError) as caught:
        load_study(None, "demo", keys)
    assert said in str(caught.value)
    assert str(caught.value).count("\n") == 0


def test_the_weights_of_each_objective():
    def weights(**keys):
        return Objective.of(load_study(None, "demo", keys)).weights

    assert weights() == (0.0,)
    assert weights(objective="quality+diversity", diversity_weight=0.3) == (0.3,)
    assert weights(objective="front", diversity_weight=0.4) == (0.0, 0.1, 0.2, 0.4)


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["quality+diversity", "front"])
def test_a_whole_search_repeats_itself_and_says_what_it_searched_for(objective, tmp_path):
    words = ("search", "--config-section", "demo", "--seed", 4, "--max-samples", 48, "--quiet")
    words += ("--objective", objective, "--diversity-weight", 0.5, "--slots", 1, "--json")
    documents = []
    for name in ("one", "two"):
        code, out, err = run(*words, "--output-dir", tmp_path / name, cwd=tmp_path, timeout=600)
        assert code in (0, 4), err
        documents.append(json.loads(out))
    first, second = documents
    rows = [{k: row[k] for k in ("config", "scores", "estimate")} for row in first["all_results"]]
    again = [{k: row[k] for k in ("config", "scores", "estimate")} for row in second["all_results"]]
    assert rows == again
    meta, notes = first["search_metadata"], " ".join(first["verdict"]["notes"])
    assert (meta["objective"], meta["diversity_weight"]) == (objective, 0.5)
    assert "as the study asked" in notes
    assert first["diversity"]["pairs"] >= 16
    assert Path(tmp_path / "one").is_dir()
