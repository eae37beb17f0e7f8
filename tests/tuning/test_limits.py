"""A search that a limit ends leaves room for the confirmation, and goes on when it is raised."""

import asyncio
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from support.loops import Study
from support.scripted import ScriptedEngine, ScriptedJudge, completion, digest
from support.tables import BASELINE, SPACE

from sampler_bench.analysis.notes import UNCONFIRMED
from sampler_bench.analysis.verdict import verdict
from sampler_bench.engines import ServerInfo
from sampler_bench.plugins import find
from sampler_bench.records import Prompt
from sampler_bench.search import Problem
from sampler_bench.spec import StudySpec
from sampler_bench.tuning.budget import Budget, Limits, Open, Reserve
from sampler_bench.tuning.build import build_problem
from sampler_bench.tuning.confirmation import Confirmation
from sampler_bench.tuning.parts import Pace
from sampler_bench.tuning.phases import limits_of, phases_of, reserve_of, texts_of

PROMPTS = tuple(Prompt(i, text) for i, text in enumerate(("Write.", "Sing.", "Tell.")))
SPEC = StudySpec(SPACE, PROMPTS, n_iterations=16, samples_per_config=2, baseline=BASELINE)  # 96
INFO = ServerInfo("scripted", "memory:")


def score(text):
    """Min_p .05 is good, and all else is not."""
    return (8.0 if "min_p=0.05" in text else 5.0) + digest(text)


class Limited(Study):
    """A study with a search and a confirmation, as `tuning.underway` makes one."""

    def __init__(self, folder, cost=0.0, **changes):
        super().__init__(folder, judge=ScriptedJudge(score, cost=cost))
        self.spec, self.pace = replace(SPEC, **changes), Pace(1, 1, lag=6, batch=3)

    async def go(self, **limits):
        self.spec = replace(self.spec, **limits)
        spec, problem = self.spec, build_problem(self.spec, BASELINE, INFO)
        self.limits = Limits(spec.max_samples, spec.max_cost, spec.max_minutes)
        searching = replace(problem, budget=problem.budget - problem.confirm)
        phases = [
            ("search", find("search", spec.search_strategy), searching),
            ("confirmation", Confirmation(problem.confirm), problem),
        ]
        return await self.run(phases=phases, reserve=reserve_of(spec, problem))

    def unconfirmed(self):
        """Whether the verdict says that it has no fresh texts."""
        problem = build_problem(self.spec, BASELINE, INFO)
        return UNCONFIRMED in verdict(self.ledger.table(), problem).notes

    @property
    def order(self):
        """`s` for a text of the search, `f` for one on fresh seeds, in the order of asking."""
        return "".join("sf"[trial.cell.fresh] for trial in self.kept())


def problem_with(**limits):
    return build_problem(replace(SPEC, **limits), BASELINE, INFO)


def test_the_confirmation_has_its_share_of_the_texts_that_can_be_written():
    assert (problem_with().budget, problem_with().confirm) == (96, 19)
    assert (problem_with(max_samples=40).budget, problem_with(max_samples=40).confirm) == (40, 8)
    assert problem_with(max_samples=400).budget == 96
    given = replace(SPEC, max_samples=40, confirm=0.5)
    assert build_problem(given, BASELINE, INFO).confirm == 20


@pytest.mark.parametrize("iterations", [5, 16, 500])
def test_a_grid_keeps_a_fifth_of_its_own_texts_whatever_the_number_of_iterations(iterations):
    grid = {"search_strategy": "grid", "n_iterations": iterations}  # 13 settings, 6 texts each
    assert problem_with(**grid).confirm == 16
    assert problem_with(**grid, confirm=0.5).confirm == 39
    for unreached in (80, 100, 400):
        assert problem_with(**grid, max_samples=unreached).confirm == 16
    assert problem_with(**grid, max_samples=50).confirm == 10
    spec = replace(SPEC, **grid)
    share = reserve_of(spec, problem_with(**grid)).share
    assert share == pytest.approx(16 / 100), "of dollars and minutes"


