"""What a run is made of, and how much of it happens at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from ..engines import Engine
from ..judges import Judge
from ..records import Prompt
from ..search import Problem, Strategy
from ..store import Store
from ..tasks import Task

Phases: TypeAlias = "list[tuple[str, Strategy, Problem]]"  # each with its name


@dataclass(frozen=True, slots=True)
class Pace:
    """How the loop works: texts at once, judgments at once, and what the strategy sees when.

    `lag` and `batch` are constants of a study: they decide what it asks. The others may change.
    `grace_seconds` are given to what is in flight when the time is over or somebody is away.
    """

    slots: int = 4
    judging: int = 8
    lag: int = 16
    batch: int = 4
    grace_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a run is made of."""

    engine: Engine
    judge: Judge
    store: Store
    task: Task
    prompts: tuple[Prompt, ...]
    covariates: Callable[[str], tuple[float, ...]]
    clock: Callable[[], float]


class Stop(Protocol):
    """What a run asks whether it should end early: set by Ctrl-C."""

    def is_set(self) -> bool:
        """True once the user wants to stop."""
        ...


def with_instructions(prompt: Prompt, task: Task) -> Prompt:
    """The prompt as the model is asked it: the task's instructions go before it."""
    if not task.instructions:
        return prompt
    return Prompt(prompt.index, f"{task.instructions}\n\n{prompt.text}")
