"""The density of hyperparameters: its gradient, and the kernel against a plain loop."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from support.evidence import evidence_of

from sampler_bench.posterior import MODERATE
from sampler_bench.posterior.frame import Points
from sampler_bench.posterior.kernel import Gaps, covariance, covariance_gradient, prior_variance
from sampler_bench.posterior.noise import contrasts
from sampler_bench.posterior.quality import PRIOR_MEAN, Data, density, prior_sd, solve


def points(rng, n):
    sampler = rng.integers(0, 3, n)
    return Points(rng.random((n, 2)), sampler, rng.random((n, 2)), sampler == 1)


def random_data(seed, n=8, n_prompts=3):
    rng = np.random.default_rng(seed)
    count = rng.integers(0, 3, (n, n_prompts)).astype(float)
    count[:, 1] = np.maximum(count[:, 1], 1)
    scores = {
        (c, p): rng.normal(size=int(count[c, p]))
        for c in range(n)
        for p in range(n_prompts)
        if count[c, p]
    }
    where = points(rng, n)
    gaps = Gaps.between(where, where)
    level = MODERATE.covariance(where, where)
    shortfall = rng.uniform(0, 1, n)
    seen, basis = evidence_of(count, scores), contrasts(n_prompts)
    return Data(seen, gaps, level, basis, n_prompts, shortfall, prior_sd())


def matern(r):
    return (1 + np.sqrt(5) * r + 5 * r**2 / 3) * np.exp(-np.sqrt(5) * r)


def test_kernel_is_the_formula():
    rng = np.random.default_rng(0)
    a, b = points(rng, 4), points(rng, 5)
    theta = PRIOR_MEAN + 0.3 * rng.normal(size=10)
    sd, length = np.exp(theta[:3]), np.exp(theta[3:6])
    found = covariance(Gaps.between(a, b), theta)
    for i in range(4):
        for j in range(5):
            common = np.linalg.norm((a.common[i] - b.common[j]) / length[:2])
            own = np.linalg.norm(a.own[i] - b.own[j]) / length[2]
            expected = sd[0] ** 2 * matern(common)
            if a.sampler[i] == b.sampler[j]:
                alone = 0.1 if a.listed[i] else 0.0
                expected += sd[1] ** 2 + sd[2] ** 2 * (1 - alone) * matern(own)
            assert found[i, j] == pytest.approx(expected, abs=1e-7)
    assert np.diag(covariance(Gaps.between(a, a), theta)) == pytest.approx(prior_variance(theta))


def test_kernel_gradient():
    rng = np.random.default_rng(1)
    gaps = Gaps.between(points(rng, 5), points(rng, 5))
    theta = PRIOR_MEAN.copy()
    _, slopes = covariance_gradient(gaps, theta)
    for k, slope in enumerate(slopes):
        step = np.zeros(10)
        step[k] = 1e-5
        change = covariance(gaps, theta + step) - covariance(gaps, theta - step)
        np.testing.assert_allclose(slope, change / 2e-5, atol=1e-7)


@pytest.mark.parametrize("seed", range(3))
def test_density_gradient(seed):
    data = random_data(seed)
    theta = PRIOR_MEAN + 0.3 * np.random.default_rng(seed).normal(size=10)
    value, gradient = density(data, theta)
    assert value == pytest.approx(solve(data, theta).value)
    numeric = approx_fprime(theta, lambda t: solve(data, t).value, 1e-6)
    np.testing.assert_allclose(gradient, numeric, atol=2e-3)
