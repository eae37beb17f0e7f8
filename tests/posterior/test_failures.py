"""The surface of failures: against plain counting, and against a brute-force posterior."""

import numpy as np
import pytest
from scipy.special import expit

from sampler_bench.posterior.evidence import Evidence
from sampler_bench.posterior.failures import AMPLITUDES, LEVELS, Failures, _prior, _theta
from sampler_bench.posterior.frame import Points
from sampler_bench.posterior.kernel import Gaps


def failures(failed, total, points):
    failed, total = np.array(failed, dtype=float), np.array(total, dtype=float)
    blank = np.zeros((len(total), 1))
    return Failures(Evidence((), blank, blank, blank, failed, total), points)


def line(n):
    x = np.linspace(0, 1, n)
    return Points(np.stack([x, x], axis=1), np.zeros(n, dtype=np.intp), x[:, None])


def test_with_much_evidence_it_is_the_share_of_failures():
    mean, sd, _ = failures([2, 100, 380], [400, 400, 400], line(3)).rate(line(3))
    assert mean == pytest.approx([0.005, 0.25, 0.95], abs=0.02)
    assert (sd < 0.03).all()


def test_where_nothing_failed_next_to_nothing_is_expected():
    mean, sd, _ = failures([0, 0], [50, 50], line(2)).rate(line(4))
    assert (mean < 0.002).all()
    assert (sd < 0.01).all()


def test_neighbours_share_and_strangers_do_not():
    model = failures([9, 10, 0, 0], [10, 10, 10, 10], line(4))
    middle = Points(
        np.array([[0.1, 0.1], [0.9, 0.9]]), np.zeros(2, dtype=np.intp), np.array([[0.1], [0.9]])
    )
    mean, _, _ = model.rate(middle)
    assert mean[0] > 0.7
    assert mean[1] < 0.2


def test_agrees_with_importance_sampling():
    failed, total, points = np.array([1.0, 4.0]), np.array([8.0, 8.0]), line(2)
    mean, sd, _ = failures(failed, total, points).rate(points)
    rng, draws, weights = np.random.default_rng(0), [], []
    for level in LEVELS:
        for amplitude in AMPLITUDES:
            prior = _prior(Gaps.between(points, points), _theta(amplitude))
            latent = level + rng.multivariate_normal(np.zeros(2), prior, 40_000)
            draws.append(expit(latent))
            weights.append(np.exp((failed * latent - total * np.logaddexp(0, latent)).sum(axis=1)))
    draws, weights = np.concatenate(draws), np.concatenate(weights)
    exact = weights @ draws / weights.sum()
    spread = np.sqrt(weights @ (draws - exact) ** 2 / weights.sum())
    assert mean == pytest.approx(exact, abs=0.03)
    assert sd == pytest.approx(spread, rel=0.3)


def test_joint_has_the_marginal_on_its_diagonal():
    model = failures([1, 3, 7], [10, 10, 10], line(3))
    mean, sd, _ = model.rate(line(5))
    joint_mean, joint = model.joint(line(5))
    np.testing.assert_allclose(joint_mean, mean)
    np.testing.assert_allclose(np.sqrt(np.diag(joint)), sd, rtol=1e-6)
    assert np.linalg.eigvalsh(joint).min() > -1e-9
