"""What is kept of a study as results, without running anything: for studies in any state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ..analysis.answers import Embedded
from ..engines import ServerInfo
from ..errors import StoreError
from ..records import JsonObject, Trial
from ..reports._collect import collect
from ..reports._document import Document, RunResult, read_document
from ..search import Problem
from ..spec import StudySpec
from ..store import RESULTS, Store, StudyRow
from ..store.sqlite import FILE, open_kept
from .answers import recalled as embeddings_of
from .build import build_problem
from .choices import choose_baseline, find_model
from .fingerprint import NOTE, recalled
from .knobs import KNOBS
from .ledger import Ledger
from .objective import Objective
from .order import ORDER
from .runs import NOTE as RUNS
from .runs import recalled as recalled_runs
from .served import SERVER

JUDGE = "judge"  # a note's name


@dataclass(frozen=True, slots=True)
class Kept:
    """The results of a study, its texts where they are at hand, and its results file."""

    document: Document
    trials: tuple[Trial, ...]
    file: Path


@dataclass(frozen=True, slots=True, eq=False)
class KeptStudy:
    """A study as its store has it.

    Attributes:
        row, spec, trials: what was asked for, and what came of it.
        problem: its space and budget, and what is known of its model.
        identities: the judges whose scores count.
        server, knobs, runs, embedded: who writes, what was found of the knobs there, the command
            lines, and which answers mean the same.
        kind: `search` or `benchmark`.
        file: name of its results file.
    """

    row: StudyRow
    spec: StudySpec
    trials: list[Trial]
    problem: Problem
    identities: tuple[str, ...]
    server: JsonObject
    knobs: JsonObject | None
    runs: tuple[RunResult, ...]
    embedded: Embedded | None
    kind: Literal["search", "benchmark"]
    file: str

    def ledger(self) -> Ledger:
        """How the trials stand, with their texts."""
        n_prompts = self.problem.n_prompts
        return Ledger(self.trials, self.identities, n_prompts, forget=False, texts=True)

    def document(self) -> Document:
        """The results document."""
        ledger = self.ledger()
        return collect(
            self.row,
            self.trials,
            ledger.table(),
            self.problem,
            self.server,
            self.identities,
            self.kind,
            worth=Objective.of(self.spec).judged_by(ledger),
            knobs=self.knobs,
            runs=self.runs,
            embedded=self.embedded,
        )


def read_study(store: Store, name: str | None) -> KeptStudy:
    """A study by name, or the latest one, in any state.

    Raises:
        StoreError: there is none.
    """
    row = store.chosen(name)
    if row.state == "running" and not store.is_locked(row.id):  # it was killed
        row = replace(row, state="interrupted")
    trials, spec = store.trials(row.id), StudySpec.from_json(row.spec)
    notes = {key: store.note(row.id, key) or {} for key in (SERVER, JUDGE, RESULTS, KNOBS, RUNS)}
    named = notes[JUDGE].get("identities", [])
    return KeptStudy(
        row=row,
        spec=spec,
        trials=trials,
        problem=_problem(spec, notes[SERVER], store.note(row.id, NOTE)),
        identities=tuple(map(str, named)) if isinstance(named, list) else (),
        server=notes[SERVER],
        knobs=notes[KNOBS] or None,
        runs=tuple(recalled_runs(notes[RUNS])),
        embedded=embeddings_of(store, row.id, trials),
        kind="benchmark" if notes[RESULTS].get("kind") == "benchmark" else "search",
        file=str(notes[RESULTS].get("file") or f"{row.name}.json"),
    )


def _problem(spec: StudySpec, server: JsonObject, fingerprint: JsonObject | None) -> Problem:
    info = ServerInfo(
        engine=str(server.get("engine", "")),
        url=str(server.get("url", "")),
        details={ORDER: server.get(ORDER, "")},
    )
    entry = None if spec.baseline else find_model(spec)
    problem = build_problem(spec, choose_baseline(spec, entry), info)
    seen = recalled(fingerprint)
    return replace(problem, features=seen.serving(spec.objective).features if seen else None)


def study_of_kept(folder: Path, name: str | None) -> Kept:
    """The results and texts of a study by name, or of the latest one.

    Args:
        folder: results folder. Where it has no store, its newest results file is read.
        name: None for the latest.

    Raises:
        StoreError: there is nothing of that kind.
    """
    if not (folder / FILE).is_file():
        path = _newest_file(folder)
        return Kept(read_document(path), (), path)
    with open_kept(folder) as store:
        study = read_study(store, name)
    return Kept(study.document(), tuple(study.trials), folder / study.file)


def study_of_file(file: Path, *, texts: bool = True) -> Kept:
    """A results file, with the texts of its study where the store lies beside it.

    A search that runs or was killed has not written its file yet: it is read from the store.

    Args:
        file: the results file.
        texts: False where its own numbers are enough.

    Raises:
        SpecError: it is no results file.
        StoreError: a store lies beside it that cannot be read.
    """
    if (name := _not_written_yet(file)) is not None:
        return study_of_kept(file.parent, name)
    document = read_document(file)
    if not texts:
        return Kept(document, (), file)
    return Kept(document, _texts_beside(file, document.search_metadata.study), file)


def _texts_beside(file: Path, study: str) -> tuple[Trial, ...]:
    """The texts of a study whose store lies beside its results file; none where it does not."""
    if not study or not (file.parent / FILE).is_file():
        return ()
    with open_kept(file.parent) as store:
        row = store.study(study)
        return () if row is None else tuple(store.trials(row.id))


def _not_written_yet(file: Path) -> str | None:
    """The study that an empty results file waits for; None where it is not empty, or of nobody."""
    if not (file.parent / FILE).is_file() or not file.is_file() or file.stat().st_size:
        return None
    with open_kept(file.parent) as store:
        for study in store.studies():
            if (store.note(study.id, RESULTS) or {}).get("file") == file.name:
                return study.name
    return None


def _newest_file(folder: Path) -> Path:
    files = [p for p in folder.glob("*.json") if p.stat().st_size] if folder.is_dir() else []
    if not files:
        raise StoreError(f"there are no results in {folder}; run a search, or name --output-dir")
    return max(files, key=lambda path: path.stat().st_mtime)
