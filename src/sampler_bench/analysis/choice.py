"""What a study chooses: the winner, its sentence, its equivalents and the simplest of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..posterior.best import best as best_of
from ..records import SamplerConfig, ScoreTable
from ..samplers.acting import knobs
from .power import Z
from .reading import Reading, chooser_of, posterior_of, read

if TYPE_CHECKING:
    from ..search import Problem

BETTER, AS_GOOD, CANNOT_TELL = "better", "as good", "cannot tell"


def choose_winner(table: ScoreTable, problem: Problem) -> SamplerConfig:
    """The best configuration by the search's own texts; the fresh ones have no say."""
    search = table.take(~table.fresh)
    if not len(search.evidence()):
        search = table
    posterior = chooser_of(search, problem)
    return best_of(posterior, posterior.evidence.configs)


def sentence_of(mean: float, sd: float, margin: float) -> str:
    """Which of the three sentences a gain of this mean and standard deviation supports."""
    if mean - Z * sd > 0:
        return BETTER
    return AS_GOOD if mean + Z * sd < margin else CANNOT_TELL


def rival_of(table: ScoreTable, problem: Problem, winner: SamplerConfig) -> SamplerConfig | None:
    """The simplest configuration that is probably within the margin, if simpler than the winner."""
    search = table.take(~table.fresh)
    if not len(search.evidence()):
        return None
    reading = read(posterior_of(search, problem), winner, problem)
    found = simplest(reading, problem.margin, 0.0)
    return None if found == winner else found


def equivalents(reading: Reading, margin: float) -> list[int]:
    """Tried configurations (and the winner) that may be within the margin of the winner."""
    found = []
    for i in range(len(reading.configs)):
        mean, sd = reading.difference(0, i)
        if i == 0 or (reading.tried(i) and mean - Z * sd <= margin):
            found.append((-reading.belief.mean[i] if i else -np.inf, i))
    return [i for _, i in sorted(found)]


def simplest(reading: Reading, margin: float, z: float = Z) -> SamplerConfig:
    """The configuration with the fewest knobs whose shortfall's upper bound is in the margin."""
    found = [(len(knobs(reading.configs[0])), -np.inf, 0)]
    for i, config in enumerate(reading.configs[1:], start=1):
        mean, sd = reading.difference(0, i)
        if reading.tried(i) and mean + z * sd <= margin:
            found.append((len(knobs(config)), -float(reading.belief.mean[i]), i))
    return reading.configs[min(found)[2]]
