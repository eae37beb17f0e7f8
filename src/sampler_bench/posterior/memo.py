"""Posteriors of tables that were met before: the same content, the same object.

A search asks again and again about evidence that has grown by a few texts; a verdict asks several
questions about one table. Remembering changes no answer.
"""

from __future__ import annotations

from functools import lru_cache

from ..records import ScoreTable
from .expectation import NEUTRAL, Expectation
from .frame import Frame
from .model import Posterior, fit_posterior


class _Content:
    """A table with all that its model depends on, equal to another by content."""

    def __init__(
        self, table: ScoreTable, frame: Frame, failure_score: float, expectation: Expectation
    ) -> None:
        self.table, self.frame, self.failure_score = table, frame, failure_score
        self.expectation = expectation
        names = tuple(table.configs[i] for i in table.config)
        arrays = (table.prompt, table.state, table.score, table.covariates)
        shape = (table.n_prompts, id(frame), failure_score, expectation)
        self.key = (shape, names, *(a.tobytes() for a in arrays))

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Content) and self.key == other.key


def fit_remembered(
    table: ScoreTable, frame: Frame, failure_score: float, expectation: Expectation = NEUTRAL
) -> Posterior:
    """`fit_posterior` on a table's evidence, remembered from the last times."""
    return _fit(_Content(table.evidence(), frame, failure_score, expectation))


@lru_cache(maxsize=8)
def _fit(content: _Content) -> Posterior:
    known = content.table, content.frame, content.failure_score
    return fit_posterior(*known, expectation=content.expectation)
