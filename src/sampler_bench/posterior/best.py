"""The best configuration by the model, anywhere in the space, and the neighbours of good ones.

The pool of a frame covers each sampler's space evenly; around the leaders it is refined, always
within the space and on a fine lattice, so that configurations are met again rather than missed by
a hair.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..records import SamplerConfig, Value
from ..samplers import Dimension, Range, SamplerSpace
from .model import Posterior

FINE = 24  # lattice steps over a continuous range
MOST_LISTED = 256  # whole numbers of a range of which each is a step
ROUNDS = 6  # of looking around the best for a better neighbour


def best(posterior: Posterior, tried: Iterable[SamplerConfig] = ()) -> SamplerConfig:
    """The configuration of the space with the highest posterior mean.

    Args:
        posterior: the model.
        tried: configurations to consider beside the pool; those outside the space are not.
    """
    known, points = posterior.frame.with_pool(tried)
    mean, _ = posterior.marginal_at(points)
    leader, value = known[int(mean.argmax())], float(mean.max())
    for _ in range(ROUNDS):
        near = neighbours(posterior, [leader])
        if not near:
            break
        mean, _ = posterior.marginal_at(posterior.frame.place(near))
        if mean.max() <= value + 1e-9:
            break
        leader, value = near[int(mean.argmax())], float(mean.max())
    return leader


def neighbours(posterior: Posterior, leaders: Sequence[SamplerConfig]) -> list[SamplerConfig]:
    """The configurations of the space one lattice step from any leader, each once."""
    found: dict[SamplerConfig, None] = {}
    for leader in leaders:
        part = posterior.frame.space.of(leader.sampler)
        if part is not None:
            found.update(dict.fromkeys(_around(part, leader)))
    return [config for config in found if config not in leaders]


def _around(part: SamplerSpace, leader: SamplerConfig) -> Iterable[SamplerConfig]:
    values = leader.as_dict()
    for name, dimension in part.dimensions:
        for value in _steps(dimension, values[name]):
            yield SamplerConfig.of(part.sampler, {**values, name: value})


def _steps(dimension: Dimension, value: Value) -> list[Value]:
    listed = dimension.evenly()
    by_lattice = isinstance(dimension, Range) and dimension.step is None
    if listed is not None and not (by_lattice and len(listed) > MOST_LISTED):
        ordered = list(listed)
        if not any(isinstance(v, str | tuple) for v in listed):
            ordered.sort(key=lambda v: float(v))  # type: ignore[arg-type]
        here = ordered.index(value)
        return [ordered[i] for i in (here - 1, here + 1) if 0 <= i < len(ordered)]
    assert isinstance(dimension, Range), "only a range has a lattice"
    assert isinstance(value, int | float), "a range holds numbers"
    place = round(dimension.fraction(value) * FINE)
    steps = [(side, place + side) for side in (-1, 1) if 0 <= place + side <= FINE]
    near = [(side, float(dimension.at(k / FINE))) for side, k in steps]  # type: ignore[arg-type]
    if not dimension.integer:
        return [step for _, step in near]
    # Where the lattice is finer than whole numbers are, one of them is a step.
    whole = [round(step) if (step - value) * side > 0 else int(value) + side for side, step in near]
    return [step for step in whole if step in dimension]
