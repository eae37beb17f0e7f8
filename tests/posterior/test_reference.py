"""The posterior against slow references: dense algebra over single texts, another process."""

import subprocess
import sys

import numpy as np
import pytest

from sampler_bench.posterior import MODERATE, NEUTRAL, Draws, fit_posterior, frame_of
from sampler_bench.posterior.noise import INTERACTION, PROMPT, text_sd
from sampler_bench.posterior.quality import PRIOR_MEAN
from sampler_bench.records import FAILED, JUDGED, Cell, ScoreTable
from sampler_bench.samplers import Listed, Range, SamplerSpace, Space

SPACE = Space(
    (
        SamplerSpace(
            "min_p", (("temperature", Range(0.7, 1.6)), ("min_p", Range(0.005, 0.15, "log")))
        ),
        SamplerSpace("top_p", (("temperature", Range(0.6, 1.3)), ("top_p", Range(0.8, 0.99)))),
        SamplerSpace("top_k", (("temperature", Listed((0.7, 1.0))), ("top_k", Listed((20, 50))))),
    )
)
FRAME = frame_of(SPACE, True)


def rows_of(seed, n=40, n_prompts=3, failing=0.0):
    rng = np.random.default_rng(seed)
    configs = [SPACE.draw(rng) for _ in range(n // 3)]
    rows = []
    for k in range(n):
        config = configs[int(rng.integers(len(configs)))]
        state = FAILED if rng.random() < failing else JUDGED
        rows.append((Cell(config, int(rng.integers(n_prompts)), k), state, 7 + rng.normal()))
    return rows


def edges(point):
    """What an expectation speaks of: the ends of the entropy axis, the tail."""
    return np.array([(2 * point[0] - 1) ** 2, point[1]])


def dense_prior(a, b, theta, slope_sd):
    """The prior covariance written out pair by pair."""
    sd, length = np.exp(theta[:3]), np.exp(theta[3:6])

    def matern(r):
        return (1 + np.sqrt(5) * r + 5 * r**2 / 3) * np.exp(-np.sqrt(5) * r)

    full = np.empty((len(a), len(b)))
    for i in range(len(a)):
        for j in range(len(b)):
            near = np.linalg.norm((a.common[i] - b.common[j]) / length[:2])
            full[i, j] = 4.0 + sd[0] ** 2 * matern(near)
            full[i, j] += edges(a.common[i]) * np.square(slope_sd) @ edges(b.common[j])
            if a.sampler[i] == b.sampler[j]:
                own = np.linalg.norm(a.own[i] - b.own[j]) / length[2]
                alone = 0.1 if a.listed[i] and own > 0 else 0.0
                full[i, j] += sd[1] ** 2 + sd[2] ** 2 * (1 - alone) * matern(own)
    return full


def losses(points, expectation):
    """What is expected to be lost at each point."""
    return np.array([edges(point) @ expectation.loss for point in points.common])


@pytest.mark.parametrize("expectation", [NEUTRAL, MODERATE])
@pytest.mark.parametrize("seed", range(3))
def test_equals_dense_conditioning_on_every_single_text(seed, expectation):
    n_prompts = 3
    rows = rows_of(seed, n_prompts=n_prompts)
    theta = PRIOR_MEAN + 0.4 * np.random.default_rng(seed).normal(size=10)
    table = ScoreTable.of(rows, n_prompts)
    model = fit_posterior(
        table, FRAME, 1.0, Draws(theta[None, :], np.zeros(1), np.zeros(10)), expectation
    )
    assert model.unit == 1.0

    at = FRAME.place([cell.config for cell, _, _ in rows])
    y = np.array([score for _, _, score in rows]) - model.centre + losses(at, expectation)
    names = list(model.evidence.configs)
    config = np.array([names.index(cell.config) for cell, _, _ in rows])
    prompt = np.array([cell.prompt for cell, _, _ in rows])
    centred = np.equal.outer(prompt, prompt) - 1 / n_prompts
    dense = dense_prior(at, at, theta, expectation.sd) + np.exp(2 * theta[PROMPT]) * centred
    dense += np.exp(2 * theta[INTERACTION]) * np.equal.outer(config, config) * centred
    dense += np.diag(text_sd(theta, model._data.shortfall)[config] ** 2)

    asked = FRAME.place(FRAME.pool[::40])
    cross = dense_prior(asked, at, theta, expectation.sd)
    mean = model.centre + cross @ np.linalg.solve(dense, y) - losses(asked, expectation)
    full = dense_prior(asked, asked, theta, expectation.sd) - cross @ np.linalg.solve(
        dense, cross.T
    )
    found_mean, found_full = model._quality(asked)
    np.testing.assert_allclose(found_mean, mean, atol=1e-6)
    np.testing.assert_allclose(found_full, full, atol=1e-6)
    apart_mean, apart_variance = model._quality_apart(asked)
    np.testing.assert_allclose(apart_mean, mean, atol=1e-6)
    np.testing.assert_allclose(apart_variance, np.diag(full), atol=1e-6)


PROGRAM = """
import sys
sys.path.insert(0, {folder!r})
from test_reference import FRAME, rows_of
from sampler_bench.posterior import fit_posterior
from sampler_bench.records import ScoreTable
rows = rows_of(5, 60, failing=0.1)
belief = fit_posterior(ScoreTable.of(rows[::-1], 3), FRAME, 1.0).believe(FRAME.pool[::60])
print(*[float(v).hex() for v in belief.mean], *[float(v).hex() for v in belief.covariance.ravel()])
"""


def test_another_process_and_another_order_give_the_same_posterior_to_the_last_bit():
    """A resumed run reads its rows back in whatever order the store gives them."""
    rows = rows_of(5, 60, failing=0.1)
    belief = fit_posterior(ScoreTable.of(rows, 3), FRAME, 1.0).believe(FRAME.pool[::60])
    here = [float(v).hex() for v in (*belief.mean, *belief.covariance.ravel())]
    folder = __file__.rsplit("test_reference", 1)[0]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(folder=folder)],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    assert done.stdout.split() == here
