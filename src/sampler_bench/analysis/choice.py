"""What a study chooses: the winner, its sentence, its equivalents and the simplest of them."""

from __future__ import annotations

import numpy as np

from .._arrays import Floats
from ..posterior import Posterior
from ..posterior.best import best as best_of
from ..records import SamplerConfig, ScoreTable
from ..samplers.acting import knobs
from ..search import Problem
from .power import Z
from .reading import Reading, chooser_of, posterior_of, read
from .standing import RISK, beaten, draws, near_best

BETTER, AS_GOOD, CANNOT_TELL = "better", "as good", "cannot tell"
LEAST_SD = 1e-9


def choose_winner(table: ScoreTable, problem: Problem) -> SamplerConfig:
    """The best configuration by the search's own texts; the fresh ones have no say."""
    posterior = chooser_of(searched(table), problem)
    return best_of(posterior, posterior.evidence.configs)


def searched(table: ScoreTable) -> ScoreTable:
    """The search's own texts; all where none of them counts."""
    search = table.take(~table.fresh)
    return search if len(search.evidence()) else table


def challenger_of(
    table: ScoreTable, problem: Problem, winner: SamplerConfig
) -> SamplerConfig | None:
    """Who is compared with the baseline: the winner, unless that is the baseline itself.

    Then it is the setting that is likeliest to be better by more than the margin, by the search's
    own texts; None where the space has no other.
    """
    if winner != problem.baseline:
        return winner
    return likeliest_to_beat(posterior_of(searched(table), problem), winner, problem)


def likeliest_to_beat(
    posterior: Posterior, winner: SamplerConfig, problem: Problem
) -> SamplerConfig | None:
    """The setting that is likeliest to beat the winner by more than the margin, if there is one."""
    reading = read(posterior, winner, problem)
    found = []
    for i in np.flatnonzero(reading.inside[1:]) + 1:
        mean, sd = reading.difference(int(i), 0)
        found.append(((mean - problem.margin) / max(sd, LEAST_SD), -int(i)))
    return reading.configs[-max(found)[1]] if found else None


def recommended(
    posterior: Posterior,
    winner: SamplerConfig,
    challenger: SamplerConfig | None,
    problem: Problem,
) -> Reading:
    """What all texts say; a challenger that surely beats the baseline takes a winner's place.

    It was named before its fresh texts were written, as a winner is, so they did not choose it.
    """
    reading = read(posterior, winner, problem, challenger)
    if challenger in (None, winner) or sentence_of(reading, problem.margin) != BETTER:
        return reading
    return read(posterior, challenger, problem)


def sentence_of(reading: Reading, margin: float, worth: Floats | None = None) -> str:
    """Which of the three sentences is supported, by what is known of the space and the baseline.

    `worth`: the `draws` of the reading's belief, where they are at hand.
    """
    if reading.base is None or not reading.tried(reading.base):
        return CANNOT_TELL
    high = -np.inf
    if reading.challenger is not None:
        mean, sd = reading.gain()
        if mean - Z * sd > 0:
            return BETTER
        high = mean + Z * sd
    if high >= margin:
        return CANNOT_TELL
    worth = draws(reading.belief) if worth is None else worth
    risk = beaten(worth, reading.base, reading.inside, margin)
    return AS_GOOD if risk <= RISK else CANNOT_TELL


def rival_of(table: ScoreTable, problem: Problem, winner: SamplerConfig) -> SamplerConfig | None:
    """The simplest configuration that is probably within the margin, if simpler than the winner."""
    search = table.take(~table.fresh)
    if not len(search.evidence()):
        return None
    reading = read(posterior_of(search, problem), winner, problem)
    found = simplest(reading, problem.margin, 0.0)
    return None if found == winner else found


def within(reading: Reading, margin: float) -> tuple[list[SamplerConfig], list[SamplerConfig]]:
    """Which configurations may be within the margin of the best of the space.

    Returns:
        The winner, tried or not, then those that were tried, best first; and the untried ones of
        the reference configurations that stand for the space.
    """
    frame = reading.posterior.frame
    known = list(dict.fromkeys([reading.configs[0], *reading.posterior.evidence.configs]))
    configs = list(dict.fromkeys([*known, *frame.pool]))
    belief = reading.posterior.believe(configs)
    inside = np.array([config in frame.space for config in configs])
    near = near_best(draws(belief), inside, margin)
    order = [0, *(i for i in np.argsort(-belief.mean, kind="stable") if i and near[i])]
    tried = [configs[i] for i in order if i < len(known)]
    return tried, [configs[i] for i in order if i >= len(known)]


def simplest(reading: Reading, margin: float, z: float = Z) -> SamplerConfig:
    """The configuration with the fewest knobs whose shortfall's upper bound is in the margin."""
    found = [(len(knobs(reading.configs[0])), -np.inf, 0)]
    for i, config in enumerate(reading.configs[1:], start=1):
        mean, sd = reading.difference(0, i)
        if reading.tried(i) and mean + z * sd <= margin:
            found.append((len(knobs(config)), -float(reading.belief.mean[i]), i))
    return reading.configs[min(found)[2]]
