"""The loop's view of a study: every trial in the order of asking, and how far each has come."""

from __future__ import annotations

from dataclasses import replace

from ..records import (
    FAILED,
    JUDGED,
    MISSING,
    PENDING,
    Cell,
    Completion,
    Score,
    ScoreTable,
    Trial,
    Unscored,
    Unwritten,
)


def settle(trial: Trial, identities: tuple[str, ...]) -> tuple[int, float]:
    """Say how a trial stands, and its score if it is judged.

    A text counts when every member of the panel has scored it; its score is their mean.

    Args:
        trial: what is kept of the cell.
        identities: the panel whose judgments count; judgments by others are not looked at.

    Returns:
        (state, score): score is NaN unless the state is JUDGED.
    """
    nothing = float("nan")
    if trial.written is None:
        return PENDING, nothing
    if isinstance(trial.written, Unwritten):
        return MISSING, nothing
    if trial.failure is not None:
        return FAILED, nothing
    scores = [j.value for j in trial.judgments if isinstance(j, Score) and j.judge in identities]
    if len(scores) == len(identities):
        return JUDGED, sum(scores) / len(scores)
    answered = {j.judge for j in trial.judgments}
    return (MISSING if answered >= set(identities) else PENDING), nothing


class Ledger:
    """Trials in the order of asking, their states, and what a strategy may see of them.

    Args:
        trials: what is kept.
        identities: the panel whose judgments count.
        n_prompts: how many prompts the study has.
        forget: True drops what was missing, so that a run that goes on tries it again.
    """

    def __init__(
        self,
        trials: list[Trial],
        identities: tuple[str, ...],
        n_prompts: int,
        forget: bool = True,
    ) -> None:
        self.trials = [forget_faults(trial) for trial in trials] if forget else list(trials)
        self.identities = identities
        self.n_prompts = n_prompts
        self._index = {trial.cell: i for i, trial in enumerate(self.trials)}
        self._states = [settle(trial, identities) for trial in self.trials]
        self._prefix = 0

    def __len__(self) -> int:
        return len(self.trials)

    def add(self, cell: Cell, seed: int) -> None:
        """Note a cell that was asked for."""
        assert cell not in self._index, f"{cell} was asked for twice"
        self._index[cell] = len(self.trials)
        self.trials.append(Trial(cell, seed))
        self._states.append((PENDING, float("nan")))

    def update(self, trial: Trial) -> int:
        """Take in what came of a cell; return its new state."""
        i = self._index[trial.cell]
        self.trials[i] = trial
        self._states[i] = settle(trial, self.identities)
        return self._states[i][0]

    def trial(self, cell: Cell) -> Trial:
        """What is known of a cell."""
        return self.trials[self._index[cell]]

    def state(self, cell: Cell) -> int:
        """How a cell stands."""
        return self._states[self._index[cell]][0]

    def unsettled(self) -> list[Trial]:
        """The trials that are not settled yet, in the order of asking."""
        pairs = zip(self.trials, self._states, strict=True)
        return [trial for trial, (state, _) in pairs if state == PENDING]

    def settled_prefix(self) -> int:
        """How many trials from the start are settled without a gap."""
        while self._prefix < len(self._states) and self._states[self._prefix][0] != PENDING:
            self._prefix += 1
        return self._prefix

    def count(self, *states: int) -> int:
        """How many trials stand in one of the states."""
        return sum(state in states for state, _ in self._states)

    def table(self, visible: int | None = None) -> ScoreTable:
        """The score table in which only the first `visible` outcomes are known (default: all)."""
        limit = len(self.trials) if visible is None else visible
        rows = (
            (trial.cell, state if i < limit else PENDING, score)
            for i, (trial, (state, score)) in enumerate(zip(self.trials, self._states, strict=True))
        )
        return ScoreTable.of(rows, self.n_prompts, (trial.covariates for trial in self.trials))


def forget_faults(trial: Trial) -> Trial:
    """Drop what was missing, so that a run that goes on tries it again."""
    written = trial.written if isinstance(trial.written, Completion) else None
    scores = tuple(j for j in trial.judgments if not isinstance(j, Unscored))
    return replace(trial, written=written, judgments=scores)
