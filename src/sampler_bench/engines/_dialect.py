"""A dialect: how one server says each of our parameters, stated once for each pair.

Every parameter of `samplers` is stated in every dialect: either `Spoken` (key, neutral value and
legal range in that server's words, and what differs, if anything) or `Unspoken` (and why). From
these statements come the requests, the refusals and the table in the documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ..errors import SpecError, did_you_mean
from ..plugins import find, names
from ..records import Json, JsonObject, SamplerConfig, Value
from ..samplers import neutral_values, parameter, parameter_names
from ..samplers.order import UNKNOWN, Chain

Values: TypeAlias = "Mapping[str, Value | None]"
Order: TypeAlias = Literal["first", "last", "unknown"]
MAX_SEED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Spoken:
    """How a server says a parameter.

    Attributes:
        key: the server's name for it; several, joined by ", ", where one of ours is many of theirs.
        neutral: what the server is told where we say neutral; None: the same value as ours.
        low, high: what of our range the server takes as it is; None: all of it.
        above: True where `low` itself is not taken.
        gap: an open interval of values that the server replaces silently.
        only: the values that it takes, where it takes few.
        filled: True where it refuses an empty list.
        differs: in words, where the server's meaning is not quite ours.
        mind: a sentence that is told before texts are spent on it; empty: nothing.
        say: writes the keys from our value and all values; None: the value under `key`.
    """

    key: str
    neutral: Json = None
    low: float | None = None
    high: float | None = None
    above: bool = False
    gap: tuple[float, float] | None = None
    only: tuple[Value, ...] = ()
    filled: bool = False
    differs: str = ""
    mind: str = ""
    say: Callable[[Value, Values], JsonObject] | None = None

    def problem(self, value: Value) -> str | None:
        """Say in one phrase what the server takes instead of `value`; None if it takes it."""
        if self.only:
            return None if value in self.only else f"it takes only {_list(self.only)}"
        if isinstance(value, str | tuple):
            return "it takes no empty list" if self.filled and not value else None
        if self.gap and self.gap[0] < value < self.gap[1]:
            return f"it replaces values between {self.gap[0]:g} and {self.gap[1]:g}"
        if self.low is not None and (value < self.low or (self.above and value == self.low)):
            return f"it takes only values {'above' if self.above else 'of at least'} {self.low:g}"
        if self.high is not None and value > self.high:
            return f"it takes only values up to {self.high:g}"
        return None

    def write(self, name: str, value: Value, values: Values) -> JsonObject:
        """Say one parameter in the server's words."""
        if self.say is not None:
            return self.say(value, values)
        if self.neutral is not None and value == parameter(name).neutral:
            return {self.key: self.neutral}
        return {self.key: list(value) if isinstance(value, tuple) else value}


@dataclass(frozen=True, slots=True)
class Unspoken:
    """A parameter that a server does not speak; only its neutral value can be expressed."""

    why: str = "not spoken there"


Word: TypeAlias = Spoken | Unspoken


@dataclass(frozen=True, slots=True)
class Dialect:
    """All the words of one server.

    Attributes:
        name: the engine, as users write it.
        words: one entry for each of our parameters.
        seed: the key of the seed; empty where there is none.
        order: where temperature acts if nobody says otherwise, relative to truncation.
        chain: in which order its samplers act, for what is computed of a configuration.
        together: by knobs joined by `+`, a sentence that is told before texts are spent on them in
            one configuration.
        always: keys that go with every request: caches off, guards off, end of text allowed.
        inside: the key under which the parameters lie; empty for the top level.
        notes: what a user should know, one sentence each.
    """

    name: str
    words: Mapping[str, Word]
    seed: str
    order: Order
    always: Mapping[str, Json] = field(default_factory=dict)
    inside: str = ""
    chain: Chain = UNKNOWN
    together: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def express(self, config: SamplerConfig, seed: int) -> JsonObject:
        """Say a configuration: every key that the server speaks, without the prompt.

        Raises:
            SpecError: the server does not speak a parameter, or not that value.
        """
        values = self._complete(config)
        said: JsonObject = {}
        for name in parameter_names():
            word, value = self.words[name], values[name]
            if isinstance(word, Spoken) and value is not None:
                said.update(word.write(name, value, values))
        if self.seed:
            said[self.seed] = _checked_seed(seed)
        return {**({self.inside: said} if self.inside else said), **self.always}

    def keys(self) -> frozenset[str]:
        """The names under which the parameters and the seed go."""
        spoken = (word.key.split(", ") for word in self.words.values() if isinstance(word, Spoken))
        return frozenset(key for keys in spoken for key in keys) | {self.seed} - {""}

    def _complete(self, config: SamplerConfig) -> dict[str, Value | None]:
        values = neutral_values()
        if self.order != "unknown":
            values["temperature_order"] = self.order
        for name, value in config.parameters:
            self._check(name, value)
            values[name] = value
        if values["max_tokens"] is None:
            raise SpecError(f"{config.text}: max_tokens is missing; every request must state it")
        return values

    def _check(self, name: str, value: Value) -> None:
        if name not in self.words:
            raise SpecError(f"{name}: not known{did_you_mean(name, list(self.words))}")
        parameter(name).check(value)
        if name == "temperature_order" and value == self.order:
            return
        word = self.words[name]
        if value == parameter(name).neutral:
            return  # every server is told it anyway, in its own words
        if isinstance(word, Unspoken):
            raise SpecError(
                f"{name} on {self.name}: {word.why}; remove it from the space{_elsewhere(name)}"
            )
        if expected := word.problem(value):
            raise SpecError(
                f"{name}={_show(value)} on {self.name}: {expected}; change the space"
                f"{_elsewhere(name, value)}"
            )


def heat_span(value: Value, values: Values) -> tuple[float, float]:
    """Lowest and highest temperature of a dynamic temperature, for servers that want those."""
    middle = values["temperature"]
    assert isinstance(value, int | float)
    assert isinstance(middle, int | float)
    return max(0.0, middle - value), middle + value


def dialects() -> dict[str, Dialect]:
    """The dialects of all engines that have one, by the engine's name."""
    found = {name: getattr(find("engines", name), "DIALECT", None) for name in names("engines")}
    return {name: dialect for name, dialect in found.items() if isinstance(dialect, Dialect)}


def speakers(name: str, value: Value | None = None) -> list[str]:
    """List the engines that speak a parameter (and take a value), the most used first."""
    words = {engine: dialect.words.get(name) for engine, dialect in dialects().items()}
    found = [
        engine
        for engine, word in words.items()
        if isinstance(word, Spoken) and (value is None or not word.problem(value))
    ]
    return sorted(found, key=_popularity)


def _popularity(engine: str) -> tuple[int, str]:
    known = ["koboldcpp", "llamacpp", "embedded", "textgen", "aphrodite", "ollama", "vllm"]
    return (known.index(engine) if engine in known else len(known), engine)


def _elsewhere(name: str, value: Value | None = None) -> str:
    engines = speakers(name, value)[:3]
    return f" or choose {' or '.join(engines)}" if engines else ""


def _checked_seed(seed: int) -> int:
    if not 1 <= seed <= MAX_SEED:
        raise SpecError(f"seed {seed}: expected a whole number from 1 to {MAX_SEED}")
    return seed


def _list(values: tuple[Value, ...]) -> str:
    return ", ".join(_show(value) for value in values)


def _show(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
