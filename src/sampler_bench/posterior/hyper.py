"""Hyperparameters, averaged over: a few weighted draws around the mode of their posterior.

The mode by L-BFGS-B, the curvature there by differences of gradients (Laplace), then evenly spread
normal draws, weighted by importance with truncated weights (Ionides 2008). One bad fit of a handful
of texts then cannot ruin a search. All is deterministic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from scipy.optimize import minimize

from .._arrays import Floats
from .noise import N_THETA
from .quality import PRIOR_MEAN, Data, Solved, density, solve

Cost: TypeAlias = Callable[[Floats], tuple[float, Floats]]

REACH = 4.0  # hyperparameters stay within so many prior SDs of the prior's centre
WIDER = 1.15  # draws are spread a little wider than the Laplace approximation
STEP = 1e-3  # of the differences of gradients, in the prior's SDs
FLATTEST = 0.7  # least curvature believed, in units of the prior's


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Draws from an approximation to the posterior of the hyperparameters.

    Attributes:
        theta: (n, 10) hyperparameters; the mode comes first.
        density: (n,) log density of the draws' distribution there, up to a constant.
        sd: (10,) standard deviations of the hyperparameters by that approximation.
        unit: of the scores that they were fitted to; None for the prior's own, which hold in any.
    """

    theta: Floats
    density: Floats
    sd: Floats
    unit: float | None = None


def draws_for(n_texts: int) -> int:
    """How many draws are worth their time: many while a single fit cannot be trusted."""
    return 14 if n_texts < 150 else 10 if n_texts < 400 else 6 if n_texts < 1500 else 3


def fit(data: Data, n_draws: int) -> Draws:
    """Find the mode and draw around it."""

    def cost(u: Floats) -> tuple[float, Floats]:
        value, gradient = density(data, PRIOR_MEAN + data.prior_sd * u)
        return -value, -gradient * data.prior_sd

    found = minimize(
        cost,
        np.zeros(N_THETA),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-REACH, REACH)] * N_THETA,
        options={"maxiter": 40, "ftol": 1e-7},
    )
    return _spread(found.x, _curvature(cost, found.x), data.prior_sd, n_draws)


def _curvature(cost: Cost, mode: Floats) -> Floats:
    here = cost(mode)[1]
    rows = []
    for k in range(len(mode)):
        move = np.zeros(len(mode))
        move[k] = STEP
        rows.append((cost(mode + move)[1] - here) / STEP)
    full = np.array(rows)
    return np.asarray((full + full.T) / 2)


def _spread(mode: Floats, curvature: Floats, prior_sd: Floats, n_draws: int) -> Draws:
    values, vectors = np.linalg.eigh(curvature)
    # The symmetric root: the signs of eigenvectors are a matter of rounding.
    scale = (vectors / np.sqrt(np.maximum(values, FLATTEST))) @ vectors.T
    z = WIDER * _normals(n_draws)
    u = np.clip(mode + z @ scale.T, -REACH, REACH)
    sd = prior_sd * np.sqrt((scale**2).sum(axis=1))
    return Draws(PRIOR_MEAN + prior_sd * u, -0.5 * (z**2).sum(axis=1) / WIDER**2, sd)


@lru_cache(maxsize=8)
def _normals(n: int) -> Floats:
    """(n, 10) low-discrepancy standard normals; the first is 0, then some and their opposites."""
    from scipy.special import ndtri
    from scipy.stats import qmc

    pairs = max(1, n // 2)
    engine = qmc.Sobol(N_THETA, rng=np.random.default_rng(7))
    z = ndtri(engine.random(1 << (pairs - 1).bit_length())[:pairs] * 0.998 + 0.001)
    return np.concatenate([np.zeros((1, N_THETA)), z, -z])[:n]


def weigh(data: Data, draws: Draws) -> tuple[list[Solved], Floats]:
    """Condition on the data under each draw; return what is left with its weight (sum 1)."""
    solved = [solve(data, theta) for theta in draws.theta]
    log = np.array([one.value for one in solved]) - draws.density
    weight = np.exp(log - log.max())
    weight = np.minimum(weight, weight.mean() * np.sqrt(len(weight)))
    weight /= weight.sum()
    keep = np.flatnonzero(weight > 0.015)
    return [solved[i] for i in keep], weight[keep] / weight[keep].sum()
