"""The evidence of a study as arrays: all that strategies and analysis see."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .config import SamplerConfig
from .trial import INTERRUPTED, Cell, Score, Trial, Unwritten

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

JUDGED, FAILED, MISSING, PENDING = 0, 1, 2, 3


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTable:
    """The evidence as arrays, one row for each cell, in the order in which they were asked.

    Attributes:
        configs: the distinct configurations, in the order of their first row.
        config: (n,) index into `configs`.
        prompt: (n,) 0 <= prompt < n_prompts.
        repeat: (n,) counted from 0 for each configuration, prompt and phase.
        state: (n,) JUDGED, FAILED, MISSING (a fault; never evidence) or PENDING (not known yet).
        score: (n,) 0 to 10, higher is better; mean over the panel; NaN unless JUDGED.
        fresh: (n,) True for the confirmation on fresh seeds.
        covariates: (n, k) free text statistics; NaN where there is none. k may be 0.
        n_prompts: how many prompts the study has.
    """

    configs: tuple[SamplerConfig, ...]
    config: NDArray[np.intp]
    prompt: NDArray[np.intp]
    repeat: NDArray[np.intp]
    state: NDArray[np.int8]
    score: NDArray[np.float64]
    fresh: NDArray[np.bool_]
    covariates: NDArray[np.float64]
    n_prompts: int

    @classmethod
    def of(
        cls,
        rows: Iterable[tuple[Cell, int, float]],
        n_prompts: int,
        covariates: Iterable[tuple[float, ...]] = (),
    ) -> ScoreTable:
        """Build a table from (cell, state, score) rows, in the order of asking."""
        import numpy as np

        rows = list(rows)
        index: dict[SamplerConfig, int] = {}
        numbers = [index.setdefault(cell.config, len(index)) for cell, _, _ in rows]
        free = list(covariates)
        width = max(map(len, free), default=0)
        filled = np.full((len(rows), width), np.nan)
        for i, values in enumerate(free):
            filled[i, : len(values)] = values
        return cls(
            configs=tuple(index),
            config=np.array(numbers, dtype=np.intp),
            prompt=np.array([cell.prompt for cell, _, _ in rows], dtype=np.intp),
            repeat=np.array([cell.repeat for cell, _, _ in rows], dtype=np.intp),
            state=np.array([state for _, state, _ in rows], dtype=np.int8),
            score=np.array([s if st == JUDGED else np.nan for _, st, s in rows], dtype=np.float64),
            fresh=np.array([cell.fresh for cell, _, _ in rows], dtype=np.bool_),
            covariates=filled,
            n_prompts=n_prompts,
        )

    def __len__(self) -> int:
        return len(self.config)

    def take(self, mask: NDArray[np.bool_] | NDArray[np.intp]) -> ScoreTable:
        """The rows where `mask` (n,) is True, or those it numbers; `configs` as they are."""
        return ScoreTable(
            self.configs,
            self.config[mask],
            self.prompt[mask],
            self.repeat[mask],
            self.state[mask],
            self.score[mask],
            self.fresh[mask],
            self.covariates[mask],
            self.n_prompts,
        )

    @property
    def fresh_before(self) -> int:
        """How many fresh rows are of earlier confirmations: a search has gone on after them."""
        import numpy as np

        searched = np.flatnonzero(~self.fresh)
        return int(self.fresh[: searched[-1]].sum()) if len(searched) else 0

    def evidence(self) -> ScoreTable:
        """The rows that count: judged texts and failures."""
        return self.take(self.state <= FAILED)


def settle(trial: Trial, identities: tuple[str, ...]) -> tuple[int, float]:
    """Say how a trial stands, and its score if it is judged.

    A text counts when every member of the panel has scored it; its score is their mean.

    Args:
        trial: what is kept of the cell.
        identities: the panel whose judgments count; judgments by others are not looked at.

    Returns:
        (state, score): score is NaN unless the state is JUDGED.
    """
    nothing = math.nan
    if trial.written is None:
        return PENDING, nothing
    if isinstance(trial.written, Unwritten):
        return MISSING, nothing
    if trial.failure is not None:
        return FAILED, nothing
    scores = [j.value for j in trial.judgments if isinstance(j, Score) and j.judge in identities]
    if len(scores) == len(identities):
        return JUDGED, sum(scores) / len(scores)
    lost = {
        j.judge for j in trial.judgments if not isinstance(j, Score) and j.reason == INTERRUPTED
    }
    answered = {j.judge for j in trial.judgments} - lost
    return (MISSING if answered >= set(identities) else PENDING), nothing
