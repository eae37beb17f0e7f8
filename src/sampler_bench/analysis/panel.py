"""How the judges judge: agreement, drift, love of length, saturation, failed judgments, cost.

Correlations are taken within configurations (both sides less their configuration's mean), so that a
judge who rightly prefers a setting that writes more is not blamed for it; intervals are Fisher's
(1921) on the degrees of freedom that are left. Judges who see one text at a time have no first and
second place; their *drift* is how scores move with the order of judging. Not covered: whether the
panel is right.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .._arrays import Floats, Indices
from ..records import INTERRUPTED, UNKNOWN, Completion, Estimate, Score, Trial, Unscored
from .power import TWO_SIDED

FEWEST = 4  # degrees of freedom for an interval
_NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class JudgeSummary:
    """One judge.

    Attributes:
        texts: how many it scored.
        mean, std: of its scores, 0 to 10.
        values: how many different scores it gave.
        top, at_top: its highest score, and the share of texts that got it (0 to 1).
        length: correlation of score and length in tokens, within configurations; -1 to 1.
        drift: correlation of score and order of judging, within configurations.
        failed: judgments that never came, by reason.
        cost, seconds, tokens: of all its judgments; dollars, seconds.
    """

    judge: str
    texts: int
    mean: float
    std: float
    values: int
    top: float
    at_top: float
    length: Estimate
    drift: Estimate
    failed: dict[str, int]
    cost: float
    seconds: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two judges on the texts that both scored: correlation, and mean of first minus second."""

    first: str
    second: str
    texts: int
    correlation: Estimate
    difference: float


@dataclass(frozen=True, slots=True, eq=False)
class _Scores:
    """One judge's scores: (n,) each, with the trial's number and its configuration's."""

    value: Floats
    trial: Indices
    config: Indices
    tokens: Floats


def judges(trials: Sequence[Trial]) -> list[JudgeSummary]:
    """Each judge of a study, in the order of the first judgment."""
    named = dict.fromkeys(j.judge for trial in trials for j in trial.judgments)
    return [_summary(name, trials) for name in named]


def agreement(trials: Sequence[Trial]) -> list[Agreement]:
    """Every pair of judges that scored texts in common."""
    named = dict.fromkeys(j.judge for trial in trials for j in trial.judgments)
    scores = {name: _scores(name, trials) for name in named}
    pairs = (_pair(a, scores[a], b, scores[b]) for a, b in combinations(named, 2))
    return [pair for pair in pairs if pair.texts]


def correlation(x: Floats, y: Floats, group: Indices) -> Estimate:
    """Correlation of x and y (n,) within groups, with Fisher's interval; NaN where it has none."""
    _, place, size = np.unique(group, return_inverse=True, return_counts=True)
    x = x - (np.bincount(place, x) / size)[place] if len(x) else x
    y = y - (np.bincount(place, y) / size)[place] if len(y) else y
    spread = float(np.sqrt((x**2).sum() * (y**2).sum()))
    freedom = len(x) - len(size)
    if spread < _NOTHING or freedom < FEWEST:
        return UNKNOWN
    r = min(max(float((x * y).sum()) / spread, -1.0), 1.0)
    z = math.atanh(min(max(r, -1 + 1e-9), 1 - 1e-9))
    half = TWO_SIDED / math.sqrt(freedom - 2)
    return Estimate(r, math.tanh(z - half), math.tanh(z + half))


def _summary(name: str, trials: Sequence[Trial]) -> JudgeSummary:
    found, mine = _scores(name, trials), list(_judgments(name, trials))
    top = float(found.value.max()) if len(found.value) else math.nan
    order = found.trial.astype(np.float64)
    return JudgeSummary(
        judge=name,
        texts=len(found.value),
        mean=float(found.value.mean()) if len(found.value) else math.nan,
        std=float(found.value.std(ddof=1)) if len(found.value) > 1 else math.nan,
        values=len(np.unique(found.value)),
        top=top,
        at_top=float((found.value == top).mean()) if len(found.value) else math.nan,
        length=correlation(found.value, found.tokens, found.config),
        drift=correlation(found.value, order, found.config),
        failed=dict(Counter(_lost(mine)).most_common()),
        cost=math.fsum(j.cost for j in mine),
        seconds=math.fsum(j.seconds for j in mine if isinstance(j, Score)),
        tokens=sum(j.tokens for j in mine if isinstance(j, Score)),
    )


def _lost(judgments: Iterable[Score | Unscored]) -> Iterator[str]:
    """Why judgments never came; not those that a run's end did not wait for."""
    lost = (j.reason for j in judgments if isinstance(j, Unscored))
    return (reason for reason in lost if reason != INTERRUPTED)


def _judgments(name: str, trials: Iterable[Trial]) -> Iterator[Score | Unscored]:
    return (j for trial in trials for j in trial.judgments if j.judge == name)


def _scores(name: str, trials: Sequence[Trial]) -> _Scores:
    numbers = {c: i for i, c in enumerate(dict.fromkeys(t.cell.config for t in trials))}
    rows = [
        (j.value, i, numbers[trial.cell.config], trial.written.tokens)
        for i, trial in enumerate(trials)
        for j in trial.judgments
        if j.judge == name and isinstance(j, Score) and isinstance(trial.written, Completion)
    ]
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    return _Scores(
        np.array(columns[0], dtype=np.float64),
        np.array(columns[1], dtype=np.intp),
        np.array(columns[2], dtype=np.intp),
        np.array(columns[3], dtype=np.float64),
    )


def _pair(first: str, a: _Scores, second: str, b: _Scores) -> Agreement:
    _, left, right = np.intersect1d(a.trial, b.trial, return_indices=True)
    x, y = a.value[left], b.value[right]
    one = np.zeros(len(x), dtype=np.intp)
    difference = float((x - y).mean()) if len(x) else math.nan
    return Agreement(first, second, len(x), correlation(x, y, one), difference)
