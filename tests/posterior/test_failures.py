"""The surface of failures: against plain counting, and against a brute-force posterior."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit

from sampler_bench.posterior.evidence import Evidence
from sampler_bench.posterior.failures import (
    ALIKE,
    AMPLITUDES,
    LEVELS,
    MOST_POINTS,
    Failures,
    _priors,
)
from sampler_bench.posterior.frame import Points
from sampler_bench.posterior.kernel import Gaps
from sampler_bench.posterior.propagation import tilted
from sampler_bench.posterior.rates import sides


def failures(failed, total, points, steady=0.0):
    failed, total = np.array(failed, dtype=float), np.array(total, dtype=float)
    blank = np.zeros((len(total), 1))
    return Failures(
        Evidence((), blank, blank, blank, failed, total, failed, blank), points, steady, absent=0.1
    )


def line(n):
    x = np.linspace(0, 1, n)
    return Points(
        np.stack([x, x], axis=1), np.zeros(n, dtype=np.intp), x[:, None], np.zeros(n, dtype=bool)
    )


def test_with_much_evidence_it_is_the_share_of_failures():
    mean, sd = failures([2, 100, 380], [400, 400, 400], line(3)).rate(line(3))
    assert mean == pytest.approx([0.005, 0.25, 0.95], abs=0.02)
    assert (sd < 0.03).all()


def test_where_nothing_failed_next_to_nothing_is_expected():
    mean, sd = failures([0, 0], [50, 50], line(2)).rate(line(4))
    assert (mean < 0.002).all()
    assert (sd < 0.01).all()
    gamma = stats.gamma(0.1, scale=1 / 101)
    assert (mean[0], sd[0]) == pytest.approx((gamma.mean(), gamma.std()))
    more, _ = sides(mean, sd)
    assert mean + 1.96 * more == pytest.approx(gamma.ppf(0.975), rel=0.02)


@pytest.mark.parametrize(("failed", "total"), [(1, 60), (4, 60), (30, 60), (58, 60), (2, 1200)])
def test_the_ends_of_a_rate_are_those_of_plain_counting(failed, total):
    """Beta posteriors with Jeffreys's prior: skewed towards the middle, the more the rarer."""
    exact = stats.beta(failed + 0.5, total - failed + 0.5)
    rate, sd = np.array([exact.mean()]), np.array([exact.std()])
    more, fewer = sides(rate, sd)
    ends = rate - stats.norm.ppf(0.975) * fewer, rate + stats.norm.ppf(0.975) * more
    assert np.ravel(ends) == pytest.approx(exact.ppf([0.025, 0.975]))
    assert (more > fewer) == (failed < 0.5 * total) or failed == 30


@given(st.floats(0, 1), st.floats(0, 0.5))
@example(0.984375, 0.5)
def test_any_rate_has_ends_between_0_and_1(rate, sd):
    more, fewer = sides(np.array([rate]), np.array([sd]))
    low, high = rate - 1.96 * fewer[0], rate + 1.96 * more[0]
    assert -1e-4 <= low <= high <= 1 + 1e-4
    assert low <= rate + 1e-4


def test_neighbours_share_and_strangers_do_not():
    model = failures([9, 10, 0, 0], [10, 10, 10, 10], line(4))
    middle = replace(line(2), common=np.array([[0.1] * 2, [0.9] * 2]), own=np.array([[0.1], [0.9]]))
    mean, _ = model.rate(middle)
    assert mean[0] > 0.7
    assert mean[1] < 0.2


