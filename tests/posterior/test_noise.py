"""The noise model against dense linear algebra, cell by cell."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from support.evidence import evidence_of

from sampler_bench.posterior.noise import INTERACTION, PROMPT, contrasts, reduce, text_sd
from sampler_bench.posterior.quality import PRIOR_MEAN


@pytest.mark.parametrize(("n_prompts", "used"), [(1, 1), (2, 2), (5, 5), (2, 1), (9, 4)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_equals_the_dense_likelihood_of_every_single_text(n_prompts, used, seed):
    rng = np.random.default_rng(seed)
    n = 4
    count = np.zeros((n, n_prompts))
    count[:, rng.choice(n_prompts, used, replace=False)] = rng.integers(0, 4, (n, used))
    some = int(count.sum(axis=0).argmax())
    count[:, some] = np.maximum(count[:, some], 1)
    theta = PRIOR_MEAN + 0.5 * rng.normal(size=10)
    shortfall = rng.uniform(0, 1, n)
    cells = [(c, p) for c in range(n) for p in range(n_prompts) for _ in range(int(count[c, p]))]
    y = rng.normal(size=len(cells))
    worth = rng.normal(size=(n, n))
    prior = worth @ worth.T + 0.5 * np.eye(n)

    config, prompt = np.array(cells).T
    same_config, same_prompt = (np.equal.outer(a, a) for a in (config, prompt))
    centred = same_prompt - 1 / n_prompts
    wander = np.exp(2 * theta[INTERACTION]) * (n_prompts > 1)
    dense = prior[np.ix_(config, config)] + np.exp(2 * theta[PROMPT]) * centred
    dense += wander * same_config * centred
    dense += np.diag(text_sd(theta, shortfall)[config] ** 2)
    expected = multivariate_normal(np.zeros(len(y)), dense).logpdf(y)

    scores = {}
    for cell, value in zip(cells, y, strict=True):
        scores.setdefault(cell, []).append(value)
    evidence = evidence_of(count, scores).on_used_prompts()
    basis = contrasts(n_prompts, evidence.count.shape[1])
    seen = reduce(evidence, basis, n_prompts, theta, shortfall)
    cov = prior + np.diag(seen.variance) + seen.spread @ seen.spread.T
    found = multivariate_normal(np.zeros(n), cov).logpdf(seen.mean) + seen.within
    assert found == pytest.approx(expected, abs=1e-8)

    # and the posterior of each configuration's worth, by dense conditioning on every text
    cross = prior[:, config]
    dense_mean = cross @ np.linalg.solve(dense, y)
    dense_cov = prior - cross @ np.linalg.solve(dense, cross.T)
    np.testing.assert_allclose(prior @ np.linalg.solve(cov, seen.mean), dense_mean, atol=1e-8)
    np.testing.assert_allclose(prior - prior @ np.linalg.solve(cov, prior), dense_cov, atol=1e-8)


def test_contrasts_are_orthonormal_and_sum_to_zero():
    basis = contrasts(7)
    np.testing.assert_allclose(basis.T @ basis, np.eye(6), atol=1e-12)
    np.testing.assert_allclose(basis.sum(axis=0), 0, atol=1e-12)


@pytest.mark.parametrize(("n", "used"), [(7, 7), (7, 6), (7, 1), (2, 1), (1000, 3)])
def test_effects_of_used_prompts_are_those_of_all(n, used):
    """Either way they have the covariance of effects that sum to zero over all of the prompts."""
    basis = contrasts(n, used)
    np.testing.assert_allclose(basis @ basis.T, np.eye(used) - 1 / n, atol=1e-12)
