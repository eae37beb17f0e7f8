"""What a run is asked to do, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ..analysis.answers import Embedded
from ..records import JsonObject, ScoreTable, Trial
from ..reports._collect import collect
from ..reports._document import Document, RunResult
from ..search import Problem
from ..spec import StudySpec
from ..store import StudyRow
from .ledger import Ledger
from .objective import Objective


@dataclass(frozen=True, slots=True)
class Request:
    """What a run is asked to do.

    Attributes:
        spec: the resolved study, its seed drawn.
        folder: where results are kept.
        name: of a new study, or of the one to go on with.
        results: the results file.
        environment: where keys come from.
        resume: True to go on with a kept study.
        allow_unverified: True to go on although the server ignores a knob.
        pilot: texts after which a pilot ends; None for a whole run.
        words: of the command line, to be kept with the study; none from Python.
    """

    spec: StudySpec
    folder: Path
    name: str
    results: Path
    environment: Mapping[str, str]
    resume: bool = False
    allow_unverified: bool = False
    pilot: int | None = None
    words: tuple[str, ...] = ()

    @property
    def limited(self) -> StudySpec:
        """The study as this run goes through it: a pilot ends early."""
        if self.pilot is None:
            return self.spec
        return replace(self.spec, max_samples=min(self.pilot, self.spec.max_samples or self.pilot))

    @property
    def kind(self) -> Literal["search", "benchmark"]:
        """`search` or `benchmark`."""
        return "benchmark" if self.spec.given else "search"


@dataclass(frozen=True, slots=True)
class Finished:
    """How a run ended: `done`, `interrupted`, or the budget that ended it, in words."""

    ended: str
    request: Request
    study: StudyRow
    trials: list[Trial]
    identities: tuple[str, ...]
    problem: Problem
    server: JsonObject
    knobs: JsonObject | None = None
    runs: tuple[RunResult, ...] = ()
    embedded: Embedded | None = None

    def table(self) -> ScoreTable:
        """How the trials stand."""
        return Ledger(self.trials, self.identities, self.problem.n_prompts, forget=False).table()

    def document(self) -> Document:
        """The results document."""
        prompts = self.problem.n_prompts
        ledger = Ledger(self.trials, self.identities, prompts, forget=False, texts=True)
        return collect(
            self.study,
            self.trials,
            ledger.table(),
            self.problem,
            self.server,
            ledger.identities,
            self.request.kind,
            worth=Objective.of(self.request.spec).judged_by(ledger),
            knobs=self.knobs,
            runs=self.runs,
            embedded=self.embedded,
        )
