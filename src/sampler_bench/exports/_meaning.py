"""What a configuration means, whatever it leaves unsaid: for comparing and for reading presets.

Two configurations mean the same where every parameter that acts has the same value.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import SpecError
from ..records import SamplerConfig, Value
from ..samplers import neutral_values, parameter
from ..samplers.acting import acts

# What they keep is another set of tokens when temperature has acted before. Not top_k (ranks stay)
# nor top_n_sigma (logits and their deviation shrink alike).
MINDING_ORDER = (
    *("top_p", "min_p", "typical_p", "tfs", "top_a", "epsilon_cutoff", "eta_cutoff"),
    "xtc_probability",
)
HEATING = ("dynatemp_range", "smoothing_factor")
DIGITS = 10  # of a number read from sums and differences


def complete(config: SamplerConfig) -> dict[str, Value | None]:
    """Every parameter's value; None for order and length where the configuration is silent."""
    return {**neutral_values(), **config.as_dict()}


def order_matters(values: Mapping[str, Value | None]) -> bool:
    """Whether temperature before and after truncation are two different samplers here."""
    heated = values.get("temperature") != 1 or any(acts(name, values) for name in HEATING)
    return heated and any(acts(name, values) for name in MINDING_ORDER)


def rebuilt(values: Mapping[str, Value | None]) -> SamplerConfig:
    """The shortest configuration with this meaning.

    Temperature is always stated, the order only where it matters, the length where it is known.

    Raises:
        SpecError: a value is not legal.
    """
    full = {**neutral_values(), **values}
    for name, value in full.items():
        if value is not None:
            parameter(name).check(value)
    kept = {name: value for name, value in full.items() if value is not None and _stays(name, full)}
    families = sorted({parameter(n).sampler for n in kept} - {"", "temperature"})
    return SamplerConfig.of("+".join(families) or "temperature", kept)


def _stays(name: str, values: Mapping[str, Value | None]) -> bool:
    if name == "temperature_order":
        return order_matters(values)
    return name in ("temperature", "max_tokens") or acts(name, values)


def same_meaning(config: SamplerConfig, values: Mapping[str, Value | None]) -> bool:
    """Whether a configuration means what a file says, where both say something."""
    mine = complete(config)
    silent = [
        n for n in ("temperature_order", "max_tokens") if mine[n] is None or not values.get(n)
    ]
    return meaning_without(mine, silent) == meaning_without(values, silent)


def meaning_without(values: Mapping[str, Value | None], silent: list[str]) -> SamplerConfig | None:
    """The shortest configuration with this meaning, some parameters aside; None if illegal."""
    try:
        return rebuilt({name: value for name, value in values.items() if name not in silent})
    except SpecError:
        return None


def tidy(value: float) -> float:
    """A number that was computed, without the last digits of floating point."""
    return round(value, DIGITS)
