"""The methods that the search benchmark compares: ours, and what people would use instead.

A player plays one simulated study and reports, at each budget, what it would recommend, what it
claims that is worth, and its 95 % interval. Packaged methods take the highest observed mean for the
best, as their users do, with the usual interval of a mean.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
from _problems import Study, at, fractions

from sampler_bench import plugins
from sampler_bench.analysis.choice import choose_winner
from sampler_bench.analysis.reading import posterior_of, worths
from sampler_bench.records import FAILED, Cell, SamplerConfig, ScoreTable
from sampler_bench.samplers import Range, Space
from sampler_bench.search import Problem, _optuna


@dataclass(frozen=True)
class Answer:
    """What a player says at one budget."""

    texts: int
    config: SamplerConfig
    claimed: float
    low: float
    high: float
    seconds: float  # of its own thinking for each text so far


Player = Callable[[Study, tuple[int, ...], int], Iterator[Answer]]


def batch_of(n: int) -> int:
    """How many texts are asked for at once, by how many there are."""
    return 5 if n < 60 else 10 if n < 150 else 15 if n < 300 else 30


def problem_of(study: Study, budget: int, each: int = 3, fingerprint: bool = False) -> Problem:
    return Problem(
        study.space,
        study.n_prompts,
        budget,
        n_iterations=max(1, budget // (each * study.n_prompts)),
        samples_per_config=each,
        baseline=study.baseline,
        failure_score=study.failure_score,
        temperature_last=study.temperature_last,
        features=study.features if fingerprint else None,
    )


class Game:
    """A study being played: its rows, and the chance that decides them."""

    def __init__(self, study: Study, seed: int) -> None:
        self.study, self.rows = study, []
        self.rng = np.random.default_rng([99, seed, crc32(study.name.encode())])
        self.values: dict[SamplerConfig, list[float]] = {}

    def write(self, cell: Cell) -> float:
        state, score = self.study.text(cell, self.rng)
        self.rows.append((cell, state, score))
        worth = self.study.failure_score if state == FAILED else score
        self.values.setdefault(cell.config, []).append(worth)
        return worth

    def table(self) -> ScoreTable:
        return ScoreTable.of(self.rows, self.study.n_prompts)

    def observed(self, texts: int, seconds: float, least: int) -> Answer:
        """The configuration with the highest mean of at least `least` texts."""
        full = {c: v for c, v in self.values.items() if c in self.study.space}
        enough = {c: v for c, v in full.items() if len(v) >= least} or full
        config = max(enough, key=lambda c: float(np.mean(enough[c])))
        return self.answer(config, texts, seconds)

    def answer(self, config: SamplerConfig, texts: int, seconds: float) -> Answer:
        """A configuration with the mean of its texts and the usual interval of a mean."""
        values = np.array(self.values[config])
        error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.inf
        mean = float(values.mean())
        return Answer(texts, config, mean, mean - 1.96 * error, mean + 1.96 * error, seconds)


def by_strategy(name: str, each: int = 3, nested: bool = True, fingerprint: bool = False) -> Player:
    """A strategy of the package, read out by the posterior."""

    def play(study: Study, budgets: tuple[int, ...], seed: int) -> Iterator[Answer]:
        ask = plugins.find("search", name).ask
        goals = [budgets] if nested else [(b,) for b in budgets]
        for goal in goals:
            game, spent = Game(study, seed), 0.0
            for budget in goal:
                problem = problem_of(study, max(goal), each, fingerprint)
                while len(game.rows) < budget:
                    n = min(batch_of(len(game.rows)), budget - len(game.rows))
                    start = time.process_time()
                    rng = np.random.default_rng([seed, len(game.rows)])
                    cells = ask(game.table(), problem, n, rng)
                    spent += time.process_time() - start
                    if not cells:
                        break
                    for cell in cells:
                        game.write(cell)
                yield read_out(game, problem, budget, spent)

    return play


def read_out(game: Game, problem: Problem, budget: int, spent: float) -> Answer:
    start = time.process_time()
    config = choose_winner(game.table(), problem)
    (worth,) = worths(posterior_of(game.table(), problem), [config])
    spent += time.process_time() - start
    return Answer(budget, config, worth.mean, worth.low, worth.high, spent / len(game.rows))


def hill_climb(study: Study, budgets: tuple[int, ...], seed: int) -> Iterator[Answer]:
    """The usual home-made search: move next to the best so far, 15 texts a setting."""
    rng, game = np.random.default_rng([5, seed]), Game(study, seed)
    for budget in budgets:
        while len(game.rows) < budget:
            if len(game.values) < 5 or rng.random() < 0.2:
                config = study.space.draw(rng)
            else:
                leader = game.observed(0, 0, 1).config
                part = study.space.of(leader.sampler)
                move = rng.normal(0, 0.12, len(part.dimensions))
                config = at(part, np.clip(fractions(part, leader) + move, 0, 0.9999))
            done = len(game.values.get(config, []))
            for k in range(done, done + min(15, budget - len(game.rows))):
                game.write(Cell(config, k % study.n_prompts, k // study.n_prompts))
        yield game.observed(budget, 0.0, 15)


def packaged(name: str, texts: int = 15, prune: bool = False) -> Player:
    """A sampler of Optuna's, `texts` a setting, their mean told; `prune`: fewer where it is worse.

    Every setting is tried on the same prompts in the same order, as users do.
    """

    def play(study: Study, budgets: tuple[int, ...], seed: int) -> Iterator[Answer]:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore")
        game, spent = Game(study, seed), 0.0
        opt = optuna.create_study(
            direction="maximize",
            sampler=getattr(optuna.samplers, name)(seed=seed),
            pruner=optuna.pruners.WilcoxonPruner(p_threshold=0.1, n_startup_steps=2),
        )
        problem = problem_of(study, max(budgets))
        suggest = _optuna._suggest_flat if name == "GPSampler" else _optuna._suggest
        for budget in budgets:
            while len(game.rows) < budget:
                start = time.process_time()
                trial = opt.ask()
                config = suggest(trial, problem)
                spent += time.process_time() - start
                scores = []
                for k in range(min(texts, budget - len(game.rows))):
                    repeat = len(game.values.get(config, [])) // study.n_prompts
                    scores.append(game.write(Cell(config, k % study.n_prompts, repeat)))
                    trial.report(scores[-1], k)
                    if prune and trial.should_prune():
                        break
                opt.tell(trial, float(np.mean(scores)))
            yield game.observed(budget, spent / len(game.rows), texts)

    return play


def smac(study: Study, budgets: tuple[int, ...], seed: int) -> Iterator[Answer]:
    """SMAC3's algorithm configuration: a random forest, and races of up to 15 texts a setting."""
    from smac import AlgorithmConfigurationFacade as Facade
    from smac import Scenario
    from smac.runhistory import TrialValue

    game, spent = Game(study, seed), 0.0
    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(
            config_space(study.space),
            instances=[str(p) for p in range(study.n_prompts)],
            instance_features={str(p): [p] for p in range(study.n_prompts)},
            n_trials=max(budgets),
            output_directory=Path(folder),
            seed=seed,
        )
        racing = Facade.get_intensifier(scenario, max_config_calls=15)
        opt = Facade(scenario, _never, intensifier=racing, logging_level=False)
        for budget in budgets:
            while len(game.rows) < budget:
                start = time.process_time()
                trial = opt.ask()
                spent += time.process_time() - start
                config = from_smac(trial.config, study.space)
                repeat = len(game.values.get(config, []))
                worth = game.write(Cell(config, int(trial.instance), repeat))
                opt.tell(trial, TrialValue(cost=-worth), save=False)
            incumbent = from_smac(opt.intensifier.get_incumbent(), study.space)
            yield game.answer(incumbent, budget, spent / len(game.rows))


