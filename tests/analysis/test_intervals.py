"""Intervals of what was seen: against scipy, against simulation, and on every kind of evidence."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sampler_bench.analysis.intervals import mean_interval, on_the_scale, rate_interval
from sampler_bench.records import Estimate


def interval_of(*by_prompt, n_prompts=None):
    worth = np.array([w for texts in by_prompt for w in texts], dtype=float)
    prompt = np.array([p for p, texts in enumerate(by_prompt) for _ in texts], dtype=np.intp)
    return mean_interval(worth, prompt, n_prompts or len(by_prompt))


def test_one_prompt_is_students_t():
    worth = [6.0, 7.5, 7.0, 5.5]
    low, high = stats.t.interval(0.95, 3, np.mean(worth), stats.sem(worth))
    found = interval_of(worth)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


def test_prompts_seen_once_are_students_t_over_prompts():
    worth = [6.0, 7.5, 7.0, 5.5]
    low, high = stats.t.interval(0.95, 3, np.mean(worth), stats.sem(worth))
    found = interval_of(*[[w] for w in worth])
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


def test_prompts_seen_often_count_only_the_scatter_within_them():
    found = interval_of([3.0, 3.2, 3.1], [8.0, 8.2, 8.1])
    within = np.var([3.0, 3.2, 3.1], ddof=1)
    half = stats.t.ppf(0.975, 4) * math.sqrt(within / 6)
    assert found.high - found.mean == pytest.approx(half)


def test_unbalanced_clusters_are_wider_than_texts_taken_one_by_one():
    found = interval_of([3.0, 3.2, 3.1, 3.1], [8.0], [5.0], n_prompts=4)
    alone = mean_interval(np.array([3.0, 3.2, 3.1, 3.1, 8.0, 5.0]), np.zeros(6, dtype=np.intp), 1)
    assert found.high - found.low > alone.high - alone.low


def test_equal_texts_leave_room_and_more_of_them_less():
    three, thirty = interval_of([1.0] * 3), interval_of([1.0] * 30)
    assert three.mean == thirty.mean == 1.0
    assert three.high > thirty.high > 1.0
    share = 1 - 0.025 ** (1 / 30)  # how many of 30 may be otherwise
    assert thirty.high == pytest.approx(1.0 + share * 9.0)


@pytest.mark.parametrize(
    ("mean", "low", "high", "cut"),
    [
        (10.3, 10.1, 10.5, (10.0, 9.8, 10.0)),
        (9.9, 9.6, 10.2, (9.9, 9.6, 10.0)),
        (-0.2, -0.5, 0.1, (0.0, 0.0, 0.3)),
        (5.0, 4.0, 6.0, (5.0, 4.0, 6.0)),
    ],
)
def test_the_scales_end_leaves_half_of_the_width(mean, low, high, cut):
    found = on_the_scale(Estimate(mean, low, high))
    assert (found.mean, found.low, found.high) == pytest.approx(cut)
    assert max(found.mean - found.low, found.high - found.mean) == pytest.approx(mean - low)
    assert math.isnan(on_the_scale(Estimate(10.3, math.nan, math.nan)).low)


def test_one_text_tells_no_interval_and_none_nothing():
    assert interval_of([4.0]).mean == 4.0
    assert math.isnan(interval_of([4.0]).low)
    assert math.isnan(interval_of([], n_prompts=1).mean)


@pytest.mark.parametrize(
    ("prompts", "repeats", "least"), [(1, 3, 0.93), (4, 1, 0.93), (4, 2, 0.93), (3, 5, 0.93)]
)
def test_covers_the_truth_as_often_as_it_says(prompts, repeats, least):
    rng, hits = np.random.default_rng(7), 0
    base = 6.5 + 0.5 * rng.normal(size=prompts)
    for _ in range(1500):
        worth = np.clip(base[:, None] + 0.9 * rng.normal(size=(prompts, repeats)), 0, 10)
        found = interval_of(*worth)
        hits += found.low <= base.mean() <= found.high
    assert hits / 1500 >= least


@given(
    st.lists(st.tuples(st.integers(0, 3), st.floats(0, 10)), min_size=2, max_size=12),
    st.randoms(use_true_random=False),
)
def test_holds_the_mean_stays_in_bounds_and_knows_no_order(texts, random):
    def found():
        prompt, worth = zip(*texts, strict=True)
        return mean_interval(np.array(worth), np.array(prompt, dtype=np.intp), 4)

    first = found()
    assert 0 <= first.low <= first.mean + 1e-9
    assert first.mean - 1e-9 <= first.high <= 10
    random.shuffle(texts)
    assert found() == first


@pytest.mark.parametrize(("failed", "texts"), [(0, 1), (0, 8), (3, 8), (8, 8), (1, 40)])
def test_failure_rates_have_the_exact_binomial_interval(failed, texts):
    found = rate_interval(failed, texts)
    exact = stats.binomtest(failed, texts).proportion_ci(0.95, "exact")
    assert (found.mean, found.low, found.high) == pytest.approx(
        (failed / texts, exact.low, exact.high)
    )


def test_no_text_tells_no_failure_rate():
    assert math.isnan(rate_interval(0, 0).mean)
