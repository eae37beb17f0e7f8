"""Surfaces and curves of the posterior as parts of the results document."""

from __future__ import annotations

from .._arrays import Floats
from ..analysis.intervals import HIGHEST, LOWEST
from ..analysis.surfaces import Axis, Slice, slices
from ..records import ScoreTable, Value
from ..search import Problem
from ._depth import plain
from ._document import AxisResult, SliceResult

DIGITS = 4  # a picture needs no more


def slice_results(table: ScoreTable, problem: Problem) -> list[SliceResult]:
    """Every surface and curve of a study."""
    return [_slice(found) for found in slices(table, problem)]


def _slice(found: Slice) -> SliceResult:
    moved = found.mean.clip(LOWEST, HIGHEST) - found.mean
    return SliceResult(
        sampler=found.sampler,
        axes=[_axis(axis) for axis in found.axes],
        held={name: plain(value) for name, value in found.held},
        mean=_on_the_scale(found.mean + moved),
        low=_on_the_scale(found.low + moved),
        high=_on_the_scale(found.high + moved),
    )


def _axis(axis: Axis) -> AxisResult:
    return AxisResult(name=axis.name, values=[_plain(v) for v in axis.values], log=axis.log)


def _plain(value: Value) -> float | str:
    """A number, or a value's words."""
    if isinstance(value, tuple):
        return " ".join(map(repr, value))
    return value


def _on_the_scale(values: Floats) -> list[float]:
    """In one row; see `analysis.intervals.on_the_scale`."""
    return [round(float(value), DIGITS) for value in values.clip(LOWEST, HIGHEST).ravel()]
