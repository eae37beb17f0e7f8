"""Free text statistics as control variates: they take away noise that they can explain.

A covariate of a text is what its configuration and its prompt lead to expect, and chance. Where
chance in it goes with chance in the score, b x that chance is taken off the score. Within a
configuration it is seen; of a configuration's mean it is what lies off a smooth regression on the
coordinates of the frame, but for the part by which configurations themselves may lie off it. What
may then still be wrong of the means is said with them: for each alone, and for all together by the
regression. So covariates help as far as it is known from other settings what they should be, and
the intervals know how far that is. b is learned by ridge regression on the texts at hand, with the
penalty of highest evidence; where the covariates explain nothing b is 0.
(Control variates: Owen, Monte Carlo theory, methods and examples, section 8.9. Means about a
regression: Fay and Herriot 1979, with the variance between them by the method of moments.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from .._arrays import Floats, Indices
from ..records import JUDGED, ScoreTable
from .frame import Frame

FEWEST = 4  # texts for each column of the regression before covariates are used
OWN_WEIGHT = 4.0  # texts after which a configuration's own mean counts half, while b is learned
PENALTIES = np.geomspace(0.3, 3000.0, 13)  # in texts; the last leaves nothing of b
NUGGET, TINY = 1e-6, 1e-300
SAFE = 2.0  # standard errors by which configurations may lie further off than they were seen to
WITHIN = (-0.5, 1.5)  # of the shared coordinates: a baseline may lie far outside of a space
LEAST_SD = 1e-9  # of a covariate's size: less is rounding


@dataclass(frozen=True, slots=True, eq=False)
class Adjusted:
    """Scores without the chance that covariates explain, and what may be wrong of their means.

    Attributes:
        scores: (n,) of the table's rows.
        doubt: (n_configs,) variance of the error of each configuration's mean, its own.
        shared: (n_configs, k) and of that which means share: covariance shared shared'.
        chance: variance that one more text brings of what covariates explain.
    """

    scores: Floats
    doubt: Floats
    shared: Floats
    chance: float = 0.0


def adjusted(table: ScoreTable, frame: Frame) -> Adjusted:
    """The scores with the chance of the covariates taken away.

    Those of the table where covariates do not help, are not known, or are too few.

    Args:
        table: evidence; rows without covariates keep their scores.
        frame: where configurations lie.
    """
    n = len(table.configs)
    plain = Adjusted(table.score, np.zeros(n), np.zeros((n, 0)))
    rows = np.flatnonzero((table.state == JUDGED) & np.isfinite(table.covariates).all(axis=1))
    if not table.covariates.shape[1] or not len(rows):
        return plain
    met = np.unique(table.config[rows])
    order = met[np.argsort([table.configs[i].text for i in met])]
    number = np.zeros(n, dtype=np.intp)
    number[order] = np.arange(len(order))  # by names: the order of the evidence changes nothing
    rows = rows[np.lexsort(_keys(table, rows, number))]
    config, prompt = number[table.config[rows]], table.prompt[rows]
    place = _columns(table, frame, order)
    asked = (prompt[:, None] == np.unique(prompt)).astype(np.float64)
    design = np.concatenate([place[config], asked], axis=1)
    if len(rows) < FEWEST * (design.shape[1] + table.covariates.shape[1]):
        return plain
    free = table.covariates[rows]
    free = free / np.maximum(np.abs(free).max(axis=0), TINY)
    left = _chance(table.score[rows][:, None], design, config)[:, 0]
    values = free @ coefficient(_chance(free, design, config), left)
    values -= asked @ _solved(design, values)[-asked.shape[1] :]
    found = _explained(values, place, config, asked.shape[1])
    if found is None:
        return plain
    scores = table.score.copy()
    scores[rows] -= found.scores
    judged = np.bincount(table.config[table.state == JUDGED], minlength=n)[order]
    part = np.bincount(config) / judged  # of its texts have covariates
    doubt, shared = np.zeros(n), np.zeros((n, place.shape[1]))
    doubt[order], shared[order] = part**2 * found.doubt, part[:, None] * found.shared
    return Adjusted(scores, doubt, shared, found.chance)


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


def _keys(table: ScoreTable, rows: Indices, number: Indices) -> tuple[Floats, ...]:
    """Sort keys by which the order of the evidence changes nothing."""
    free = [table.covariates[rows, k] for k in range(table.covariates.shape[1])]
    config = number[table.config[rows]].astype(np.float64)
    return (*free, table.score[rows], table.prompt[rows].astype(np.float64), config)


def _columns(table: ScoreTable, frame: Frame, order: Indices) -> Floats:
    """(n_configs, k) what explains what is expected: the shared coordinates, own knobs."""
    points = frame.place([table.configs[i] for i in order])
    z = np.clip(points.common, *WITHIN)
    columns = [np.ones(len(z)), z[:, 0], z[:, 1], z[:, 0] ** 2, z[:, 0] * z[:, 1]]
    for sampler in np.unique(points.sampler):
        mine = points.sampler == sampler
        moving = np.flatnonzero(np.ptp(points.own[mine], axis=0) > 0)
        columns += [mine.astype(np.float64)]
        columns += [np.where(mine, points.own[:, j], 0.0) for j in moving]
    return np.stack(columns, axis=1)


def _chance(values: Floats, design: Floats, config: Indices) -> Floats:
    """What is left of (n, k) values when what was expected is taken away."""
    left = values - design @ _solved(design, values)
    count = np.bincount(config)
    for k in range(left.shape[1]):
        own = np.bincount(config, weights=left[:, k]) / (count + OWN_WEIGHT)
        left[:, k] -= own[config]
    return np.asarray(left)


def _explained(values: Floats, place: Floats, config: Indices, prompts: int) -> Adjusted | None:
    """What is chance of (n,) values, freed of prompts: `scores`; None where that cannot be told.

    value = place x coefficients + the configuration's own part + chance: the best linear prediction
    of chance, with the covariance of its error. A text's chance about its configuration's mean is
    seen without one. `weight`: the variance of chance over that of the own parts, by the method of
    moments and `SAFE` standard errors on the safe side; after so many texts a configuration's own
    mean counts as much as the regression.
    """
    count = np.bincount(config).astype(np.float64)
    mean = np.bincount(config, weights=values) / count
    within = values - mean[config]
    freedom = len(values) - len(count) - prompts + 1
    variance = float(within @ within) / max(freedom, 1)
    gram = _gram(place, count)
    flat = mean - place @ np.linalg.solve(gram, place.T @ (count * mean))
    columns = float((count[:, None] * place * np.linalg.solve(gram, place.T).T).sum())
    free = len(count) - columns
    if freedom < 1 or free < 1 or variance <= 0:
        return None
    error = np.sqrt(2.0 * free)
    excess = max(float(count @ flat**2) / variance - free + SAFE * error, error)
    squares = place.T @ ((count**2)[:, None] * place)
    weight = (len(values) - float(np.trace(np.linalg.solve(gram, squares)))) / excess
    beside = weight / (count + weight)
    gram = _gram(place, count * beside)
    chance = beside * (mean - place @ np.linalg.solve(gram, place.T @ (count * beside * mean)))
    factor, info = lapack.dpotrf(gram, lower=1, clean=1)
    assert info == 0, "a sum of squares with a nugget is positive definite"
    half, _ = lapack.dtrtrs(factor, (beside[:, None] * place).T, lower=1)
    doubt, shared = variance / (count + weight), np.asarray(np.sqrt(variance) * half.T)
    return Adjusted(within + chance[config], doubt, shared, variance / (1.0 + weight))


def _solved(design: Floats, values: Floats) -> Floats:
    """The coefficients of a regression, pulled a little to 0."""
    gram = _gram(design, np.ones(len(design)))
    return np.asarray(np.linalg.solve(gram, design.T @ values))


def _gram(design: Floats, weight: Floats) -> Floats:
    nugget = NUGGET * max(float(weight.sum()), 1.0) * np.eye(design.shape[1])
    return np.asarray(design.T @ (weight[:, None] * design) + nugget)
