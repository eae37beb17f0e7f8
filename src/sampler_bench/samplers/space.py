"""What may vary in a study: for each sampler, listed values or ranges of its parameters.

A space knows its size, walks its grid, draws from itself and says what lies in it. It knows nothing
of scores.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Literal, TypeAlias

from ..errors import SpecError
from ..records import SamplerConfig, Value

if TYPE_CHECKING:
    import numpy as np

DIGITS = 4  # significant digits of a drawn value, so that names stay short
STEP_DIGITS = 10  # and of a sum of steps: the rest is rounding


@dataclass(frozen=True, slots=True)
class Listed:
    """A parameter that takes one of a few values."""

    values: tuple[Value, ...]

    def listed(self) -> tuple[Value, ...]:
        """All values."""
        return self.values

    def evenly(self) -> tuple[Value, ...]:
        """All values: each counts alike."""
        return self.values

    def draw(self, rng: np.random.Generator) -> Value:
        """One value, each equally likely."""
        return self.values[int(rng.integers(len(self.values)))]

    def __contains__(self, value: Value) -> bool:
        return value in self.values


@dataclass(frozen=True, slots=True)
class Range:
    """A parameter that varies from `low` to `high`, both included.

    Attributes:
        scale: `linear`, or `log` (then low > 0).
        step: distance between neighbours on a linear scale, their ratio (> 1) on a log scale; None
            for a continuous range.
        integer: True where only whole numbers are legal.
    """

    low: float
    high: float
    scale: Literal["linear", "log"] = "linear"
    step: float | None = None
    integer: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise SpecError(f"range: expected low < high, found low {self.low}, high {self.high}")
        if self.scale == "log" and self.low <= 0:
            raise SpecError(f"range: a log scale needs low > 0, found {self.low}")
        least = 1.0 if self.scale == "log" else 0.0
        if self.step is not None and not self.step > least:  # nor is NaN
            raise SpecError(
                f"range: expected step > {least:g} on a {self.scale} scale, found {self.step}"
            )

    def listed(self) -> tuple[Value, ...] | None:
        """All values; None for a continuous range."""
        return _listed(self)

    def evenly(self) -> tuple[Value, ...] | None:
        """All values where each counts alike; None where the scale says how much it counts.

        Whole numbers on a log scale are listed, but lie closer the larger they are.
        """
        return None if self.step is None and self.scale == "log" else self.listed()

    def draw(self, rng: np.random.Generator) -> Value:
        """One value, uniform (or log-uniform) over the range or its steps."""
        values = self.evenly()
        return self.at(float(rng.random())) if values is None else values[rng.integers(len(values))]

    def at(self, fraction: float) -> Value:
        """The value at a fraction (0 to 1) of the way from low to high, on the range's scale."""
        if self.scale == "log":
            return self.tidy(self.low * (self.high / self.low) ** fraction)
        return self.tidy(self.low + (self.high - self.low) * fraction)

    def fraction(self, value: float) -> float:
        """Where `value` lies between low (0) and high (1), on the range's scale."""
        if self.scale == "log":
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def __contains__(self, value: Value) -> bool:
        if self.step is not None:
            return value in (self.listed() or ())
        if not isinstance(value, int | float) or not self.low <= value <= self.high:
            return False
        return not self.integer or value == int(value)

    def tidy(self, value: float, digits: int = DIGITS) -> Value:
        """The legal value nearest to one within a rounding error of the range."""
        if self.integer:
            return min(max(round(value), math.ceil(self.low)), math.floor(self.high))
        rounded = float(f"{value:.{digits}g}")
        return min(max(rounded, self.low), self.high)


@lru_cache(maxsize=64)
def _listed(range_: Range) -> tuple[Value, ...] | None:
    low, high, step = range_.low, range_.high, range_.step
    if step is None:
        return tuple(range(math.ceil(low), math.floor(high) + 1)) if range_.integer else None
    if range_.scale == "log":
        count = math.floor(math.log(high / low) / math.log(step) + 1e-9)
        values = [range_.tidy(low * step**k) for k in range(count + 1)]
    else:
        count = math.floor((high - low) / step + 1e-9)
        values = [range_.tidy(low + step * k, STEP_DIGITS) for k in range(count + 1)]
    return tuple(dict.fromkeys(values))


Dimension: TypeAlias = Listed | Range


@dataclass(frozen=True, slots=True)
class SamplerSpace:
    """One sampler's part of a space: (parameter, dimension) pairs in the order of the file."""

    sampler: str
    dimensions: tuple[tuple[str, Dimension], ...]

    def size(self) -> int | None:
        """How many configurations; None where a range is continuous."""
        counts = [dimension.listed() for _, dimension in self.dimensions]
        if any(values is None for values in counts):
            return None
        return math.prod(len(values) for values in counts if values is not None)

    def grid(self) -> Iterator[SamplerConfig]:
        """Every configuration once; the last parameter varies fastest.

        Raises:
            SpecError: a range is continuous.
        """
        names = [name for name, _ in self.dimensions]
        values = [self._listed(name, dimension) for name, dimension in self.dimensions]
        for point in product(*values):
            yield SamplerConfig.of(self.sampler, dict(zip(names, point, strict=True)))

    def _listed(self, name: str, dimension: Dimension) -> tuple[Value, ...]:
        values = dimension.listed()
        if values is None:
            raise SpecError(
                f"parameter_ranges.{self.sampler}.{name}: a grid cannot walk a continuous range; "
                "give it a step or list its values"
            )
        return values

    def draw(self, rng: np.random.Generator) -> SamplerConfig:
        """One configuration, each parameter drawn by its own scale."""
        drawn = {name: dimension.draw(rng) for name, dimension in self.dimensions}
        return SamplerConfig.of(self.sampler, drawn)

    def __contains__(self, config: SamplerConfig) -> bool:
        dimensions = dict(self.dimensions)
        return (
            config.sampler == self.sampler
            and set(dimensions) == {name for name, _ in config.parameters}
            and all(value in dimensions[name] for name, value in config.parameters)
        )


@dataclass(frozen=True, slots=True)
class Space:
    """All that may vary in a study: one `SamplerSpace` for each sampler, in the study's order."""

    samplers: tuple[SamplerSpace, ...]

    def size(self) -> int | None:
        """How many configurations; None where any sampler has a continuous range."""
        sizes = [part.size() for part in self.samplers]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    def grid(self) -> Iterator[SamplerConfig]:
        """Every configuration once, sampler after sampler."""
        for part in self.samplers:
            yield from part.grid()

    def draw(self, rng: np.random.Generator) -> SamplerConfig:
        """One configuration: first a sampler, each equally likely, then its parameters."""
        return self.samplers[int(rng.integers(len(self.samplers)))].draw(rng)

    def of(self, sampler: str) -> SamplerSpace | None:
        """The part of one sampler."""
        return next((part for part in self.samplers if part.sampler == sampler), None)

    def __contains__(self, config: SamplerConfig) -> bool:
        return any(config in part for part in self.samplers)
