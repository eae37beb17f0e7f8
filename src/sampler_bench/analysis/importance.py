"""Which knobs matter, and where the good region lies: read from the posterior of a study.

Importance is the share of the variance of the objective over a sampler's space that a parameter
explains alone (main effect of a functional ANOVA; Hutter, Hoos and Leyton-Brown 2014, section 3),
with an interval from draws of the posterior: a wide one means that the data cannot tell. Not
covered: interactions, which are what the main effects leave over.

A knob's good range holds the values of the settings that cannot be told from the best, less those
which surely cost something: their mean over the sampler and their own best setting both surely lie
more than the margin below the best setting. Else corners of which little is known would keep every
value. A value that only some settings of other knobs make bad stays, and so do all values of the
settings that are named as its equals (`keep`). A range ends at the first value that is surely bad.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from .._arrays import Floats, Indices, Mask
from ..posterior import Belief
from ..records import Estimate, SamplerConfig, ScoreTable, Value
from ..search import Problem
from .landscape import Grid, quantiles, survey
from .power import Z
from .reading import difference, posterior_of

End: TypeAlias = Literal["low", "high"]
MATTERS = 0.05  # a share that is surely above this is told
MOST_LEVELS, GROUPS = 12, 6  # more values than these are put into this many groups
NEGLIGIBLE_SPREAD = 1e-9


@dataclass(frozen=True, slots=True)
class Importance:
    """A parameter's share of the variance over its sampler's space, 0 to 1, with 95 % interval.

    `sampler` and `parameter` name it; for the choice among samplers they are `all` and `sampler`.
    `told`: the data tell that it matters. The interval stays clear of one twentieth, and some two
    of its values surely differ in the mean: the smooth prior alone gives large shares.
    """

    sampler: str
    parameter: str
    share: Estimate
    told: bool


@dataclass(frozen=True, slots=True)
class Region:
    """Where a sampler's configurations cannot be told from the best of the study.

    Attributes:
        values: (parameter, lowest, highest) over the region, values that surely cost something
            left out.
        words: (parameter, values) over the region, for parameters whose values are no numbers.
        whole: the parameters for which the region spans all that the study may try.
        ends: (parameter, `low` or `high`) where it reaches one end of that: beyond may be better.
    """

    sampler: str
    values: tuple[tuple[str, float, float], ...]
    words: tuple[tuple[str, tuple[Value, ...]], ...]
    whole: tuple[str, ...]
    ends: tuple[tuple[str, End], ...]


def importance(table: ScoreTable, problem: Problem) -> list[Importance]:
    """Rank the parameters of every sampler, and the choice of sampler.

    Empty where fewer than two settings of the space were tried: nothing says what differs then.
    """
    evidence = table.evidence()
    tried = {evidence.configs[i] for i in evidence.config}
    if sum(config in problem.space for config in tried) < 2:
        return []
    seen = survey(table, problem)
    found = []
    if 1 < len(seen.grids) < len(seen.labels):  # one setting of each: nothing else can differ
        means = seen.means()
        share = _share(means.var(axis=0), seen.variance())
        found.append(Importance("all", "sampler", share, _told(share, means)))
    for i, grid in enumerate(seen.grids):
        for name, column in grid.moving().items():
            found.append(_importance(grid.part.sampler, name, seen.of(i), _levels(column)))
    return found


def regions(
    table: ScoreTable,
    problem: Problem,
    best: SamplerConfig,
    keep: Sequence[SamplerConfig] = (),
) -> list[Region]:
    """Where each sampler is as good as the best, as far as the data show, within the margin.

    Args:
        table: all rows.
        problem: the study.
        best: its winner.
        keep: settings whose values no region of their sampler leaves out, where they are of the
            space: the verdict's `equivalent`.
    """
    if not len(table.evidence()):
        return []
    posterior = posterior_of(table, problem)
    found = []
    for grid in survey(table, problem).grids:
        belief = posterior.believe([best, *grid.configs])
        full = belief.covariance
        spread = np.sqrt(np.maximum(np.diag(full) + full[0, 0] - 2 * full[0], 0.0))
        behind = belief.mean[0] - belief.mean
        inside = behind - Z * spread <= problem.margin
        kept = [c for c in (best, *keep) if c.sampler == grid.part.sampler and c in problem.space]
        if inside[1:].any() or kept:
            found.append(_region(grid, inside[1:], _Effects(belief, problem.margin), kept))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Effects:
    """Which values of a sampler's knobs surely cost something.

    Attributes:
        belief: of the study's best, then of the sampler's configurations.
        margin: differences up to this many points count as none.
    """

    belief: Belief
    margin: float

    def free(self, column: list[Value]) -> Mask:
        """(n,) which of a knob's values, in each configuration, are not surely worse."""
        mean, full = self.belief.mean[1:], self.belief.covariance[1:, 1:]
        levels, top = _levels(column), int(mean.argmax())
        home = levels == levels[top]
        free = np.ones(len(column), dtype=np.bool_)
        for level in np.unique(levels):
            mine = levels == level
            if levels[top] == level:
                continue
            own = int(np.where(mine, mean, -np.inf).argmax())
            alone, sd = difference(self.belief, top + 1, own + 1)
            weight = home / home.sum() - mine / mine.sum()
            all_of_it = weight @ mean - Z * np.sqrt(max(weight @ full @ weight, 0.0))
            if min(alone - Z * sd, all_of_it) > self.margin:
                free[mine] = False
        return free

    def joined(self, column: list[Value], good: Mask, home: Value | None) -> Mask:
        """(n,) of what is good, that which no value between parts from `home`, or the best of it.

        Beyond a value that is surely bad another may be little known: no range leads there.
        """
        numbers = _numbers(column)
        if not good.any() or numbers is None:
            return good
        levels = _levels(column)
        top = int(np.where(good, self.belief.mean[1:], -np.inf).argmax())
        if isinstance(home, int | float):
            top = int(np.abs(numbers - home).argmin())
        gaps = np.setdiff1d(levels, [*levels[good], levels[top]])
        low = gaps[gaps < levels[top]].max(initial=-1)
        high = gaps[gaps > levels[top]].min(initial=len(column))
        return np.asarray(good & (levels > low) & (levels < high))


