"""The verdict: its three sentences, its sets, and tables of every kind."""

import numpy as np
import pytest

from sampler_bench.analysis.verdict import (
    choose_winner,
    confirm,
    confirmation_texts,
    knobs_away,
    verdict,
)
from sampler_bench.records import FAILED, JUDGED, MISSING, Cell, SamplerConfig, ScoreTable
from sampler_bench.samplers import Listed, SamplerSpace, Space
from sampler_bench.search import Problem

SPACE = Space(
    (
        SamplerSpace(
            "min_p",
            (("temperature", Listed((0.8, 1.0, 1.2))), ("min_p", Listed((0.02, 0.05, 0.1)))),
        ),
    )
)
BASELINE = SamplerConfig.parse("temperature:temperature=1")
GRID = list(SPACE.grid())
RNG = np.random.default_rng(0)


def problem_of(**changes):
    return Problem(
        **{"space": SPACE, "n_prompts": 2, "budget": 100, "baseline": BASELINE, **changes}
    )


def table_of(worth, each=10, noise=0.3, seed=0, n_prompts=2, fresh=0):
    """Every configuration and the baseline with its worth, `fresh` more of two of them."""
    rng, rows = np.random.default_rng(seed), []
    for config in [BASELINE, *GRID]:
        for k in range(each):
            score = worth(config) + noise * rng.normal()
            rows.append((Cell(config, k % n_prompts, k // n_prompts), JUDGED, score))
    return ScoreTable.of(rows, n_prompts)


def test_says_better_where_it_is():
    table = table_of(lambda c: 7.5 if c in GRID and c.get("temperature") == 1.2 else 6.5, 16)
    found = verdict(table, problem_of())
    assert found.sentence == "better"
    assert found.best.get("temperature") == 1.2
    assert found.gain.low > 0
    assert found.gain.low < 1.0 < found.gain.high
    assert found.objective.low < 7.5 < found.objective.high
    assert found.tried


def test_says_as_good_where_nothing_matters_and_much_was_seen():
    found = verdict(table_of(lambda c: 7.0, 60, noise=0.15), problem_of(margin=0.15))
    assert found.sentence == "as good"
    assert found.gain.high < 0.15
    assert set(found.equivalent) == {BASELINE, *GRID}
    assert found.simplest == BASELINE


def test_says_cannot_tell_where_little_was_seen_and_what_it_would_take():
    found = verdict(table_of(lambda c: 7.0, 2, noise=0.8), problem_of())
    assert found.sentence == "cannot tell"
    assert any("more texts" in note for note in found.notes)


def test_better_is_rarely_said_where_nothing_matters():
    said = [
        verdict(table_of(lambda c: 7.0, 4, noise=0.5, seed=seed), problem_of()).sentence
        for seed in range(20)
    ]
    assert said.count("better") <= 2, said


def test_fresh_texts_have_no_say_in_the_choice():
    table = table_of(lambda c: 7.5 if c == GRID[0] else 6.5)
    winner = choose_winner(table, problem_of())
    rows = [(Cell(GRID[8], k % 2, k // 2, fresh=True), JUDGED, 10.0) for k in range(30)]
    both = ScoreTable.of([*rows_of(table), *rows], 2)
    assert choose_winner(both, problem_of()) == winner
    assert verdict(both, problem_of()).best == winner


def rows_of(table):
    return [
        (Cell(table.configs[c], int(p), int(r), bool(f)), int(s), float(y))
        for c, p, r, f, s, y in zip(
            table.config, table.prompt, table.repeat, table.fresh, table.state, table.score,
            strict=True,
        )
    ]  # fmt: skip


def test_confirm_tries_winner_and_baseline_on_fresh_seeds_in_balance():
    table = table_of(lambda c: 7.5 if c == GRID[0] else 6.5)
    rows, cells = rows_of(table), []
    for _ in range(6):
        asked = confirm(ScoreTable.of(rows, 2), problem_of(), 5, RNG)
        cells += asked
        rows += [(cell, JUDGED, 7.0) for cell in asked]
    assert len(set(cells)) == len(cells) == 30
    assert all(cell.fresh for cell in cells)
    counts = {c: sum(cell.config == c for cell in cells) for c in {cell.config for cell in cells}}
    assert abs(counts[choose_winner(table, problem_of())] - counts[BASELINE]) <= 1
    for config in counts:
        uses = [sum(c.config == config and c.prompt == p for c in cells) for p in range(2)]
        assert abs(uses[0] - uses[1]) <= 1


def test_confirm_ends_where_the_winner_is_the_baseline():
    table = table_of(lambda c: 8.0 if c == GRID[4] else 6.0, noise=0.1)
    assert confirm(table, problem_of(baseline=GRID[4]), 5, RNG) == []
    found = verdict(table, problem_of(baseline=GRID[4]))
    assert (found.sentence, found.gain.mean) == ("as good", 0.0)


def test_the_confirmation_is_a_share_of_the_budget():
    assert 0 < confirmation_texts(300, baseline=False) < confirmation_texts(300) < 150


@pytest.mark.parametrize("baseline", [None, BASELINE, GRID[2]])
@pytest.mark.parametrize("n_prompts", [1, 9])
def test_takes_every_kind_of_table(baseline, n_prompts):
    problem = problem_of(baseline=baseline, n_prompts=n_prompts)
    cell = Cell(GRID[3], 0, 0)
    for rows in (
        [],
        [(cell, MISSING, 0.0)],
        [(cell, FAILED, 0.0)],
        [(cell, JUDGED, 6.0)],
        [(Cell(GRID[i], 0, 0), FAILED, 0.0) for i in range(5)],
        [(Cell(GRID[i], 0, 0), JUDGED, 5.0) for i in range(5)],
        [(Cell(BASELINE, 0, 0), JUDGED, 5.0)],
        [(Cell(GRID[1], 0, 0, fresh=True), JUDGED, 5.0)],
    ):
        found = verdict(ScoreTable.of(rows, n_prompts), problem)
        assert found.best in SPACE
        assert found.sentence in ("better", "as good", "cannot tell")
        assert (found.gain is None) == (baseline is None)


def test_says_whether_the_best_was_tried():
    rows = [(Cell(GRID[0], k % 2, k), JUDGED, 7 + 0.1 * k) for k in range(4)]
    wide = Space((*SPACE.samplers,))
    found = verdict(ScoreTable.of(rows, 2), problem_of(space=wide))
    assert found.tried == (found.best == GRID[0])


def test_counts_knobs_away_from_neutral():
    assert knobs_away(SamplerConfig.parse("min_p:temperature=1,min_p=0.05,max_tokens=64")) == 1
    assert knobs_away(SamplerConfig.parse("temperature:temperature=1")) == 0
    assert (
        knobs_away(SamplerConfig.parse("min_p+xtc:temperature=0.8,min_p=0,xtc_probability=0.5"))
        == 2
    )


def test_interval_for_new_prompts_from_eight_on():
    few = verdict(table_of(lambda c: 7.0), problem_of())
    many = verdict(table_of(lambda c: 7.0, 16, n_prompts=8), problem_of(n_prompts=8))
    assert any("not known" in note for note in few.notes)
    assert any(note.startswith("For new prompts of the same kind: ") for note in many.notes)
