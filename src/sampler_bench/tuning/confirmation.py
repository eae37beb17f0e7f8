"""After the search: winner, simpler rival and baseline once more, on seeds that nobody has seen.

It ends early where more texts could not change the verdict (`analysis.confirming`). Where a search
goes on after it, with a larger limit, there is another one after that, with texts of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..records import Cell, ScoreTable
from ..search import Problem

if TYPE_CHECKING:
    import numpy as np

    from ..analysis.confirming import Contest


@dataclass(slots=True)
class Confirmation:
    """A strategy that asks for up to `texts` cells on fresh seeds, by what they can change."""

    texts: int
    _contest: Contest | None = field(default=None, init=False)

    def ask(
        self, table: ScoreTable, problem: Problem, n: int, rng: np.random.Generator
    ) -> list[Cell]:
        """Return up to `n` cells; none until the whole search is known, nor when done."""
        from ..analysis.confirming import confirm, contest_of, is_searched

        if not self.texts or not is_searched(table):
            return []
        self._contest = self._contest or contest_of(table, problem)
        kept = self.texts + table.fresh_before
        return confirm(table, problem, kept, n, self._contest)
