"""Best of N: the estimator against brute force, and curves of a planted study."""

from itertools import combinations

import numpy as np
import pytest
from support.tables import awkward_tables, problem_of, table_of

from sampler_bench.analysis.best_of_n import curves, expected_best


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7])
def test_is_the_mean_over_all_subsets(size):
    values = np.random.default_rng(1).normal(size=7)
    brute = np.mean([max(subset) for subset in combinations(values, size)])
    assert expected_best(values, size) == pytest.approx(brute)


def test_is_unbiased_where_the_plug_in_is_not():
    """The expected best of 5 uniform numbers is 5/6; ten samples of them are all that is seen."""
    samples = np.random.default_rng(2).random((4000, 10))
    ours = expected_best(samples, 5)
    ranks = np.arange(1, 11) / 10
    plug_in = np.sort(samples, axis=1) @ (ranks**5 - (ranks - 0.1) ** 5)
    error = ours.std() / np.sqrt(len(samples))
    assert abs(ours.mean() - 5 / 6) < 4 * error
    assert abs(plug_in.mean() - 5 / 6) > 4 * error


def test_curves_rise_and_tell_samplers_apart():
    def worth(config):
        return 7.5 if config.sampler == "top_p" else 6.5 + 0.3 * config.get("temperature")

    top, low = sorted(curves(table_of(worth, 16), problem_of()), key=lambda c: c.sampler != "top_p")
    for curve in (top, low):
        means = [estimate.mean for estimate in curve.best]
        assert means == sorted(means)
        assert all(e.low <= e.mean <= e.high for e in curve.best)
    assert top.best[0].low > low.best[0].high
    assert top.sizes == (1, 2, 3)
    assert low.sizes == (1, 2, 3, 5, 8)
    assert low.best[-1].mean == pytest.approx(6.5 + 0.3 * 1.2, abs=0.25)


@pytest.mark.parametrize("name", list(awkward_tables()))
def test_takes_every_kind_of_table(name):
    found = curves(awkward_tables()[name], problem_of())
    assert bool(found) == (name not in ("empty", "all missing", "all pending"))
