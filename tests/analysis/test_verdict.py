"""The verdict: its three sentences, its sets, and tables of every kind."""

from dataclasses import replace

import numpy as np
import pytest
from support.tables import BASELINE, GRID, SPACE, problem_of, table_of, with_rows

from sampler_bench.analysis.choice import choose_winner
from sampler_bench.analysis.notes import UNCONFIRMED, UNCONFIRMED_ALONE
from sampler_bench.analysis.reading import posterior_of
from sampler_bench.analysis.standing import RISK, draws
from sampler_bench.analysis.verdict import verdict
from sampler_bench.posterior import fit_posterior, frame_of
from sampler_bench.records import FAILED, JUDGED, MISSING, Cell, SamplerConfig, ScoreTable
from sampler_bench.samplers import Listed, Range, SamplerSpace, Space
from sampler_bench.search import bayesian


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


def test_more_texts_of_two_are_no_way_to_as_good_which_is_said_of_the_space():
    """The gain looks like none: only a larger study could show that there is none anywhere."""
    level = {GRID[4]: 7.02}
    table = table_of(lambda c: level.get(c, 7.0), 30, noise=0.3, seed=1)
    found = verdict(table, problem_of())
    assert found.sentence == "cannot tell"
    assert found.gain.mean < 0.05
    assert not [it for it in found.needed if it.second == BASELINE]
    assert not [note for note in found.notes if "more texts of" in note]
    (said,) = [note for note in found.notes if "some setting is better than the baseline" in note]
    assert "If all stays as it looks, a study of about " in said


