"""Who works on a study, and what is known of them before the first text."""

from __future__ import annotations

from dataclasses import dataclass

from ..engines import Engine, ServerInfo
from ..judges import Judge
from ..records import JsonObject, Prompt
from ..search import Problem
from ..spec import ModelEntry, StudySpec
from ..tasks import Task
from .knobs import KnobCheck
from .parts import with_instructions


@dataclass(frozen=True, slots=True)
class Crew:
    """Who works on a study: started, and asked who they are."""

    spec: StudySpec
    entry: ModelEntry | None
    task: Task
    engine: Engine
    judge: Judge

    @property
    def asked(self) -> list[Prompt]:
        """The prompts as the server gets them."""
        return [with_instructions(prompt, self.task) for prompt in self.spec.prompts]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known before the first text: of the server, of its knobs, of the problem."""

    info: ServerInfo
    check: KnobCheck
    knobs: JsonObject | None
    problem: Problem