@pytest.mark.parametrize("strategy", ["random", "tpe"])
def test_a_strategy_of_fixed_replication_keeps_a_fifth_of_what_it_tries(strategy):
    for iterations, kept in ((5, 6), (10, 12), (50, 16)):  # of 13 settings
        assert problem_with(search_strategy=strategy, n_iterations=iterations).confirm == kept


@pytest.mark.parametrize("limit", [None, 90, 60])
@pytest.mark.parametrize("strategy", ["grid", "random", "bayesian"])
def test_a_search_for_diversity_may_ask_for_all_that_the_study_is_said_to_take(strategy, limit):
    told = {"search_strategy": strategy, "diversity_weight": 0.3, "objective": "quality+diversity"}
    spec = replace(SPEC, **told, n_iterations=16, max_samples=limit)
    problem = build_problem(spec, BASELINE, INFO)
    phases = phases_of(SimpleNamespace(spec=spec, pilot=None), problem)
    limits = limits_of(phases, spec, problem)
    assert limits[1] == problem.confirm
    assert sum(limits) == texts_of(spec, problem)
    if limit is None and strategy == "grid":
        assert limits[0] == 14 * 6


def test_a_pilot_for_diversity_may_ask_for_all_its_texts_for_it_has_no_confirmation():
    spec = replace(SPEC, diversity_weight=0.3, objective="quality+diversity", max_samples=36)
    problem = build_problem(replace(spec, max_samples=None), BASELINE, INFO)
    phases = phases_of(SimpleNamespace(spec=spec, pilot=36), problem)
    assert limits_of(phases, spec, problem) == [36]


def test_a_benchmark_for_diversity_may_ask_for_all_that_is_given():
    given = tuple(SPACE.grid())
    spec = replace(SPEC, n_iterations=2, given=given)
    problem = build_problem(spec, BASELINE, INFO)
    phases = phases_of(SimpleNamespace(spec=spec, pilot=None), problem)
    assert limits_of(phases, spec, problem) == [len(given) * 6]


def test_a_study_takes_no_more_texts_than_its_limit():
    grid = replace(SPEC, search_strategy="grid")
    for spec, texts in ((SPEC, 96), (grid, 14 * 6 + 16)):
        for limit, most in ((None, texts), (40, 40), (400, texts)):
            limited = replace(spec, max_samples=limit)
            assert texts_of(limited, build_problem(limited, BASELINE, INFO)) == most


@pytest.mark.anyio
@pytest.mark.parametrize("strategy", ["bayesian", "grid"])
async def test_a_search_that_max_samples_ends_is_confirmed_and_a_larger_one_anew(
    tmp_path, strategy
):
    study = Limited(tmp_path, search_strategy=strategy)
    ended = await study.go(max_samples=40)
    assert ended == "32 texts were asked for, 8 kept for fresh seeds (max_samples)"
    assert study.ended.limit == "max_samples"
    first = study.order
    assert first.count("s") == 32
    assert 1 <= first.count("f") <= 8
    assert first == "s" * 32 + "f" * first.count("f")
    again = await study.go()
    asked = f"{len(first)} were asked for before, 8 kept for fresh seeds"
    told = f"the search had none of 40 texts: {asked}; with 53 it goes on (max_samples)"
    assert again == told
    assert study.order == first, "the same limit asks for nothing more"
    await study.go(max_samples=80)
    more = study.order[len(first) :]
    assert more.startswith("s" * (64 - len(first)))
    assert "fs" not in more
    assert not study.unconfirmed()
    assert more.count("f") <= 16
    assert len(study.order) <= 80


@pytest.mark.anyio
async def test_a_limit_that_is_not_reached_ends_nothing(tmp_path):
    study = Limited(tmp_path)
    assert await study.go(max_samples=96, max_cost=9.0, max_minutes=60.0) == "done"
    assert study.order.count("s") == 77
    assert study.order.count("f")


