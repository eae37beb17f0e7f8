"""How the objective answers to the knobs: slices through the posterior, for pictures.

A *surface* varies two knobs of a sampler, a *curve* one; the sampler's other knobs stay where its
best tried configuration has them. Values between listed ones are what the model expects there, with
95 % intervals for the objective itself, each point on its own. Words (`temperature_order`) are
axes too. Not covered: interactions of three knobs and more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .._arrays import Floats
from ..posterior import Posterior
from ..records import SamplerConfig, ScoreTable, Value
from ..samplers import Dimension, Range, SamplerSpace, parameter, parameter_names
from ..search import Problem
from .reading import posterior_of, worths

SIDE = 19  # values of each knob of a surface
STEPS = 41  # values of a curve
MOST_PAIRS = 4  # surfaces of one sampler


@dataclass(frozen=True, slots=True)
class Axis:
    """A knob and the values along it; `log` where equal ratios lie equally far apart."""

    name: str
    values: tuple[Value, ...]
    log: bool


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """The objective over one knob or two.

    Attributes:
        axes: one for a curve, two (x, then y) for a surface.
        held: the sampler's other knobs, all of them.
        mean, low, high: (n_x,) or (n_y, n_x), points out of 10.
    """

    sampler: str
    axes: tuple[Axis, ...]
    held: tuple[tuple[str, Value], ...]
    mean: Floats
    low: Floats
    high: Floats


def slices(table: ScoreTable, problem: Problem) -> list[Slice]:
    """Every sampler's surfaces, then every sampler's curves; empty without evidence."""
    if not len(table.evidence()):
        return []
    posterior = posterior_of(table, problem)
    parts = [(part, _centre(part, posterior)) for part in problem.space.samplers]
    surfaces = [_slice(posterior, p, at, pair) for p, at in parts for pair in _pairs(p)]
    curves = [_slice(posterior, p, at, (name,)) for p, at in parts for name in _moving(p)]
    return [*surfaces, *curves]


def _moving(part: SamplerSpace) -> list[str]:
    """The knobs that take more than one value, temperature first."""
    free = [name for name, dimension in part.dimensions if len(_values(name, dimension, 2)) > 1]
    return sorted(free, key=lambda name: name != "temperature")


def _pairs(part: SamplerSpace) -> list[tuple[str, str]]:
    return list(combinations(_moving(part), 2))[:MOST_PAIRS]


def _centre(part: SamplerSpace, posterior: Posterior) -> dict[str, Value]:
    """The sampler's best tried configuration by the posterior; else the middle of its space."""
    tried = [c for c in posterior.evidence.configs if c in part]
    if tried:
        mean, _ = posterior.marginal_at(posterior.frame.place(tried))
        return tried[int(np.argmax(mean))].as_dict()
    middle = {}
    for name, dimension in part.dimensions:
        values = _values(name, dimension, 3)
        middle[name] = values[len(values) // 2]
    return middle


def _slice(
    posterior: Posterior, part: SamplerSpace, centre: dict[str, Value], names: Sequence[str]
) -> Slice:
    dimensions = dict(part.dimensions)
    size = STEPS if len(names) == 1 else SIDE
    axes = tuple(_axis(name, dimensions[name], size) for name in names)
    held = tuple((name, value) for name, value in centre.items() if name not in names)
    shape = tuple(len(axis.values) for axis in reversed(axes))
    configs = [SamplerConfig.of(part.sampler, dict([*held, *at])) for at in _points(axes)]
    known = worths(posterior, configs)
    mean, low, high = np.array([(it.mean, it.low, it.high) for it in known]).T
    return Slice(part.sampler, axes, held, *(end.reshape(shape) for end in (mean, low, high)))


def _points(axes: tuple[Axis, ...]) -> Iterator[list[tuple[str, Value]]]:
    """The assignments of a slice, x varying fastest."""
    if len(axes) == 1:
        yield from ([(axes[0].name, x)] for x in axes[0].values)
        return
    first, second = axes
    for y in second.values:
        yield from ([(first.name, x), (second.name, y)] for x in first.values)


def _axis(name: str, dimension: Dimension, size: int) -> Axis:
    return Axis(name, _values(name, dimension, size), _log(name, dimension))


def _values(name: str, dimension: Dimension, size: int) -> tuple[Value, ...]:
    """About `size` values from the lowest to the highest, listed ones too; or a knob's words."""
    if isinstance(dimension, Range):
        return tuple(dict.fromkeys(dimension.at(k / (size - 1)) for k in range(size)))
    numbers = sorted(v for v in dimension.values if isinstance(v, int | float))
    if len(numbers) < len(dimension.values) or numbers[0] == numbers[-1]:
        return dimension.values
    whole = name in parameter_names() and parameter(name).kind == "int"
    scale = "log" if _log(name, dimension) else "linear"
    between = Range(numbers[0], numbers[-1], scale, integer=whole)  # type: ignore[arg-type]
    steps = (between.at(k / (size - 1)) for k in range(size))
    return tuple(sorted({*steps, *numbers}))


def _log(name: str, dimension: Dimension) -> bool:
    if isinstance(dimension, Range):
        return dimension.scale == "log"
    numbers = [v for v in dimension.values if isinstance(v, int | float)]
    positive = bool(numbers) and min(numbers) > 0
    return positive and name in parameter_names() and parameter(name).scale == "log"
