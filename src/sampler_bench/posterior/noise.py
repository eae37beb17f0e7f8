"""The noise between a configuration's worth and the scores of its texts.

score = worth + prompt effect + (configuration x prompt) + text noise. Prompt effects sum to zero
over the study's prompts, and so does each configuration's interaction, so that `worth` is what is
searched: the expectation over the study's prompts. Text noise is s0 exp(kappa x shortfall).

Given the noise hyperparameters, everything that was seen shrinks without loss to one number for
each configuration, `seen` ~ N(worth, diag(variance) + spread spread'), and a likelihood of what was
seen *within* configurations (Woodbury; checked against dense algebra in the tests).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from .._arrays import Floats
from .evidence import Evidence

SIGMA, KAPPA, INTERACTION, PROMPT = range(6, 10)
N_THETA = 10
LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the evidence says about each configuration on its own.

    Attributes:
        mean: (n,) its mean, freed of prompt effects.
        variance: (n,) noise variance of that mean, independent between configurations.
        spread: (n, k) what they share by uncertain prompt effects and covariates: covariance
            spread spread'.
        within: log likelihood of what was seen within configurations.
    """

    mean: Floats
    variance: Floats
    spread: Floats
    within: float


def contrasts(n: int, used: int | None = None) -> Floats:
    """(used, k) columns B by which effects that sum to zero over `n` prompts are B x unit normals.

    Helmert's n - 1 orthonormal ones where all are used; else a root of what is left of I - 1/n for
    the used ones. Prompts without a text then cost nothing, and change nothing.
    """
    if used is not None and used < n:
        return np.asarray(np.eye(used) - (1.0 - np.sqrt(1.0 - used / n)) / max(used, 1))
    found = np.zeros((n, n - 1))
    for k in range(1, n):
        found[:k, k - 1] = 1.0
        found[k, k - 1] = -k
        found[:, k - 1] /= np.sqrt(k * (k + 1.0))
    return found


def text_sd(theta: Floats, shortfall: Floats) -> Floats:
    """The standard deviation of single texts, by how far their configuration is below the best."""
    return np.asarray(np.exp(theta[SIGMA] + theta[KAPPA] * shortfall))


def reduce(
    evidence: Evidence, basis: Floats, n_prompts: int, theta: Floats, shortfall: Floats
) -> Seen:
    """Shrink the evidence to one number for each configuration.

    Args:
        evidence: configurations with at least one judged text each, on the prompts that are used.
        basis: `contrasts(n_prompts, used)`.
        n_prompts: of the study.
        theta: (10,) hyperparameters; kappa as it is, the others as logarithms.
        shortfall: (n,) how far each configuration lies below the best, in points.
    """
    count = evidence.count
    variance = text_sd(theta, shortfall)[:, None] ** 2
    wander = np.exp(2.0 * theta[INTERACTION]) if n_prompts > 1 else 0.0
    tried = count > 0
    cell = variance / np.maximum(count, 1.0) + wander
    precision = tried / cell
    total = precision.sum(axis=1)
    weight = precision / total[:, None]
    mean = (weight * evidence.mean).sum(axis=1)
    # Interactions sum to zero over all prompts: balance makes them vanish from the mean.
    own = 1.0 / total - wander / n_prompts
    replicates = -0.5 * (
        ((count - tried) * np.log(variance)).sum()
        + (evidence.squares / variance).sum()
        + (count - tried).sum() * LOG_2PI
        + np.log(np.maximum(count, 1.0)).sum()
    )
    within = replicates - 0.5 * (
        np.log(cell[tried]).sum() + np.log(total).sum() + (tried.sum() - len(total)) * LOG_2PI
    )
    lean = weight @ basis
    away = (evidence.mean - mean[:, None]) * tried
    fit, effect, spread = _prompts(precision, away, lean, basis, theta)
    spread = np.concatenate([spread, evidence.shared], axis=1)
    own = np.maximum(own, 1e-12) + evidence.doubt
    return Seen(mean - lean @ effect, own, spread, float(within + fit))


def _prompts(
    precision: Floats, away: Floats, lean: Floats, basis: Floats, theta: Floats
) -> tuple[float, Floats, Floats]:
    """Prompt effects as seen within configurations: log likelihood, estimate, their spread."""
    if not basis.shape[1]:
        return 0.0, np.zeros(0), lean
    total = precision.sum(axis=1)
    prior = np.exp(-2.0 * theta[PROMPT])
    inner = (basis * precision.sum(axis=0)[:, None]).T @ basis
    inner -= (lean * total[:, None]).T @ lean
    system = inner + prior * np.eye(len(inner))
    pull = basis.T @ (precision * away).sum(axis=0)
    factor, info = lapack.dpotrf(system, lower=1, clean=1)
    assert info == 0, "a precision with a prior is positive definite"
    half, _ = lapack.dtrtrs(factor, pull, lower=1)
    effect, _ = lapack.dtrtrs(factor, half, lower=1, trans=1)
    spread, _ = lapack.dtrtrs(factor, lean.T, lower=1)
    fit = -0.5 * (precision * away**2).sum() + 0.5 * half @ half
    fit += 0.5 * len(inner) * np.log(prior) - np.log(np.diag(factor)).sum()
    return float(fit), effect, np.asarray(spread.T, dtype=np.float64)
