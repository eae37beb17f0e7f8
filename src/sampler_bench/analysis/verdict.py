"""The verdict of a study: one winner, how sure, and what cannot be told apart from it.

The winner is the best configuration of the posterior of the search's own texts; the fresh texts
come after that choice, so they cannot have caused it. Worth and gain are then read from the
posterior of all texts. Selection is accounted for twice: a posterior mean is shrunk by what is
known of all configurations, and the fresh texts know nothing of why the winner won.

Not covered: what each knob contributes, and sets of texts (diversity).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..posterior import Belief, Posterior, fit_remembered, frame_of
from ..posterior.best import best as best_of
from ..posterior.noise import INTERACTION, PROMPT
from ..records import Cell, Estimate, SamplerConfig, ScoreTable, Verdict
from ..samplers import parameter, parameter_names

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..search import Problem

    Floats = NDArray[np.float64]

Z = 1.959964  # two-sided 95 %
POWER = Z + 0.841621  # two-sided 5 %, power 80 %
LEADING = 120  # configurations among which the best may be
DRAWS = 4000
FEWEST_PROMPTS = 8  # for an interval over new prompts
BETTER, AS_GOOD, CANNOT_TELL = "better", "as good", "cannot tell"


@dataclass(frozen=True, slots=True, eq=False)
class _Reading:
    """A posterior, the winner, and the joint belief about winner, baseline and rivals."""

    posterior: Posterior
    configs: list[SamplerConfig]
    belief: Belief

    def difference(self, a: int, b: int) -> tuple[float, float]:
        """Mean and standard deviation of the objective of `a` minus that of `b`."""
        return difference(self.belief, a, b)


def posterior_of(table: ScoreTable, problem: Problem) -> Posterior:
    """The model of a table's evidence, its hyperparameters fitted to all of it."""
    frame = frame_of(problem.space, problem.temperature_last, problem.features)
    return fit_remembered(table, frame, problem.failure_score)


def difference(belief: Belief, a: int, b: int) -> tuple[float, float]:
    """Mean and standard deviation of the objective of `a` minus that of `b`."""
    full = belief.covariance
    variance = full[a, a] + full[b, b] - 2 * full[a, b]
    return float(belief.mean[a] - belief.mean[b]), float(np.sqrt(max(variance, 0.0)))


def gain_of(
    posterior: Posterior, config: SamplerConfig, baseline: SamplerConfig | None
) -> Estimate | None:
    """The objective of a configuration minus the baseline's; None without a baseline."""
    if baseline is None:
        return None
    return interval(*difference(posterior.believe([config, baseline]), 0, 1))


def interval(mean: float, sd: float) -> Estimate:
    """A Gaussian belief as mean and 95 % interval."""
    return Estimate(mean, mean - Z * sd, mean + Z * sd)


def verdict(table: ScoreTable, problem: Problem) -> Verdict:
    """Say what a study has found, for any strategy and at any time.

    Args:
        table: all rows, those of the confirmation marked `fresh`.
        problem: space, prompts, baseline and margin.
    """
    winner = choose_winner(table, problem)
    evidence = table.evidence()
    if not len(evidence):
        return _nothing(winner, problem)
    reading = _read(posterior_of(table, problem), winner, problem)
    gain, sentence = _gain(reading, problem)
    equivalent = _equivalent(reading, problem.margin)
    tried = winner in reading.posterior.evidence.configs
    mean, sd = float(reading.belief.mean[0]), float(reading.belief.sd[0])
    return Verdict(
        best=winner,
        tried=tried,
        objective=interval(mean, sd),
        baseline=problem.baseline,
        gain=gain,
        sentence=sentence,
        margin=problem.margin,
        equivalent=tuple(reading.configs[i] for i in equivalent),
        simplest=_simplest(reading, problem.margin, Z),
        probability_best=_probability_best(reading),
        notes=tuple(_notes(reading, problem, gain, sentence, tried)),
    )


def choose_winner(table: ScoreTable, problem: Problem) -> SamplerConfig:
    """The best configuration by the search's own texts; the fresh ones have no say."""
    search = table.take(~table.fresh)
    if not len(search.evidence()):
        search = table
    posterior = posterior_of(search, problem)
    return best_of(posterior, posterior.evidence.configs)


