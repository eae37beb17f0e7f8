"""Free text statistics as control variates: they take away noise that they can explain.

A text's score is moved by -b (x - expected x), with x its covariates and `expected` what its
configuration and prompt lead to expect: a smooth regression on the coordinates of the frame, pulled
to the configuration's own mean as its texts grow in number. So what a configuration does to a
covariate is not taken away, only what chance did. b is learned by ridge regression on the texts at
hand, with the penalty of highest evidence; where the covariates explain nothing b is 0.
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
NUGGET = 1e-6


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
    chance = _chance(table.covariates[rows], design, table.config[rows])
    left = _chance(scores[rows][:, None], design, table.config[rows])[:, 0]
    scores[rows] -= chance @ coefficient(chance, left)
    return scores


def coefficient(chance: Floats, left: Floats) -> Floats:
    """The ridge coefficient of highest evidence (Bishop 2006, eq. 3.86); zeros where it is none.

    Args:
        chance: (n, k) covariates less what was expected.
        left: (n,) scores less what was expected.
    """
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
    columns += [(table.prompt[rows] == p).astype(np.float64) for p in range(table.n_prompts)]
    return np.stack(columns, axis=1)


def _chance(values: Floats, design: Floats, config: NDArray[np.intp]) -> Floats:
    """What is left of (n, k) values when what was expected is taken away."""
    gram = design.T @ design + NUGGET * len(design) * np.eye(design.shape[1])
    left = values - design @ np.linalg.solve(gram, design.T @ values)
    count = np.bincount(config)
    for k in range(left.shape[1]):
        own = np.bincount(config, weights=left[:, k]) / (count + OWN_WEIGHT)
        left[:, k] -= own[config]
    return np.asarray(left)
