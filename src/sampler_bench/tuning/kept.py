"""What is kept of a study as results, without running anything: for studies in any state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..analysis.answers import Embedded
from ..engines import ServerInfo
from ..errors import StoreError
from ..records import JsonObject, Trial
from ..reports._collect import collect
from ..reports._document import Document, RunResult, read_document
from ..spec import StudySpec
from ..store import StudyRow
from ..store.sqlite import FILE, open_store
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

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Kept:
    """The results of a study, its texts where they are at hand, and its results file."""

    document: Document
    trials: tuple[Trial, ...]
    file: Path


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
    with open_store(folder) as store:
        study = store.chosen(name)
        server = store.note(study.id, "server") or {}
        judge = store.note(study.id, "judge") or {}
        results = store.note(study.id, "results") or {}
        knobs = store.note(study.id, KNOBS)
        ran = recalled_runs(store.note(study.id, RUNS))
        trials = store.trials(study.id)
        embedded = embeddings_of(store, study.id, trials)
        seen = recalled(store.note(study.id, NOTE))
    objective = StudySpec.from_json(study.spec).objective
    features = seen.serving(objective).features if seen else None
    benchmark = results.get("kind") == "benchmark"
    document = _fold(study, trials, server, judge, knobs, features, benchmark, ran, embedded)
    return Kept(document, tuple(trials), folder / str(results.get("file") or f"{study.name}.json"))


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
    with open_store(file.parent) as store:
        row = store.study(study)
        return () if row is None else tuple(store.trials(row.id))


def _not_written_yet(file: Path) -> str | None:
    """The study that an empty results file waits for; None where it is not empty, or of nobody."""
    if not (file.parent / FILE).is_file() or not file.is_file() or file.stat().st_size:
        return None
    with open_store(file.parent) as store:
        for study in store.studies():
            if (store.note(study.id, "results") or {}).get("file") == file.name:
                return study.name
    return None


def _fold(
    study: StudyRow,
    trials: list[Trial],
    server: JsonObject,
    judge: JsonObject,
    knobs: JsonObject | None,
    features: Mapping[str, NDArray[np.float64]] | None,
    benchmark: bool,
    ran: Sequence[RunResult],
    embedded: Embedded | None,
) -> Document:
    spec = StudySpec.from_json(study.spec)
    info = ServerInfo(
        engine=str(server.get("engine", "")),
        url=str(server.get("url", "")),
        details={ORDER: server.get(ORDER, "")},
    )
    entry = None if spec.baseline else find_model(spec)
    problem = build_problem(spec, choose_baseline(spec, entry), info)
    problem = replace(problem, features=features)
    named = judge.get("identities", [])
    identities = tuple(map(str, named)) if isinstance(named, list) else ()
    ledger = Ledger(trials, identities, len(spec.prompts), forget=False, texts=True)
    kind: Literal["search", "benchmark"] = "benchmark" if benchmark else "search"
    worth = Objective.of(spec).judged_by(ledger)
    table = ledger.table()
    return collect(
        study,
        trials,
        table,
        problem,
        server,
        identities,
        kind,
        worth=worth,
        knobs=knobs,
        runs=ran,
        embedded=embedded,
    )


def _newest_file(folder: Path) -> Path:
    files = [p for p in folder.glob("*.json") if p.stat().st_size] if folder.is_dir() else []
    if not files:
        raise StoreError(f"there are no results in {folder}; run a search, or name --output-dir")
    return max(files, key=lambda path: path.stat().st_mtime)