@pytest.mark.anyio
async def test_a_search_that_money_ends_is_confirmed_and_more_money_goes_on(tmp_path):
    study = Limited(tmp_path, cost=0.01)
    assert "(max_cost)" in await study.go(max_cost=0.4)
    assert study.ended.limit == "max_cost"
    assert study.budget.spent <= 0.4 + 1e-9
    first = study.order
    assert 30 <= first.count("s") <= 33  # of 40 texts that the money pays
    assert first == "s" * first.count("s") + "f" * first.count("f")
    assert first.count("f") >= 4
    await study.go()
    again = study.order
    assert again.startswith(first)
    assert set(again[len(first) :]) <= {"f"}, "with the same limit the search stays over"
    await study.go(max_cost=0.8)
    more = study.order[len(again) :]
    assert more.startswith("s" * 15)
    assert "fs" not in more
    assert not study.unconfirmed(), "by the first fresh texts, or by new ones"
    assert study.budget.spent <= 0.8 + 1e-9


@pytest.mark.anyio
async def test_a_search_that_minutes_end_is_confirmed(tmp_path):
    study = Limited(tmp_path, search_strategy="grid")
    study.engine = ScriptedEngine(lambda *asked: written.append(asked) or completion(*asked))
    written, study.now = [], lambda: float(len(written))  # a text takes a second
    assert "(max_minutes)" in await study.go(max_minutes=1)
    assert study.ended.limit == "max_minutes"
    done = "".join("sf"[t.cell.fresh] for t in study.kept() if t.judgments)
    assert 36 <= done.count("s") <= 52
    assert done == "s" * done.count("s") + "f" * done.count("f")
    assert done.count("f") >= 4


def test_what_is_under_way_counts_as_spent():
    clock = iter(range(0, 10_000, 10))
    budget = Budget(Limits(max_cost=1.0), 0.05, lambda: 0.0)
    keep = Reserve(None, 0.2)
    budget.settle(0.0, 0.05)
    assert budget.search_over(0, keep, Open(14)) is None  # 75 cents
    assert budget.search_over(0, keep, Open(15)) is not None
    timed = Budget(Limits(max_minutes=10), 0.0, lambda: next(clock))
    assert timed.search_over(0, keep, Open(0, 400.0)) is None  # 590 - 400 > 120
    assert timed.search_over(0, keep, Open(0, 480.0)) is not None
    free = Budget(Limits(max_cost=0.0), 0.0, time.monotonic)
    assert free.search_over(50, keep, Open(9)) is None, "a judge without a price"


def test_a_cheap_judge_is_not_taken_for_the_dear_one_it_might_have_been():
    budget = Budget(Limits(max_cost=1.0), 0.05, lambda: 0.0)
    for _ in range(10):
        budget.reserve()
        budget.settle(0.05, 0.01)
    assert budget.search_over(0, Reserve(None, 0.2), Open(20)) is None


def test_a_problem_without_a_confirmation_keeps_nothing():
    problem = Problem(SPACE, 3, budget=96)
    assert reserve_of(replace(SPEC, max_samples=40), problem) == Reserve(0, 0.0)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"max_samples": 20}, "20 texts were asked for (max_samples)"),
        ({"max_cost": 0.205}, "$0.2000 of $0.205 spent, too little for the next text (max_cost)"),
        ({"max_minutes": 1}, "1 minutes are over (max_minutes)"),
    ],
)
async def test_a_search_without_a_confirmation_has_all_that_the_limit_allows(
    tmp_path, limits, words
):
    study = Limited(tmp_path, cost=0.01, confirm=0.0, search_strategy="grid")
    study.engine = ScriptedEngine(lambda *asked: written.append(asked) or completion(*asked))
    written, study.now = [], lambda: 3.0 * len(written)
    assert await study.go(**limits) == words
    assert len([trial for trial in study.kept() if trial.written]) >= 20


