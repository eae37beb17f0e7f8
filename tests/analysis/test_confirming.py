"""The confirmation: who is tried, when it ends early, and that it is right to."""

from dataclasses import replace

import numpy as np
import pytest
from support.tables import BASELINE, GRID, problem_of, table_of, with_rows

from sampler_bench.analysis.ablation import without_each
from sampler_bench.analysis.choice import choose_winner
from sampler_bench.analysis.confirming import (
    _after,
    _chances,
    _moves,
    confirm,
    confirmation_texts,
    contest_of,
    outlook,
)
from sampler_bench.analysis.power import WIDER, Z
from sampler_bench.analysis.reading import difference, posterior_of
from sampler_bench.analysis.verdict import verdict
from sampler_bench.posterior import fit_posterior
from sampler_bench.records import JUDGED, PENDING, Cell, ScoreTable
from sampler_bench.samplers import Listed, SamplerSpace, Space

TOP = GRID[7]  # min_p, temperature 1.2, min_p .05


def clear(config):
    return 7.5 if config == TOP else 6.0


def close(config):
    return 6.35 if config == TOP else 6.0


def play(worth, problem, kept, noise=0.3, each=8, batch=4, seed=1):
    """A study whose search is done, and the cells of its confirmation."""
    rng = np.random.default_rng(seed)
    table, asked = table_of(worth, each, noise=noise, seed=seed), []
    problem = replace(problem, confirm=kept)
    while cells := confirm(table, problem, kept, batch):
        asked += cells
        rows = [(c, JUDGED, worth(c.config) + noise * rng.normal()) for c in cells]
        table = with_rows(table, rows)
    return table, problem, asked


def test_tries_winner_and_baseline_on_fresh_seeds_in_balance():
    _, _, cells = play(close, problem_of(), 30, noise=0.4, batch=5)
    assert len(set(cells)) == len(cells)
    assert 20 <= len(cells) <= 30
    assert all(cell.fresh for cell in cells)
    counts = {c: sum(cell.config == c for cell in cells) for c in {cell.config for cell in cells}}
    assert abs(max(counts.values()) - counts[BASELINE]) <= 1
    for config in counts:
        uses = [sum(c.config == config and c.prompt == p for c in cells) for p in range(2)]
        assert abs(uses[0] - uses[1]) <= 1


def test_a_baseline_that_leads_meets_the_likeliest_to_beat_it_on_fresh_seeds():
    table, problem, cells = play(clear, problem_of(baseline=TOP), 40)
    found = verdict(table, problem)
    assert (found.best, found.sentence) == (TOP, "as good")
    assert found.compared not in (TOP, None)
    assert {TOP, found.compared} <= {cell.config for cell in cells}
    assert found.gain.low < -1.4 < found.gain.high < 0.1
    assert len(cells) + found.saved == 40
    assert found.saved > 20


def test_a_baseline_that_leads_by_luck_is_not_called_as_good():
    """Four texts of each, and scatter as large as the differences: nobody knows."""
    table = table_of(lambda c: 6.0 + 0.3 * (c == GRID[4]), 4, noise=0.5)
    leading = choose_winner(table, problem_of())
    found = verdict(table, problem_of(baseline=leading))
    assert (found.best, found.sentence) == (leading, "cannot tell")
    assert found.gain.low < found.gain.mean < found.gain.high
    assert found.probability_beaten > 0.05
    assert any("more texts" in note or "some setting is better" in note for note in found.notes)


