"""The live line: every number in it is what it says, also where a study goes on."""

import time

import pytest
from support.scripted import TASK, ScriptedEngine, ScriptedJudge, completion
from support.tables import GRID, problem_of

from sampler_bench.cli._live import Progress
from sampler_bench.records import JUDGED, Cell, Failure, Prompt, Score, Trial
from sampler_bench.store.sqlite import open_store
from sampler_bench.tuning.budget import Budget, Limits
from sampler_bench.tuning.events import Phase, Planned, Settled, Written
from sampler_bench.tuning.ledger import Ledger
from sampler_bench.tuning.listed import GivenConfigs
from sampler_bench.tuning.loop import Loop
from sampler_bench.tuning.parts import Pace, Parts
from sampler_bench.tuning.plan import Plan

pytestmark = pytest.mark.anyio
CELLS = [Cell(GRID[0], 0, 0), Cell(GRID[1], 0, 0)]


class Never:
    def is_set(self):
        return False


async def go_on(folder, watch, judge="new"):
    """Run on what is kept of the study `s`, judged by another judge than before."""
    with open_store(folder) as store:
        study = store.study("s").id
        ledger = Ledger(store.trials(study), (judge,), 1)
        parts = Parts(
            ScriptedEngine(),
            ScriptedJudge(lambda text: 3.0, (judge,)),
            store,
            TASK,
            (Prompt(0, "Write."),),
            lambda text: (),
            time.time,
        )
        budget = Budget(Limits(), 0.0, time.monotonic)
        loop = Loop(parts, study, 1, ledger, budget, Pace(slots=1), watch, Never())
        problem = problem_of(n_prompts=1, samples_per_config=1)
        await loop.run([("search", GivenConfigs(tuple(GRID[:2])), problem)])


def keep(folder, judgments, failure=None):
    with open_store(folder) as store:
        study = store.create_study("s", {}, 1.0).id
        store.ask(study, [(cell, 1) for cell in CELLS], 1.0)
        for cell in CELLS:
            text = completion(cell.config, Prompt(0, "Write."), 1)
            store.save_written(study, cell, text, failure, (), 1.0)
            for judgment in judgments:
                store.save_judgment(study, cell, judgment, 1.0)


async def test_scores_of_another_judge_are_not_in_the_means(tmp_path):
    keep(tmp_path, [Score("old", 9.0)])
    progress = Progress(quiet=True)
    await go_on(tmp_path, progress)
    assert [(state, score) for _, state, score in progress.rows] == [(JUDGED, 3.0)] * 2


async def test_texts_of_an_earlier_run_are_not_in_the_speed(tmp_path):
    keep(tmp_path, [], Failure("loops", "all of it"))
    progress = Progress(quiet=True)
    await go_on(tmp_path, progress)
    assert (progress.settled, progress.kept, progress.speed()) == (2, 2, 0.0)
    assert progress.failures == {"loops": 2}


def test_the_time_before_the_first_text_is_not_in_the_time_left():
    """Loading a model for a minute says nothing about how long a text takes."""
    clock = [0.0]
    progress = Progress(quiet=True, now=lambda: clock[0])
    progress(Planned(Plan(None, 8, 0, 100, 1.0, 0.0), problem_of()))
    clock[0] = 60.0
    progress(Phase("search"))
    for k in range(4):
        clock[0] += 2.0
        text = completion(GRID[0], Prompt(0, "Write."), k)
        trial = Trial(Cell(GRID[0], 0, k), k, text, judgments=(Score("j", 5.0),))
        progress(Written(trial))
        progress(Settled(trial, JUDGED, 5.0))
    assert progress.seconds_left() == 4 * 2.0
    assert progress.speed() == 4 * text.tokens / 8.0
