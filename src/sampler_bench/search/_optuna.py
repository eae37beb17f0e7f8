"""What `tpe` and `gp` share: a score table as an Optuna study (Optuna 5, ask and tell).

The study is rebuilt from the table at each call, so that the same evidence and seed give the same
answer. A configuration is one trial; its value is the objective of the texts known so far.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..records import SamplerConfig, ScoreTable, Value
from ..samplers import Dimension, Range
from ._cells import draw_new, objective, one_after_another

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

    from ..records import Cell
    from . import Problem

SAME = 20  # proposals that were tried before, after which a random one is taken


def ask_with(
    make: Callable[[int], BaseSampler],
    table: ScoreTable,
    problem: Problem,
    n: int,
    rng: np.random.Generator,
    flat: bool = False,
) -> list[Cell]:
    """Return up to `n` cells, new configurations named by the sampler of `make(seed)`.

    `flat` is for samplers that cannot search a space in which a choice decides what else there is:
    the samplers then share their knobs, as fractions of the way through each.
    """

    def propose(seen: ScoreTable) -> SamplerConfig | None:
        study = _study(make(int(rng.integers(2**31))), seen, problem, flat)
        for _ in range(SAME):
            trial = study.ask()
            config = _suggest_flat(trial, problem) if flat else _suggest(trial, problem)
            if config not in seen.configs:
                return config
        return draw_new(problem, seen.configs, rng)

    return one_after_another(table, problem, n, propose)


def _study(sampler: BaseSampler, table: ScoreTable, problem: Problem, flat: bool) -> Study:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for index, config in enumerate(table.configs):
        if config in problem.space:
            study.add_trial(_trial(table, index, problem, flat))
    return study


def _trial(table: ScoreTable, index: int, problem: Problem, flat: bool) -> FrozenTrial:
    from optuna.trial import TrialState, create_trial

    config = table.configs[index]
    params, distributions = (_encode_flat if flat else _encode)(config, problem)
    value = objective(table, index, problem.failure_score)
    return create_trial(
        state=TrialState.RUNNING if value is None else TrialState.COMPLETE,
        value=value,
        params=params,
        distributions=distributions,
    )


def _encode(
    config: SamplerConfig, problem: Problem
) -> tuple[dict[str, int | float | str], dict[str, BaseDistribution]]:
    from optuna.distributions import CategoricalDistribution

    samplers = CategoricalDistribution([part.sampler for part in problem.space.samplers])
    params: dict[str, int | float | str] = {"sampler": config.sampler}
    distributions: dict[str, BaseDistribution] = {"sampler": samplers}
    part = problem.space.of(config.sampler)
    assert part is not None, f"{config.text} is outside the space"
    for name, dimension in part.dimensions:
        key = f"{config.sampler}.{name}"
        value = config.get(name)
        assert value is not None, f"{config.text} lacks {name}"
        distributions[key] = _distribution(dimension)
        params[key] = _code(dimension, value)
    return params, distributions


def _suggest(trial: Trial, problem: Problem) -> SamplerConfig:
    names = [part.sampler for part in problem.space.samplers]
    sampler = str(trial.suggest_categorical("sampler", names))
    part = problem.space.of(sampler)
    assert part is not None, f"{sampler} is outside the space"
    drawn = {
        name: _decode(dimension, trial._suggest(f"{sampler}.{name}", _distribution(dimension)))
        for name, dimension in part.dimensions
    }
    return SamplerConfig.of(sampler, drawn)


def _flat_distributions(problem: Problem) -> dict[str, BaseDistribution]:
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    names = [part.sampler for part in problem.space.samplers]
    width = max(len(part.dimensions) for part in problem.space.samplers)
    knobs = {f"knob {k}": FloatDistribution(0.0, 1.0) for k in range(width)}
    return {"sampler": CategoricalDistribution(names), **knobs}


def _encode_flat(
    config: SamplerConfig, problem: Problem
) -> tuple[dict[str, int | float | str], dict[str, BaseDistribution]]:
    distributions = _flat_distributions(problem)
    params: dict[str, int | float | str] = dict.fromkeys(distributions, 0.5)
    params["sampler"] = config.sampler
    part = problem.space.of(config.sampler)
    assert part is not None, f"{config.text} is outside the space"
    for k, (name, dimension) in enumerate(part.dimensions):
        value, values = config.get(name), _ordered(dimension)
        assert value is not None, f"{config.text} lacks {name}"
        if values is not None:
            params[f"knob {k}"] = (values.index(value) + 0.5) / len(values)
        else:
            assert isinstance(dimension, Range), "only a range is continuous"
            assert isinstance(value, int | float), "a range holds numbers"
            params[f"knob {k}"] = min(max(dimension.fraction(value), 0.0), 1.0)
    return params, distributions


def _suggest_flat(trial: Trial, problem: Problem) -> SamplerConfig:
    drawn = {n: trial._suggest(n, d) for n, d in _flat_distributions(problem).items()}
    part = problem.space.of(str(drawn["sampler"]))
    assert part is not None, "Optuna names one of our samplers"
    found: dict[str, Value] = {}
    for k, (name, dimension) in enumerate(part.dimensions):
        fraction, values = float(drawn[f"knob {k}"]), _ordered(dimension)
        if values is not None:
            found[name] = values[min(int(fraction * len(values)), len(values) - 1)]
        else:
            assert isinstance(dimension, Range), "only a range has a scale"
            found[name] = dimension.at(fraction)
    return SamplerConfig.of(part.sampler, found)


def _ordered(dimension: Dimension) -> tuple[Value, ...] | None:
    """The values of a dimension where each counts alike, in order where they have one."""
    values = dimension.evenly()
    if values is None or any(isinstance(v, str | tuple) for v in values):
        return values
    return tuple(sorted(values, key=float))  # type: ignore[arg-type]


def _distribution(dimension: Dimension) -> BaseDistribution:
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    values = _ordered(dimension)
    if values is not None:
        numbers = not any(isinstance(v, str | tuple) for v in values)
        return (
            IntDistribution(0, len(values) - 1)
            if numbers and len(values) > 1
            else CategoricalDistribution(list(range(len(values))))
        )
    assert isinstance(dimension, Range), "only a range has a scale"
    if dimension.integer:
        return IntDistribution(math.ceil(dimension.low), math.floor(dimension.high), log=True)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.scale == "log")


def _code(dimension: Dimension, value: Value) -> int | float:
    values = _ordered(dimension)
    if values is not None:
        return values.index(value)
    assert isinstance(value, int | float), "a range holds numbers"
    return value


def _decode(dimension: Dimension, code: object) -> Value:
    values = _ordered(dimension)
    assert isinstance(code, int | float), "Optuna answers with numbers here"
    if values is not None:
        return values[int(code)]
    assert isinstance(dimension, Range), "only a range has a scale"
    return dimension.at(dimension.fraction(float(code)))
