"""Ask and tell: a user's own function, errors, repetition, pickling."""

import pickle
import threading

import numpy as np
import pytest
import threadpoolctl

from sampler_bench._algebra import one_thread
from sampler_bench.errors import BudgetReached, UsageError
from sampler_bench.optimizer import Optimizer, space_of
from sampler_bench.records import JUDGED, Cell, SamplerConfig
from sampler_bench.samplers import Listed, Range
from sampler_bench.search import bayesian

SPACE = {
    "min_p": {
        "temperature": {"low": 0.7, "high": 1.6},
        "min_p": {"low": 0.005, "high": 0.15, "scale": "log"},
    },
    "top_k": {"temperature": [0.7, 1.0, 1.3], "top_k": {"low": 5, "high": 100}, "max_tokens": 64},
}


def score(cell, rng):
    return 70 - 300 * (float(cell.config.get("temperature")) - 1.2) ** 2 + 3 * rng.normal()


def play(opt, seed=0, n=5):
    rng = np.random.default_rng(seed)
    while opt.left:
        for cell in opt.ask(n):
            opt.tell(cell, score(cell, rng))
    return opt


def test_is_there_for_the_asking():
    import sampler_bench

    assert sampler_bench.Optimizer is Optimizer
    assert set(sampler_bench.__all__) <= set(dir(sampler_bench))
    with pytest.raises(AttributeError, match="no attribute 'Optimiser'"):
        sampler_bench.Optimiser  # noqa: B018


def test_finds_the_best_of_a_users_own_function():
    best = play(Optimizer(SPACE, n_prompts=3, budget=70, failure_score=0)).recommend()
    assert best.config.get("temperature") == pytest.approx(1.2, abs=0.15)
    assert best.low < best.mean < best.high
    assert best.low - 3 < 70 < best.high + 3
    assert best.config in best.equivalent
    assert 0 < best.probability_best <= 1


def test_the_same_seed_asks_the_same_and_pickling_changes_nothing():
    one, two = (Optimizer(SPACE, n_prompts=2, budget=40, seed=3) for _ in range(2))
    rng = [np.random.default_rng(1) for _ in range(2)]
    while one.left:
        cells = one.ask(4)
        assert two.ask(4) == cells
        for cell in cells:
            one.tell(cell, score(cell, rng[0]))
            two.tell(cell, score(cell, rng[1]))
        two = pickle.loads(pickle.dumps(two))
    assert one.recommend() == two.recommend()


def test_one_cell_at_a_time_until_the_budget_ends():
    opt = Optimizer(SPACE, budget=2)
    first = opt.ask()
    assert (first.prompt, first.repeat) == (0, 0)
    assert first != opt.ask()
    assert opt.ask(5) == []
    with pytest.raises(BudgetReached, match=r"no cell is left \(2 of 2 were asked for\)"):
        opt.ask()


def test_cells_one_by_one_are_those_of_one_choice_also_after_pickling():
    one, two = (Optimizer(SPACE, n_prompts=2, budget=38, seed=3) for _ in range(2))
    rng = np.random.default_rng(1)
    while one.left:
        left = two.left
        cells = two.ask(4)
        for number, cell in enumerate(cells):
            assert one.left == left - number
            one = pickle.loads(pickle.dumps(one))
            assert one.ask() == cell
        for cell in cells:
            found = score(cell, rng)
            one.tell(cell, found)
            two.tell(cell, found)
    assert two.left == 0


def test_what_is_told_unasked_is_kept_and_counts():
    opt = Optimizer(SPACE, n_prompts=2, budget=6, seed=3)
    first = opt.ask()
    waiting = pickle.loads(pickle.dumps(opt)).ask()
    opt.tell(waiting, 7.0)
    cells = [first, *opt.ask(10)]
    assert waiting not in cells
    assert len(cells) == 5
    assert opt.left == 0
    assert (opt.table().state == JUDGED).sum() == 1


def test_two_threads_that_think_leave_the_linear_algebra_as_it_was():
    inside, leave = threading.Event(), threading.Event()

    def think():
        with one_thread():
            inside.set()
            leave.wait(10)

    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        thread = threading.Thread(target=think)
        with one_thread():
            thread.start()
            assert inside.wait(10)
            assert {pool["num_threads"] for pool in _algebra_pools()} == {1}
        leave.set()
        thread.join()
        assert {pool["num_threads"] for pool in _algebra_pools()} == {2}