def test_an_estimate_ends_no_search_but_a_bill_is_waited_for():
    budget, keep = Budget(Limits(max_cost=0.02), 0.01, lambda: 0.0), Reserve(None, 0.2)
    assert not budget.awaits_bill(keep, Open(1))
    assert budget.awaits_bill(keep, Open(2))
    assert budget.search_over(2, keep, Open(2)) is None
    assert budget.reserve()
    budget.settle(budget.price, 0.0005)
    assert not budget.awaits_bill(keep, Open(30))
    assert budget.search_over(2, keep, Open(1)) is None
    assert budget.search_over(2, keep, Open(31)) is not None


@pytest.mark.anyio
async def test_a_judge_that_bills_a_tenth_of_its_estimate_is_asked_for_as_much_as_it_bills(
    tmp_path,
):
    study = Limited(tmp_path, cost=0.001)
    study.estimate, study.pace = 0.01, Pace(4, 4, lag=16, batch=8)
    await study.go(max_cost=0.06)
    assert 40 <= study.order.count("s") <= 56  # 48 of those that are judged, and a batch
    assert study.budget.spent <= 0.06


@pytest.mark.anyio
async def test_the_first_text_of_eight_slots_does_not_tell_the_pace_of_one(tmp_path):
    """Seven others are as far: where a minute brought the first, 15 open ones take two, not 15."""
    study, engine = Limited(tmp_path, search_strategy="grid"), ScriptedEngine()
    study.pace, seconds = Pace(8, 8, lag=15, batch=8), [0.0]
    others, asked = asyncio.Event(), []

    async def generate(config, prompt, seed):
        asked.append(seed)
        number = len(asked)
        if number == 1:
            seconds[0] = 60.0
        elif number <= 8:
            await others.wait()
        return completion(config, prompt, seed)

    engine.generate = generate
    study.engine, study.now = engine, lambda: seconds[0]
    asyncio.get_running_loop().call_later(0.3, others.set)
    await study.go(max_minutes=5)
    assert study.order.count("s") > 16


@pytest.mark.anyio
@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
@pytest.mark.parametrize("most", [30, 41, 43])
async def test_the_texts_that_let_a_search_go_on_are_told_and_are_enough(tmp_path, share, most):
    study = Limited(tmp_path, search_strategy="grid", confirm=share)
    await study.go(max_samples=most)
    told = await study.go(max_samples=most + 1)
    assert told.startswith(f"the search had none of {most + 1} texts: ")
    assert len(study.order) <= most + 1
    before = study.order.count("s")
    await study.go(max_samples=int(told.split("; with ")[1].split()[0]))
    assert study.order.count("s") > before


def test_a_limit_lowered_below_the_texts_that_are_there_names_one_that_lets_the_search_go_on():
    over = Budget(Limits(max_samples=50), 0.0, lambda: 0.0)
    said = str(over.search_over(100, Reserve(10, 0.2), Open()))
    assert "none of 50 texts: 100 were asked for before, 10 kept" in said
    named = int(said.split("; with ")[1].split()[0])
    raised = Budget(Limits(max_samples=named), 0.0, lambda: 0.0)
    assert raised.search_over(100, Reserve(round(0.2 * named), 0.2), Open()) is None


@pytest.mark.anyio
@pytest.mark.parametrize("limit", [1, 7, 12, 16])
async def test_a_limit_below_what_was_asked_for_is_kept_and_a_larger_one_writes_the_rest(
    tmp_path, limit
):
    """Interrupted with 16 asked for and some of them written."""
    study = Limited(tmp_path)
    study.pace = Pace(4, 4, lag=16, batch=8)

    def write(*asked):
        written.append(asked)
        if len(written) == 5:
            study.stop.set()
        return completion(*asked)

    study.engine, written = ScriptedEngine(write), []
    assert await study.go() == "interrupted"
    there = sum(trial.written is not None for trial in study.kept())
    assert 5 <= there < 12 < len(study.kept())
    study.stop.clear()
    ended = await study.go(max_samples=limit)
    assert sum(trial.written is not None for trial in study.kept()) == max(there, limit)
    if limit < len(study.kept()):
        assert ended == f"{max(there, limit)} texts are there (max_samples)"
    await study.go(max_samples=None)
    assert all(trial.judgments or trial.failure for trial in study.kept())
    assert len(study.kept()) >= 80
