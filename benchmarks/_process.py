"""What measured means leave open: a Gaussian process over a sampler's settings.

Truths are drawn from it. Matern 5/2 over own knobs with a part for each setting alone,
hyperparameters at their likeliest, given the means and their errors. It knows nothing of entropy or
tails, so that it favours nobody. A benchmark that took measured means as they are would take the
luckiest of them for the best.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from sampler_bench.records import SamplerConfig
from sampler_bench.samplers import parameter


class Process:
    """A Gaussian process over some points with known errors.

    Args:
        x: (n, 2) coordinates (`place`).
        y: (n,) measured means.
        error: (n,) their standard errors.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray, error: np.ndarray) -> None:
        self.x, self.y, self.error = x, y, error
        start = np.log([max(np.std(y), 0.05), 0.5, 0.5, 0.03])
        bounds = [(-4, 2), (-2.5, 2), (-2.5, 2), (-7, 0)]
        found = minimize(self._misfit, start, method="L-BFGS-B", bounds=bounds)
        prior = self._prior(found.x)
        total = prior + np.diag(self.error**2)
        gain = np.linalg.solve(total, prior).T
        self.mean = y.mean() + gain @ (y - y.mean())
        self.root = np.linalg.cholesky(prior - gain @ prior + 1e-9 * np.eye(len(y)))

    def _prior(self, theta: np.ndarray) -> np.ndarray:
        size, *lengths, own = np.exp(theta)
        gaps = (self.x[:, None] - self.x[None]) / lengths
        r = np.sqrt(5 * (gaps**2).sum(axis=2))
        return size**2 * (1 + r + r**2 / 3) * np.exp(-r) + own**2 * np.eye(len(self.x))

    def _misfit(self, theta: np.ndarray) -> float:
        total = self._prior(theta) + np.diag(self.error**2)
        half = np.linalg.cholesky(total)
        away = np.linalg.solve(half, self.y - self.y.mean())
        return float(away @ away / 2 + np.log(np.diag(half)).sum())

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        return self.mean + self.root @ rng.normal(size=len(self.mean))


def place(config: SamplerConfig) -> tuple[float, float]:
    """Log temperature, and the sampler's own knob on its scale."""
    heat = float(np.log(config.get("temperature")))
    if config.sampler == "temperature":
        return heat, 0.0
    value = float(config.get(config.sampler))
    if config.sampler == "top_p":
        return heat, float(-np.log(1 - value)) / 2
    return heat, float(np.log(value)) if parameter(config.sampler).scale == "log" else value
