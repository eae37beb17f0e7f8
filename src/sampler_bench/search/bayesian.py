"""bayesian: the default strategy. One judged text at a time goes where it is worth most.

After a short evenly spread start, the hierarchical Gaussian process of `posterior` says what is
believed of every configuration, and the knowledge gradient (`_gradient`) which text would raise the
best the most. It asks again where it has been when that is worth more than somewhere new; each text
goes to the prompt that its configuration, then its neighbourhood, then the study has used least.
There is no fixed replication: the budget is the number of texts. docs/search.md has measurements.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .._arrays import Floats
from ..posterior import (
    Frame,
    Posterior,
    fit_posterior,
    fit_remembered,
    frame_of,
    steering,
)
from ..posterior.best import neighbours
from ..records import FAILED, PENDING, Cell, SamplerConfig, ScoreTable
from ..samplers import SamplerSpace, Space
from . import Problem
from ._cells import used_and_gaps
from ._gradient import knowledge_gradient, look

SPENDS = "budget"
START = 12  # texts before the model is asked
LEAST_KNOWN = 6  # outcomes; while fewer are known (a slow server) the start is repeated
GROWTH = 1.3  # hyperparameters are fitted again when the evidence has grown by this factor
FIRST_FIT = 12
SCREENING = 4  # draws of hyperparameters by which contenders are chosen from the pool
STEERING = 6  # and those by which the next texts are chosen among them
CONTENDERS = 110  # candidates whose joint belief is worked out
LOOK = (5.0, 0.15)  # a look is so many texts, or this share of the texts so far
BASELINE_SHARE = 0.04
LEADERS = 4  # whose neighbours are candidates too
REFINE_FROM = 60  # texts


def ask(table: ScoreTable, problem: Problem, n: int, rng: np.random.Generator) -> list[Cell]:
    """Return up to `n` cells; none when the budget of texts has been asked for."""
    asked = table.take(~table.fresh)
    n = min(n, problem.budget - len(asked))
    if n <= 0:
        return []
    ledger = _Ledger(asked, problem)
    cells = ledger.start(n)
    known = int((asked.state <= FAILED).sum())
    if len(cells) < n and known < LEAST_KNOWN:
        return cells + ledger.spread(n - len(cells))
    if len(cells) < n:
        cells += _steer(table, problem, ledger, n - len(cells))
    return cells


def steering_posterior(table: ScoreTable, problem: Problem) -> Posterior:
    """The model that steers: hyperparameters fitted at the last checkpoint of its growth."""
    frame = frame_of(problem.space, problem.temperature_last, problem.features, problem.chain)
    expectation = steering(problem.moderate, frame)
    evidence = table.evidence()
    size = checkpoint(len(evidence))
    draws = None
    if size:
        prefix = evidence.take(np.arange(len(evidence)) < size)
        draws = fit_remembered(prefix, frame, problem.failure_score, expectation).draws
    return fit_posterior(evidence, frame, problem.failure_score, draws, expectation)


def checkpoint(n: int) -> int:
    """The last number of texts, up to `n`, at which hyperparameters are fitted; 0 before any."""
    size, last = FIRST_FIT, 0
    while size <= n:
        last, size = size, int(np.ceil(size * GROWTH))
    return last


class _Ledger:
    """What has been asked of each configuration, prompt by prompt, as cells are added."""

    def __init__(self, asked: ScoreTable, problem: Problem) -> None:
        self.problem = problem
        self.used, self.gaps = used_and_gaps(asked)
        self.total = np.zeros(problem.n_prompts)
        for (_, prompt), count in self.used.items():
            self.total[prompt] += count
        self.n = len(asked)

    def count(self, config: SamplerConfig) -> int:
        """How many texts of a configuration have been asked for."""
        return sum(self.used[config, p] for p in range(self.problem.n_prompts))

    def add(self, config: SamplerConfig, near: Floats | None = None) -> Cell:
        """Choose the prompt of a configuration's next text.

        Args:
            config: what is tried.
            near: (n_prompts,) how much each prompt was used in its neighbourhood.
        """
        prompts = range(self.problem.n_prompts)
        around = np.zeros(len(prompts)) if near is None else near
        prompt = min(
            prompts,
            key=lambda p: (self.used[config, p], round(float(around[p]), 6), self.total[p], p),
        )
        cell = Cell(config, prompt, self.used[config, prompt] + self.gaps[config, prompt])
        self.used[config, prompt] += 1
        self.total[prompt] += 1
        self.n += 1
        return cell

    def start(self, n: int) -> list[Cell]:
        """The cells of the evenly spread start that are still to be asked for."""
        baseline = self.problem.baseline
        cells = []
        if baseline is not None and not self.count(baseline):
            cells.append(self.add(baseline))
        for config in first_points(self.problem.space):
            if len(cells) < n and self.n < START and not self.count(config):
                cells.append(self.add(config))
        return cells[:n]

    def spread(self, n: int) -> list[Cell]:
        """Cells of the start's configurations once more: nothing is known to steer by."""
        points = first_points(self.problem.space)
        return [self.add(min(points, key=self.count)) for _ in range(n)]

    def baseline_due(self) -> bool:
        """True where the baseline has had less than its share."""
        baseline = self.problem.baseline
        return baseline is not None and self.count(baseline) < BASELINE_SHARE * self.n


