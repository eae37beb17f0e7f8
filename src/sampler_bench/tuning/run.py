"""One run of a study from request to results: check, plan, ask, write, judge, conclude.

Nothing is spent before the server and the judge have been checked and the study has been found
expressible. Starting and going on are the same path; only the ledger differs.
"""

from __future__ import annotations

import asyncio
import os
import platform
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from importlib import import_module
from threading import Thread
from types import ModuleType

from ..engines import Engine, ServerInfo
from ..engines._pool import PoolEngine
from ..errors import EngineError
from ..judges import Judge
from ..plugins import find
from ..records import Completion, JsonObject, Prompt, SamplerConfig, Unwritten
from ..search import Problem
from ..spec import ModelEntry, StudySpec
from ..spec.environment import SERVER_KEY
from ..store import Store, StudyRow
from ..tasks import Task
from . import answers, fingerprint, pilot, runs
from .budget import Budget, Limits
from .build import build_engine, build_judge, build_problem, build_task, check_expressible
from .choices import choose_baseline, find_model
from .events import Checked, Planned, Warned, Watcher
from .knobs import KNOBS, KnobCheck
from .late import Door
from .ledger import Ledger
from .loop import Loop
from .objective import Objective
from .order import decided, seen_in
from .parts import Pace, Parts, Stop, with_instructions
from .phases import Phases, limits_of, phases_of, texts_of
from .plan import judged_tokens, longest_answer, plan
from .request import Finished, Request
from .served import SERVER, away, describe, hold, hold_to_name, note_server

WARM_UP_TOKENS = 48
UNKNOWN_SLOTS = 8  # texts at once where a server does not tell; the pool finds what is good


