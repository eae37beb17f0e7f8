"""The confirmation: which texts on fresh seeds are still worth their price before a verdict.

Winner, baseline and a simpler rival are tried in turn; where the winner is the baseline itself, the
setting that is likeliest to beat it takes the winner's part. After each batch the question is what
the rest of the kept texts could still change: the gain's posterior at the end is known but for its
mean, which is normal about today's (the variance that is yet to go is its variance); whether the
rest of the space then allows "as good" is played out. Where the
sentence at the end is the same with a probability above `SURE`, the rest is not spent: a better
answer cannot be bought with it. (Predictive probability stopping; Saville et al. 2014, Clinical
Trials 11(4). It looks often but stops only where looking on is pointless, so that it hardly raises
the rate of false "better"; docs/verdict.md has it measured.) Texts saved so are used, where it is
cheap, to check by texts what each knob of the winner contributes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count

import numpy as np
from scipy.special import ndtr

from .._arrays import Floats
from ..posterior import Belief, fit_posterior
from ..records import PENDING, Cell, SamplerConfig, ScoreTable
from ..search import Problem
from .ablation import without_each
from .choice import (
    AS_GOOD,
    BETTER,
    CANNOT_TELL,
    challenger_of,
    choose_winner,
    rival_of,
    sentence_of,
)
from .power import WIDER, Z
from .reading import Reading, difference, posterior_of, read
from .standing import RISK, beaten, draws

Used = dict[SamplerConfig, list[set[int]]]

SURE = 0.98
FUTURES, WORTHS = 100, 400  # ends that are played out, and objectives drawn in each
RIVAL_SHARE = 0.5  # of what winner and baseline get each
CHEAP = 0.5  # share of the kept texts that checking the knobs may take


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the rest of the kept texts could still change.

    Attributes:
        sentence: by what is known now.
        stays: how probable it is that it is the same at the end.
    """

    sentence: str
    stays: float


@dataclass(frozen=True, slots=True)
class Contest:
    """Who is tried on fresh seeds: the winner, the baseline and a simpler rival.

    Attributes:
        winner: by the search's texts.
        challenger: who is compared with the baseline: the winner, unless that is itself the
            baseline; None where the space has no other.
        shares: of the kept texts, in parts of the winner's.
    """

    winner: SamplerConfig
    challenger: SamplerConfig | None
    shares: dict[SamplerConfig, float]


def contest_of(table: ScoreTable, problem: Problem) -> Contest:
    """Who is tried, by the search's texts alone: fresh ones change nothing."""
    winner = choose_winner(table, problem)
    challenger = challenger_of(table, problem, winner)
    met = (winner, problem.baseline, challenger)
    shares = {config: 1.0 for config in met if config is not None}
    if (rival := rival_of(table, problem, winner)) is not None:
        shares.setdefault(rival, RIVAL_SHARE)
    return Contest(winner, challenger, shares)


def confirmation_texts(budget: int, baseline: bool = True) -> int:
    """How many of a study's `budget` texts are kept for fresh seeds at most.

    A fifth where there is a baseline to be compared with, a tenth where there is none; how many of
    them are used depends on what they can still change. Measured in docs/verdict.md.
    """
    return round(budget * (0.2 if baseline else 0.1))


def is_searched(table: ScoreTable) -> bool:
    """Whether all of the search is known, and something came of it: then it may be confirmed."""
    return bool((table.state[~table.fresh] != PENDING).all()) and len(table.evidence()) > 0


def confirm(
    table: ScoreTable, problem: Problem, kept: int, n: int, contest: Contest | None = None
) -> list[Cell]:
    """Choose up to `n` cells on fresh seeds.

    Args:
        table: all rows so far, fresh ones included, of which the search `is_searched`.
        problem: the study's problem; without a baseline only winner and rival are tried.
        kept: how many texts the confirmation may use in all.
        n: how many cells at most.
        contest: `contest_of` this table, where it is known already.

    Returns:
        Nothing where more could change nothing, where the kept texts are used up, or where the
        space holds the baseline alone.
    """
    n = min(n, kept - int(table.fresh.sum()))
    if n <= 0:
        return []
    contest = contest or contest_of(table, problem)
    if contest.challenger is None:
        return []
    used = _used(table, contest.shares)
    ahead = outlook(table, problem, kept, contest)
    if ahead is not None and ahead.stays > SURE and _all_met(used, contest.challenger, problem):
        return _checks(table, problem, contest.challenger, ahead, kept)[:n]
    return [_next(used, contest.shares) for _ in range(n)]


def outlook(
    table: ScoreTable, problem: Problem, kept: int, contest: Contest | None = None
) -> Outlook | None:
    """What the rest of the kept texts could still change; None without a baseline or evidence."""
    search = table.take(~table.fresh)
    if problem.baseline is None or not len(search.evidence()):
        return None
    contest = contest or contest_of(table, problem)
    known = int((table.fresh & (table.state != PENDING)).sum())
    left = max(kept - known, 0)
    fitted = posterior_of(search, problem)
    posterior = fit_posterior(table.evidence(), fitted.frame, problem.failure_score, fitted.draws)
    reading = read(posterior, contest.winner, problem, contest.challenger)
    sentence = sentence_of(reading, problem.margin)
    total = sum(contest.shares.values())
    more = {reading.configs.index(c): left * part / total for c, part in contest.shares.items()}
    return Outlook(sentence, _outcomes(reading, more, problem.margin)[sentence])


