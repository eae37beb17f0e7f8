"""The texts of one knob, with and without it, and what both kinds of comparison say of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

from ..records import Value
from ._ask import Ask, Sample, collision
from ._contrasts import Contrast
from ._findings import By, Finding
from .echo import differences

Values: TypeAlias = "Mapping[str, Value]"

LEAST = 2  # texts that must agree, or pairs that must differ


@dataclass(slots=True)
class Seen:
    """The texts of one knob so far.

    Attributes:
        plain, bent: the settings without it and at its extreme.
        keys: the server's words for the knob.
        pairs: texts of both, with the same seed.
        again: whether a differing pair came out the same when asked for again.
    """

    knob: str
    contrast: Contrast
    plain: Values
    bent: Values
    keys: frozenset[str]
    pairs: list[tuple[Sample, Sample]] = field(default_factory=list)
    again: bool = False

    @property
    def moved(self) -> int:
        """Pairs whose texts differ."""
        return sum(plain.text != bent.text for plain, bent in self.pairs)

    @property
    def varied(self) -> bool:
        """Whether no two of the plain texts are the same."""
        return len({plain.text for plain, _ in self.pairs}) == len(self.pairs)

    @property
    def alike(self) -> int:
        """How many of the extreme's texts are the same."""
        return max(Counter(bent.text for _, bent in self.pairs).values(), default=0)

    @property
    def idle(self) -> bool:
        """Whether the knob had nothing to act on: no two pieces came again in any plain text."""
        return self.contrast.repeats and not any(_comes_again(plain) for plain, _ in self.pairs)

    @property
    def chance(self) -> float:
        """At most so likely are two plain texts equal by chance."""
        return collision([plain for plain, _ in self.pairs])


def _comes_again(sample: Sample) -> bool:
    pieces = sample.pieces if len(sample.pieces) > 1 else sample.text.split()
    return max(Counter(pairwise(pieces)).values(), default=0) > 1


def idle(seen: Seen) -> Finding:
    """Texts did not change, and need not."""
    told = f"no words came again in {len(seen.pairs)} texts, so there was nothing to act on"
    return Finding(seen.knob, "cannot tell", told)


async def pair(ask: Ask, seen: Seen, seed: int) -> tuple[Sample, Sample]:
    tokens = seen.contrast.tokens
    pair = await ask.text(seen.plain, seed, tokens), await ask.text(seen.bent, seed, tokens)
    seen.pairs.append(pair)
    return pair


def extreme(seen: Seen) -> Finding:
    """One token is left at each step: texts at the extreme are all the same."""
    told = f"at its extreme {seen.alike} texts are the same, without it none"
    return read_back(seen, told, "extreme", seen.chance ** (seen.alike - 1))


def read_back(seen: Seen, told: str, by: By, error: float) -> Finding:
    """Honoured, unless the server's echo says another value than was sent."""
    sample = seen.pairs[-1][1]
    for key, sent, used in differences(sample.body, sample.echoed):
        if key in seen.keys:
            return Finding(seen.knob, "clamped", otherwise(key, sent, used), "echo", error)
    return Finding(seen.knob, "honoured", told, by, error)


def seeds_error(ask: Ask) -> float:
    """How likely an ignored knob changes texts seed by seed, by all repeats so far."""
    return min(1.0, 2 * ask.irreproducible() ** 2)


def otherwise(key: str, sent: object, used: object) -> str:
    """What the server says that it made of a setting."""
    return f"{key}: sent {shown(sent)}, the server says that it used {shown(used)}"


def shown(value: object) -> str:
    """A setting, a number without the digits that its float32 adds."""
    return f"{value:g}" if isinstance(value, float) else str(value)
