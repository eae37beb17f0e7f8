"""A pilot: the baseline first, second opinions noted, and a search that goes on from its texts."""

import asyncio
from asyncio import CancelledError
from collections import Counter

import numpy as np
import pytest
from support.scripted import ScriptedJudge, completion
from support.tables import BASELINE, GRID, problem_of, table_of

from sampler_bench.analysis.power import POWER, WIDER, Z, texts_needed, texts_of_each, visible_gap
from sampler_bench.analysis.prospect import prospect, texts_for
from sampler_bench.analysis.variance import against_baseline, parts
from sampler_bench.errors import JudgeError
from sampler_bench.records import FAILED, JUDGED, Cell, Prompt, Score, ScoreTable, Trial
from sampler_bench.search import bayesian
from sampler_bench.search import random as inner
from sampler_bench.tuning.budget import Budget, Limits
from sampler_bench.tuning.pilot import piloted, second_opinions

RNG = np.random.default_rng(0)


def test_begins_with_the_baseline_on_every_prompt_and_then_asks_as_the_strategy_does():
    problem, rows = problem_of(n_prompts=3), []
    strategy = piloted(inner, 36, 3)
    while len(rows) < 20:
        cells = strategy.ask(ScoreTable.of(rows, 3), problem, 5, RNG)
        assert cells
        rows += [(cell, JUDGED, 7.0) for cell in cells]
    first = [cell for cell, _, _ in rows[:12]]
    assert {cell.config for cell in first} == {BASELINE}
    assert [sum(cell.prompt == p for cell in first) for p in range(3)] == [4, 4, 4]
    assert len({cell for cell, _, _ in rows}) == len(rows)
    assert all(cell.config != BASELINE for cell, _, _ in rows[12:])


@pytest.mark.parametrize("n_prompts", [7, 12, 40, 300])
def test_with_many_prompts_the_baseline_has_two_texts_on_some_and_a_third_at_most(n_prompts):
    problem, rows = problem_of(n_prompts=n_prompts), []
    strategy = piloted(inner, 36, n_prompts)
    while len(rows) < 36:
        cells = strategy.ask(ScoreTable.of(rows, n_prompts), problem, 4, RNG)
        rows += [(cell, JUDGED, 7.0) for cell in cells]
    mine = Counter(cell.prompt for cell, _, _ in rows if cell.config == BASELINE)
    assert sum(mine.values()) == 12
    assert set(mine.values()) == {2}
    assert max(mine) - min(mine) > n_prompts / 2, "spread over the prompts"
    assert len({cell.config for cell, _, _ in rows}) > 1


@pytest.mark.parametrize("texts", [1, 5, 7, 12])
def test_a_small_pilot_keeps_to_a_third_as_well(texts):
    strategy = piloted(inner, texts, 9)
    assert strategy.repeats * len(strategy.prompts) <= texts / 3


def test_a_pilot_of_forty_prompts_tells_the_noise_that_there_is():
    """SD .3 of single texts, .5 of prompts; once on each prompt it was told as .6 to .8."""
    rng, rows, n = np.random.default_rng(1), [], 40
    effect, problem = 0.5 * rng.normal(size=n), problem_of(n_prompts=n, budget=2400)
    strategy = piloted(bayesian, 36, n)
    while len(rows) < 36:
        cells = strategy.ask(ScoreTable.of(rows, n), problem, 4, np.random.default_rng(len(rows)))
        rows += [(c, JUDGED, 7 + effect[c.prompt] + 0.3 * rng.normal()) for c in cells]
    text = parts(ScoreTable.of(rows, n), problem, GRID[0]).text
    assert text.low < 0.3 < text.high
    assert text.mean < 0.5


def test_without_a_baseline_it_is_the_strategy():
    problem = problem_of(baseline=None)
    cells = piloted(inner, 36, 2).ask(ScoreTable.of([], 2), problem, 4, RNG)
    assert all(cell.config in GRID for cell in cells)


class Second(ScriptedJudge):
    """Says something before each answer."""

    def __init__(self, before):
        super().__init__(cost=0.5)
        self.before = before

    async def judge(self, identity, prompt, text):
        self.before(sum(self.calls.values()))
        return await super().judge(identity, prompt, text)


def second_opinions_of(judge, budget, stop, kept):
    cell, text = Cell(BASELINE, 0, 0), completion(BASELINE, Prompt(0, "x"), 1)
    trials = [Trial(cell, seed, text, None, (Score("scripted", 5.0),)) for seed in range(20)]
    return second_opinions(judge, trials, (Prompt(0, "x"),), budget, stop, kept.append)