def _region(grid: Grid, inside: Mask, effects: _Effects, stay: list[SamplerConfig]) -> Region:
    """A sampler's region; the values of the settings that `stay` are in it, whatever they cost."""
    values: list[tuple[str, float, float]] = []
    words: list[tuple[str, tuple[Value, ...]]] = []
    whole: list[str] = []
    ends: list[tuple[str, End]] = []
    for name, column in grid.moving().items():
        free = effects.free(column)
        both = inside & free
        home = stay[0].get(name) if stay else None
        good = effects.joined(column, both if both.any() or stay else free, home)
        kept = [value for value, here in zip(column, good, strict=True) if here]
        kept += [value for config in stay if (value := config.get(name)) is not None]
        inner, outer = _numbers(kept), _numbers(column)
        if inner is None or outer is None:
            words.append((name, tuple(sorted(set(kept), key=str))))
            whole += [name] if set(kept) == set(column) else []
            continue
        low, high = float(inner.min()), float(inner.max())
        reached = [low <= outer.min(), high >= outer.max()]
        values.append((name, low, high))
        whole += [name] if all(reached) else []
        ends += [(name, "low" if reached[0] else "high")] if sum(reached) == 1 else []
    return Region(grid.part.sampler, tuple(values), tuple(words), tuple(whole), tuple(ends))


def _numbers(column: list[Value]) -> Floats | None:
    """(n,) a column as numbers; None where a value is none."""
    numbers = [value for value in column if isinstance(value, int | float)]
    return np.array(numbers, dtype=np.float64) if len(numbers) == len(column) else None


def _levels(column: list[Value]) -> Indices:
    """(n,) group numbers: distinct values, or groups of neighbours where there are many."""
    numbers = _numbers(column)
    if numbers is None:
        kinds = sorted({str(value) for value in column})
        return np.array([kinds.index(str(value)) for value in column], dtype=np.intp)
    distinct = np.unique(numbers)
    if len(distinct) <= MOST_LEVELS:
        return np.searchsorted(distinct, numbers)
    return np.searchsorted(np.quantile(numbers, np.arange(1, GROUPS) / GROUPS), numbers)


def _importance(sampler: str, parameter: str, draws: Floats, groups: Indices) -> Importance:
    """Share of the variance of each draw that lies between groups of settings."""
    numbers, sizes = np.unique(groups, return_counts=True)
    means = np.stack([draws[:, groups == g].mean(axis=1) for g in numbers])
    weight = (sizes / sizes.sum())[:, None]
    between = (weight * (means - (weight * means).sum(axis=0)) ** 2).sum(axis=0)
    share = _share(between, draws.var(axis=1))
    return Importance(sampler, parameter, share, _told(share, means))


def _share(between: Floats, total: Floats) -> Estimate:
    """Median and 95 % interval of a part of the variance, over draws."""
    some = np.maximum(total, NEGLIGIBLE_SPREAD)
    return quantiles(np.where(total > NEGLIGIBLE_SPREAD, between / some, 0.0))


def _told(share: Estimate, means: Floats) -> bool:
    """Whether it surely matters, and the best of (n, DRAWS) means surely beats the worst."""
    order = means.mean(axis=1).argsort()
    surely = float(np.quantile(means[order[-1]] - means[order[0]], 0.025)) > 0
    return share.low > MATTERS and surely
