"""Summaries: what was seen, pooled and apart; every kind of table; no order of rows matters."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tables import BASELINE, GRID, awkward_tables, problem_of, table_of

from sampler_bench.analysis.choice import choose_winner
from sampler_bench.analysis.importance import importance, regions
from sampler_bench.analysis.landscape import survey
from sampler_bench.analysis.power import WIDER
from sampler_bench.analysis.reading import posterior_of
from sampler_bench.analysis.summary import PromptSummary, by_sampler, summarise
from sampler_bench.analysis.variance import parts
from sampler_bench.analysis.verdict import verdict
from sampler_bench.records import (
    FAILED,
    JUDGED,
    MISSING,
    PENDING,
    Cell,
    SamplerConfig,
    ScoreTable,
)
from sampler_bench.samplers import Listed, SamplerSpace, Space


def hot(config):
    return 8.0 if config.get("temperature") == 1.2 else 6.0


def test_pools_repeats_and_counts_failures_against_their_configuration():
    cells = [Cell(GRID[0], k % 2, k // 2) for k in range(4)]
    states = [(JUDGED, 8.0), (JUDGED, 6.0), (FAILED, 0.0), (MISSING, 0.0)]
    rows = [(cell, *state) for cell, state in zip(cells, states, strict=True)]
    (row,) = summarise(ScoreTable.of(rows, 2), problem_of(failure_score=1.0))
    assert (row.mean, row.judged, row.failed, row.missing) == (7.0, 2, 1, 1)
    assert row.failure_rate == pytest.approx(1 / 3)
    assert row.objective.mean == pytest.approx((1 - 1 / 3) * 7.0 + 1 / 3 * 1.0)
    assert row.std == pytest.approx(math.sqrt(2))
    assert row.by_prompt == (PromptSummary(0, 8.0, 4.5, 2), PromptSummary(1, 6.0, 6.0, 1))


def test_fresh_texts_pool_into_the_estimates_and_are_shown_apart():
    rows = [(Cell(GRID[0], p, 0), JUDGED, 5.0) for p in (0, 1)]
    rows += [(Cell(GRID[0], p, 0, fresh=True), JUDGED, 7.0) for p in (0, 1)]
    (row,) = summarise(ScoreTable.of(rows, 2), problem_of())
    assert (row.mean, row.fresh.mean, row.fresh_texts) == (6.0, 7.0, 2)
    assert row.scores == (5.0, 5.0, 7.0, 7.0)


def test_ranks_by_estimate_and_samplers_by_their_best():
    rows = summarise(table_of(hot, each=8), problem_of())
    assert [row.config.get("temperature") for row in rows[:3]] == [1.2] * 3
    estimates = [row.estimate.mean for row in rows]
    assert estimates == sorted(estimates, reverse=True)
    samplers = by_sampler(rows)
    assert samplers[0].sampler == "min_p"
    assert samplers[0].best == rows[0]
    assert [s.configurations for s in samplers if s.sampler == "min_p"] == [9]
    assert {s.sampler for s in samplers} == {"min_p", "top_p", "temperature"}


def test_unjudged_configurations_come_last_and_pending_ones_not_at_all():
    rows = [
        (Cell(GRID[0], 0, 0), MISSING, 0.0),
        (Cell(GRID[1], 0, 0), JUDGED, 2.0),
        (Cell(GRID[2], 0, 0), PENDING, 0.0),
    ]
    found = summarise(ScoreTable.of(rows, 2), problem_of())
    assert [row.config for row in found] == [GRID[1], GRID[0]]


@pytest.mark.parametrize("n_prompts", [1, 2])
@pytest.mark.parametrize("kind", awkward_tables())
def test_takes_every_kind_of_table(kind, n_prompts):
    table, problem = awkward_tables(n_prompts)[kind], problem_of(n_prompts)
    rows = summarise(table, problem)
    assert all(row.estimate.low <= row.estimate.high for row in rows if row.texts)
    samplers = by_sampler(rows)
    evidence = table.evidence()
    told = bool(len(evidence))
    assert bool(samplers) == told
    tried = {evidence.configs[i] for i in evidence.config}
    assert bool(importance(table, problem)) == (sum(c in problem.space for c in tried) > 1)
    assert bool(regions(table, problem, GRID[0])) <= told


def test_all_failed_is_worth_the_failure_score():
    table = awkward_tables()["all failed"]
    rows = summarise(table, problem_of(failure_score=2.0))
    assert {row.objective.mean for row in rows} == {2.0}
    assert all(math.isnan(row.mean) and row.failure_rate == 1.0 for row in rows)


outcomes = st.one_of(
    st.floats(0, 10).map(lambda score: (JUDGED, round(score, 2))),
    st.sampled_from([(FAILED, 0.0), (MISSING, 0.0)]),
)


@settings(max_examples=6, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from([BASELINE, *GRID]), st.integers(0, 1), st.integers(0, 2)),
        outcomes,
        min_size=1,
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_no_order_of_rows_matters(outcomes_of, random):
    rows = [(Cell(c, p, r), *outcome) for (c, p, r), outcome in outcomes_of.items()]
    problem = problem_of()

    def everything():
        table = ScoreTable.of(rows, 2)
        return [
            summarise(table, problem),
            importance(table, problem),
            regions(table, problem, GRID[0]),
        ]

    first = everything()
    random.shuffle(rows)
    assert str(everything()) == str(first)  # as text, since NaN is not NaN


def test_importance_finds_the_knob_that_matters_and_says_when_it_cannot_tell():
    problem = problem_of()
    shares = importance(table_of(hot, each=12), problem)
    by_name = {(i.sampler, i.parameter): i for i in shares}
    assert by_name["min_p", "temperature"].told
    assert by_name["min_p", "temperature"].share.mean > 0.6
    assert not by_name["min_p", "min_p"].told
    alike = importance(awkward_tables()["one text"], problem)
    assert not any(i.told for i in alike)
    for i in shares + alike:
        assert 0 <= i.share.low <= i.share.mean <= i.share.high <= 1


def test_the_choice_among_single_settings_has_no_share():
    """Nothing else differs: the share would be 100 %, whatever was seen."""
    single = [
        SamplerSpace(c.sampler, tuple((n, Listed((v,))) for n, v in c.parameters))
        for c in (GRID[0], GRID[-1])
    ]
    problem = problem_of(space=Space(tuple(single)))
    table = table_of(hot)
    assert importance(table, problem) == []


def test_the_good_region_is_where_the_best_lies():
    problem = problem_of()
    found = regions(table_of(hot, each=30), problem, GRID[-5])
    region = next(r for r in found if r.sampler == "min_p")
    assert ("temperature", 1.2, 1.2) in region.values
    assert "min_p" in region.whole
    assert "temperature" not in region.whole
    assert region.ends == (("temperature", "high"),)


def test_words_have_importance_and_regions_too():
    space = Space(
        (
            SamplerSpace(
                "min_p",
                (
                    ("min_p", Listed((0.02, 0.1))),
                    ("temperature_order", Listed(("first", "last"))),
                ),
            ),
        )
    )
    rows = [
        (Cell(c, k % 2, k // 2), JUDGED, 8.0 - 2.0 * (c.get("temperature_order") == "first") + d)
        for c in space.grid()
        for k, d in enumerate(np.linspace(-0.2, 0.2, 16))
    ]
    table, problem = ScoreTable.of(rows, 2), problem_of(space=space)
    shares = {i.parameter: i for i in importance(table, problem)}
    assert shares["temperature_order"].told
    best = SamplerConfig.of("min_p", {"min_p": 0.02, "temperature_order": "last"})
    (region,) = regions(table, problem, best)
    assert region.words == (("temperature_order", ("last",)),)


LENGTHS = Space(
    (
        SamplerSpace(
            "top_p",
            (
                ("temperature", Listed((0.7, 1.0, 1.3, 1.6))),
                ("top_p", Listed((0.8, 0.9, 1.0))),
                ("max_tokens", Listed((100, 200, 400))),
            ),
        ),
    )
)


def study_of_lengths(seed):
    """40 texts, most of them long, long ones 1.6 points better; of hot short ones none is known."""
    rng, rows, grid = np.random.default_rng(seed), [], list(LENGTHS.grid())
    weight = np.array([3.0 if c.get("max_tokens") == 400 else 1.0 for c in grid])
    for k, i in enumerate(rng.choice(len(grid), 40, p=weight / weight.sum())):
        heat, top_p, length = (grid[i].get(n) for n in ("temperature", "top_p", "max_tokens"))
        if (heat, length) == (1.6, 100):
            continue
        failed = heat == 1.6 and top_p == 1.0 and rng.random() < 0.5
        worth = 7 + {100: 0.0, 200: 0.9, 400: 1.6}[length] - 0.1 * (heat - 1) ** 2
        state = FAILED if failed else JUDGED
        rows.append((Cell(grid[i], k % 2, k), state, worth + 0.4 * rng.normal()))
    return ScoreTable.of(rows, 2), problem_of(space=LENGTHS, baseline=None)


@pytest.mark.parametrize("seed", [2, 3, 8])
def test_a_knob_that_surely_matters_is_narrowed_though_a_corner_is_not_known(seed):
    table, problem = study_of_lengths(seed)
    found = {row.parameter: row for row in importance(table, problem)}
    (region,) = regions(table, problem, choose_winner(table, problem))
    ends = {name: (low, high) for name, low, high in region.values}
    assert found["max_tokens"].told
    assert "max_tokens" not in region.whole
    assert ends["max_tokens"][0] > 100
    assert ends["temperature"][1] >= 1.3, "what cannot be told stays"


def test_a_value_that_only_some_settings_make_bad_stays():
    """Heat is bad on average, and as good as anything with min_p .1."""

    def with_company(config):
        worst = 2.5 if config.get("min_p") in (0.02, 0.05) and config.get("temperature") > 1 else 0
        return 7.5 - worst if config.sampler == "min_p" else 5.0

    table, problem = table_of(with_company, each=30), problem_of()
    best = next(c for c in GRID if c.get("min_p") == 0.1 and c.get("temperature") == 0.8)
    region = next(r for r in regions(table, problem, best) if r.sampler == "min_p")
    assert ("temperature", 0.8, 1.2) in region.values


CORNERED = Space(
    (
        SamplerSpace(
            "top_p",
            (("temperature", Listed((0.7, 1.0, 1.3))), ("top_p", Listed((0.8, 0.9, 0.99)))),
        ),
    )
)


def study_of_a_corner(seed):
    """52 texts; heat is bad but with the lowest top_p, where two texts show the best of all."""
    rng, rows = np.random.default_rng(seed), []
    for config in CORNERED.grid():
        heat, top_p = config.get("temperature"), config.get("top_p")
        corner = (heat, top_p) == (1.3, 0.8)
        worth = 7.1 if corner else 7 - 20 * (heat - 0.7) * (top_p - 0.8)
        few = 2 if heat == 1.3 else 4 if worth < 6.9 else 10
        rows += [(Cell(config, 0, k), JUDGED, worth + 0.4 * rng.normal()) for k in range(few)]
    return ScoreTable.of(rows, 1), problem_of(1, space=CORNERED, baseline=None)


def values_of(region):
    return {name: (low, high) for name, low, high in region.values}


@pytest.mark.parametrize("seed", [3, 5, 6])
def test_a_value_stays_that_is_best_in_a_corner_of_which_little_is_known(seed):
    table, problem = study_of_a_corner(seed)
    (region,) = regions(table, problem, choose_winner(table, problem))
    assert values_of(region)["temperature"][1] == 1.3


@pytest.mark.parametrize("seed", range(3))
def test_the_region_holds_all_that_is_as_good_as_the_best(seed):
    for table, problem in (study_of_a_corner(seed), study_of_lengths(seed)):
        found = verdict(table, problem)
        (region,) = regions(table, problem, found.best, found.equivalent)
        for name, (low, high) in values_of(region).items():
            assert all(low <= config.get(name) <= high for config in found.equivalent)


def test_named_settings_stay_whatever_they_cost():
    table, problem = table_of(hot, each=30), problem_of()
    best = GRID[-5]
    cold = next(c for c in GRID if c.sampler == "min_p" and c.get("temperature") == 0.8)
    region = next(r for r in regions(table, problem, best, [cold]) if r.sampler == "min_p")
    assert values_of(region)["temperature"] == (0.8, 1.2)


def test_one_share_of_the_samplers_is_told_and_it_is_as_wide_as_the_intervals():
    """Two samplers, nine settings and four: they weigh alike, in importance as in the parts."""

    def worth(config):
        return 7.0 if config.sampler == "top_p" else 6.0 + 2 * (config.get("temperature") - 1)

    table, problem = table_of(worth, each=20), problem_of()
    share = next(i.share for i in importance(table, problem) if i.sampler == "all")
    found = parts(table, problem, GRID[0])
    assert share.mean == pytest.approx((found.sampler.mean / found.settings.mean) ** 2, abs=0.03)
    seen = survey(table, problem)
    configs = [config for grid in seen.grids for config in grid.configs]
    sd = posterior_of(table, problem).believe(configs).sd
    assert (seen.draws.std(axis=0) / sd).mean() == pytest.approx(WIDER, abs=0.05)


def test_a_range_does_not_lead_over_a_value_that_is_surely_bad():
    """Of 2.0 one failed text is known, which says little; 1.4 before it is surely bad."""
    heats = (0.4, 0.7, 1.4, 2.0)
    space = Space((SamplerSpace("temperature", (("temperature", Listed(heats)),)),))
    cold, warm, hot_, wild = space.grid()
    rows = [
        (Cell(c, k % 2, k // 2), JUDGED, score + 0.2 * (-1) ** (k // 2))
        for c, score in ((cold, 8.0), (warm, 8.0), (hot_, 4.0))
        for k in range(24)
    ]
    rows += [(Cell(wild, 0, 0), FAILED, 0.0)]
    (region,) = regions(ScoreTable.of(rows, 2), problem_of(space=space, baseline=None), cold)
    assert region.values == (("temperature", 0.4, 0.7),)
    assert region.ends == (("temperature", "low"),)


def test_a_range_begins_at_the_winner_and_not_at_a_rival_beyond_what_is_bad():
    space = Space((SamplerSpace("temperature", (("temperature", Listed((0.5, 1.0, 1.5))),)),))
    low, middle, high = space.grid()
    rows = [
        (Cell(c, k % 2, k // 2), JUDGED, score + 0.2 * (-1) ** (k // 2))
        for c, score in ((low, 7.0), (middle, 4.0), (high, 7.05))
        for k in range(24)
    ]
    (region,) = regions(ScoreTable.of(rows, 2), problem_of(space=space, baseline=None), low)
    assert region.values == (("temperature", 0.5, 0.5),)
