"""What a run is asked to do, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ..spec import StudySpec
from .budget import Ended
from .kept import KeptStudy


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
        minutes: that this run may take where it goes on; None for those that the study states.
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
    minutes: float | None = None
    words: tuple[str, ...] = ()

    @property
    def limited(self) -> StudySpec:
        """The study as this run goes through it: a pilot ends early, minutes are of one run."""
        spec = self.spec
        if self.minutes is not None:
            spec = replace(spec, max_minutes=self.minutes)
        if self.pilot is not None:
            spec = replace(spec, max_samples=min(self.pilot, spec.max_samples or self.pilot))
        return spec

    @property
    def kind(self) -> Literal["search", "benchmark"]:
        """`search` or `benchmark`."""
        return "benchmark" if self.spec.given else "search"


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that has ended, how, and the study as it stands."""

    ended: Ended
    request: Request
    study: KeptStudy