@pytest.mark.anyio
async def test_second_opinions_end_with_the_time_or_a_ctrl_c():
    kept, clock, stop = [], iter(range(0, 1000, 10)), asyncio.Event()
    budget = Budget(Limits(max_minutes=0.5), 0.5, lambda: next(clock))
    await second_opinions_of(Second(lambda n: None), budget, stop, kept)
    assert [len(note["pairs"]) for note in kept] == [1, 2]
    kept.clear()
    judge = Second(lambda n: stop.set() if n == 4 else None)
    await second_opinions_of(judge, Budget(Limits(), 0.5, lambda: 0.0), stop, kept)
    assert sum(judge.calls.values()) == len(kept) == 5
    assert kept[-1]["cost"] == 2.5


@pytest.mark.anyio
@pytest.mark.parametrize(("error", "cost"), [(JudgeError("401"), 1.5), (CancelledError(), 2.0)])
async def test_second_opinions_that_were_paid_for_are_kept_whatever_ends_them(error, cost):
    def turn_away(n):
        if n == 3:
            raise error

    kept = []
    with pytest.raises(type(error)):
        await second_opinions_of(
            *(Second(turn_away), Budget(Limits(), 0.5, lambda: 0.0), asyncio.Event(), kept)
        )
    assert len(kept[-1]["pairs"]) == 3
    assert kept[-1]["cost"] == cost


def test_a_gap_is_seen_in_four_of_five_comparisons():
    """Played out: two configurations, 40 texts each, apart by the gap that is said to be seen.

    True errors are as much wider than the model's as its intervals are widened.
    """
    rng, gap = np.random.default_rng(1), visible_gap(2 * 0.7**2, 40)
    a, b = (rng.normal(shift, 0.7 * WIDER, (20_000, 40)).mean(axis=1) for shift in (gap, 0.0))
    seen = (a - b) / (0.7 * np.sqrt(2 / 40)) > Z
    assert seen.mean() == pytest.approx(0.8, abs=0.01)
    assert texts_needed(gap, 2 * 0.7**2) == pytest.approx(80, abs=2)
    assert texts_needed(gap, 2 * 0.7**2, error=gap / POWER) == 2


def test_half_the_gap_takes_four_times_the_texts():
    problem = problem_of(confirm=20)
    noise = against_baseline(table_of(lambda c: 7.0, 4, noise=0.5), problem, GRID[0])
    rows = {row.factor: row for row in prospect(noise, problem, 100, None)}
    assert rows[4.0].gap.mean == pytest.approx(rows[1.0].gap.mean / 2)
    assert (rows[0.5].texts, rows[4.0].texts) == (50, 400)
    assert rows[1.0].gap.low < rows[1.0].gap.mean < rows[1.0].gap.high
    assert texts_for(rows[1.0].gap.mean, noise, problem, 100, None) == pytest.approx(100, abs=1)
    assert texts_of_each(problem, 14 * 6 + 20, tried=13) == 2 * 3 + 0.4 * 20
    assert texts_of_each(problem, 14 * 2 + 20, tried=13) == 2 + 0.4 * 20  # cut by max_samples


def test_a_baseline_far_below_the_best_is_known_to_scatter_more():
    config, rng = GRID[0], np.random.default_rng(0)
    rows = [
        (Cell(c, k % 2, k // 2), JUDGED, level + sd * z)
        for c, level, sd in ((BASELINE, 5.5, 1.2), (config, 7.5, 0.4))
        for k, z in enumerate(rng.normal(size=100))
    ]
    noise = against_baseline(ScoreTable.of(rows, 2), problem_of(), config)
    assert noise.mean == pytest.approx(np.hypot(0.4, 1.2), rel=0.2)


def test_a_baseline_that_fails_takes_a_larger_gap_than_its_rivals_scatter():
    """One text in twenty is worth 1 instead of 8: the SD of the baseline is 1.5, not .3."""
    config, rng = GRID[0], np.random.default_rng(0)
    rows = [
        (Cell(c, k % 2, k // 2), FAILED if c == BASELINE and not k % 20 else JUDGED, worth)
        for c in (BASELINE, config)
        for k, worth in enumerate(8 + 0.3 * rng.normal(size=200))
    ]
    problem = problem_of()
    table = ScoreTable.of(rows, 2)
    noise = against_baseline(table, problem, config)
    assert noise.low < noise.mean < noise.high
    assert noise.mean == pytest.approx(np.sqrt(0.3**2 + 0.3**2 + 0.05 * 0.95 * 7**2), rel=0.25)
    alone = parts(table, problem, config).text.mean
    assert alone < 0.6
    without = against_baseline(table, problem_of(baseline=None), config)
    assert without.mean == pytest.approx(np.sqrt(2) * alone, rel=0.1)