def confirm(table: ScoreTable, problem: Problem, n: int, rng: np.random.Generator) -> list[Cell]:
    """Choose `n` cells on fresh seeds: winner and baseline in turn, a simpler rival half as often.

    Args:
        table: all rows so far, fresh ones included.
        problem: the study's problem; without a baseline only winner and rival are tried.
        n: how many cells.
        rng: not used; prompts are taken in turn.

    Returns:
        `n` cells, or none where winner and baseline are the same configuration.
    """
    winner = choose_winner(table, problem)
    if winner == problem.baseline:
        return []
    shares = {winner: 1.0}
    if problem.baseline is not None:
        shares[problem.baseline] = 1.0
    if (rival := _rival(table, problem, winner)) is not None:
        shares.setdefault(rival, 0.5)
    used = _fresh_counts(table, shares)
    cells = []
    for _ in range(n):
        config = min(shares, key=lambda c: (used[c].sum() / shares[c], list(shares).index(c)))
        prompt = int(used[config].argmin())
        cells.append(Cell(config, prompt, int(used[config][prompt]), fresh=True))
        used[config][prompt] += 1
    return cells


def confirmation_texts(budget: int, baseline: bool = True) -> int:
    """How many of a study's `budget` texts are best kept for the confirmation on fresh seeds.

    A fifth where there is a baseline to be compared with, a tenth where there is none; measured in
    docs/search.md.
    """
    return round(budget * (0.2 if baseline else 0.1))


def _rival(table: ScoreTable, problem: Problem, winner: SamplerConfig) -> SamplerConfig | None:
    """The simplest configuration that is probably within the margin, if simpler than the winner."""
    search = table.take(~table.fresh)
    if not len(search.evidence()):
        return None
    reading = _read(posterior_of(search, problem), winner, problem)
    found = _simplest(reading, problem.margin, 0.0)
    return None if found == winner else found


def _fresh_counts(
    table: ScoreTable, configs: dict[SamplerConfig, float]
) -> dict[SamplerConfig, NDArray[np.intp]]:
    used = {config: np.zeros(table.n_prompts, dtype=np.intp) for config in configs}
    for i in np.flatnonzero(table.fresh):
        config = table.configs[table.config[i]]
        if config in used:
            prompt = table.prompt[i]
            used[config][prompt] = max(used[config][prompt], table.repeat[i] + 1)
    return used


def _read(posterior: Posterior, winner: SamplerConfig, problem: Problem) -> _Reading:
    """The joint belief: the winner first, then the baseline, then what was tried, then leaders."""
    known = dict.fromkeys([winner])
    if problem.baseline is not None:
        known[problem.baseline] = None
    known.update(dict.fromkeys(posterior.evidence.configs))
    pool, points = posterior.frame.with_pool(())
    mean, sd = posterior.marginal_at(points)
    order = np.argsort(-(mean + sd), kind="stable")[:LEADING]
    known.update(dict.fromkeys(pool[i] for i in order))
    configs = list(known)
    return _Reading(posterior, configs, posterior.believe(configs))


def _gain(reading: _Reading, problem: Problem) -> tuple[Estimate | None, str]:
    if problem.baseline is None:
        return None, CANNOT_TELL
    if problem.baseline == reading.configs[0]:
        return Estimate(0.0, 0.0, 0.0), AS_GOOD
    gain = interval(*reading.difference(0, 1))
    if problem.baseline not in reading.posterior.evidence.configs:
        return gain, CANNOT_TELL
    if gain.low > 0:
        return gain, BETTER
    return gain, AS_GOOD if gain.high < problem.margin else CANNOT_TELL


def _equivalent(reading: _Reading, margin: float) -> list[int]:
    """Tried configurations (and the winner) that may be within the margin of the winner."""
    tried = set(reading.posterior.evidence.configs)
    found = []
    for i, config in enumerate(reading.configs):
        mean, sd = reading.difference(0, i)
        if i == 0 or (config in tried and mean - Z * sd <= margin):
            found.append((-reading.belief.mean[i] if i else -np.inf, i))
    return [i for _, i in sorted(found)]


def _simplest(reading: _Reading, margin: float, z: float) -> SamplerConfig:
    """The configuration with the fewest knobs whose shortfall's upper bound is in the margin."""
    tried = set(reading.posterior.evidence.configs)
    found = [(knobs_away(reading.configs[0]), -np.inf, 0)]
    for i, config in enumerate(reading.configs[1:], start=1):
        mean, sd = reading.difference(0, i)
        if config in tried and mean + z * sd <= margin:
            found.append((knobs_away(config), -float(reading.belief.mean[i]), i))
    return reading.configs[min(found)[2]]


