"""WHAT CAN BE TUNED: parameters, samplers (families of parameters searched together), spaces.

A new parameter is its own file in `parameters/` and a line in each engine that speaks it.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

from ..errors import SpecError, did_you_mean
from ..records import SamplerConfig, Value
from .parameter import Parameter
from .space import Dimension, Listed, Range, SamplerSpace, Space

__all__ = [
    "Dimension",
    "Listed",
    "Parameter",
    "Range",
    "SamplerSpace",
    "Space",
    "check_config",
    "neutral_values",
    "parameter",
    "parameter_names",
    "parameters_of",
    "sampler_names",
]

# Knobs that go with every sampler.
COMMON = ("temperature", "temperature_order", "max_tokens")


@cache
def parameter_names() -> tuple[str, ...]:
    """List all parameters, sorted."""
    folder = Path(__file__).parent / "parameters"
    return tuple(sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("_")))


@cache
def parameter(name: str) -> Parameter:
    """Return a parameter by name.

    Raises:
        SpecError: there is no such parameter.
    """
    if name not in parameter_names():
        near = did_you_mean(name, list(parameter_names()))
        raise SpecError(f"parameter {name!r} is not known{near}")
    found: Parameter = import_module(f"{__name__}.parameters.{name}").PARAMETER
    return found


def neutral_values() -> dict[str, Value | None]:
    """Every parameter with its neutral value; None where no value is neutral."""
    return {name: parameter(name).neutral for name in parameter_names()}


@cache
def sampler_names() -> tuple[str, ...]:
    """List the samplers that can be searched by name; `a+b` combines any of them."""
    return tuple(sorted({parameter(n).sampler for n in parameter_names()} - {""}))


@cache
def parameters_of(sampler: str) -> tuple[str, ...]:
    """List the parameters of a sampler: its own, then temperature, order and max_tokens.

    Args:
        sampler: a name, or several joined by `+`.

    Raises:
        SpecError: there is no such sampler, or one is named twice.
    """
    families = sampler.split("+")
    for family in families:
        if family not in sampler_names():
            near = did_you_mean(family, list(sampler_names()))
            if "," in family:
                near = "; name several as separate words, by spaces and without a comma"
            known = ", ".join(sampler_names())
            raise SpecError(f"sampler {family!r} is not known{near}; known are {known}")
    if len(set(families)) < len(families):
        raise SpecError(f"sampler {sampler!r} names a part twice")
    own = [n for n in parameter_names() if parameter(n).sampler in families]
    return tuple(dict.fromkeys([*own, *COMMON]))


def check_config(config: SamplerConfig) -> None:
    """Check that a configuration's sampler, parameters and values are legal.

    Raises:
        SpecError: says which parameter, what was found and what was expected.
    """
    known = parameters_of(config.sampler)
    for name, value in config.parameters:
        if name not in known:
            raise SpecError(f"{config.text}: {_stranger(config.sampler, name, known)}")
        if expected := parameter(name).problem(value):
            raise SpecError(f"{config.text}: {name} is {value!r}, expected {expected}")


def _stranger(sampler: str, name: str, known: tuple[str, ...]) -> str:
    if name in parameter_names():
        family = parameter(name).sampler
        return f"{name} is no parameter of {sampler}; name the sampler {sampler}+{family} to use it"
    return f"{name!r} is not known{did_you_mean(name, list(known))}"
