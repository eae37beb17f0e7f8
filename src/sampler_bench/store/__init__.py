"""WHAT IS KEPT: every text and every judgment, committed the moment it exists.

A store's file offers `open_store(folder: Path) -> Store`. A text is kept once and may be judged by
several judges; scores are looked up by a judge's identity, so kept scores of another judge, rubric
or model never mix in.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from ..errors import StoreError, did_you_mean
from ..records import (
    Cell,
    Completion,
    Failure,
    JsonObject,
    Score,
    Trial,
    Unscored,
    Unwritten,
)

RESULTS = "results"  # the note that names a study's results file


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A study as the store knows it.

    Attributes:
        name: unique in the store.
        spec: the resolved study, JSON.
        state: `running`, `done`, `interrupted`, `budget` or `failed`.
        created, updated: seconds since the epoch, UTC.
    """

    id: int
    name: str
    spec: JsonObject
    state: str
    created: float
    updated: float


class Store(ABC):
    """Keeps studies and trials. Every method is atomic and durable when it returns."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @abstractmethod
    def create_study(self, name: str, spec: JsonObject, now: float) -> StudyRow:
        """Begin a study. Raises StoreError where the name is taken."""

    @abstractmethod
    def study(self, name: str) -> StudyRow | None:
        """Find a study by name."""

    @abstractmethod
    def studies(self) -> list[StudyRow]:
        """All studies in the order in which they were begun, whatever the clock said."""

    def chosen(self, name: str | None) -> StudyRow:
        """The study of that name; for None the one that was begun last.

        Raises:
            StoreError: there is none; says which there are.
        """
        studies = self.studies()
        if not studies:
            raise StoreError("there is no study yet; run a search first")
        if name is None:
            return studies[-1]
        found = self.study(name)
        if found is None:
            known = [study.name for study in studies]
            near = self._of_file(name) or did_you_mean(name, known)
            raise StoreError(f"there is no study {name!r}{near}; there are: {', '.join(known)}")
        return found

    def _of_file(self, word: str) -> str:
        """Whose results file a word names, with its folder or ending or without; else nothing."""
        wanted = Path(word).name.removesuffix(".json")
        for study in self.studies():
            file = (self.note(study.id, RESULTS) or {}).get("file", f"{study.name}.json")
            if file == f"{wanted}.json":
                return f" ({file} has the results of {study.name!r})"
        return ""

    def see_free(self, name: str) -> None:
        """Raise StoreError where a study has that name already."""
        if self.study(name) is not None:
            raise StoreError(
                f"a study {name!r} is there already; go on with it by --resume {name}, or choose "
                "another name"
            )

    @abstractmethod
    def set_state(self, study: int, state: str, now: float) -> None:
        """Note how a study stands."""

    @abstractmethod
    def set_spec(self, study: int, spec: JsonObject) -> None:
        """Replace the study's spec: it goes on with another judge, server or budget."""

    @abstractmethod
    def set_note(self, study: int, key: str, value: JsonObject) -> None:
        """Keep a JSON note with a study (checks, fingerprint, ...), replacing the old one."""

    @abstractmethod
    def note(self, study: int, key: str) -> JsonObject | None:
        """Read a note back."""

    @abstractmethod
    def ask(self, study: int, cells: list[tuple[Cell, int]], now: float) -> None:
        """Keep the cells (with their seeds) that a strategy asked for, in order, in one step."""

    @abstractmethod
    def save_written(
        self,
        study: int,
        cell: Cell,
        written: Completion | Unwritten,
        failure: Failure | None,
        covariates: tuple[float, ...],
        now: float,
    ) -> None:
        """Keep what came back for a cell. A kept `Completion` is never replaced."""

    @abstractmethod
    def save_judgment(self, study: int, cell: Cell, judgment: Score | Unscored, now: float) -> None:
        """Keep one judgment of a cell's text. A kept `Score` is never replaced.

        What a lost judgment cost is added to that of the next one, so that costs add up.
        """

    @abstractmethod
    def trials(self, study: int) -> list[Trial]:
        """All trials of a study, in the order of asking, with every judgment kept."""

    @abstractmethod
    def vectors(self, model: str, digests: Sequence[str]) -> dict[str, tuple[float, ...]]:
        """The kept embeddings of texts by their digests, as far as a model has made them."""

    @abstractmethod
    def save_vectors(self, model: str, vectors: Mapping[str, Sequence[float]]) -> None:
        """Keep embeddings by the digests of their texts, in single precision, for all studies."""

    @abstractmethod
    def lock(self, study: int, owner: str) -> None:
        """Take a study for one running process, until `unlock`, `close` or the process's end.

        Args:
            study: taking what this store holds already changes nothing.
            owner: who takes it, for people.

        Raises:
            StoreError: another holds it; says who, and what to do.
        """

    @abstractmethod
    def is_locked(self, study: int) -> bool:
        """Whether a process holds a study now."""

    @abstractmethod
    def unlock(self, study: int) -> None:
        """Give a study back."""

    @abstractmethod
    def close(self) -> None:
        """Close the store."""
