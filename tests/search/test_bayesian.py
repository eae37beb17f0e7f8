"""bayesian: finds a planted best under noise, spends its budget, balances prompts."""

from collections import Counter

import numpy as np
import pytest

from sampler_bench.posterior import frame_of, memo
from sampler_bench.posterior.best import best
from sampler_bench.records import JUDGED, PENDING, Cell, SamplerConfig, ScoreTable
from sampler_bench.samplers import Range, SamplerSpace, Space
from sampler_bench.search import Problem, bayesian, random

SPACE = Space(
    (
        SamplerSpace(
            "min_p", (("temperature", Range(0.7, 1.6)), ("min_p", Range(0.005, 0.15, "log")))
        ),
        SamplerSpace("top_p", (("temperature", Range(0.6, 1.3)), ("top_p", Range(0.8, 0.99)))),
    )
)


def worth(config):
    return (
        7 - 2 * (float(config.get("temperature")) - 1.25) ** 2 - 0.2 * (config.sampler == "top_p")
    )


def search(strategy, seed, budget=90, **options):
    problem = Problem(SPACE, 3, budget, **options)
    rng, rows = np.random.default_rng(seed), []
    while len(rows) < budget:
        table = ScoreTable.of(rows, 3)
        cells = strategy.ask(table, problem, 6, np.random.default_rng([seed, len(rows)]))
        if not cells:
            break
        rows += [(c, JUDGED, worth(c.config) + 0.4 * rng.normal()) for c in cells]
    return problem, ScoreTable.of(rows, 3)


def test_finds_a_planted_best_at_its_rate():
    regrets = []
    for seed in range(5):
        problem, table = search(bayesian, seed)
        regrets.append(7 - worth(best(bayesian.steering_posterior(table, problem))))
    assert np.mean(regrets) < 0.08, regrets


def test_spends_exactly_its_budget_and_balances_prompts():
    _, table = search(bayesian, 0, budget=61)
    assert len(table) == 61
    by_prompt = np.bincount(table.prompt, minlength=3)
    assert by_prompt.max() - by_prompt.min() <= 6
    cells = Counter(zip(table.config.tolist(), table.prompt.tolist(), strict=True))
    for config in set(table.config.tolist()):
        uses = [cells[config, p] for p in range(3)]
        assert max(uses) - min(uses) <= 1, "prompts are balanced within a configuration"


def test_asks_again_where_it_has_been():
    _, table = search(bayesian, 1)
    assert len(table.configs) < len(table) * 0.8


def test_keeps_the_baseline_in_view():
    baseline = SamplerConfig.parse("temperature:temperature=1")
    _, table = search(bayesian, 2, baseline=baseline)
    assert table.configs[0] == baseline
    assert 3 <= int((table.config == 0).sum()) <= 12


def test_pending_texts_count_as_looks_under_way():
    problem, table = search(bayesian, 3, budget=40)
    problem = Problem(SPACE, 3, 80)
    first = bayesian.ask(table, problem, 8, np.random.default_rng(0))
    rows = [(Cell(table.configs[table.config[i]], int(table.prompt[i]), int(table.repeat[i])),
             int(table.state[i]), float(table.score[i])) for i in range(len(table))]  # fmt: skip
    waiting = ScoreTable.of([*rows, *((c, PENDING, 0.0) for c in first)], 3)
    second = bayesian.ask(waiting, problem, 8, np.random.default_rng(0))
    assert not set(first) & set(second)
    assert Counter(c.config for c in first) != Counter(c.config for c in second)


def test_resume_gives_the_same_questions():
    problem, table = search(bayesian, 4, budget=50)
    problem = Problem(SPACE, 3, 80)
    asked = bayesian.ask(table, problem, 5, np.random.default_rng(1))
    memo._fit.cache_clear()
    assert bayesian.ask(table, problem, 5, np.random.default_rng(2)) == asked


@pytest.mark.parametrize("n", [0, 11, 12, 15, 16, 100, 5000])
def test_checkpoints_grow_with_the_evidence(n):
    found = bayesian.checkpoint(n)
    assert found == 0 if n < 12 else n / bayesian.GROWTH - 1 <= found <= n


def test_random_is_read_out_by_the_same_model():
    """It learns the worth of what chance has tried, with honest intervals."""
    problem, table = search(random, 0, n_iterations=10)
    belief = bayesian.steering_posterior(table, problem).believe(table.configs)
    true = np.array([worth(config) for config in table.configs])
    assert len(true) == 10
    assert np.corrcoef(belief.mean, true)[0, 1] > 0.7
    assert (np.abs(belief.mean - true) < 2.1 * belief.sd).sum() >= 8


def test_whole_numbers_on_a_log_scale_are_looked_at_on_it():
    """Half of the first points and of the settings that stand for the space below its middle."""
    part = SamplerSpace("top_k", (("top_k", Range(1, 1000, "log", integer=True)),))
    space, middle = Space((part,)), 1000**0.5
    for configs in (bayesian.first_points(space), frame_of(space, True).pool):
        low = sum(config.get("top_k") < middle for config in configs)
        assert 0.35 < low / len(configs) < 0.65
