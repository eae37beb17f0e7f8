"""In which order a server's samplers act on the next token's distribution.

Each engine states its own (`engines._dialect.Dialect.chain`). With one truncation beside
temperature only temperature's place matters; of two truncations the second sees what the first has
left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ..records import SamplerConfig, Value
from . import parameter, parameter_names
from .acting import acting, acts

TEMPERATURE, SMOOTHING, XTC = "temperature", "smoothing", "xtc"
TRUNCATIONS = (
    *("top_n_sigma", "top_k", "typical_p", "top_p", "min_p"),
    *("top_a", "tfs", "epsilon_cutoff", "eta_cutoff"),
)
CUTS = (*TRUNCATIONS, "xtc_probability")  # the knobs that switch a truncation on
# The knobs of the steps that are no truncation, the one that switches it on first.
KNOBS = {
    TEMPERATURE: ("temperature", "dynatemp_range", "dynatemp_exponent"),
    SMOOTHING: ("smoothing_factor", "smoothing_curve"),
    XTC: ("xtc_probability", "xtc_threshold"),
}
PLACES = ("first", "last")  # where temperature may act
ANYWHERE = ("temperature_order", "max_tokens")  # knobs that are no step


@dataclass(frozen=True, slots=True)
class Chain:
    """The steps of a server's chain, in the order in which they act.

    A step is a truncation, by its knob; several joined by `+` cut at once, each from what was there
    before; or `temperature` (with dynamic temperature), `smoothing` or `xtc`.

    Attributes:
        first: the steps where temperature comes first.
        last: the steps where it comes last; what a server adds after it is there too.
        known: False where nobody can tell, and llama.cpp's order is assumed.
        inexact: knobs joined by `+` that are not computed exactly where all of them act.
        lists_masked: True where what top_n_sigma cuts is counted by dynamic temperature, until the
            next truncation.
    """

    first: tuple[str, ...]
    last: tuple[str, ...]
    known: bool = True
    inexact: tuple[str, ...] = ()
    lists_masked: bool = False

    def steps(self, temperature_last: bool) -> tuple[str, ...]:
        """The steps in their order."""
        return self.last if temperature_last else self.first

    def placed(self) -> frozenset[str]:
        """The knobs that have a place in the chain."""
        names = (name for step in self.last for name in step.split("+"))
        return frozenset(knob for name in names for knob in _knobs(name))

    def not_computed(self, config: SamplerConfig) -> tuple[str, ...]:
        """The knobs of a configuration that act and are left out: with a memory, or without place.

        Knobs that nobody knows are not among them.
        """
        placed, values = self.placed(), config.as_dict()
        left_out = (n for n, _ in config.parameters if n in parameter_names() and n not in placed)
        return tuple(name for name in left_out if name not in ANYWHERE and _moved(name, values))

    def not_exact(self, config: SamplerConfig) -> tuple[str, ...]:
        """Which of `inexact` a configuration has."""
        values = config.as_dict()
        return tuple(
            knobs for knobs in self.inexact if all(acts(name, values) for name in knobs.split("+"))
        )

    def matters(self, config: SamplerConfig) -> bool:
        """Whether more than one truncation acts, so that another order would leave other tokens."""
        values = config.as_dict()
        return sum(acts(name, values) for name in CUTS) > 1

    def said(self, configs: Iterable[SamplerConfig], temperature_last: bool) -> str:
        """The order in words, for people: temperature, and the steps that act in configurations."""
        some = {name for config in configs for name in acting(config)} | {TEMPERATURE}
        named = (
            " with ".join(name for name in step.split("+") if some.intersection(_knobs(name)))
            for step in self.steps(temperature_last)
        )
        return ", ".join(filter(None, named))


def around(*steps: str) -> Chain:
    """A chain whose temperature acts before all other steps, or after them."""
    return Chain((TEMPERATURE, *steps), (*steps, TEMPERATURE))


# llama.cpp's, and all that it lacks after its own: what is computed where no server is named.
LLAMACPP = Chain(
    first=(TEMPERATURE, SMOOTHING, *TRUNCATIONS, XTC),
    last=(*TRUNCATIONS, XTC, TEMPERATURE, SMOOTHING),
    inexact=("top_n_sigma+typical_p",),
    lists_masked=True,
)
UNKNOWN = replace(LLAMACPP, known=False)


def _knobs(step: str) -> tuple[str, ...]:
    return KNOBS.get(step, (step,))


def _moved(name: str, values: Mapping[str, Value]) -> bool:
    """Whether a knob does something; one with a memory counts although what governs it is off."""
    return values[name] != parameter(name).neutral if parameter(name).memory else acts(name, values)