def _outcomes(reading: Reading, more: Mapping[int, float], margin: float) -> dict[str, float]:
    """How probable each sentence is when so many more texts of some configurations are known."""
    if reading.base is None or reading.challenger is None or not reading.tried(reading.base):
        return {BETTER: 0.0, AS_GOOD: 0.0, CANNOT_TELL: 1.0}
    mean, sd = reading.gain()
    moves = _moves(reading.belief, more)
    later = _after(reading.belief, moves)
    _, left = difference(later, reading.challenger, reading.base)
    chances = _chances(mean, sd, left, margin)
    if chances[AS_GOOD] <= 1 - SURE:
        return chances
    return _chances(mean, sd, left, margin, _unbeaten(reading, later, moves, margin))


def _moves(belief: Belief, texts: Mapping[int, float]) -> Floats:
    """(n, k) how the means move, in independent steps, when so many more texts are known."""
    full, found = belief.covariance.copy(), []
    for i, more in texts.items():
        if more > 0:
            known = max(full[i, i], 0.0)  # rounding may leave a little less
            column = full[:, i] / np.sqrt(known + belief.text_variance[i] / more)
            full -= np.outer(column, column)
            found.append(column)
    return np.array(found).reshape(-1, len(full)).T


def _after(belief: Belief, moves: Floats) -> Belief:
    """The belief when those texts are known, but for its mean."""
    return Belief(belief.mean, belief.covariance - moves @ moves.T, belief.text_variance)


def _unbeaten(reading: Reading, later: Belief, moves: Floats, margin: float) -> float:
    """How probable it is that at the end nothing is thought to beat the baseline by the margin."""
    assert reading.base is not None, "asked of a baseline only"
    away = draws(later, WORTHS)
    steps = np.random.default_rng(2).standard_normal((FUTURES, moves.shape[1]))
    inside, base = reading.inside, reading.base
    risks = [beaten(away + move, base, inside, margin) for move in WIDER * steps @ moves.T]
    return float(np.mean([risk <= RISK for risk in risks]))


def _chances(
    mean: float, now: float, later: float, margin: float, unbeaten: float = 1.0
) -> dict[str, float]:
    """How probable each sentence is at the end: its mean moves by now^2 - later^2, widened.

    `unbeaten` is how probable it is that the rest of the space allows to say "as good".
    """
    wander = WIDER * np.sqrt(max(now**2 - later**2, 1e-12))
    better = float(ndtr((mean - Z * later) / wander))
    as_good = float(ndtr((margin - Z * later - mean) / wander))
    as_good = min(as_good, 1 - better, unbeaten)
    return {BETTER: better, AS_GOOD: as_good, CANNOT_TELL: 1 - better - as_good}


def _used(table: ScoreTable, configs: Iterable[SamplerConfig]) -> Used:
    """The repeats on fresh seeds that each configuration has had, prompt by prompt."""
    used: Used = {config: [set() for _ in range(table.n_prompts)] for config in configs}
    for i in np.flatnonzero(table.fresh):
        config = table.configs[table.config[i]]
        if config in used:
            used[config][table.prompt[i]].add(int(table.repeat[i]))
    return used


def _all_met(used: Used, challenger: SamplerConfig, problem: Problem) -> bool:
    """Whether it has met the baseline on every prompt: before that nothing is confirmed."""
    return all(all(used[c]) for c in (challenger, problem.baseline) if c is not None)


def _next(used: Used, shares: Mapping[SamplerConfig, float]) -> Cell:
    """The cell of whoever has had the least of its share, on the prompt it has met least."""
    order = list(shares)
    config = min(order, key=lambda c: (sum(map(len, used[c])) / shares[c], order.index(c)))
    prompt = min(range(len(used[config])), key=lambda p: len(used[config][p]))
    had = used[config][prompt]
    repeat = next(free for free in count() if free not in had)
    had.add(repeat)
    return Cell(config, prompt, repeat, fresh=True)


def _checks(
    table: ScoreTable, problem: Problem, challenger: SamplerConfig, ahead: Outlook, kept: int
) -> list[Cell]:
    """One text on each prompt of it without each of its knobs, where that is cheap."""
    ablated = without_each(challenger, problem.baseline)
    price = len(ablated) * problem.n_prompts
    if ahead.sentence != BETTER or len(ablated) < 2 or price > CHEAP * kept:
        return []
    used = _used(table, ablated)
    return [
        Cell(config, prompt, 0, fresh=True)
        for prompt in range(problem.n_prompts)
        for config in ablated
        if not used[config][prompt]
    ]
