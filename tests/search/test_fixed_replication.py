"""grid and random: what they walk, in which order, and how often."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from sampler_bench.errors import SpecError
from sampler_bench.records import JUDGED, Cell, SamplerConfig, ScoreTable
from sampler_bench.samplers import Listed, Range, SamplerSpace, Space
from sampler_bench.search import Problem, configurations, grid, halving, random

SMALL = Space(
    (
        SamplerSpace(
            "min_p", (("temperature", Listed((0.7, 1.0))), ("min_p", Listed((0.02, 0.1))))
        ),
        SamplerSpace("top_p", (("top_p", Listed((0.8, 0.9, 0.95))),)),
    )
)
WIDE = Space((SamplerSpace("min_p", (("min_p", Range(0.001, 1.0, "log")),)),))


def run(strategy, problem, batch=5, seed=0):
    rows = []
    while True:
        table = ScoreTable.of(rows, problem.n_prompts)
        cells = strategy.ask(table, problem, batch, np.random.default_rng([seed, len(rows)]))
        if not cells:
            return [cell for cell, _, _ in rows]
        rows += [(cell, JUDGED, 5.0) for cell in cells]


def test_grid_walks_every_point_once_after_the_baseline():
    baseline = SamplerConfig.parse("top_p:top_p=0.9")
    problem = Problem(SMALL, 2, 99, samples_per_config=3, baseline=baseline)
    cells = run(grid, problem)
    assert cells[0].config == baseline
    counts = Counter(cell.config for cell in cells)
    assert set(counts) == set(SMALL.grid())
    assert set(counts.values()) == {6}
    assert [c.prompt for c in cells[:6]] == [0, 1, 0, 1, 0, 1]


def test_grid_goes_round_all_rivals_before_it_repeats_one():
    cells = run(grid, Problem(SMALL, 2, 99, samples_per_config=3))
    size = SMALL.size()
    for turn in range(3):
        part = cells[turn * size * 2 : (turn + 1) * size * 2]
        assert {cell.repeat for cell in part} == {turn}
        assert Counter(cell.config for cell in part) == dict.fromkeys(SMALL.grid(), 2)


def test_grid_refuses_a_continuous_range():
    with pytest.raises(SpecError, match="a grid cannot walk a continuous range"):
        run(grid, Problem(WIDE, 1, 9))


def test_random_exhausts_a_finite_space_without_repeats():
    cells = run(random, Problem(SMALL, 2, 99, n_iterations=50, samples_per_config=1))
    assert Counter(c.config for c in cells) == dict.fromkeys(SMALL.grid(), 2)


def test_random_counts_the_baseline_on_top():
    baseline = SamplerConfig.parse("temperature:temperature=1")
    cells = run(random, Problem(SMALL, 2, 99, 3, 2, baseline))
    assert len({c.config for c in cells}) == 4
    assert len(cells) == 4 * 2 * 2


def test_random_is_log_uniform_where_the_scale_says_so():
    cells = run(random, Problem(WIDE, 1, 999, n_iterations=400, samples_per_config=1), batch=40)
    logs = np.log10([float(c.config.get("min_p")) for c in cells])
    counts = np.histogram(logs, bins=3, range=(-3, 0))[0]
    assert counts.min() > 95, counts


def test_counts_of_configurations_know_a_baseline_that_lies_in_the_space():
    inside, outside = (SamplerConfig.parse(f"top_p:top_p={p}") for p in (0.9, 0.5))
    for strategy, name in ((grid, "grid"), (random, "random")):
        for baseline in (inside, outside):
            problem = Problem(SMALL, 2, 99, 50, samples_per_config=1, baseline=baseline)
            tried = {cell.config for cell in run(strategy, problem)}
            assert configurations(name, problem) == len(tried - {baseline})


def test_random_ends_where_a_narrow_range_has_no_other_value():
    narrow = Space((SamplerSpace("min_p", (("min_p", Range(0.1, 0.1002)),)),))
    cells = run(random, Problem(narrow, 1, 99, n_iterations=10, samples_per_config=1))
    assert len({cell.config for cell in cells}) == len(cells) == 3


@pytest.mark.parametrize("strategy", [random, halving])
def test_texts_of_ones_own_outside_the_space_are_left_at_that(strategy):
    own = Cell(SamplerConfig.parse("min_p:min_p=0.5"), 0, 0)
    problem = Problem(WIDE, 2, 40, n_iterations=4, samples_per_config=3)
    rows = [(replace(own, config=SamplerConfig.parse("top_k:top_k=40")), JUDGED, 9.0)]
    while cells := strategy.ask(
        ScoreTable.of(rows, 2), problem, 6, np.random.default_rng(len(rows))
    ):
        assert all(cell.config in WIDE for cell in cells)
        rows += [(cell, JUDGED, 5.0) for cell in cells]
    assert len(rows) > 20
