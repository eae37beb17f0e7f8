"""The verdict of a study: one winner, how sure, and what cannot be told apart from it.

The winner is the best configuration of the posterior of the search's own texts; the fresh texts
come after that choice, so they cannot have caused it. Worth and gain are then read from the
posterior of all texts. Selection is accounted for twice: a posterior mean is shrunk by what is
known of all configurations, and the fresh texts know nothing of why the winner won. "As good" is
said of the baseline against the whole space, not against the winner alone (`standing`).

Not covered: sets of texts (diversity).
"""

from __future__ import annotations

import math
from dataclasses import replace

from .._arrays import Floats
from ..records import UNKNOWN, Estimate, SamplerConfig, ScoreTable, Verdict
from ..search import Problem
from .choice import (
    CANNOT_TELL,
    challenger_of,
    choose_winner,
    recommended,
    sentence_of,
    simplest,
    within,
)
from .notes import best_tried, for_new_prompts, needed, notes, saved
from .reading import Reading, interval, posterior_of, worths
from .standing import beaten, draws


def verdict(table: ScoreTable, problem: Problem) -> Verdict:
    """Say what a study has found, for any strategy and at any time.

    Args:
        table: all rows, those of the confirmation marked `fresh`.
        problem: space, prompts, baseline and margin.
    """
    winner = choose_winner(table, problem)
    if not len(table.evidence()):
        return _nothing(winner, problem)
    challenger = challenger_of(table, problem, winner)
    reading = recommended(posterior_of(table, problem), winner, challenger, problem)
    worth = draws(reading.belief)
    sentence = sentence_of(reading, problem.margin, worth)
    on_new = for_new_prompts(reading, problem)
    equivalent, possible = within(reading, problem.margin)
    found = Verdict(
        best=reading.configs[0],
        tried=reading.tried(0),
        objective=worths(reading.posterior, reading.configs[:1])[0],
        baseline=problem.baseline,
        gain=_gain(reading),
        sentence=sentence,
        margin=problem.margin,
        compared=None if reading.challenger is None else reading.configs[reading.challenger],
        equivalent=tuple(equivalent),
        possible=tuple(possible),
        simplest=simplest(reading, problem.margin),
        probability_best=float((worth.argmax(axis=1) == 0).mean()),
        probability_beaten=_beaten(reading, worth, problem.margin),
        best_tried=best_tried(reading),
        new_prompts=None if on_new is None else on_new[0],
        gain_on_new_prompts=None if on_new is None else on_new[1],
        needed=needed(reading, problem, sentence),
        saved=saved(table, problem),
    )
    return replace(found, notes=tuple(notes(reading, problem, found, table)))


def _gain(reading: Reading) -> Estimate | None:
    if reading.base is None:
        return None
    return Estimate(0.0, 0.0, 0.0) if reading.challenger is None else interval(*reading.gain())


def _beaten(reading: Reading, worth: Floats, margin: float) -> float:
    if reading.base is None or not reading.tried(reading.base):
        return math.nan
    return beaten(worth, reading.base, reading.inside, margin)


def _nothing(winner: SamplerConfig, problem: Problem) -> Verdict:
    gain = None if problem.baseline is None else UNKNOWN
    said = ("No text was judged yet: nothing is known.",)
    return Verdict(
        winner, False, UNKNOWN, problem.baseline, gain, CANNOT_TELL, problem.margin, notes=said
    )
