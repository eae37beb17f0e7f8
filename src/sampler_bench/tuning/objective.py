"""What is searched for: quality, or quality with a stated share of diversity.

A text's *novelty* is how little it has in common with the others of its configuration on its
prompt (mean of 1 - overlap, see `analysis.diversity`), so that the mean novelty of a
configuration's good texts is its diversity. With weight w a judged text is worth (1 - w) x score +
w x 10 x novelty, from 0 to 10; a failed one is worth the failure score as ever. That number stands
in the score table; strategy, confirmation and verdict need to know nothing of it.

A text that is alone on its prompt has no novelty yet: its twin is asked for first. Should the twin
be lost to a fault, the text counts as missing, never as a guess. Texts of the confirmation are
compared among themselves. `front` walks through several weights, so that the search sees the whole
front (ParEGO, Knowles 2006, with weights in turn); its verdict is about quality alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.diversity import Grams, first_words, grams, overlap
from ..records import FAILED, JUDGED, MISSING, PENDING, Cell, ScoreTable
from ..search import Problem, Strategy

if TYPE_CHECKING:
    from ..spec import StudySpec
    from .ledger import Ledger
    from .parts import Phases

SCALE = 10.0
STEPS = (0.0, 0.25, 0.5, 1.0)  # of the largest weight, for `front`


@dataclass(frozen=True, slots=True)
class Objective:
    """The weights of diversity, taken in turn; the verdict goes by the first."""

    weights: tuple[float, ...] = (0.0,)

    @classmethod
    def of(cls, spec: StudySpec) -> Objective:
        """The objective of a study."""
        largest = spec.diversity_weight or 0.0
        if spec.objective == "front":
            return cls(tuple(step * largest for step in STEPS))
        return cls((largest,))

    @property
    def plain(self) -> bool:
        """True where quality alone is searched for."""
        return not any(self.weights)

    def phases(self, phases: Phases, ledger: Ledger, limits: Sequence[int]) -> Phases:
        """The phases of a run, each steered by this objective.

        Args:
            phases: name, strategy and problem.
            ledger: holds the texts.
            limits: how many texts each phase may ask for.
        """
        if self.plain:
            return phases
        novelty = Novelty(ledger)
        return [
            (
                name,
                Steered(
                    inner,
                    novelty,
                    weights=self.weights if k == 0 else self.weights[:1],
                    fresh=k > 0,
                    limit=limit,
                ),
                problem,
            )
            for k, ((name, inner, problem), limit) in enumerate(zip(phases, limits, strict=True))
        ]

    def judged_by(self, ledger: Ledger) -> ScoreTable:
        """The table that a verdict goes by."""
        return Novelty(ledger).enter(ledger.table(), self.weights[0])


@dataclass(frozen=True, slots=True, eq=False)
class Novelty:
    """The novelty of texts, each pair compared once."""

    ledger: Ledger
    grams: dict[int, Grams] = field(default_factory=dict)
    overlaps: dict[tuple[int, int], float] = field(default_factory=dict)

    def enter(self, table: ScoreTable, weight: float) -> ScoreTable:
        """The table with each judged text's worth under a weight, as far as it is known."""
        if not weight:
            return table
        state, score = table.state.copy(), table.score.copy()
        mates = _together(table)
        for row in np.flatnonzero(table.state == JUDGED).tolist():
            others = [other for other in mates[_group(table, row)] if other != row]
            novelty = self.of(row, others, table)
            if novelty is not None:
                score[row] = (1 - weight) * score[row] + weight * SCALE * novelty
                continue
            awaited = any(table.state[other] == PENDING for other in others)
            state[row], score[row] = (PENDING if awaited else MISSING), np.nan
        return replace(table, state=state, score=score)

    def of(self, row: int, others: list[int], table: ScoreTable) -> float | None:
        """How little a text has in common with others: the good ones, else those that failed."""
        good = [other for other in others if table.state[other] == JUDGED]
        chosen = good or [other for other in others if table.state[other] == FAILED]
        if not chosen:
            return None
        return 1 - sum(self._overlap(row, other) for other in chosen) / len(chosen)

    def _overlap(self, a: int, b: int) -> float:
        pair = (min(a, b), max(a, b))
        if pair not in self.overlaps:
            self.overlaps[pair] = overlap(self._grams(a), self._grams(b))
        return self.overlaps[pair]

    def _grams(self, row: int) -> Grams:
        if row not in self.grams:
            self.grams[row] = grams(first_words(self.ledger.text(row)))
        return self.grams[row]


def _group(table: ScoreTable, row: int) -> tuple[int, int, bool]:
    return int(table.config[row]), int(table.prompt[row]), bool(table.fresh[row])


def _together(table: ScoreTable) -> dict[tuple[int, int, bool], list[int]]:
    """The rows of each configuration, prompt and phase."""
    found: defaultdict[tuple[int, int, bool], list[int]] = defaultdict(list)
    for row in range(len(table)):
        found[_group(table, row)].append(row)
    return found


@dataclass(frozen=True, slots=True)
class Steered:
    """A strategy that sees worth instead of score, and is given a twin for every lone text.

    Attributes:
        inner: the strategy.
        novelty: of the study's texts.
        weights: of diversity, one decision after the other.
        fresh: True for the confirmation.
        limit: how many texts the phase may ask for; a confirmation, beside those of earlier ones.
    """

    inner: Strategy
    novelty: Novelty
    weights: tuple[float, ...]
    fresh: bool
    limit: int

    def ask(
        self, table: ScoreTable, problem: Problem, n: int, rng: np.random.Generator
    ) -> list[Cell]:
        """Return up to `n` cells; the twins that are due come first."""
        asked = int((table.fresh == self.fresh).sum())
        n = min(n, self.limit - asked + (table.fresh_before if self.fresh else 0))
        if n <= 0:
            return []
        twins = self._twins(table, [])
        if twins:
            return twins[:n]
        weight = self.weights[(len(table) // max(n, 1)) % len(self.weights)]
        seen = self.novelty.enter(table, weight)
        cells = self.inner.ask(seen, problem, max(n // 2, 1), rng)
        return [*cells, *self._twins(table, cells)][:n]

    def _twins(self, table: ScoreTable, new: list[Cell]) -> list[Cell]:
        """The second text of each (configuration, prompt) that has one text only."""
        fresh = self.fresh
        asked: Counter[tuple[object, int]] = Counter()
        last: dict[tuple[object, int], Cell] = {}
        rows = [
            Cell(table.configs[table.config[i]], int(table.prompt[i]), int(table.repeat[i]), fresh)
            for i in np.flatnonzero(table.fresh == fresh)
        ]
        for cell in [*rows, *new]:
            asked[cell.config, cell.prompt] += 1
            last[cell.config, cell.prompt] = cell
        return [
            replace(cell, repeat=cell.repeat + 1) for key, cell in last.items() if asked[key] == 1
        ]
