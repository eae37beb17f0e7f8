"""Every strategy keeps the contract: in the space, in the budget, repeatable, no cell twice."""

import importlib.util

import numpy as np
import pytest

from sampler_bench import plugins
from sampler_bench.records import FAILED, JUDGED, MISSING, PENDING, Cell, SamplerConfig, ScoreTable
from sampler_bench.samplers import Listed, Range, SamplerSpace, Space
from sampler_bench.search import Problem, configurations, spends

STRATEGIES = [
    name
    for name in plugins.names("search")
    if name != "gp" or importlib.util.find_spec("torch") is not None
]
LISTED = Space(
    (
        SamplerSpace(
            "min_p",
            (
                ("temperature", Listed((0.7, 1.0, 1.3))),
                ("min_p", Listed((0.02, 0.1))),
                ("max_tokens", Listed((64,))),
            ),
        ),
        SamplerSpace("top_p", (("temperature", Listed((0.7, 1.0))), ("top_p", Listed((0.9,))))),
    )
)
MIXED = Space(
    (
        SamplerSpace(
            "min_p", (("temperature", Range(0.7, 1.6)), ("min_p", Range(0.005, 0.15, "log")))
        ),
        SamplerSpace(
            "top_k+xtc",
            (
                ("temperature", Listed((0.8, 1.0, 1.2))),
                ("top_k", Range(5, 100, "log", integer=True)),
                ("xtc_probability", Range(0.1, 0.6, step=0.1)),
                ("temperature_order", Listed(("first", "last"))),
            ),
        ),
    )
)
BASELINE = SamplerConfig.parse("temperature:temperature=1.0")


def play(strategy, problem, seed=0, lag=0, batch=3, fail=0.1, lost=0.1, limit=10_000):
    """Run a strategy on a made-up study, answering each cell by chance."""
    rows, position = [], 0
    while position < limit:
        shown = [
            row if i < position - lag else (row[0], PENDING, 0.0) for i, row in enumerate(rows)
        ]
        table = ScoreTable.of(shown, problem.n_prompts)
        cells = strategy.ask(table, problem, batch, np.random.default_rng([seed, position]))
        if not cells:
            return rows
        assert len(cells) <= batch
        for cell in cells:
            rng = np.random.default_rng([seed, position])
            state = rng.choice([FAILED, MISSING, JUDGED], p=[fail, lost, 1 - fail - lost])
            temperature = float(cell.config.get("temperature"))
            score = float(np.clip(7 - 2 * (temperature - 1) ** 2 + rng.normal(0, 0.5), 0, 10))
            rows.append((cell, int(state), score))
            position += 1
    raise AssertionError("the strategy never ended")


def problem_of(space, **changes):
    settings = {"n_iterations": 6, "samples_per_config": 2, "baseline": BASELINE}
    return Problem(space=space, n_prompts=3, budget=36, **{**settings, **changes})


@pytest.mark.parametrize("name", STRATEGIES)
def test_asked_for_nothing_it_answers_nothing(name):
    """So it is seen, before anything is written, whether a strategy can work here."""
    problem = Problem(MIXED if name != "grid" else LISTED, 2, budget=1)
    nothing = ScoreTable.of([], 2)
    assert plugins.find("search", name).ask(nothing, problem, 0, np.random.default_rng(0)) == []


@pytest.fixture(params=STRATEGIES)
def strategy(request):
    return plugins.find("search", request.param)


@pytest.mark.parametrize("space", [LISTED, MIXED], ids=["listed", "mixed"])
def test_keeps_the_contract(strategy, space):
    if strategy.__name__.endswith(".grid") and space.size() is None:
        pytest.skip("a grid needs a finite space")
    problem = problem_of(space)
    rows = play(strategy, problem, lag=4)
    cells = [cell for cell, _, _ in rows]
    assert len(set(cells)) == len(cells), "a cell was asked for twice"
    assert all(cell.config in space or cell.config == BASELINE for cell in cells)
    assert all(0 <= cell.prompt < 3 and cell.repeat >= 0 and not cell.fresh for cell in cells)
    assert BASELINE in {cell.config for cell in cells[:12]}, "the baseline comes early"
    repeats = {(c.config, c.prompt): [] for c in cells}
    for cell in cells:
        repeats[cell.config, cell.prompt].append(cell.repeat)
    assert all(sorted(r) == list(range(len(r))) for r in repeats.values()), "repeats have gaps"


@pytest.mark.parametrize("name", STRATEGIES)
def test_spends_its_texts_on_what_it_says(name):
    """Plan, pilot and what a study file may ask for go by it."""
    problem, strategy = problem_of(LISTED, n_iterations=5), plugins.find("search", name)
    texts, tried = len(play(strategy, problem)), configurations(name, problem)
    assert spends(name) == strategy.SPENDS
    assert tried == {"space": 8, "iterations": 5, "budget": None}[strategy.SPENDS]
    assert texts <= problem.budget if tried is None else texts == 2 * 3 * (tried + 1)


def test_repeats_itself(strategy):
    problem = problem_of(LISTED)
    assert play(strategy, problem, seed=5) == play(strategy, problem, seed=5)


def test_takes_any_state_of_the_table(strategy):
    problem = problem_of(LISTED)
    for fail, lost in ((1.0, 0.0), (0.0, 1.0)):
        assert play(strategy, problem, fail=fail, lost=lost)


def test_ends_without_a_baseline_and_with_one_prompt(strategy):
    problem = Problem(LISTED, n_prompts=1, budget=12, n_iterations=4, samples_per_config=3)
    assert play(strategy, problem)


def test_is_unmoved_by_pending_rows_of_others(strategy):
    cell = Cell(next(LISTED.grid()), 0, 0)
    table = ScoreTable.of([(cell, PENDING, 0.0)], 3)
    asked = strategy.ask(table, problem_of(LISTED), 5, np.random.default_rng(0))
    assert asked
    assert cell not in asked