def test_as_good_speaks_of_the_whole_space_and_not_of_the_winner_alone():
    """Baseline and one setting are known to a hair; hardly anybody has been elsewhere."""
    known = {BASELINE: 7.0, GRID[4]: 7.02}
    rows = [
        (Cell(config, k % 2, k // 2), JUDGED, worth + 0.12 * (-1) ** (k // 2))
        for config, worth in known.items()
        for k in range(80)
    ]
    few = dict.fromkeys(GRID[-4:], 6.4) | {GRID[3]: 6.9, GRID[7]: 6.9}
    rows += [(Cell(c, k % 2, k // 2), JUDGED, few[c]) for c in few for k in range(4)]
    found = verdict(ScoreTable.of(rows, 2), problem_of())
    assert (found.best, found.compared) == (GRID[4], GRID[4])
    assert found.gain.low < 0 < found.gain.high < 0.1
    assert found.sentence == "cannot tell"
    assert found.probability_beaten > 0.05
    assert [note for note in found.notes if "some setting is better than the baseline" in note]
    assert set(found.possible) & set(GRID)


def test_the_sets_hold_one_that_is_within_the_margin_and_shrink_with_texts():
    def worth(config):
        return 7.0 + 0.5 * (config.get("temperature") == 1.2)

    sizes = [len(verdict(table_of(worth, n, noise=0.5), problem_of()).equivalent) for n in (4, 64)]
    assert sizes[1] <= 4 < sizes[0]
    few = verdict(table_of(worth, 4, noise=0.5), problem_of())
    assert any(config.get("temperature") == 1.2 for config in few.equivalent)
    assert few.equivalent[0] == few.best
    assert few.possible == ()  # all of the space was tried


def test_the_set_is_read_from_the_belief_that_the_sentence_is_read_from():
    """Few texts: two draws of the hyperparameters believe otherwise than all of them."""
    for seed in (6, 13, 19):
        table = table_of(lambda c: 7 + 0.3 * (c.get("temperature") == 1.2), 3, 2, 0.5, seed)
        found = verdict(table, problem_of())
        configs = [found.best, *GRID]
        worth = draws(posterior_of(table, problem_of()).believe(configs), 20_000)
        chance = (worth >= worth.max(axis=1, keepdims=True) - 0.1).mean(axis=0)
        held = {c for c, p in zip(configs, chance, strict=True) if p >= 0.025}
        assert held <= {*found.equivalent, *found.possible}, seed


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
    both = with_rows(table, rows)
    assert choose_winner(both, problem_of()) == winner
    assert verdict(both, problem_of()).best == winner


@pytest.mark.parametrize("baseline", [None, BASELINE, GRID[2]])
@pytest.mark.parametrize("n_prompts", [1, 9])
def test_takes_every_kind_of_table(baseline, n_prompts):
    problem = problem_of(baseline=baseline, n_prompts=n_prompts)
    cell = Cell(GRID[3], 0, 0)
    exact = problem_of(baseline=baseline, n_prompts=n_prompts, margin=0.0)
    for rows in (
        [],
        [(cell, MISSING, 0.0)],
        [(cell, FAILED, 0.0)],
        [(cell, JUDGED, 6.0)],
        [(Cell(GRID[i], 0, 0), FAILED, 0.0) for i in range(5)],
        [(Cell(GRID[i], 0, 0), JUDGED, 5.0) for i in range(5)],
        [(Cell(BASELINE, 0, 0), JUDGED, 5.0)],
        [(Cell(GRID[1], 0, 0, fresh=True), JUDGED, 5.0)],
        [(Cell(GRID[i], 0, 0), JUDGED, 7.3) for i in range(5)],
    ):
        for posed in (problem, exact):
            found = verdict(ScoreTable.of(rows, n_prompts), posed)
            assert found.best in SPACE
            assert found.sentence in ("better", "as good", "cannot tell")
            assert (found.gain is None) == (baseline is None)


def test_an_untried_best_has_the_best_tried_one_beside_it():
    """Worth peaks between the tried temperatures: the model recommends where nobody has been."""
    heat = [SamplerConfig.parse(f"temperature:temperature={t}") for t in (0.6, 0.8, 1.2, 1.4)]
    space = Space(
        (SamplerSpace("temperature", (("temperature", Listed((0.6, 0.8, 1.0, 1.2, 1.4))),)),)
    )
    rows = [
        (
            Cell(c, k % 2, k // 2),
            JUDGED,
            8 - 9 * (c.get("temperature") - 1.01) ** 2 + 0.05 * (-1) ** k,
        )
        for c in heat
        for k in range(8)
    ]
    found = verdict(ScoreTable.of(rows, 2), problem_of(space=space))
    assert (found.best.get("temperature"), found.tried) == (1.0, False)
    assert found.best_tried == heat[2]
    assert found.notes[0].endswith("The best tried one is temperature:temperature=1.2.")


def test_says_what_it_would_take_in_numbers():
    """SD .8 of single texts: 16 texts a side show .8 points, and four times as many half of it."""
    few = verdict(table_of(lambda c: 7.0, 2, noise=0.8), problem_of())
    decide, separate = few.needed
    assert (decide.first, decide.second) == (few.best, BASELINE)
    assert decide.texts > 50
    assert decide.gap == pytest.approx(few.gain.mean)
    told = f"about {decide.texts} more texts of {few.best.text} and the baseline would show it"
    assert told in " ".join(few.notes)
    left = 1 - (decide.gap / decide.visible) ** 2  # what these texts have shown already
    assert decide.texts == pytest.approx(left * decide.alone, abs=4)
    assert separate.second in GRID
    sure = verdict(table_of(lambda c: 7.5 if c == GRID[4] else 6.0, 20), problem_of())
    assert sure.needed == ()


def test_interval_for_new_prompts_from_eight_on():
    few = verdict(table_of(lambda c: 7.0), problem_of())
    many = verdict(table_of(lambda c: 7.0, 16, n_prompts=8), problem_of(n_prompts=8))
    assert any("not known" in note for note in few.notes)
    assert any(note.startswith("For new prompts of the same kind: ") for note in many.notes)
    assert few.new_prompts is None
    assert many.new_prompts.low < many.objective.low
    assert many.new_prompts.high > many.objective.high
    assert many.gain_on_new_prompts.low <= many.gain.low


def test_the_interval_for_new_prompts_holds_the_truth_over_many_prompts():
    """Prompts differ by 1 point: eight of them cannot say what others will bring to a hair."""
    hits = 0
    for seed in range(20):
        rng = np.random.default_rng([9, seed])
        effect = rng.normal(0, 1.0, 8)
        rows = [
            (Cell(c, p, k), JUDGED, 6 + effect[p] + 0.2 * rng.normal())
            for c in [BASELINE, *GRID[::3]]
            for p in range(8)
            for k in range(2)
        ]
        found = verdict(ScoreTable.of(rows, 8), problem_of(n_prompts=8))
        hits += found.new_prompts.low < 6.0 < found.new_prompts.high
        assert found.objective.high - found.objective.low < 0.9
    assert hits >= 17, hits


def test_says_why_another_is_estimated_higher():
    """Fresh texts speak against the winner: it stays the winner, and the notes say who leads."""
    rows = [
        (Cell(GRID[i], p, 0), JUDGED, 6.0 + (1.0 if i == 5 else 0.0) + 0.01 * p)
        for i in range(0, len(GRID), 2)
        for p in range(2)
    ]
    rows += [(Cell(GRID[5], p, k), JUDGED, 7.0) for p in range(2) for k in range(4)]
    rows += [(Cell(GRID[5], p, k, fresh=True), JUDGED, 4.0) for p in range(2) for k in range(12)]
    found = verdict(ScoreTable.of(rows, 2), problem_of(n_prompts=2))
    assert found.best == GRID[5]
    said = [note for note in found.notes if "is estimated" in note]
    assert len(said) == 1
    assert found.best_tried.text in said[0]
    assert "before its fresh texts" in said[0]


def level_rows():
    """An edge of the space and a moderate setting, nearly level in very noisy scores."""
    space = Space((SamplerSpace("temperature", (("temperature", Range(0.3, 2.0)),)),))
    heat = {t: SamplerConfig.of("temperature", {"temperature": t}) for t in (0.3, 0.7, 1.2, 2.0)}
    means = {0.3: 6.0, 0.7: 6.3, 1.2: 6.0, 2.0: 6.5}
    rows = [
        (Cell(heat[t], k % 2, k // 2), JUDGED, means[t] + 2.0 * (-1) ** (k // 2))
        for t in heat
        for k in range(8)
    ]
    return space, rows


def test_moderate_settings_are_chosen_and_nothing_is_claimed_for_it():
    space, rows = level_rows()
    table, problem = ScoreTable.of(rows, 2), problem_of(space=space, n_prompts=2)
    found = verdict(table, problem)
    plain = verdict(table, replace(problem, moderate=False))
    assert found.best.get("temperature") < 1.6 < plain.best.get("temperature")
    posterior = fit_posterior(table, frame_of(space, True), 1.0)
    (mean,), (below,), (above,) = posterior.sides([found.best])
    assert found.objective.mean == pytest.approx(mean)
    assert mean - found.objective.low == pytest.approx(1.1 * 1.959964 * below)
    assert found.objective.high - mean == pytest.approx(1.1 * 1.959964 * above)


def test_the_search_keeps_to_moderate_settings_where_scores_are_noise():
    space, rows = level_rows()
    table = ScoreTable.of(rows, 2)

    def at_the_edge(moderate):
        problem = problem_of(space=space, n_prompts=2, moderate=moderate)
        cells = bayesian.ask(table, problem, 20, np.random.default_rng(0))
        return np.mean([cell.config.get("temperature") == 2.0 for cell in cells])

    assert at_the_edge(True) < at_the_edge(False)


def test_a_verdict_without_fresh_texts_says_that_it_is_not_confirmed():
    problem = problem_of()
    assert UNCONFIRMED in verdict(table_of(lambda c: 6.0), problem).notes
    table = table_of(lambda c: 6.0, fresh=2)
    assert UNCONFIRMED not in verdict(table, problem).notes
    found = verdict(table_of(lambda c: 6.0), problem)
    alone = table.take(~table.fresh | (table.config == table.configs.index(found.best)))
    assert UNCONFIRMED in verdict(alone, problem).notes, "the baseline has none"
    none = problem_of(baseline=None)
    assert UNCONFIRMED_ALONE in verdict(table_of(lambda c: 6.0), none).notes
    assert UNCONFIRMED_ALONE not in verdict(table, none).notes


def test_where_the_baseline_wins_its_challenger_is_what_is_to_be_confirmed():
    problem = problem_of(baseline=GRID[4], confirm=0)
    table = table_of(lambda c: 7.0 if c == GRID[4] else 6.0, 20, fresh=4)
    found = verdict(table.take(~table.fresh), problem)
    assert (found.best, found.sentence) == (GRID[4], "as good")
    assert found.compared not in (None, GRID[4])
    assert UNCONFIRMED in found.notes
    assert UNCONFIRMED not in verdict(table, problem).notes


def test_a_note_says_what_stands_against_as_good():
    """The rival is hardly better by more than the margin, but its interval reaches there."""
    space = Space((SamplerSpace("min_p", (("temperature", Listed((0.7, 1.3))),)),))
    base, rival = space.grid()
    kinds = set()
    for seed in range(40):
        rng = np.random.default_rng(seed)
        rows = [
            (Cell(c, 0, k), JUDGED, 6 + 0.6 * rng.normal())
            for c in (base, rival)
            for k in range(30)
        ]
        problem = problem_of(1, space=space, baseline=base, margin=0.3)
        found = verdict(ScoreTable.of(rows, 1), problem)
        against = [n for n in found.notes if "too much to call the baseline as good" in n]
        if found.sentence == "cannot tell" and against:
            likely = found.probability_beaten > RISK
            assert ("some setting is better" in against[0]) == likely
            kinds.add(likely)
    assert False in kinds