@dataclass(frozen=True, slots=True)
class Crew:
    """Who works on a study: started, and asked who they are."""

    spec: StudySpec
    entry: ModelEntry | None
    task: Task
    engine: Engine
    judge: Judge

    @property
    def asked(self) -> list[Prompt]:
        """The prompts as the server gets them."""
        return [with_instructions(prompt, self.task) for prompt in self.spec.prompts]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known before the first text: of the server, of its knobs, of the problem."""

    info: ServerInfo
    check: KnobCheck
    knobs: JsonObject | None
    problem: Problem


async def run(
    request: Request,
    store: Store,
    watch: Watcher,
    stop: Stop,
    clock: Callable[[], float] = time.time,
) -> Finished:
    """Run a study until it is done, a budget is used up, or the user stops it.

    Raises:
        SpecError, UsageError: the study cannot run as asked; nothing was spent.
        EngineError, JudgeError: somebody does not answer; what was finished is kept.
        StoreError: results cannot be kept.
    """
    Thread(target=import_early, daemon=True).start()
    async with AsyncExitStack() as stack:
        crew = await _assembled(request, stack)
        known = await _checked(request, crew, store, watch)
        study = open_study(store, request, clock())
        try:
            runs.remember(store, study.id, request.words, request.environment, clock())
            known = await _noted(crew, known, store, study, watch)
            if isinstance(crew.engine, PoolEngine):
                crew.engine.admit = Door(known.check, known.info, store, study.id).admit
            ended = await _conducted(request, crew, known, store, study, watch, stop, clock)
            if ended != "interrupted":
                await answers.embed_at_the_end(store, study, request, watch, stop)
        finally:
            store.unlock(study.id)
    row = store.study(study.name)
    assert row is not None
    trials = store.trials(study.id)
    return Finished(
        ended,
        request,
        row,
        trials,
        crew.judge.identities,
        known.problem,
        store.note(study.id, SERVER) or {},
        store.note(study.id, KNOBS) or None,
        tuple(runs.recalled(store.note(study.id, runs.NOTE))),
        answers.recalled(store, study.id, trials),
    )


def import_early() -> None:
    """Load what decisions need while server and judge are asked who they are.

    Without this the first decision waits a second or two for it, and every slot with it.
    """
    for name in ("scipy.stats", "scipy.optimize", "scipy.special", "sampler_bench.posterior"):
        import_module(name)


async def _assembled(request: Request, stack: AsyncExitStack) -> Crew:
    """Build and start everybody."""
    spec = request.limited
    task, entry = build_task(spec), find_model(spec)
    judge = build_judge(spec, task, request.environment)
    key = request.environment.get(SERVER_KEY, "")
    engine = await build_engine(spec, entry, key, request.folder / "server.log")
    await stack.enter_async_context(engine)
    await stack.enter_async_context(judge)
    return Crew(spec, entry, task, engine, judge)


async def _checked(request: Request, crew: Crew, store: Store, watch: Watcher) -> Known:
    """Ask everybody who they are, and see that the study can be had; nothing is spent yet."""
    spec, engine = crew.spec, crew.engine
    info = await engine.check()
    watch(Checked("server", describe(info)))
    for trouble in away(info):
        watch(Warned(f"{trouble}; it may join later"))
    watch(Checked("judge", await crew.judge.check()))
    if spec.embedding is not None:
        told = await answers.check(spec.embedding, request.environment)
        watch(Checked("embedding", told))
    baseline = choose_baseline(spec, crew.entry)
    check_expressible(engine, spec.space, baseline)
    hold(store, request.name, info)
    await engine.fit(crew.asked, longest_answer(spec))
    earlier = store.study(request.name)
    kept = store.note(earlier.id, KNOBS) if earlier is not None else None
    check = KnobCheck(spec.space, baseline, request.allow_unverified, watch)
    knobs = await check.begin(engine, kept)
    info = decided(info, seen_in(knobs))
    hold(store, request.name, info)
    return Known(info, check, knobs, build_problem(spec, baseline, info))


def open_study(store: Store, request: Request, now: float) -> StudyRow:
    """Find or create the study of a request and take it for this process.

    Raises:
        StoreError: it is taken, already there, or not there.
    """
    if request.resume:
        row = store.chosen(request.name)
    else:
        row = store.create_study(request.name, request.spec.to_json(), now)
    since = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now))
    store.lock(row.id, f"process {os.getpid()} on {platform.node()} (since {since})")
    return row


async def _noted(crew: Crew, known: Known, store: Store, study: StudyRow, watch: Watcher) -> Known:
    """Keep with the study who works on it; take the fingerprint, if it has none yet."""
    store.set_note(study.id, KNOBS, known.knobs or {})
    begun = bool(store.trials(study.id))
    seen = await fingerprint.remembered(crew.engine, crew.asked, store, study.id, begun)
    seen = seen.serving(crew.spec.objective)
    watch(Checked("fingerprint", seen.said))
    info = replace(known.info, details={**known.info.details, "fingerprint": seen.said})
    note_server(store, study.id, info)
    store.set_note(study.id, "judge", {"identities": list(crew.judge.identities)})
    return replace(known, info=info, problem=replace(known.problem, features=seen.features))


async def _conducted(
    request: Request,
    crew: Crew,
    known: Known,
    store: Store,
    study: StudyRow,
    watch: Watcher,
    stop: Stop,
    clock: Callable[[], float],
) -> str:
    """Plan, then go through the phases; returns how it ended."""
    spec, problem = crew.spec, known.problem
    store.set_note(study.id, "results", {"file": request.results.name, "kind": request.kind})
    ledger, budget = _recalled(crew, store, study)
    phases = phases_of(request, problem)
    speed, pace = await _warmed_up(crew, problem, store, study), _pace(spec, known.info)
    texts = texts_of(spec, problem, phases)
    ahead = plan(spec, problem, crew.judge, texts, speed, pace.slots, len(ledger))
    watch(Planned(ahead, problem))
    store.set_state(study.id, "running", clock())
    parts = Parts(crew.engine, crew.judge, store, crew.task, spec.prompts, _covariates(), clock)
    steered = Objective.of(spec).phases(phases, ledger, limits_of(phases))
    loop = Loop(parts, study.id, _seed(spec), ledger, budget, pace, watch, stop)
    ended = await _run_noting(loop, steered, store, study, clock)
    if request.pilot is not None and ended != "interrupted":
        trials = store.trials(study.id)
        told = await pilot.second_opinions(crew.judge, trials, spec.prompts, budget)
        store.set_note(study.id, pilot.NOTE, told)
    return ended


def _recalled(crew: Crew, store: Store, study: StudyRow) -> tuple[Ledger, Budget]:
    """What is kept of the study, and what of its budgets is left."""
    spec, judge, trials = crew.spec, crew.judge, store.trials(study.id)
    limits = Limits(spec.max_samples, spec.max_cost, spec.max_minutes)
    budget = Budget(limits, judge.expected_cost(1, judged_tokens(spec)), time.monotonic)
    budget.recall(trials)
    budget.settle(0.0, float(str((store.note(study.id, pilot.NOTE) or {}).get("cost", 0.0))))
    texts = not Objective.of(spec).plain
    return Ledger(trials, judge.identities, len(spec.prompts), texts=texts), budget


async def _warmed_up(crew: Crew, problem: Problem, store: Store, study: StudyRow) -> float:
    """Tokens a second of one short text alone, which also proves that the server writes.

    Raises:
        EngineError: no text came, or it is by another model than the study's.
    """
    config = problem.baseline
    assert config is not None
    short = SamplerConfig.of(config.sampler, {**config.as_dict(), "max_tokens": WARM_UP_TOKENS})
    began = time.monotonic()
    written = await crew.engine.generate(short, crew.spec.prompts[0], seed=1)
    if isinstance(written, Unwritten):
        raise EngineError(f"a first short text did not come: {written.reason}: {written.detail}")
    hold_to_name(store, study.id, written)
    return _speed(written, time.monotonic() - began)


def _speed(written: Completion, seconds: float) -> float:
    return max(written.tokens, 1) / max(seconds, 1e-6)


def _covariates() -> Callable[[str], tuple[float, ...]]:
    module: ModuleType = find("judges", "offline")
    covariates: Callable[[str], tuple[float, ...]] = module.covariates
    return covariates


def _pace(spec: StudySpec, info: ServerInfo) -> Pace:
    slots = spec.slots or info.slots or UNKNOWN_SLOTS
    return Pace(slots=slots, lag=spec.lag, batch=spec.batch)


def _seed(spec: StudySpec) -> int:
    assert spec.seed is not None, "a study's seed is drawn before it is created"
    return spec.seed


async def _run_noting(
    loop: Loop, phases: Phases, store: Store, study: StudyRow, clock: Callable[[], float]
) -> str:
    """Run the loop, and note with the study how it ended, whatever happens."""
    state = "failed"
    try:
        ended = await loop.run(phases)
        state = ended if ended in ("done", "interrupted") else "budget"
    except asyncio.CancelledError:
        state = "interrupted"
        raise
    finally:
        store.set_state(study.id, state, clock())
    return ended