@pytest.mark.parametrize(
    ("failed", "total"),
    [([1.0, 4.0], [8.0, 8.0]), ([0.0, 0.0, 0.0, 3.0], [20.0, 3.0, 20.0, 3.0])],
    ids=["often", "seldom"],
)
@pytest.mark.parametrize("steady", [0.0, 0.5])
def test_agrees_with_importance_sampling(failed, total, steady):
    """Where failures are rare, Laplace's approximation would be ten times too high here.

    Every other point was seen: between them a Gaussian logit would be too wide by a half or more.
    """
    failed, total, points = np.array(failed), np.array(total), line(2 * len(total) - 1)
    mean, sd = failures(failed, total, line(len(total)), steady).rate(points)
    believed = {ALIKE: steady, **dict.fromkeys(AMPLITUDES, (1 - steady) / 3)}
    rng, draws, weights = np.random.default_rng(0), [], []
    for level in LEVELS:
        for amplitude, share in believed.items():
            prior = _priors(Gaps.between(points, points), [amplitude])[amplitude]
            latent = level + rng.multivariate_normal(np.zeros(len(points)), prior, 200_000)
            draws.append(expit(latent))
            latent = latent[:, ::2]
            fit = np.exp((failed * latent - total * np.logaddexp(0, latent)).sum(axis=1))
            weights.append(share * fit)
    draws, weights = np.concatenate(draws), np.concatenate(weights)
    exact = weights @ draws / weights.sum()
    spread = np.sqrt(weights @ (draws - exact) ** 2 / weights.sum())
    assert mean == pytest.approx(exact, rel=0.15, abs=0.003)
    assert sd == pytest.approx(spread, rel=0.25, abs=0.002)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30)), min_size=1, max_size=5),
    st.sampled_from([0.0, 0.5]),
)
@example([(1, 1), (12, 12), (25, 25), (0, 17), (0, 1)], 0.0)  # nearly all fails, nearly surely
@settings(max_examples=30, deadline=None)
def test_every_rate_is_one_and_none_is_known_for_sure(counts, steady):
    failed, total = [min(f, n) for f, n in counts], [n for _, n in counts]
    mean, sd = failures(failed, total, line(len(counts)), steady).rate(line(9))
    assert ((mean > 0) & (mean < 1)).all()
    assert (sd > 1e-5).all()
    assert (sd**2 < mean * (1 - mean) * 1.1 + 1e-12).all()


def test_beside_a_point_that_was_seen_it_says_what_it_says_there():
    """No notch in a curve, where the likelihood has not the Gaussian's long tail."""
    model = failures([0, 0, 3], [20, 6, 6], line(3))
    beside = line(3)
    moved = replace(beside, common=beside.common + 1e-4, own=beside.own + 1e-4)
    for here, there in zip(model.rate(beside), model.rate(moved), strict=True):
        assert here == pytest.approx(there, rel=0.01)


def test_the_luckiest_of_many_equals_is_not_taken_for_safer():
    """A tenth of all texts fails, at any setting: the least rate was believed .02 lower."""
    least = []
    for seed in range(10):
        failed = np.random.default_rng(seed).binomial(8, 0.1, 40)
        rate, _ = failures(failed, [8] * 40, line(40), steady=0.5).rate(line(40))
        least.append(rate.min() - failed.mean() / 8)
    assert np.mean(least) > -0.015


def test_moments_are_those_of_plain_quadrature():
    x = np.linspace(-80, 80, 400_001)
    for centre, variance, failed, total in [(-8, 9, 0, 20), (2, 4, 3, 3), (0, 25, 200, 400)]:
        log = failed * x - total * np.logaddexp(0, x) - 0.5 * (x - centre) ** 2 / variance
        weight = np.exp(log - log.max())
        mean = (weight * x).sum() / weight.sum()
        found = tilted(*(np.array([float(v)]) for v in (centre, variance, failed, total)))
        norm = log.max() + np.log(weight.sum() * (x[1] - x[0]) / np.sqrt(2 * np.pi * variance))
        assert found.norm[0] == pytest.approx(norm, abs=1e-5)
        assert found.mean[0] == pytest.approx(mean, abs=1e-5)
        spread = (weight * (x - mean) ** 2).sum() / weight.sum()
        assert found.variance[0] == pytest.approx(spread, rel=1e-4)
        assert found.rates[0, 0] == pytest.approx(
            (weight * expit(x)).sum() / weight.sum(), rel=1e-4
        )


def test_very_many_configurations_are_taken_together_and_say_much_the_same():
    rng = np.random.default_rng(3)
    near = np.sort(rng.random(400))
    points = Points(
        np.stack([near, near], axis=1),
        np.zeros(400, dtype=np.intp),
        near[:, None],
        np.zeros(400, dtype=bool),
    )
    total = np.full(400, 4.0)
    failed = rng.binomial(4, expit(12 * (near - 0.9))).astype(float)
    model = failures(failed, total, points)
    assert len(model.points) <= MOST_POINTS
    assert model.total.sum() == 1600
    mean, _ = model.rate(line(6))
    assert mean == pytest.approx(expit(12 * (np.linspace(0, 1, 6) - 0.9)), abs=0.08)


def test_joint_has_the_marginal_on_its_diagonal():
    model = failures([1, 3, 7], [10, 10, 10], line(3))
    mean, sd = model.rate(line(5))
    joint_mean, joint = model.joint(line(5))
    np.testing.assert_allclose(joint_mean, mean)
    np.testing.assert_allclose(np.sqrt(np.diag(joint)), sd, rtol=1e-6)
    assert np.linalg.eigvalsh(joint).min() > -1e-9