def knobs_away(config: SamplerConfig) -> int:
    """How many knobs of a configuration are away from neutral."""
    return sum(
        name in parameter_names()
        and parameter(name).neutral is not None
        and parameter(name).neutral != value
        for name, value in config.parameters
    )


def _probability_best(reading: _Reading) -> float:
    """How probable it is that no other configuration that was looked at is better."""
    full = reading.belief.covariance
    values, vectors = np.linalg.eigh((full + full.T) / 2)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    z = np.random.default_rng(1).standard_normal((DRAWS, len(values)))
    worth = reading.belief.mean + z @ root.T
    return float((worth.argmax(axis=1) == 0).mean())


def _nothing(winner: SamplerConfig, problem: Problem) -> Verdict:
    nan = float("nan")
    unknown = Estimate(nan, nan, nan)
    gain = None if problem.baseline is None else unknown
    notes = ("No text was judged yet: nothing is known.",)
    return Verdict(
        winner, False, unknown, problem.baseline, gain, CANNOT_TELL, problem.margin, notes=notes
    )


def _notes(
    reading: _Reading, problem: Problem, gain: Estimate | None, sentence: str, tried: bool
) -> list[str]:
    notes = []
    if not tried:
        notes.append(
            "The best configuration was not tried: its worth is what the model expects from its "
            f"neighbours. The best tried one is {_best_tried(reading).text}."
        )
    notes.append(_failures(reading, problem))
    if gain is None:
        notes.append("There is no baseline to compare with.")
    elif problem.baseline not in reading.posterior.evidence.configs:
        notes.append("The baseline was not judged yet, so nothing is said about the gain.")
    elif sentence == CANNOT_TELL:
        notes.append(_more_texts(reading, gain, problem.margin))
    notes.append(_new_prompts(reading, problem.n_prompts))
    return notes


def _best_tried(reading: _Reading) -> SamplerConfig:
    tried = set(reading.posterior.evidence.configs)
    ranked = sorted(range(len(reading.configs)), key=lambda i: -reading.belief.mean[i])
    inside = [reading.configs[i] for i in ranked if reading.configs[i] in tried]
    return inside[0]


def _failures(reading: _Reading, problem: Problem) -> str:
    evidence = reading.posterior.evidence
    said = []
    for name, config in (("best", reading.configs[0]), ("baseline", problem.baseline)):
        if config in evidence.configs:
            i = evidence.configs.index(config)
            said.append(f"{int(evidence.failed[i])} of {int(evidence.total[i])} ({name})")
    overall = f"{int(evidence.failed.sum())} of {evidence.n_texts} (all)"
    return f"Failed texts: {', '.join([*said, overall])}."


def _more_texts(reading: _Reading, gain: Estimate, margin: float) -> str:
    """How many more texts, half on winner and half on baseline, would probably decide."""
    error = (gain.high - gain.low) / (2 * Z)
    goal = max(abs(gain.mean), abs(margin - gain.mean), margin / 4) / POWER
    variance = float(reading.belief.text_variance[:2].sum())
    more = 2 * variance * max(1 / goal**2 - 1 / error**2, 0.0) if error > 0 else 0.0
    seen = POWER * error
    return (
        f"This budget sees a gain of {seen:.2f} points or more (power 80 %); about "
        f"{max(2, int(np.ceil(more)))} more texts of best and baseline would probably decide."
    )


def _new_prompts(reading: _Reading, n_prompts: int) -> str:
    if n_prompts < FEWEST_PROMPTS:
        return f"For new prompts: not known ({n_prompts} prompts; {FEWEST_PROMPTS} are needed)."
    theta, unit = reading.posterior.theta, reading.posterior.unit
    between = unit**2 * float(np.exp(2 * theta[PROMPT]) + np.exp(2 * theta[INTERACTION]))
    mean, sd = float(reading.belief.mean[0]), float(reading.belief.sd[0])
    wide = interval(mean, float(np.sqrt(sd**2 + between / n_prompts)))
    return f"For new prompts of the same kind: {wide.mean:.2f} ({wide.low:.2f} to {wide.high:.2f})."