@lru_cache(maxsize=16)
def first_points(space: Space) -> tuple[SamplerConfig, ...]:
    """START evenly spread configurations, samplers in turn; fewer in a smaller space."""
    from scipy.stats import qmc

    share = -(-START // len(space.samplers))
    found: list[list[SamplerConfig]] = []
    for part in space.samplers:
        rows = qmc.Sobol(len(part.dimensions), scramble=False).random_base2(6)[1:]
        configs = dict.fromkeys(_at(part, row) for row in rows)
        found.append(list(configs)[:share])
    turns = [configs[k] for k in range(share) for configs in found if k < len(configs)]
    return tuple(turns[:START])


def _at(part: SamplerSpace, fractions: Floats) -> SamplerConfig:
    values = {}
    for (name, dimension), fraction in zip(part.dimensions, fractions, strict=True):
        even = dimension.evenly()
        if even is None:
            values[name] = dimension.at(0.04 + 0.92 * float(fraction))  # type: ignore[union-attr]
        else:
            values[name] = even[int(fraction * len(even))]
    return SamplerConfig.of(part.sampler, values)


def _steer(table: ScoreTable, problem: Problem, ledger: _Ledger, n: int) -> list[Cell]:
    """Choose `n` cells by the knowledge gradient."""
    posterior = steering_posterior(table, problem)
    candidates = _candidates(posterior, table, problem)
    belief = posterior.believe(candidates, STEERING)
    variance = belief.text_variance + posterior.unseen(belief.mean)
    covariance = _await(belief.covariance, variance, candidates, table)
    target = np.array([config in problem.space for config in candidates])
    texts = max(LOOK[0], LOOK[1] * posterior.evidence.n_texts)
    near = _Nearness(posterior.frame, candidates, ledger)
    cells: list[Cell] = []
    while len(cells) < n:
        if ledger.baseline_due() and problem.baseline is not None:
            index = candidates.index(problem.baseline)
        else:
            gain = knowledge_gradient(belief.mean, covariance, variance / texts, target)
            index = int(gain.argmax())
        cells.append(ledger.add(candidates[index], near(index)))
        covariance = look(covariance, index, float(variance[index]))
    return cells


def _candidates(posterior: Posterior, table: ScoreTable, problem: Problem) -> list[SamplerConfig]:
    """The configurations of highest mean + 2 SD, the leaders' neighbours, and the baseline."""
    known, points = posterior.frame.with_pool(posterior.tried)
    mean, sd = posterior.marginal_at(points, SCREENING)
    order = np.argsort(-(mean + 2.0 * sd), kind="stable")[:CONTENDERS]
    best = np.argsort(-mean, kind="stable")[:LEADERS]
    chosen = dict.fromkeys(known[i] for i in [*order, *best])
    if posterior.evidence.n_texts >= REFINE_FROM:
        chosen.update(dict.fromkeys(neighbours(posterior, [known[i] for i in best])))
    if problem.baseline is not None:
        chosen[problem.baseline] = None
    return list(chosen)


def _await(
    covariance: Floats, variance: Floats, candidates: list[SamplerConfig], table: ScoreTable
) -> Floats:
    """The covariance as it will be when the texts under way have come."""
    index = {config: i for i, config in enumerate(candidates)}
    for row in np.flatnonzero(table.state == PENDING):
        place = index.get(table.configs[table.config[row]])
        if place is not None:
            covariance = look(covariance, place, float(variance[place]))
    return covariance


class _Nearness:
    """How often each prompt was used near a candidate, the nearer the heavier."""

    def __init__(self, frame: Frame, candidates: list[SamplerConfig], ledger: _Ledger) -> None:
        tried = sorted({config for config, _ in ledger.used}, key=lambda c: c.text)
        prompts = range(ledger.problem.n_prompts)
        self.use = np.array([[ledger.used[c, p] for p in prompts] for c in tried], dtype=float)
        self.a, self.b = frame.place(candidates), frame.place(tried)

    def __call__(self, index: int) -> Floats:
        common = ((self.a.common[index] - self.b.common) ** 2).sum(axis=1)
        return np.asarray(np.exp(-common / (2 * 0.15**2)) @ self.use)
