"""The loop's view of a study: every trial in the order of asking, and how far each has come."""

from __future__ import annotations

import math
from dataclasses import replace

from ..records import (
    FAILED,
    JUDGED,
    PENDING,
    Cell,
    Completion,
    SamplerConfig,
    ScoreTable,
    Trial,
    Unscored,
    settle,
)


class Ledger:
    """Trials in the order of asking, their states, and what a strategy may see of them.

    Texts and answers of judges are dropped once a trial is settled (the store has them), so that a
    study of any length fits into memory.

    Args:
        trials: what is kept.
        identities: the panel whose judgments count.
        n_prompts: how many prompts the study has.
        forget: True drops what was missing, so that a run that goes on tries it again.
        texts: True keeps the texts themselves, for a strategy that reads them.
    """

    def __init__(
        self,
        trials: list[Trial],
        identities: tuple[str, ...],
        n_prompts: int,
        forget: bool = True,
        texts: bool = False,
    ) -> None:
        self.identities = identities
        self.n_prompts = n_prompts
        self.kept: list[Trial] = []
        self._index: dict[Cell, int] = {}
        self._open: dict[int, Trial] = {}
        self._texts: list[str] | None = [] if texts else None
        self._columns = _Columns()
        self._prefix = 0
        for trial in trials:
            known = forget_faults(trial) if forget else trial
            self.add(known.cell, known.seed)
            if self.update(known) != PENDING:
                self.kept.append(known)

    def __len__(self) -> int:
        return len(self._index)

    def add(self, cell: Cell, seed: int) -> None:
        """Note a cell that was asked for."""
        assert cell not in self._index, f"{cell} was asked for twice"
        i = self._index[cell] = len(self._index)
        self._open[i] = Trial(cell, seed)
        self._columns.add(cell)
        if self._texts is not None:
            self._texts.append("")

    def update(self, trial: Trial) -> int:
        """Take in what came of a cell; return its new state."""
        i = self._index[trial.cell]
        state, score = settle(trial, self.identities)
        self._columns.set(i, state, score, trial.covariates)
        self._open[i] = trial
        if state != PENDING:
            del self._open[i]
            if self._texts is not None and isinstance(trial.written, Completion):
                self._texts[i] = trial.written.text
        return state

    def take_kept(self) -> list[Trial]:
        """The settled trials that it was built from; once, then they are dropped."""
        kept, self.kept = self.kept, []
        return kept

    def trial(self, cell: Cell) -> Trial:
        """What is known of a cell that is not settled yet."""
        return self._open[self._index[cell]]

    def text(self, row: int) -> str:
        """The text of a settled row; empty where none came. Needs `texts`."""
        assert self._texts is not None, "this ledger was told to drop the texts"
        return self._texts[row]

    def state(self, cell: Cell) -> int:
        """How a cell stands."""
        return int(self._columns.state[self._index[cell]])

    def score(self, cell: Cell) -> float:
        """The mean over the panel; NaN unless the cell was judged."""
        return float(self._columns.score[self._index[cell]])

    def unsettled(self) -> list[Trial]:
        """The trials that are not settled yet, in the order of asking."""
        return [self._open[i] for i in sorted(self._open)]

    def settled_prefix(self) -> int:
        """How many trials from the start are settled without a gap."""
        while self._prefix < len(self) and self._prefix not in self._open:
            self._prefix += 1
        return self._prefix

    def count(self, *states: int) -> int:
        """How many trials stand in one of the states."""
        return sum(state in states for state in self._columns.state[: len(self)].tolist())

    def kept_texts(self) -> tuple[int, float]:
        """How many texts are there, and how many of them are done with: judged, or found bad.

        A text that only some of the panel have judged counts in part.
        """
        done = self.count(JUDGED, FAILED)
        open_ones = [t for t in self._open.values() if isinstance(t.written, Completion)]
        parts = [len({j.judge for j in t.judgments} & set(self.identities)) for t in open_ones]
        return done + len(open_ones), done + sum(parts) / len(self.identities)

    def judged_by_others(self) -> list[str]:
        """Who has judged a text that nobody of this panel has; once for each such text."""
        found = []
        for trial in self.unsettled():
            judges = {judgment.judge for judgment in trial.judgments}
            if judges and not judges & set(self.identities):
                found.append(", ".join(sorted(judges)))
        return found

    def table(self, visible: int | None = None) -> ScoreTable:
        """The score table in which only the first `visible` outcomes are known (default: all)."""
        return self._columns.table(self.n_prompts, len(self) if visible is None else visible)


class _Columns:
    """The columns of a score table that grows at its end."""

    def __init__(self) -> None:
        import numpy as np

        self.n = 0
        self.config = np.zeros(64, dtype=np.intp)
        self.prompt = np.zeros(64, dtype=np.intp)
        self.repeat = np.zeros(64, dtype=np.intp)
        self.fresh = np.zeros(64, dtype=np.bool_)
        self.state = np.zeros(64, dtype=np.int8)
        self.score = np.zeros(64)
        self.covariates = np.full((64, 0), np.nan)
        self._numbers: dict[SamplerConfig, int] = {}

    def add(self, cell: Cell) -> None:
        """One more row, whose outcome is not known."""
        if self.n == len(self.config):
            self._grow()
        self.config[self.n] = self._numbers.setdefault(cell.config, len(self._numbers))
        self.prompt[self.n], self.repeat[self.n] = cell.prompt, cell.repeat
        self.fresh[self.n], self.state[self.n] = cell.fresh, PENDING
        self.score[self.n] = math.nan
        self.n += 1

    def set(self, i: int, state: int, score: float, covariates: tuple[float, ...]) -> None:
        """What came of a row."""
        import numpy as np

        self.state[i], self.score[i] = state, score if state == JUDGED else math.nan
        missing = len(covariates) - self.covariates.shape[1]
        if missing > 0:
            more = np.full((len(self.covariates), missing), np.nan)
            self.covariates = np.concatenate([self.covariates, more], axis=1)
        self.covariates[i] = np.nan
        self.covariates[i, : len(covariates)] = covariates

    def table(self, n_prompts: int, visible: int) -> ScoreTable:
        """A copy in which outcomes from row `visible` on are not known."""
        import numpy as np

        n, known = self.n, np.arange(self.n) < visible
        return ScoreTable(
            configs=tuple(self._numbers),
            config=self.config[:n].copy(),
            prompt=self.prompt[:n].copy(),
            repeat=self.repeat[:n].copy(),
            state=np.where(known, self.state[:n], np.int8(PENDING)),
            score=np.where(known, self.score[:n], np.nan),
            fresh=self.fresh[:n].copy(),
            covariates=np.where(known[:, None], self.covariates[:n], np.nan),
            n_prompts=n_prompts,
        )

    def _grow(self) -> None:
        import numpy as np

        for name in ("config", "prompt", "repeat", "fresh", "state", "score"):
            old = getattr(self, name)
            setattr(self, name, np.concatenate([old, np.zeros_like(old)]))
        blank = np.full_like(self.covariates, np.nan)
        self.covariates = np.concatenate([self.covariates, blank])


def forget_faults(trial: Trial) -> Trial:
    """Drop what was missing, so that a run that goes on tries it again."""
    written = trial.written if isinstance(trial.written, Completion) else None
    scores = tuple(j for j in trial.judgments if not isinstance(j, Unscored))
    return replace(trial, written=written, judgments=scores)
