"""A study on scripted parts and a real store, run as often as a test likes."""

import asyncio
import time

from support.scripted import TASK, ScriptedEngine, ScriptedJudge

from sampler_bench.plugins import find
from sampler_bench.records import Prompt
from sampler_bench.samplers import Range, SamplerSpace, Space
from sampler_bench.search import Problem
from sampler_bench.store.sqlite import open_store
from sampler_bench.tuning.budget import NOTHING_KEPT, Budget, Limits
from sampler_bench.tuning.ledger import Ledger
from sampler_bench.tuning.loop import Loop
from sampler_bench.tuning.parts import Pace, Parts

PROMPTS = (Prompt(0, "Write."), Prompt(1, "Sing."), Prompt(2, "Tell."))
SPACE = Space((SamplerSpace("temperature", (("temperature", Range(0.1, 2.0)),)),))
PROBLEM = Problem(SPACE, n_prompts=3, budget=60, n_iterations=10, samples_per_config=2)


class Study:
    """One study in a folder, run as often as a test likes."""

    def __init__(self, folder, engine=None, judge=None, pace=None, limits=None, strategy="random"):
        self.folder = folder
        self.engine, self.judge = engine or ScriptedEngine(), judge or ScriptedJudge()
        self.pace = pace or Pace(slots=1, judging=1, lag=4, batch=2)
        self.limits = limits or Limits()
        self.strategy = find("search", strategy)
        self.stop, self.estimate = asyncio.Event(), self.judge.cost
        self.now = time.monotonic
        self.events = []

    async def run(self, problem=PROBLEM, phases=None, reserve=NOTHING_KEPT):
        with open_store(self.folder) as store:
            row = store.study("s") or store.create_study("s", {}, 0.0)
            trials = store.trials(row.id)
            self.ledger = Ledger(trials, self.judge.identities, len(PROMPTS))
            self.budget = Budget(self.limits, self.estimate, self.now)
            self.budget.recall(trials)
            parts = Parts(self.engine, self.judge, store, TASK, PROMPTS, lambda text: (), time.time)
            loop = Loop(
                parts,
                row.id,
                7,
                self.ledger,
                self.budget,
                self.pace,
                self.watch,
                self.stop,
                reserve=reserve,
            )
            self.ended = await loop.run(phases or [("search", self.strategy, problem)])
            return str(self.ended)

    def watch(self, event):
        self.events.append(event)

    def kept(self):
        with open_store(self.folder) as store:
            return store.trials(store.study("s").id)
