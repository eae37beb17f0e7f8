"""Ablation, variance and settling: planted truths come back with honest intervals."""

import numpy as np
import pytest
from support.tables import BASELINE, GRID, awkward_tables, problem_of, table_of, with_rows

from sampler_bench.analysis.ablation import ablation, without_each
from sampler_bench.analysis.settling import moments, settling
from sampler_bench.analysis.variance import judge_noise, parts
from sampler_bench.analysis.verdict import verdict
from sampler_bench.records import JUDGED, Cell, SamplerConfig, ScoreTable

BEST = SamplerConfig.parse("min_p:temperature=1.2,min_p=0.1,max_tokens=512")


def worth(config):
    return 6.0 + 2.0 * (config.get("temperature") - 0.8) if config.sampler == "min_p" else 6.0


def test_a_knob_that_matters_contributes_what_it_does_and_another_nothing():
    found = {row.parameter: row for row in ablation(table_of(worth, 24), problem_of(), BEST)}
    assert set(found) == {"temperature", "min_p"}
    heat, cut = found["temperature"], found["min_p"]
    assert heat.without.text == "min_p:temperature=1,min_p=0.1,max_tokens=512"
    assert (heat.value, heat.neutral, heat.texts) == (1.2, 1.0, 24)
    assert heat.gain.low <= 0.4 <= heat.gain.high
    assert heat.gain.low > 0
    assert cut.texts == 0
    assert cut.gain.low <= 0.0 <= cut.gain.high
    assert cut.gain.high - cut.gain.low > heat.gain.high - heat.gain.low


def test_without_its_only_knob_a_configuration_is_the_baseline():
    """min_p:temperature=1,min_p=0 does what plain temperature does, which has texts."""
    plain = SamplerConfig.parse("min_p:temperature=1,min_p=0.1,max_tokens=512")
    (row,) = ablation(table_of(worth, 24), problem_of(), plain)
    assert (row.without, row.texts) == (BASELINE, 24)
    assert row.gain.low <= 0.4 <= row.gain.high


def test_fresh_texts_do_not_move_what_is_recommended():
    table, problem = table_of(worth, 8), problem_of()
    rows = [(Cell(GRID[0], k % 2, k // 2, fresh=True), JUDGED, 9.9) for k in range(40)]
    later = settling(with_rows(table, rows), problem)
    assert later[-1].config == verdict(with_rows(table, rows), problem).best
    assert later[-1].config != GRID[0]


def test_a_challenger_that_beats_the_baseline_on_fresh_seeds_is_the_last_recommendation():
    """The search liked the baseline best; its rival's fresh texts surely beat it."""
    problem = problem_of(baseline=GRID[4])
    table = table_of(lambda c: 7.2 if c == GRID[4] else 6.9, 16, noise=0.2)
    first = verdict(table, problem)
    assert first.best == GRID[4]
    rows = [
        (Cell(c, k % 2, k // 2, fresh=True), JUDGED, worth + 0.2 * (-1) ** (k // 2))
        for c, worth in ((GRID[4], 7.0), (first.compared, 9.0))
        for k in range(40)
    ]
    later = with_rows(table, rows)
    found = verdict(later, problem)
    assert (found.best, found.sentence) == (first.compared, "better")
    assert settling(later, problem)[-1].config == found.best


def test_a_neutral_configuration_has_no_knobs_to_take_away():
    assert without_each(SamplerConfig.parse("temperature:temperature=1,max_tokens=64"), None) == []


def test_a_knob_that_does_not_act_takes_no_text_of_the_confirmation():
    """XTC's threshold does nothing while its probability is 0."""
    idle = SamplerConfig.parse("xtc:temperature=1.2,xtc_probability=0,xtc_threshold=0.05")
    assert [c.get("temperature") for c in without_each(idle, None)] == [1.0]


def test_variance_is_told_apart():
    """Text SD .3, prompts .5 apart on either side, settings by their worth."""
    rng, rows = np.random.default_rng(3), []
    for config in GRID:
        for k in range(24):
            prompt = k % 4
            score = worth(config) + (0.5 if prompt % 2 else -0.5) + 0.3 * rng.normal()
            rows.append((Cell(config, prompt, k // 4), JUDGED, score))
    table = ScoreTable.of(rows, 4)
    found = parts(table, problem_of(4), BEST)
    assert found.text.low <= 0.3 <= found.text.high
    assert found.prompt.low <= 0.58 <= found.prompt.high
    assert found.interaction.mean < 0.15
    within = np.mean(
        [np.var([worth(c) for c in GRID if c.sampler == s]) for s in ("min_p", "top_p")]
    )
    between = np.var(
        [np.mean([worth(c) for c in GRID if c.sampler == s]) for s in ("min_p", "top_p")]
    )
    assert found.settings.low <= np.sqrt(within + between) <= found.settings.high
    assert found.sampler.low <= np.sqrt(between) <= found.sampler.high
    assert np.isnan(found.judge.mean)


def test_a_judges_noise_is_seen_where_texts_were_scored_twice():
    rng = np.random.default_rng(4)
    texts = rng.normal(7, 1, 200)
    twice = [[t + 0.4 * rng.normal(), t + 1.0 + 0.4 * rng.normal()] for t in texts]
    found = judge_noise([*twice, [3.0]])
    assert found.low < 0.4 < found.high
    assert found.high - found.low < 0.1
    assert np.isnan(judge_noise([[1.0], [2.0]]).mean)
    assert np.isnan(judge_noise([[1.0, 2.0]] * 3).mean)


def test_settling_ends_at_the_present_and_narrows():
    table, problem = table_of(worth, 12), problem_of()
    rows = np.random.default_rng(5).permutation(len(table))
    found = settling(table.take(rows), problem)
    assert [moment.texts for moment in found] == moments(len(table))
    assert len(found) == 12
    last, present = found[-1], verdict(table, problem)
    assert (last.texts, last.config) == (len(table), present.best)
    assert last.objective.mean == pytest.approx(present.objective.mean, abs=1e-6)
    assert last.gain.low == pytest.approx(present.gain.low, abs=1e-6)
    widths = [moment.gain.high - moment.gain.low for moment in found]
    assert widths[-1] < widths[0] / 2


@pytest.mark.parametrize("name", list(awkward_tables()))
def test_every_kind_of_table_is_taken(name):
    table, problem = awkward_tables()[name], problem_of()
    nothing = name in ("empty", "all missing", "all pending")
    assert bool(ablation(table, problem, BEST)) != nothing
    assert bool(settling(table, problem)) != nothing
    assert (parts(table, problem, BEST) is None) == nothing


def test_a_setting_without_a_knob_is_the_baseline_where_it_does_the_same():
    """One of the two names has the texts; the other must not be paid for."""
    winner = SamplerConfig.parse("min_p:temperature=1,min_p=0.05,max_tokens=512")
    assert without_each(winner, BASELINE) == [BASELINE]
    assert without_each(winner, None) != [BASELINE]
