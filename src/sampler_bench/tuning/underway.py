"""A run under way: its study is open, everybody has been checked; from there to how it ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from types import ModuleType

from ..engines import Engine, ServerInfo
from ..engines._pool import PoolEngine
from ..errors import EngineError
from ..plugins import find
from ..records import Completion, SamplerConfig, Unwritten
from ..search import Problem
from ..spec import StudySpec
from ..store import RESULTS, Store, StudyRow
from . import fingerprint, pilot, runs
from .budget import STOPPED, Budget, Ended, Limits, Reserve
from .crew import Crew, Known
from .events import Checked, Planned, Warned, Watcher
from .kept import JUDGE
from .knobs import KNOBS
from .late import Door
from .ledger import Ledger
from .loop import Loop
from .objective import Objective
from .parts import Pace, Parts, Phases, Stop
from .phases import limits_of, phases_of, reserve_of, texts_of
from .plan import judged_tokens, plan
from .request import Request
from .served import hold_to_name, note_server
from .thinking import Thinking

WARM_UP_TOKENS = 48
UNKNOWN_SLOTS = 8  # texts at once where a server does not tell; the pool finds what is good


@dataclass(frozen=True, slots=True)
class Underway:
    """One run of a study that this process holds.

    Attributes:
        request: what is asked for; `crew` works on it.
        store, study: where everything is kept.
        watch: is told; `stop` is asked; `clock` gives seconds since the epoch.
        began: on the monotonic clock, when the run began.
    """

    request: Request
    crew: Crew
    store: Store
    study: StudyRow
    watch: Watcher
    stop: Stop
    clock: Callable[[], float]
    began: float

    async def noted(self, known: Known) -> Known:
        """Keep with the study who works on it; take the fingerprint, if it has none yet."""
        request, crew, store, study = self.request, self.crew, self.store, self.study.id
        runs.remember(store, study, request.words, request.environment, self.clock())
        store.set_note(study, RESULTS, {"file": request.results.name, "kind": request.kind})
        store.set_note(study, KNOBS, known.knobs or {})
        begun = bool(store.trials(study))
        seen = await fingerprint.remembered(crew.engine, crew.asked, store, study, begun)
        seen = seen.serving(crew.spec.objective)
        self.watch(Checked("fingerprint", seen.said))
        info = replace(known.info, details={**known.info.details, "fingerprint": seen.said})
        note_server(store, study, info)
        store.set_note(study, JUDGE, {"identities": list(crew.judge.identities)})
        if isinstance(crew.engine, PoolEngine):
            crew.engine.admit = Door(known.check, info, store, study).admit
        return replace(known, info=info, problem=replace(known.problem, features=seen.features))

    async def conducted(self, known: Known) -> Ended:
        """Plan, then go through the phases; returns how it ended."""
        crew, spec, problem = self.crew, self.crew.spec, known.problem
        ledger, budget = self._recalled()
        phases = phases_of(self.request, problem)
        thinking = Thinking(self.watch)
        speed = await self._warmed_up(problem, thinking)
        pace = _pace(spec, known.info, crew.engine)
        texts = texts_of(spec, problem)
        slots = _slots(spec, known.info)
        kept = ledger.kept_texts()
        ahead = plan(spec, problem, crew.judge, texts, speed, slots, *kept, budget.spent)
        self._tell_what_is_judged_anew(ledger)
        self.watch(Planned(ahead, problem))
        self.store.set_state(self.study.id, "running", self.clock())
        steered = Objective.of(spec).phases(phases, ledger, limits_of(phases, spec, problem))
        loop = self._loop(ledger, budget, pace, thinking, reserve_of(spec, problem))
        ended = await self._run_noting(loop, steered)
        if self.request.pilot is not None and ended != STOPPED:
            trials = self.store.trials(self.study.id)
            keep = partial(self.store.set_note, self.study.id, pilot.NOTE)
            parts = (crew.judge, trials, spec.prompts)
            await pilot.second_opinions(*parts, budget, self.stop, keep)
        return ended

    def _recalled(self) -> tuple[Ledger, Budget]:
        """What is kept of the study, and what of its budgets is left."""
        spec, judge = self.crew.spec, self.crew.judge
        trials, noted = self.store.trials(self.study.id), self.store.note(self.study.id, pilot.NOTE)
        limits = Limits(spec.max_samples, spec.max_cost, spec.max_minutes)
        price = judge.expected_cost(1, judged_tokens(spec))
        budget = Budget(limits, price, time.monotonic, self.began)
        budget.recall(trials, float(str((noted or {}).get("cost", 0.0))))
        texts = not Objective.of(spec).plain
        return Ledger(trials, judge.identities, len(spec.prompts), texts=texts), budget

    def _tell_what_is_judged_anew(self, ledger: Ledger) -> None:
        if others := ledger.judged_by_others():
            now, before = ", ".join(ledger.identities), ", ".join(sorted(set(others)))
            told = f"{len(others)} kept texts are judged anew, by {now}; so far by {before}"
            self.watch(Warned(told))

    async def _warmed_up(self, problem: Problem, thinking: Thinking) -> float:
        """Tokens a second of one short text alone, which also proves that the server writes.

        Thoughts that come with it are told.

        Raises:
            EngineError: no text came, or it is by another model than the study's.
        """
        config = problem.baseline
        assert config is not None
        short = SamplerConfig.of(config.sampler, {**config.as_dict(), "max_tokens": WARM_UP_TOKENS})
        began = time.monotonic()
        written = await self.crew.engine.generate(short, self.crew.spec.prompts[0], seed=1)
        if isinstance(written, Unwritten):
            why = f"{written.reason}: {written.detail}"
            raise EngineError(f"a first short text did not come: {why}")
        hold_to_name(self.store, self.study.id, written)
        thinking.hear(written)
        thinking.compare(self.store.trials(self.study.id), written)
        return _speed(written, time.monotonic() - began)

    def _loop(
        self, ledger: Ledger, budget: Budget, pace: Pace, thinking: Thinking, reserve: Reserve
    ) -> Loop:
        crew, spec = self.crew, self.crew.spec
        assert spec.seed is not None, "a study's seed is drawn before it is created"
        parts = Parts(
            *(crew.engine, crew.judge, self.store, crew.task, spec.prompts),
            covariates=_covariates(),
            clock=self.clock,
        )
        told = (self.watch, self.stop, thinking, reserve)
        loop = Loop(parts, self.study.id, spec.seed, ledger, budget, pace, *told)
        if isinstance(engine := crew.engine, PoolEngine) and not spec.slots:
            engine.joined = lambda: loop.work.widen(engine.at_once)
        return loop

    async def _run_noting(self, loop: Loop, phases: Phases) -> Ended:
        """Run the loop, and note with the study how it ended, whatever happens."""
        state = "failed"
        try:
            ended = await loop.run(phases)
            state = "budget" if ended.limit else ended.words
        except asyncio.CancelledError:
            state = "interrupted"
            raise
        finally:
            self.store.set_state(self.study.id, state, self.clock())
        return ended


def _speed(written: Completion, seconds: float) -> float:
    return max(written.tokens, 1) / max(seconds, 1e-6)


def _covariates() -> Callable[[str], tuple[float, ...]]:
    module: ModuleType = find("judges", "offline")
    covariates: Callable[[str], tuple[float, ...]] = module.covariates
    return covariates


def _slots(spec: StudySpec, info: ServerInfo) -> int:
    return spec.slots or info.slots or UNKNOWN_SLOTS


def _pace(spec: StudySpec, info: ServerInfo, engine: Engine) -> Pace:
    """As many texts at once as there are slots, and one more for each server of a pool."""
    slots = _slots(spec, info)
    if isinstance(engine, PoolEngine) and not spec.slots:
        slots = engine.at_once or slots
    return Pace(slots=slots, lag=spec.lag, batch=spec.batch)
