"""Intervals for what was seen of one configuration, without any model of the others.

A text's *worth* is its score, or the failure score where a rule found it bad; the objective as seen
is the mean worth. Its 95 % interval speaks of the study's prompts and fresh seeds:

- every prompt seen at least twice: Student's t on the variance within prompts, pooled
  (stratified sampling; Cochran 1977, Sampling Techniques, section 5.4);
- else, several prompts: clustered by prompt, so that prompts not seen enough count as chance: CR2
  variance with Bell-McCaffrey degrees of freedom (Imbens and Kolesar 2016, Review of Economics and
  Statistics 98(4), equations 8 to 10, for a mean);
- one prompt: Student's t.

Where all texts are worth the same, the scatter is not known to be nothing: the bounds are those
that n equal texts leave open ("rule of three"; Hanley and Lippman-Hand 1983). One text tells no
interval. Not covered: that a configuration was chosen because it looked good; the posterior's
estimates are for that.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import betaincinv, stdtrit

from .._arrays import Floats, Indices
from ..records import UNKNOWN, Estimate

LEVEL = 0.95
LOWEST, HIGHEST = 0.0, 10.0
_SAME = 1e-9  # worths nearer to each other than this are the same


def mean_interval(worth: Floats, prompt: Indices, n_prompts: int) -> Estimate:
    """Estimate the mean worth of a configuration's texts.

    Args:
        worth: (n,) 0 to 10, higher is better.
        prompt: (n,) which prompt each text answers.
        n_prompts: how many prompts the study has.

    Returns:
        Mean and 95 % interval within 0 to 10; NaN bounds for one text, all NaN for none.
    """
    if not len(worth):
        return UNKNOWN
    order = np.lexsort((worth, prompt))
    worth, prompt = worth[order], prompt[order]
    mean = float(worth.mean())
    if len(worth) == 1:
        return Estimate(mean, math.nan, math.nan)
    if np.ptp(worth) < _SAME:
        return _all_same(mean, len(worth))
    error, freedom = _error(worth, _groups(prompt), n_prompts)
    half = float(stdtrit(freedom, (1 + LEVEL) / 2)) * error
    return Estimate(mean, max(mean - half, LOWEST), min(mean + half, HIGHEST))


def half_width(std: float, n: int) -> float:
    """Half of Student's t interval around the mean of n numbers, by their standard deviation."""
    return float(stdtrit(n - 1, (1 + LEVEL) / 2) * std / math.sqrt(n))


def on_the_scale(found: Estimate) -> Estimate:
    """End an estimate of an objective where its scale ends, at 0 and 10.

    The model of the texts knows no ends; but a mean of scores from 0 to 10 cannot lie outside, so
    that what is cut off holds only what is impossible. Where the mean itself lies outside, it moves
    to the end and its interval with it, which then holds all that was possible of the old one: no
    truth is covered less often.
    """
    mean = _cut(found.mean)
    moved = mean - found.mean
    return Estimate(mean, _cut(found.low + moved), _cut(found.high + moved))


def _cut(x: float) -> float:
    return x if math.isnan(x) else min(max(x, LOWEST), HIGHEST)


def rate_interval(failed: int, texts: int) -> Estimate:
    """Estimate a failure rate: the exact interval of Clopper and Pearson (1934).

    Texts are taken as independent, which is on the safe side where prompts differ in their rates
    (Hoeffding 1956).
    """
    if not texts:
        return UNKNOWN
    tail = (1 - LEVEL) / 2
    low = float(betaincinv(failed, texts - failed + 1, tail)) if failed else 0.0
    high = float(betaincinv(failed + 1, texts - failed, 1 - tail)) if failed < texts else 1.0
    return Estimate(failed / texts, low, high)


def _groups(prompt: Indices) -> Indices:
    """(n,) prompts numbered from 0 without gaps."""
    return np.unique(prompt, return_inverse=True)[1]


def _error(worth: Floats, group: Indices, n_prompts: int) -> tuple[float, float]:
    """Standard error of the mean, and its degrees of freedom."""
    sizes = np.bincount(group).astype(np.float64)
    if len(sizes) == 1 or (len(sizes) == n_prompts and sizes.min() >= 2):
        within, freedom = _within(worth, group, sizes)
        if len(sizes) == 1 or within > _SAME**2:
            return math.sqrt(within / len(worth)), freedom
    return _clustered(worth, group, sizes)


def _within(worth: Floats, group: Indices, sizes: Floats) -> tuple[float, float]:
    """Variance within prompts, pooled, and its degrees of freedom."""
    means = np.bincount(group, weights=worth) / sizes
    freedom = len(worth) - len(sizes)
    return float(((worth - means[group]) ** 2).sum() / freedom), freedom


def _clustered(worth: Floats, group: Indices, sizes: Floats) -> tuple[float, float]:
    n = sizes.sum()
    sums = np.bincount(group, weights=worth - worth.mean())
    error = math.sqrt((sums**2 / (1 - sizes / n)).sum()) / n  # CR2 of a mean
    weight = 1 / np.sqrt(1 - sizes / n) / n
    inner = np.outer(weight, weight) * (np.diag(sizes) - np.outer(sizes, sizes) / n)
    return error, float(np.trace(inner) ** 2 / (inner**2).sum())


def _all_same(value: float, texts: int) -> Estimate:
    """Up to a share p of texts may differ unseen, where (1 - p)^n = 2.5 %."""
    share = 1 - ((1 - LEVEL) / 2) ** (1 / texts)
    return Estimate(value, value - share * (value - LOWEST), value + share * (HIGHEST - value))