def test_a_challenger_that_surely_beats_a_leading_baseline_is_recommended():
    problem = problem_of(baseline=TOP)
    table = table_of(lambda c: 6.5 if c == TOP else 6.0, 8, noise=0.3)
    challenger = contest_of(table, problem).challenger
    rows = [
        (Cell(config, k % 2, k // 2 + 9, fresh=True), JUDGED, score + 0.2 * (-1) ** (k // 2))
        for config, score in ((challenger, 8.0), (TOP, 6.0))
        for k in range(40)
    ]
    found = verdict(with_rows(table, rows), problem)
    assert (found.best, found.compared, found.sentence) == (challenger, challenger, "better")
    assert found.gain.low > 0


def test_nothing_is_confirmed_where_the_space_holds_the_baseline_alone():
    space = Space((SamplerSpace("temperature", (("temperature", Listed((1.0,))),)),))
    only = next(iter(space.grid()))
    problem = problem_of(space=space, baseline=only)
    table = ScoreTable.of([(Cell(only, k % 2, k // 2), JUDGED, 6.0 + k % 3) for k in range(8)], 2)
    assert confirm(table, problem, 20, 4) == []
    assert verdict(table, problem).sentence == "as good"


def test_stops_early_where_the_answer_is_clear_and_says_so():
    table, problem, cells = play(clear, problem_of(), 60)
    found = verdict(table, problem)
    assert found.sentence == "better"
    assert len(cells) < 30
    assert found.saved == 60 - len(cells)
    said = [note for note in found.notes if note.startswith("Stopped early")]
    assert said == [
        f"Stopped early: {found.saved} of the 60 texts kept for fresh seeds were not spent; with "
        "probability 98% or more they would not have changed this answer."
    ]


def test_stops_early_where_the_rest_could_not_tell():
    table, problem, cells = play(lambda c: 6.0, problem_of(), 12, noise=1.5)
    found = verdict(table, problem)
    assert found.sentence == "cannot tell"
    assert 4 <= len(cells) < 12
    assert found.saved > 0


def test_nothing_is_confirmed_before_winner_and_baseline_have_met_on_every_prompt():
    table, problem, cells = play(clear, problem_of(n_prompts=2), 60, batch=1)
    met = {(cell.config, cell.prompt) for cell in cells}
    winner = choose_winner(table, problem)
    assert {(winner, 0), (winner, 1), (BASELINE, 0), (BASELINE, 1)} <= met


def test_saved_texts_check_the_knobs_of_a_clear_winner():
    table, problem, cells = play(clear, problem_of(), 60)
    winner = choose_winner(table, problem)
    tried = {(cell.config, cell.prompt) for cell in cells}
    assert {(c, p) for c in without_each(winner, None) for p in range(2)} <= tried
    assert all(cell.fresh for cell in cells)


def test_nothing_is_said_to_be_saved_while_texts_are_under_way_or_due():
    table, problem, cells = play(clear, problem_of(), 60)
    under_way = with_rows(table, [(replace(cells[-1], repeat=9), PENDING, 0.0)])
    assert verdict(under_way, problem).saved == 0
    cut = with_rows(table_of(clear, 8), [(cells[0], JUDGED, 7.0)])
    assert verdict(cut, problem).saved == 0
    assert verdict(table, replace(problem, confirm=None)).saved == 0


@pytest.mark.parametrize("later", [0.045, 0.08])
@pytest.mark.parametrize("mean", [-0.1, 0.03, 0.3])
def test_the_chances_are_those_of_playing_it_out(mean, later):
    now, margin = 0.12, 0.1
    end = mean + WIDER * np.sqrt(now**2 - later**2) * np.random.default_rng(0).normal(size=200_000)
    played = {
        "better": (end - Z * later > 0).mean(),
        "as good": (end + Z * later < margin).mean(),
    }
    found = _chances(mean, now, later, margin)
    assert sum(found.values()) == pytest.approx(1.0)
    for sentence, share in played.items():
        assert found[sentence] == pytest.approx(share, abs=0.005)


def test_the_belief_to_come_is_that_of_a_posterior_with_the_texts():
    table, problem = table_of(close, 8, noise=0.5), problem_of()
    posterior = posterior_of(table, problem)
    configs = [TOP, BASELINE]
    now = posterior.believe(configs)
    ahead = _after(now, _moves(now, {0: 40, 1: 40}))
    more = table_of(close, 8, noise=0.5, fresh=40)
    index = [more.configs.index(c) for c in configs]
    rows = more.take(~more.fresh | np.isin(more.config, index))
    later = fit_posterior(rows, posterior.frame, 1.0, posterior.draws).believe(configs)
    assert difference(ahead, 0, 1)[1] == pytest.approx(difference(later, 0, 1)[1], rel=0.15)


def test_without_a_baseline_there_is_nothing_to_decide():
    problem = problem_of(baseline=None)
    assert outlook(table_of(clear), problem, 10) is None
    _, _, cells = play(clear, problem, 10)
    assert len(cells) == 10


def test_the_confirmation_is_a_share_of_the_budget():
    assert 0 < confirmation_texts(300, baseline=False) < confirmation_texts(300) < 150
