"""How settings stand to the best of the space: checked against closed forms and plain counting."""

import numpy as np
import pytest
from scipy.stats import norm

from sampler_bench.analysis.power import WIDER
from sampler_bench.analysis.standing import beaten, draws, near_best, root, times_needed
from sampler_bench.posterior import Belief


def belief_of(mean, sd):
    mean = np.asarray(mean, dtype=np.float64)
    covariance = np.diag(np.broadcast_to(np.square(sd), mean.shape).astype(np.float64))
    return Belief(mean, covariance, np.ones_like(mean))


def test_draws_are_those_of_the_belief_widened():
    full = np.array([[0.04, 0.03, 0.0], [0.03, 0.04, 0.0], [0.0, 0.0, 0.01]])
    found = draws(Belief(np.array([6.0, 6.5, 7.0]), full, np.ones(3)), 40_000)
    assert found.mean(axis=0) == pytest.approx([6.0, 6.5, 7.0], abs=0.01)
    assert np.cov(found.T) == pytest.approx(WIDER**2 * full, abs=0.001)


def test_a_covariance_without_full_rank_has_a_root():
    column = np.array([[1.0], [2.0], [3.0]])
    half = root(column @ column.T)
    assert half @ half.T == pytest.approx(column @ column.T, abs=1e-3)


@pytest.mark.parametrize("rivals", [1, 5, 50])
def test_the_chance_of_being_beaten_grows_with_who_may_do_it(rivals):
    """A known baseline and so many independent rivals: 1 - Phi(margin / SD)^n."""
    belief = belief_of([6.0] + [6.0] * rivals, [0.0] + [0.08] * rivals)
    inside = np.arange(rivals + 1) > 0
    found = beaten(draws(belief), 0, inside, 0.1)
    assert found == pytest.approx(1 - norm.cdf(0.1 / (WIDER * 0.08)) ** rivals, abs=0.02)


def test_nobody_beats_a_baseline_that_is_alone():
    worth = draws(belief_of([6.0, 9.0], 0.1))
    assert beaten(worth, 0, np.array([True, False]), 0.1) == 0.0


def test_the_set_leaves_out_what_surely_lies_lower_and_keeps_the_rest():
    belief = belief_of([6.0, 6.05, 5.95, 5.0], 0.05)
    assert near_best(draws(belief), np.ones(4, dtype=bool), 0.1).tolist() == [True] * 3 + [False]


def test_the_set_holds_one_even_where_each_is_unlikely():
    """Forty settings in great doubt: hardly any is likely to be near the best of all."""
    worth = draws(belief_of(np.full(40, 6.0), 2.0))
    inside = np.ones(40, dtype=bool)
    found = near_best(worth, inside, 0.1)
    near = worth >= worth.max(axis=1, keepdims=True) - 0.1
    assert near.mean(axis=0).max() < 0.05
    assert near[:, found].any(axis=1).mean() >= 0.975


def test_what_it_takes_to_call_the_baseline_as_good():
    inside = np.arange(20) > 0
    near, far = belief_of([6.0] * 20, 0.05), belief_of([6.0] + [6.2] * 19, 0.05)
    times = times_needed(near, 0, inside, 0.1)
    assert times > 1.5
    assert beaten(draws(belief_of([6.0] * 20, 0.05 / times**0.5)), 0, inside, 0.1) < 0.06
    assert times_needed(far, 0, inside, 0.1) is None