def test_holds_the_linear_algebra_of_a_users_program_to_one_thread(monkeypatch):
    seen, ask = [], bayesian.ask

    def watched(*args):
        seen.extend(pool["num_threads"] for pool in _algebra_pools())
        return ask(*args)

    before = [pool["num_threads"] for pool in _algebra_pools()]
    monkeypatch.setattr(bayesian, "ask", watched)
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        Optimizer(SPACE).ask()
        assert [pool["num_threads"] for pool in _algebra_pools()] == [2] * len(before)
    assert set(seen) == {1}


def _algebra_pools():
    return [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]


def test_failures_count_against_their_configuration():
    opt = Optimizer(SPACE, n_prompts=1, budget=40, baseline="temperature:temperature=1")
    while opt.left:
        for cell in opt.ask(4):
            if float(cell.config.get("temperature")) > 1.1:
                opt.tell(cell, failure="loop")
            else:
                opt.tell(cell, 7.0)
    assert float(opt.recommend().config.get("temperature")) < 1.15


def test_own_earlier_texts_can_be_told():
    opt = Optimizer(SPACE, n_prompts=2)
    config = SamplerConfig.parse("min_p:temperature=1,min_p=0.05")
    opt.tell(Cell(config, 1, 0), 6.5, covariates={"length": 100.0})
    assert len(opt.table().evidence()) == 1
    assert opt.table().covariates.shape == (1, 1)


def test_reads_a_space_in_plain_words():
    space = space_of(SPACE)
    assert dict(space.samplers[0].dimensions)["min_p"] == Range(0.005, 0.15, "log")
    top_k = dict(space.samplers[1].dimensions)
    assert top_k["top_k"] == Range(5, 100, integer=True)
    assert top_k["max_tokens"] == Listed((64,))


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({}, "at least one sampler"),
        ({"min_p": {}}, "space.min_p: expected at least one parameter"),
        ({"minp": {"min_p": [0.1]}}, "did you mean 'min_p'"),
        ({"min_p": {"top_p": [0.9]}}, "top_p is no parameter of min_p"),
        ({"min_p": {"min_p": [2.0]}}, "expected a number from 0 to 1"),
        ({"min_p": {"min_p": []}}, "space.min_p.min_p: expected at least one value"),
        ({"min_p": {"min_p": {"low": 0.1}}}, "expected numbers low and high"),
        ({"min_p": {"min_p": {"low": 0.1, "high": 0.2, "scale": "sqrt"}}}, "linear or log"),
        ({"min_p": {"min_p": {"low": 0.1, "hihg": 0.2}}}, "'hihg' is not one of"),
        ({"min_p": {"min_p": {"low": 0.2, "high": 0.1}}}, "expected low < high"),
    ],
)
def test_says_what_is_wrong_with_a_space(space, message):
    with pytest.raises(UsageError, match=message):
        Optimizer(space)


def test_says_what_is_wrong_with_an_answer():
    opt = Optimizer(SPACE)
    cell = opt.ask()
    with pytest.raises(UsageError, match="one of the two"):
        opt.tell(cell)
    with pytest.raises(UsageError, match="one of the two"):
        opt.tell(cell, 1.0, failure="blank")
    with pytest.raises(UsageError, match="expected a finite number"):
        opt.tell(cell, float("nan"))
    with pytest.raises(UsageError, match="prompt 7, expected 0 to 0"):
        opt.tell(Cell(cell.config, 7, 0), 1.0)
    with pytest.raises(UsageError, match="choose one of"):
        Optimizer(SPACE, strategy="magic")
    with pytest.raises(UsageError, match="samples_per_config is 0, expected at least 1"):
        Optimizer(SPACE, samples_per_config=0)
    with pytest.raises(UsageError, match="seed is -1, expected at least 0"):
        Optimizer(SPACE, seed=-1)


def test_covariates_of_other_names_never_share_a_column():
    opt = Optimizer(SPACE)
    first, second = opt.ask(2)
    opt.tell(first, 7.0, covariates={"words": 210.0, "commas": 12.0})
    with pytest.raises(UsageError, match="covariates words; they were commas, words"):
        opt.tell(second, 6.0, covariates={"words": 180.0})
    opt.tell(second, 6.0)
    assert opt.table().covariates.shape == (2, 2)
