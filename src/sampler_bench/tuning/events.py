"""What the loop tells whoever watches. It never prints; a watcher draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ..records import Trial
from ..search import Problem
from .plan import Plan


@dataclass(frozen=True, slots=True)
class Checked:
    """Who was asked (`server`, `judge`, `embedding`, ...) has answered; `line` says who it is."""

    what: str
    line: str


@dataclass(frozen=True, slots=True)
class Planned:
    """What the run will take, and what it is about."""

    plan: Plan
    problem: Problem


@dataclass(frozen=True, slots=True)
class Settled:
    """A trial came to its end: judged, failed by rule, or missing. `kept` marks an old one.

    `score` is the mean over the panel whose judgments count; NaN unless it was judged.
    """

    trial: Trial
    state: int
    score: float
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """A text came back and is on its way to the judges."""

    trial: Trial


@dataclass(frozen=True, slots=True)
class Phase:
    """The run enters `search`, `confirmation` or `benchmark`."""

    name: str


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that the user should know now, in one sentence."""

    message: str


Event: TypeAlias = Checked | Planned | Settled | Written | Phase | Warned
Watcher: TypeAlias = Callable[[Event], None]
