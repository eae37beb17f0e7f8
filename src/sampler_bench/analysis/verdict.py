"""The verdict of a study: one winner, how sure, and what cannot be told apart from it.

The winner is the best configuration of the posterior of the search's own texts; the fresh texts
come after that choice, so they cannot have caused it. Worth and gain are then read from the
posterior of all texts. Selection is accounted for twice: a posterior mean is shrunk by what is
known of all configurations, and the fresh texts know nothing of why the winner won.

Not covered: sets of texts (diversity).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..records import UNKNOWN, Estimate, SamplerConfig, ScoreTable, Verdict
from .choice import AS_GOOD, CANNOT_TELL, choose_winner, equivalents, sentence_of, simplest
from .notes import best_tried, for_new_prompts, needed, notes, saved
from .power import WIDER
from .reading import Reading, interval, posterior_of, read

if TYPE_CHECKING:
    from ..search import Problem

DRAWS = 4000


def verdict(table: ScoreTable, problem: Problem) -> Verdict:
    """Say what a study has found, for any strategy and at any time.

    Args:
        table: all rows, those of the confirmation marked `fresh`.
        problem: space, prompts, baseline and margin.
    """
    winner = choose_winner(table, problem)
    if not len(table.evidence()):
        return _nothing(winner, problem)
    reading = read(posterior_of(table, problem), winner, problem)
    gain, sentence = _gain(reading, problem)
    on_new = for_new_prompts(reading, problem)
    found = Verdict(
        best=winner,
        tried=reading.tried(0),
        objective=interval(float(reading.belief.mean[0]), float(reading.belief.sd[0])),
        baseline=problem.baseline,
        gain=gain,
        sentence=sentence,
        margin=problem.margin,
        equivalent=tuple(reading.configs[i] for i in equivalents(reading, problem.margin)),
        simplest=simplest(reading, problem.margin),
        probability_best=_probability_best(reading),
        best_tried=best_tried(reading),
        new_prompts=None if on_new is None else on_new[0],
        gain_on_new_prompts=None if on_new is None else on_new[1],
        needed=needed(reading, problem, sentence),
        saved=saved(table, problem),
    )
    return replace(found, notes=tuple(notes(reading, problem, found, table)))


def _gain(reading: Reading, problem: Problem) -> tuple[Estimate | None, str]:
    if problem.baseline is None:
        return None, CANNOT_TELL
    if problem.baseline == reading.configs[0]:
        return Estimate(0.0, 0.0, 0.0), AS_GOOD
    mean, sd = reading.difference(0, 1)
    if not reading.tried(1):
        return interval(mean, sd), CANNOT_TELL
    return interval(mean, sd), sentence_of(mean, sd, problem.margin)


def _probability_best(reading: Reading) -> float:
    """How probable it is that no other configuration that was looked at is better."""
    full = reading.belief.covariance
    values, vectors = np.linalg.eigh((full + full.T) / 2)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    z = np.random.default_rng(1).standard_normal((DRAWS, len(values)))
    worth = reading.belief.mean + WIDER * z @ root.T
    return float((worth.argmax(axis=1) == 0).mean())


def _nothing(winner: SamplerConfig, problem: Problem) -> Verdict:
    gain = None if problem.baseline is None else UNKNOWN
    said = ("No text was judged yet: nothing is known.",)
    return Verdict(
        winner, False, UNKNOWN, problem.baseline, gain, CANNOT_TELL, problem.margin, notes=said
    )