def _never(config, instance: str, seed: int) -> float:
    raise AssertionError("asked and told, SMAC calls nothing")


def config_space(space: Space):
    """A study's space as SMAC sees it: which sampler, and for each its own knobs."""
    from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer

    found = ConfigurationSpace()
    choice = Categorical("sampler", [part.sampler for part in space.samplers])
    found.add(choice)
    for part in space.samplers:
        for name, dimension in part.dimensions:
            key = f"{part.sampler}:{name}"
            if isinstance(dimension, Range):
                kind = Integer if dimension.integer else Float
                log = dimension.scale == "log"
                knob = kind(key, (dimension.low, dimension.high), log=log)
            else:
                knob = Categorical(key, list(range(len(dimension.values))), ordered=True)
            found.add(knob)
            found.add(EqualsCondition(knob, choice, part.sampler))
    return found


def from_smac(config, space: Space) -> SamplerConfig:
    part = space.of(config["sampler"])
    values = {}
    for name, dimension in part.dimensions:
        value = config[f"{part.sampler}:{name}"]
        ranged = isinstance(dimension, Range)
        values[name] = (
            dimension.at(dimension.fraction(value)) if ranged else dimension.values[value]
        )
    return SamplerConfig.of(part.sampler, values)


PLAYERS: dict[str, Player] = {
    "bayesian": by_strategy("bayesian"),
    "fingerprint": by_strategy("bayesian", fingerprint=True),
    "random+model": by_strategy("random"),
    "halving": by_strategy("halving", nested=False),
    "climb": hill_climb,
    "random": packaged("RandomSampler"),
    "tpe": packaged("TPESampler"),
    "tpe x5": packaged("TPESampler", texts=5),
    "tpe+wilcoxon": packaged("TPESampler", prune=True),
    "optuna gp": packaged("GPSampler"),
    "smac": smac,
}
