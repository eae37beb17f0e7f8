"""The confirmation: which texts on fresh seeds are still worth their price before a verdict.

Winner, baseline and a simpler rival are tried in turn. After each batch the question is what the
rest of the kept texts could still change: the gain's posterior at the end is known but for its
mean, which is normal about today's (the variance that is yet to go is its variance). Where the
sentence at the end is the same with a probability above `SURE`, the rest is not spent: a better
answer cannot be bought with it. (Predictive probability stopping; Saville et al. 2014, Clinical
Trials 11(4). It looks often but stops only where looking on is pointless, so that it hardly raises
the rate of false "better"; docs/verdict.md has it measured.) Texts saved so are used, where it is
cheap, to check by texts what each knob of the winner contributes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from ..posterior import Belief, fit_posterior
from ..records import PENDING, Cell, SamplerConfig, ScoreTable
from .ablation import without_each
from .choice import AS_GOOD, BETTER, CANNOT_TELL, choose_winner, rival_of, sentence_of
from .power import WIDER, Z
from .reading import difference, posterior_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from ..search import Problem

SURE = 0.98
RIVAL_SHARE = 0.5  # of what winner and baseline get each
CHEAP = 0.5  # share of the kept texts that checking the knobs may take


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the rest of the kept texts could still change.

    Attributes:
        sentence: by what is known now.
        stays: how probable it is that it is the same at the end.
        left: kept texts whose outcomes are not known yet.
    """

    sentence: str
    stays: float
    left: int


@dataclass(frozen=True, slots=True)
class Contest:
    """Who is tried on fresh seeds: the winner, the baseline and a simpler rival.

    Attributes:
        winner: by the search's texts.
        shares: of the kept texts, in parts of the winner's.
    """

    winner: SamplerConfig
    shares: dict[SamplerConfig, float]


def contest_of(table: ScoreTable, problem: Problem) -> Contest:
    """Who is tried, by the search's texts alone: fresh ones change nothing."""
    winner = choose_winner(table, problem)
    shares = {winner: 1.0}
    if problem.baseline is not None:
        shares[problem.baseline] = 1.0
    if (rival := rival_of(table, problem, winner)) is not None:
        shares.setdefault(rival, RIVAL_SHARE)
    return Contest(winner, shares)


def confirmation_texts(budget: int, baseline: bool = True) -> int:
    """How many of a study's `budget` texts are kept for fresh seeds at most.

    A fifth where there is a baseline to be compared with, a tenth where there is none; how many of
    them are used depends on what they can still change. Measured in docs/verdict.md.
    """
    return round(budget * (0.2 if baseline else 0.1))


def confirm(
    table: ScoreTable, problem: Problem, kept: int, n: int, contest: Contest | None = None
) -> list[Cell]:
    """Choose up to `n` cells on fresh seeds.

    Args:
        table: all rows so far, fresh ones included; all of the search's outcomes are known.
        problem: the study's problem; without a baseline only winner and rival are tried.
        kept: how many texts the confirmation may use in all.
        n: how many cells at most.
        contest: `contest_of` this table, where it is known already.

    Returns:
        Nothing where more could change nothing, where the kept texts are used up, or where winner
        and baseline are the same configuration.
    """
    n = min(n, kept - int(table.fresh.sum()))
    if n <= 0:
        return []
    contest = contest or contest_of(table, problem)
    if contest.winner == problem.baseline:
        return []
    used = _used(table, contest.shares)
    ahead = outlook(table, problem, kept, contest)
    if ahead is not None and ahead.stays > SURE and _all_met(used, contest.winner, problem):
        return _checks(table, problem, contest.winner, ahead, kept)[:n]
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
    if contest.winner == problem.baseline:
        return Outlook(AS_GOOD, 1.0, left)
    fitted = posterior_of(search, problem)
    posterior = fit_posterior(table.evidence(), fitted.frame, problem.failure_score, fitted.draws)
    order, shares = list(contest.shares), list(contest.shares.values())
    belief = posterior.believe(order)
    base = order.index(problem.baseline)
    mean, sd = difference(belief, 0, base)
    more = {i: left * share / sum(shares) for i, share in enumerate(shares)}
    _, later = difference(_after(belief, more), 0, base)
    sentence = sentence_of(mean, sd, problem.margin)
    chances = _chances(mean, sd, later, problem.margin)
    return Outlook(sentence, chances[sentence], left)


def _after(belief: Belief, texts: Mapping[int, float]) -> Belief:
    """The belief when so many more texts of each configuration are known, but for its mean."""
    full = belief.covariance.copy()
    for i, count in texts.items():
        if count > 0:
            column = full[:, i].copy()
            full -= np.outer(column, column) / (column[i] + belief.text_variance[i] / count)
    return Belief(belief.mean, full, belief.text_variance)


def _chances(mean: float, now: float, later: float, margin: float) -> dict[str, float]:
    """How probable each sentence is at the end: its mean moves by now^2 - later^2, widened."""
    wander = WIDER * np.sqrt(max(now**2 - later**2, 1e-12))
    better = float(ndtr((mean - Z * later) / wander))
    as_good = float(ndtr((margin - Z * later - mean) / wander)) if margin > Z * later else 0.0
    as_good = min(as_good, 1 - better)
    return {BETTER: better, AS_GOOD: as_good, CANNOT_TELL: 1 - better - as_good}


def _used(
    table: ScoreTable, configs: Iterable[SamplerConfig]
) -> dict[SamplerConfig, NDArray[np.intp]]:
    """(n_prompts,) the next free repeat on fresh seeds of each configuration."""
    used = {config: np.zeros(table.n_prompts, dtype=np.intp) for config in configs}
    for i in np.flatnonzero(table.fresh):
        config = table.configs[table.config[i]]
        if config in used:
            prompt = table.prompt[i]
            used[config][prompt] = max(used[config][prompt], table.repeat[i] + 1)
    return used


def _all_met(
    used: Mapping[SamplerConfig, NDArray[np.intp]], winner: SamplerConfig, problem: Problem
) -> bool:
    """Whether winner and baseline have met on every prompt: before that nothing is confirmed."""
    return all(used[c].min() > 0 for c in (winner, problem.baseline) if c is not None)


def _next(
    used: Mapping[SamplerConfig, NDArray[np.intp]], shares: Mapping[SamplerConfig, float]
) -> Cell:
    """The cell of whoever has had the least of its share, on the prompt it has met least."""
    order = list(shares)
    config = min(order, key=lambda c: (used[c].sum() / shares[c], order.index(c)))
    prompt = int(used[config].argmin())
    cell = Cell(config, prompt, int(used[config][prompt]), fresh=True)
    used[config][prompt] += 1
    return cell


def _checks(
    table: ScoreTable, problem: Problem, winner: SamplerConfig, ahead: Outlook, kept: int
) -> list[Cell]:
    """One text on each prompt of the winner without each of its knobs, where that is cheap."""
    ablated = without_each(winner)
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
