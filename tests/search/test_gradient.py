"""The knowledge gradient against Monte Carlo, and its bookkeeping inside a batch."""

import numpy as np
import pytest

from sampler_bench.search._gradient import knowledge_gradient, look


def random_belief(seed, n=6):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(n, n)) * 0.3
    return rng.normal(size=n) * 0.2, root @ root.T + 0.01 * np.eye(n), rng.uniform(0.05, 0.5, n)


@pytest.mark.parametrize("seed", range(4))
def test_equals_monte_carlo(seed):
    mean, covariance, noise = random_belief(seed)
    found = knowledge_gradient(mean, covariance, noise, np.ones(6, dtype=bool))
    z = np.random.default_rng(9).standard_normal(400_000)
    for i in range(6):
        change = covariance[:, i] / np.sqrt(covariance[i, i] + noise[i])
        gain = (mean[:, None] + change[:, None] * z).max(axis=0).mean() - mean.max()
        assert found[i] == pytest.approx(gain, abs=0.006)


def test_a_look_conditions_the_covariance():
    _, covariance, noise = random_belief(5)
    text = np.append(covariance[2], covariance[2, 2] + noise[2])
    full = np.block([[covariance, covariance[:, [2]]], [text[None, :]]])
    expected = full[:6, :6] - np.outer(full[:6, 6], full[:6, 6]) / full[6, 6]
    np.testing.assert_allclose(look(covariance, 2, noise[2]), expected, atol=1e-12)


def test_nothing_is_gained_where_all_is_known():
    mean = np.array([1.0, 0.0])
    gain = knowledge_gradient(mean, 1e-12 * np.eye(2), np.ones(2), np.ones(2, dtype=bool))
    assert gain == pytest.approx([0, 0], abs=1e-6)


def test_candidates_that_cannot_be_recommended_have_value_only_for_others():
    mean, target = np.array([0.0, 5.0]), np.array([True, False])
    gain = knowledge_gradient(mean, np.eye(2), 0.1 * np.ones(2), target)
    assert gain == pytest.approx([0, 0], abs=1e-9)
