"""The judges' habits: planted ones are found, innocent judges are not blamed."""

import numpy as np
import pytest
from scipy import stats
from support.tables import GRID

from sampler_bench.analysis.panel import agreement, correlation, judges
from sampler_bench.records import INTERRUPTED, Cell, Completion, Score, Trial, Unscored


def trial(i, tokens, *judgments, config=0):
    written = Completion("text", False, tokens, 5, 1.0, {}, "s", "m", "raw")
    return Trial(Cell(GRID[config], 0, i), i, written, judgments=judgments)


def study(score, n=200, seed=0, configs=4):
    """Trials whose first judge says `score(rng, i, tokens, config)`, the second that and noise."""
    rng, found = np.random.default_rng(seed), []
    for i in range(n):
        config = i % configs
        tokens = int(100 + 50 * config + 30 * rng.normal())
        first = float(score(rng, i, tokens, config))
        second = first - 1 + 0.1 * rng.normal()
        found.append(trial(i, tokens, Score("a", first), Score("b", second), config=config))
    return found


def test_love_of_length_is_found_within_settings():
    found = judges(study(lambda rng, i, tokens, config: 5 + tokens / 100 + 0.1 * rng.normal()))
    assert found[0].length.low > 0.5
    assert found[0].drift.low < 0 < found[0].drift.high


def test_a_judge_who_likes_a_setting_that_writes_more_is_not_blamed():
    found = judges(study(lambda rng, i, tokens, config: 5 + config + 0.3 * rng.normal()))
    assert found[0].length.low < 0 < found[0].length.high


def test_drift_is_found():
    found = judges(study(lambda rng, i, tokens, config: 5 + i / 100 + 0.3 * rng.normal()))
    assert found[0].drift.low > 0


def test_innocent_judges_are_blamed_no_more_often_than_stated():
    blamed = 0
    for seed in range(200):
        found = judges(study(lambda rng, *_: rng.normal(7, 1), n=40, seed=seed))[0]
        blamed += not found.length.low <= 0 <= found.length.high
    assert blamed <= 20  # of 200 at 5 %: 10 expected


def test_correlation_is_scipys_where_there_is_one_group():
    x, y = np.random.default_rng(1).normal(size=(2, 30))
    found = correlation(x, y, np.zeros(30, dtype=np.intp))
    told = stats.pearsonr(x, y)
    assert found.mean == pytest.approx(told.statistic)
    ends = told.confidence_interval()
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high), abs=1e-6)


def test_agreement_and_difference_of_two_judges():
    [pair] = agreement(study(lambda rng, *_: rng.normal(7, 1)))
    assert (pair.first, pair.second, pair.texts) == ("a", "b", 200)
    assert pair.correlation.low > 0.95
    assert pair.difference == pytest.approx(1, abs=0.05)


def test_saturation_failed_judgments_and_cost_are_counted():
    some = [trial(i, 100, Score("a", 10.0 if i < 6 else 8.0, cost=0.01)) for i in range(8)]
    lost = [trial(9, 100, Unscored("a", "overload", "", cost=0.02))]
    not_awaited = [trial(10, 100, Unscored("a", INTERRUPTED, "", cost=0.0))]
    [found] = judges([*some, *lost, *not_awaited])
    assert (found.texts, found.values, found.top, found.at_top) == (8, 2, 10.0, 0.75)
    assert found.failed == {"overload": 1}
    assert found.cost == pytest.approx(0.10)


def test_too_little_tells_nothing():
    assert judges([]) == []
    [found] = judges([trial(0, 100, Score("a", 5.0))])
    assert np.isnan(found.length.mean)
    assert np.isnan(found.std)
