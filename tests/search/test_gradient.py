"""The knowledge gradient against Monte Carlo, and its bookkeeping inside a batch."""

import numpy as np
import pytest
from scipy.stats import norm

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


def exact(mean, change):
    """E max_j (mean_j + change_j Z) - max mean, by the lines' upper envelope (Frazier 2009)."""
    best, start, line = [], -np.inf, int(np.lexsort((mean, -change))[-1])
    while True:
        ahead = np.flatnonzero(change > change[line])
        if not len(ahead):
            break
        cross = (mean[line] - mean[ahead]) / (change[ahead] - change[line])
        nearest = cross.min()
        best.append((line, start, nearest))
        start = nearest
        equal = ahead[np.isclose(cross, nearest, atol=1e-12)]
        line = int(equal[change[equal].argmax()])
    best.append((line, start, np.inf))
    value = sum(
        mean[j] * (norm.cdf(b) - norm.cdf(a)) + change[j] * (norm.pdf(a) - norm.pdf(b))
        for j, a, b in best
    )
    return value - mean.max()


@pytest.mark.parametrize("seed", range(6))
def test_chooses_what_the_exact_gradient_would(seed):
    """Against the exact expectation, for beliefs as large and as close as a search's own."""
    mean, covariance, noise = random_belief(seed, 60)
    covariance, noise = 0.02 * covariance, 0.2 * noise
    found = knowledge_gradient(mean, covariance, noise, np.ones(60, dtype=bool))
    sd = np.sqrt(np.diag(covariance) + noise)
    gains = np.array([exact(mean, covariance[:, i] / sd[i]) for i in range(60)])
    np.testing.assert_allclose(found, gains, rtol=0.1, atol=0.02 * gains.max())
    assert gains[found.argmax()] >= 0.98 * gains.max()


def test_equals_the_gain_of_whole_simulated_looks():
    """Truths from the belief, texts from the truths, the posterior from the texts: no formula."""
    mean, covariance, noise = random_belief(7, 5)
    rng, texts, draws = np.random.default_rng(3), 6, 200_000
    found = knowledge_gradient(mean, covariance, noise / texts, np.ones(5, dtype=bool))
    truth = rng.multivariate_normal(mean, covariance, draws)
    for i in range(5):
        scores = truth[:, [i]] + np.sqrt(noise[i]) * rng.standard_normal((draws, texts))
        seen = np.full((texts, texts), covariance[i, i]) + noise[i] * np.eye(texts)
        gain = np.linalg.solve(seen, np.tile(covariance[i], (texts, 1)))
        after = mean + (scores - mean[i]) @ gain
        assert found[i] == pytest.approx(after.max(axis=1).mean() - mean.max(), abs=0.004)


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
