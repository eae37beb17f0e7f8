"""Free text statistics as control variates: they take away noise that they can explain.

A configuration's mean score is moved by -b (x - expected x), with x the mean of its covariates and
`expected` what it leads to expect: a smooth regression on the coordinates of the frame, pulled to
the configuration's own x as its texts grow in number. So what a configuration does to a covariate
is not taken away, only what chance did. Its texts are moved by as much of their own chance as the
mean was by its own: the scatter that is left to see is that which the mean still has. b is learned
by ridge regression on the texts at hand, with the penalty of highest evidence; where the covariates
explain nothing b is 0.
(Control variates: Owen, Monte Carlo theory, methods and examples, section 8.9.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..records import JUDGED, ScoreTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .frame import Frame

    Floats = NDArray[np.float64]

FEWEST = 4  # texts for each column of the regression before covariates are used
OWN_WEIGHT = 4.0  # texts after which a configuration's own mean counts half
PENALTIES = np.geomspace(0.3, 3000.0, 13)  # in texts; the last leaves nothing of b
NUGGET, TINY = 1e-6, 1e-300
SAFE = 3.0  # standard errors: with fewer the means of some tables scatter more than is left to see
LEAST_SD = 1e-9  # of a covariate's size: less is rounding


def adjusted(table: ScoreTable, frame: Frame) -> Floats:
    """The scores with the chance of the covariates taken away.

    Args:
        table: evidence; rows without covariates keep their scores.
        frame: where configurations lie.

    Returns:
        (n,) scores; those of the table where covariates do not help or are too few.
    """
    scores = table.score.copy()
    rows = np.flatnonzero((table.state == JUDGED) & np.isfinite(table.covariates).all(axis=1))
    if not table.covariates.shape[1] or not len(rows):
        return scores
    rows = rows[np.lexsort(_keys(table, rows))]
    design = _design(table, frame, rows)
    if len(rows) < FEWEST * (design.shape[1] + table.covariates.shape[1]):
        return scores
    config, free = table.config[rows], table.covariates[rows]
    free = free / np.maximum(np.abs(free).max(axis=0), TINY)
    left = _chance(scores[rows][:, None], design, config)[:, 0]
    b = coefficient(_chance(free, design, config), left)
    scores[rows] -= _removable(free @ b, design, config)
    return scores


def coefficient(chance: Floats, left: Floats) -> Floats:
    """The ridge coefficient of highest evidence (Bishop 2006, eq. 3.86); zeros where it is none.

    Covariates are brought to one scale first: one penalty serves them all.

    Args:
        chance: (n, k) covariates less what was expected, in parts of their size.
        left: (n,) scores less what was expected.
    """
    scale = np.maximum(np.sqrt((chance**2).mean(axis=0)), LEAST_SD)
    return np.asarray(_ridge(chance / scale, left) / scale)


def _ridge(chance: Floats, left: Floats) -> Floats:
    n = len(left)
    values, vectors = np.linalg.eigh(chance.T @ chance / n)
    pull = vectors.T @ (chance.T @ left) / n
    power = float(left @ left) / n
    if power <= 0:
        return np.zeros(chance.shape[1])
    best, found = -0.5 * n * np.log(power), np.zeros(len(values))
    for penalty in PENALTIES / n * max(float(values.mean()), 1e-12):
        scale = 1.0 / (values + penalty)
        rest = power - float((pull**2 * scale).sum())
        fit = -0.5 * n * np.log(max(rest, 1e-12))
        fit += 0.5 * float(np.log(penalty * scale).sum())
        if fit > best:
            best, found = fit, vectors @ (scale * pull)
    return np.asarray(found)


def _keys(table: ScoreTable, rows: NDArray[np.intp]) -> tuple[NDArray[np.float64], ...]:
    """Sort keys by which the order of the evidence changes nothing."""
    names = np.argsort(np.argsort([config.text for config in table.configs]))
    free = [table.covariates[rows, k] for k in range(table.covariates.shape[1])]
    config = names[table.config[rows]].astype(np.float64)
    return (*free, table.score[rows], table.prompt[rows].astype(np.float64), config)


def _design(table: ScoreTable, frame: Frame, rows: NDArray[np.intp]) -> Floats:
    """Columns that explain what is expected: the shared coordinates, own knobs, prompts."""
    points = frame.place(table.configs).take(table.config[rows])
    z = points.common
    columns = [np.ones(len(rows)), z[:, 0], z[:, 1], z[:, 0] ** 2, z[:, 0] * z[:, 1]]
    for sampler in np.unique(points.sampler):
        mine = points.sampler == sampler
        own = points.own[mine]
        moving = np.flatnonzero(np.ptp(own, axis=0) > 0)
        columns += [mine.astype(np.float64)]
        columns += [np.where(mine, points.own[:, j], 0.0) for j in moving]
    columns += [(table.prompt[rows] == p).astype(np.float64) for p in np.unique(table.prompt[rows])]
    return np.stack(columns, axis=1)


def _chance(values: Floats, design: Floats, config: NDArray[np.intp]) -> Floats:
    """What is left of (n, k) values when what was expected is taken away."""
    left = values - design @ np.linalg.solve(_gram(design), design.T @ values)
    count = np.bincount(config)
    for k in range(left.shape[1]):
        own = np.bincount(config, weights=left[:, k]) / (count + OWN_WEIGHT)
        left[:, k] -= own[config]
    return np.asarray(left)


def _removable(values: Floats, design: Floats, config: NDArray[np.intp]) -> Floats:
    """(n,) what may be taken off scores that (n,) values explain.

    Of a configuration's mean, what was not expected, less what its own texts said of that: through
    the regression (the mean's leverage) and beside it (`_weight`). Of the texts about that mean, no
    larger a part than chance in the mean loses by it.
    """
    gram = _gram(design)
    away = values - design @ np.linalg.solve(gram, design.T @ values)
    count = np.bincount(config)
    some = np.maximum(count, 1)
    mean = np.bincount(config, weights=away) / some
    middle = np.stack([np.bincount(config, weights=column) for column in design.T], axis=1)
    leverage = (middle * np.linalg.solve(gram, middle.T).T).sum(axis=1) / some
    weight = _weight(mean, away - mean[config], count, float(leverage.sum()))
    beside = weight / (some + weight)
    through = 1.0 - np.minimum(leverage, 1.0)
    kept = mean[config] + through[config] * (away - mean[config])
    return np.asarray(beside[config] * kept)


def _weight(mean: Floats, within: Floats, count: NDArray[np.intp], columns: float) -> float:
    """After how many texts a configuration's own mean counts as much as the regression.

    The variance of texts over that of configurations about the regression, by the method of moments
    and `SAFE` standard errors on the safe side.
    """
    configs = int((count > 0).sum())
    free, texts = configs - columns, len(within)
    if free < 1 or texts <= configs:
        return 0.0
    variance = float(within @ within) / (texts - configs)
    between = float(count @ mean**2) - (free - SAFE * np.sqrt(2.0 * free)) * variance
    return float(variance * texts * free / configs / max(between, NUGGET * variance, TINY))


def _gram(design: Floats) -> Floats:
    return np.asarray(design.T @ design + NUGGET * len(design) * np.eye(design.shape[1]))
