"""Which knobs of a configuration act: the one answer to "away from neutral".

A knob does not act at its neutral value, nor where all that govern it are neutral (XTC's threshold
without a probability, DRY's base without a multiplier).
"""

from __future__ import annotations

from collections.abc import Mapping

from ..records import SamplerConfig, Value
from . import parameter, parameter_names


def acts(name: str, values: Mapping[str, Value | None]) -> bool:
    """Whether a parameter changes anything among these values; a stranger does."""
    value = values.get(name)
    if name not in parameter_names() or value is None:
        return value is not None
    knob = parameter(name)
    governed = not knob.governors or any(acts(governor, values) for governor in knob.governors)
    return governed and value != knob.neutral


def acting(config: SamplerConfig) -> dict[str, Value]:
    """The parameters of a configuration that act, with order and length where it states them."""
    values = config.as_dict()
    return {name: value for name, value in config.parameters if acts(name, values)}


def knobs(config: SamplerConfig) -> dict[str, Value]:
    """Those of them that can be taken away, with the neutral value of each."""
    known = {name: parameter(name).neutral for name in acting(config) if name in parameter_names()}
    return {name: neutral for name, neutral in known.items() if neutral is not None}
