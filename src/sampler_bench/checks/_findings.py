"""What a live check answers: one finding for each knob, and what else it saw of the server."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from ..records import JsonObject

Says: TypeAlias = Literal[
    "honoured", "honoured differently", "clamped", "ignored", "cannot tell", "not spoken"
]
By: TypeAlias = Literal["", "extreme", "seeds", "texts", "agreement", "greedy", "echo", "length"]
WORKS: tuple[Says, ...] = ("honoured", "honoured differently", "clamped")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a server does with one knob.

    Attributes:
        knob: the parameter, or `seed`.
        says: the answer. `not spoken`: the engine has no word for the knob, so nothing was asked.
        by: which probe told: `extreme` (texts all the same), `seeds` (texts changed seed by seed),
            `texts` (they are others, without seeds), `agreement`, `greedy`, `echo`, `length` (the
            token limit held or not); empty where none did.
        evidence: what was seen, one sentence.
        false_honoured: at most so likely was this seen of a knob that does nothing, 0 to 1; 1 where
            no bound is known.
        false_ignored: at most so likely was this seen of a knob that works, as above.
        remedy: what to do, where it is not honoured.
    """

    knob: str
    says: Says
    evidence: str
    by: By = ""
    false_honoured: float = 0.0
    false_ignored: float = 0.0
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Default:
    """A knob that acts although a request leaves it out.

    Attributes:
        knob, key: our name and the server's.
        values: what it may be set to; several where the texts fit all of them, none where they
            fit none of the usual values.
    """

    knob: str
    key: str
    values: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """Something else that was seen: `what` in a word or two, `found` in a sentence.

    `fine` is False where the user should know.
    """

    what: str
    found: str
    fine: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """All that a check found on one server.

    Attributes:
        engine, url, version, model, context, slots, template: who the server says it is.
        seed: whether a text can be repeated.
        order: where temperature acts relative to truncation, as found: `first`, `last` or
            `unknown`.
        findings: one for each knob that was asked for.
        defaults: knobs that act when left out; None where nobody looked.
        facts: the rest.
        requests, seconds: what it cost.
    """

    engine: str
    url: str
    version: str
    model: str
    context: int
    slots: int
    template: str
    seed: Finding
    order: str
    findings: tuple[Finding, ...]
    defaults: tuple[Default, ...] | None
    facts: tuple[Fact, ...]
    requests: int
    seconds: float

    def to_json(self) -> JsonObject:
        """As JSON."""
        plain: dict[str, Any] = asdict(self)
        return plain

    def ignored(self) -> tuple[Finding, ...]:
        """The knobs that do nothing there."""
        return tuple(f for f in self.findings if f.says == "ignored")
