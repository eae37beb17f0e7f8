"""A pilot: the first few dozen texts of a study, spent so that they tell how noisy its scores are.

They are the study's own: `search --resume` goes on from them. The baseline comes first, for it is
in every comparison: several times on every prompt or, where that would be more than a third of the
pilot, twice on some of them, since only texts of one prompt tell how single texts scatter. Then the
strategy asks as it would. Afterwards
some of the texts are judged once more by the same judge: what it says twice of one and the same
text differs by its own noise alone. Second opinions are noted with the study and count nowhere
else.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..judges import Judge
from ..records import Cell, Completion, Json, JsonObject, Prompt, Score, ScoreTable, Trial
from ..search import Problem, Strategy
from ..search._cells import next_repeats
from .budget import Budget
from .parts import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

TEXTS = 36
BASELINE_SHARE = 1 / 3  # of the pilot at most
TWICE = 2  # texts on one prompt without which no scatter is seen
SECOND_OPINIONS = 12  # texts that are judged once more
NOTE = "second opinions"


@dataclass(frozen=True, slots=True)
class Piloted:
    """A strategy that begins with the baseline, `repeats` times on each of some prompts."""

    inner: Strategy
    repeats: int
    prompts: tuple[int, ...]

    def ask(
        self, table: ScoreTable, problem: Problem, n: int, rng: np.random.Generator
    ) -> list[Cell]:
        """Return up to `n` cells: the baseline's, then what the strategy asks for."""
        if problem.baseline is not None:
            used = next_repeats(table)
            due = [
                Cell(problem.baseline, prompt, repeat)
                for repeat in range(self.repeats)
                for prompt in self.prompts
                if repeat >= used[problem.baseline, prompt]
            ]
            if due:
                return due[:n]
            if getattr(self.inner, "SPENDS", "budget") != "budget":
                return self._rivals(table, problem, n, rng)
        return self.inner.ask(table, problem, n, rng)

    def _rivals(
        self, table: ScoreTable, problem: Problem, n: int, rng: np.random.Generator
    ) -> list[Cell]:
        """What fixed replication asks for after the baseline, whose rest is left to the search."""
        rest = problem.n_prompts * problem.samples_per_config
        cells = self.inner.ask(table, problem, n + rest, rng)
        return [cell for cell in cells if cell.config != problem.baseline][:n]


def piloted(inner: Strategy, texts: int, n_prompts: int) -> Piloted:
    """The strategy of a pilot of so many texts: the baseline has a third of them at most."""
    share = int(texts * BASELINE_SHARE)
    repeats = max(TWICE, share // n_prompts)
    some = min(n_prompts, share // repeats)
    return Piloted(inner, repeats, tuple(k * n_prompts // some for k in range(some)))


async def second_opinions(
    judge: Judge,
    trials: Sequence[Trial],
    prompts: Sequence[Prompt],
    budget: Budget,
    stop: Stop,
    keep: Callable[[JsonObject], None],
) -> None:
    """Have some judged texts judged once more by the same judges.

    Args:
        judge: the study's.
        trials: the pilot's.
        prompts: the study's.
        budget: what is left of it; where it is used up nothing is asked.
        stop: asked before each of them.
        keep: takes what there is after each of them, for a note: `pairs` of first and second
            scores, in the order of asking, and their `cost`.

    Raises:
        JudgeError: the judge turns us away; what it said before is kept.
    """
    pairs: list[Json] = []
    cost = 0.0
    for trial in [t for t in trials if t.judgments][:SECOND_OPINIONS]:
        if stop.is_set() or budget.spent_up():
            break
        first = next((j for j in trial.judgments if isinstance(j, Score)), None)
        if first is None or not isinstance(trial.written, Completion) or not budget.reserve():
            continue
        reserved, prompt = budget.price, prompts[trial.cell.prompt]
        try:
            second = await judge.judge(first.judge, prompt, trial.written.text)
        except asyncio.CancelledError:  # it was asked for, so it may be on the bill
            keep({"pairs": [*pairs], "cost": cost + reserved})
            raise
        budget.settle(reserved, second.cost)
        cost += second.cost
        if isinstance(second, Score):
            pairs.append([first.value, second.value])
        keep({"pairs": [*pairs], "cost": cost})


def pairs_of(note: JsonObject | None) -> list[list[float]]:
    """First and second scores of the texts that were judged twice."""
    pairs = (note or {}).get("pairs", [])
    assert isinstance(pairs, list), "the note is as second_opinions wrote it"
    return [[float(str(score)) for score in pair] for pair in pairs if isinstance(pair, list)]
