"""One run of a study from request to results: check, plan, ask, write, judge, conclude.

Nothing is spent before the server and the judge have been checked and the study has been found
expressible. Starting and going on are the same path; only the ledger differs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Literal

from ..engines import Engine, ServerInfo
from ..errors import EngineError, StoreError, UsageError
from ..judges import Judge
from ..plugins import find
from ..records import Completion, JsonObject, SamplerConfig, ScoreTable, Trial, Unwritten
from ..reports._collect import collect
from ..reports._document import Document, RunResult
from ..search import Problem, Strategy
from ..spec import ModelEntry, StudySpec, load_model
from ..store import Store, StudyRow
from . import fingerprint, pilot, runs
from .budget import Budget, Limits
from .build import (
    BUILT_IN,
    build_engine,
    build_judge,
    build_problem,
    build_strategy,
    build_task,
    check_expressible,
    check_model,
)
from .confirmation import Confirmation
from .events import Checked, Planned, Warned, Watcher
from .knobs import KNOBS, verify
from .ledger import Ledger
from .listed import GivenConfigs
from .loop import Loop, Pace, Parts, Stop, with_instructions
from .objective import Objective
from .order import BY, ORDER, decided, seen_in
from .plan import Plan, judged_tokens, longest_answer, plan

WARM_UP_TOKENS = 48
UNKNOWN_SLOTS = 8  # texts at once where a server does not tell; the pool finds what is good


@dataclass(frozen=True, slots=True)
class Request:
    """What a run is asked to do.

    Attributes:
        spec: the resolved study, its seed drawn.
        folder: where results are kept.
        name: of a new study, or of the one to go on with.
        results: the results file.
        environment: where keys come from.
        resume: True to go on with a kept study.
        allow_unverified: True to go on although the server ignores a knob.
        pilot: texts after which a pilot ends; None for a whole run.
        words: of the command line, to be kept with the study; none from Python.
    """

    spec: StudySpec
    folder: Path
    name: str
    results: Path
    environment: Mapping[str, str]
    resume: bool = False
    allow_unverified: bool = False
    pilot: int | None = None
    words: tuple[str, ...] = ()

    @property
    def limited(self) -> StudySpec:
        """The study as this run goes through it: a pilot ends early."""
        if self.pilot is None:
            return self.spec
        return replace(self.spec, max_samples=min(self.pilot, self.spec.max_samples or self.pilot))

    @property
    def kind(self) -> Literal["search", "benchmark"]:
        """`search` or `benchmark`."""
        return "benchmark" if self.spec.given else "search"


@dataclass(frozen=True, slots=True)
class Finished:
    """How a run ended: `done`, `interrupted`, or the budget that ended it, in words."""

    ended: str
    request: Request
    study: StudyRow
    trials: list[Trial]
    identities: tuple[str, ...]
    problem: Problem
    server: JsonObject
    knobs: JsonObject | None = None
    runs: tuple[RunResult, ...] = ()

    def table(self) -> ScoreTable:
        """How the trials stand."""
        return Ledger(self.trials, self.identities, self.problem.n_prompts, forget=False).table()

    def document(self) -> Document:
        """The results document."""
        prompts = self.problem.n_prompts
        ledger = Ledger(self.trials, self.identities, prompts, forget=False, texts=True)
        return collect(
            self.study,
            self.trials,
            ledger.table(),
            self.problem,
            self.server,
            ledger.identities,
            self.request.kind,
            worth=Objective.of(self.request.spec).judged_by(ledger),
            knobs=self.knobs,
            runs=self.runs,
        )


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
    spec = request.limited
    Thread(target=import_early, daemon=True).start()
    task = build_task(spec)
    entry = find_model(spec)
    judge = build_judge(spec, task, request.environment)
    key = request.environment.get("SAMPLER_BENCH_SERVER_KEY", "")
    async with AsyncExitStack() as stack:
        engine = await build_engine(spec, entry, key, request.folder / "server.log")
        await stack.enter_async_context(engine)
        await stack.enter_async_context(judge)
        info = await engine.check()
        watch(Checked("server", describe(info)))
        for trouble in away(info):
            watch(Warned(f"{trouble}; it may join later"))
        watch(Checked("judge", await judge.check()))
        baseline = choose_baseline(spec, entry)
        check_expressible(engine, spec.space, baseline)
        await engine.fit(
            [with_instructions(prompt, task) for prompt in spec.prompts], longest_answer(spec)
        )
        earlier = store.study(request.name)
        known = store.note(earlier.id, KNOBS) if earlier is not None else None
        allow = request.allow_unverified
        knobs = await verify(engine, spec.space, baseline, known, allow, watch)
        info = decided(info, seen_in(knobs))
        problem = build_problem(spec, baseline, info)
        study = open_study(store, request, clock())
        try:
            store.set_note(study.id, KNOBS, knobs or {})
            runs.remember(store, study.id, request.words, request.environment, clock())
            begun = bool(store.trials(study.id))
            prompts = [with_instructions(prompt, task) for prompt in spec.prompts]
            seen = await fingerprint.remembered(engine, prompts, store, study.id, begun)
            seen = seen.serving(spec.objective)
            watch(Checked("fingerprint", seen.said))
            problem = replace(problem, features=seen.features)
            info = replace(info, details={**info.details, "fingerprint": seen.said})
            ledger, budget = _recall(store, study, request, judge, spec, info)
            phases = phases_of(request, problem)
            planned = await _plan(engine, judge, spec, problem, phases, len(ledger))
            watch(Planned(planned, problem))
            store.set_state(study.id, "running", clock())
            parts = Parts(engine, judge, store, task, spec.prompts, _covariates(), clock)
            pace = _pace(spec, info)
            phases = Objective.of(spec).phases(phases, ledger, limits_of(phases))
            loop = Loop(parts, study.id, _seed(spec), ledger, budget, pace, watch, stop)
            ended = await _run_noting(loop, phases, store, study, clock)
            if request.pilot is not None and ended != "interrupted":
                told = await pilot.second_opinions(
                    judge, store.trials(study.id), spec.prompts, budget
                )
                store.set_note(study.id, pilot.NOTE, told)
        finally:
            store.unlock(study.id)
    row = store.study(study.name)
    assert row is not None
    trials, note = store.trials(study.id), server_note(info)
    ran = tuple(runs.recalled(store.note(study.id, runs.NOTE)))
    return Finished(ended, request, row, trials, judge.identities, problem, note, knobs, ran)


def import_early() -> None:
    """Load what decisions need while server and judge are asked who they are.

    Without this the first decision waits a second or two for it, and every slot with it.
    """
    for name in ("scipy.stats", "scipy.optimize", "scipy.special", "sampler_bench.posterior"):
        import_module(name)


def phases_of(request: Request, problem: Problem) -> list[tuple[str, Strategy, Problem]]:
    """The search, then the confirmation on fresh seeds; a benchmark has one phase.

    A strategy that spends its budget freely leaves the confirmation's share of it; those of fixed
    replication (`grid`, `random`, ...) try all that they were told to, and it comes on top.
    """
    if request.spec.given:
        return [("benchmark", GivenConfigs(request.spec.given), problem)]
    texts = problem.confirm or 0
    searching = replace(problem, budget=max(problem.budget - texts, 1))
    strategy = build_strategy(request.spec)
    if request.pilot is not None:
        strategy = pilot.piloted(strategy, request.pilot, problem.n_prompts)
    return [
        ("search", strategy, searching),
        ("confirmation", Confirmation(texts), problem),
    ]


def find_model(spec: StudySpec) -> ModelEntry | None:
    """The entry of models.yaml that a study means; None for "whatever the named server serves".

    Raises:
        SpecError: the model is not known, and no server is named that may know it.
    """
    if spec.model is None:
        return None if spec.server else load_model(BUILT_IN)
    try:
        return load_model(spec.model)
    except UsageError:
        if spec.server:
            return None
        raise


def choose_baseline(spec: StudySpec, entry: ModelEntry | None) -> SamplerConfig:
    """What the winner is compared with: the study's, else the model maker's, else temperature 1."""
    chosen = spec.baseline or (entry.baseline if entry else None)
    if chosen is None:
        chosen = SamplerConfig.of("temperature", {"temperature": 1.0})
    if chosen.get("max_tokens") is not None:
        return chosen
    return SamplerConfig.of(chosen.sampler, {**chosen.as_dict(), "max_tokens": _usual_length(spec)})


def _usual_length(spec: StudySpec) -> int:
    """The first answer length of the space: the baseline may write as long as its rivals."""
    for part in spec.space.samplers:
        for name, dimension in part.dimensions:
            if name == "max_tokens":
                values = dimension.listed()
                return int(str(values[0])) if values else int(getattr(dimension, "high", 0))
    return spec.max_length


def open_study(store: Store, request: Request, now: float) -> StudyRow:
    """Find or create the study of a request and take it for this process.

    Raises:
        StoreError: it is taken, already there, or not there.
    """
    row = store.study(request.name)
    if request.resume and row is None:
        known = ", ".join(study.name for study in store.studies()) or "none"
        raise StoreError(f"there is no study {request.name!r} to go on with; there are: {known}")
    if not request.resume and row is not None:
        raise StoreError(
            f"a study {request.name!r} is there already; go on with it by --resume {request.name}, "
            "or choose another name"
        )
    row = row or store.create_study(request.name, request.spec.to_json(), now)
    if not store.lock(row.id, "sampler-bench"):
        raise StoreError(f"study {request.name!r} is being run by another process; let it finish")
    return row


def _recall(
    store: Store,
    study: StudyRow,
    request: Request,
    judge: Judge,
    spec: StudySpec,
    info: ServerInfo,
) -> tuple[Ledger, Budget]:
    kept = store.note(study.id, "server") or {}
    check_model(info, str(kept.get("model", "")))
    store.set_note(study.id, "server", server_note(info))
    store.set_note(study.id, "judge", {"identities": list(judge.identities)})
    store.set_note(study.id, "results", {"file": request.results.name, "kind": request.kind})
    trials = store.trials(study.id)
    limits = Limits(spec.max_samples, spec.max_cost, spec.max_minutes)
    budget = Budget(limits, judge.expected_cost(1, judged_tokens(spec)), time.monotonic)
    budget.recall(trials)
    budget.settle(0.0, float(str((store.note(study.id, pilot.NOTE) or {}).get("cost", 0.0))))
    texts = not Objective.of(spec).plain
    return Ledger(trials, judge.identities, len(spec.prompts), texts=texts), budget


def server_note(info: ServerInfo) -> JsonObject:
    """What is kept of a server with a study."""
    return {
        "engine": info.engine,
        "url": info.url,
        "version": info.version,
        "model": info.model,
        "context": info.context,
        "slots": info.slots,
        "template": info.template,
        ORDER: str(info.details.get(ORDER, "")),
        BY: str(info.details.get(BY, "")),
        "fingerprint": str(info.details.get("fingerprint", "")),
    }


def away(info: ServerInfo) -> list[str]:
    """What is wrong with each server that does not answer yet."""
    found = info.details.get("away")
    return [str(problem) for problem in found] if isinstance(found, list) else []


def describe(info: ServerInfo) -> str:
    """One line about a server, for people."""
    parts = [f"{info.engine} {info.version}".strip(), f"at {info.url}"]
    if info.model:
        parts.append(f"serves {info.model}")
    if info.context:
        parts.append(f"context {info.context}")
    if info.slots:
        parts.append(f"{info.slots} slots")
    return ", ".join(parts)


def _pace(spec: StudySpec, info: ServerInfo) -> Pace:
    slots = spec.slots or info.slots or UNKNOWN_SLOTS
    return Pace(slots=slots, lag=spec.lag, batch=spec.batch)


def _seed(spec: StudySpec) -> int:
    assert spec.seed is not None, "a study's seed is drawn before it is created"
    return spec.seed


def _covariates() -> Callable[[str], tuple[float, ...]]:
    module: ModuleType = find("judges", "offline")
    covariates: Callable[[str], tuple[float, ...]] = module.covariates
    return covariates


async def _plan(
    engine: Engine,
    judge: Judge,
    spec: StudySpec,
    problem: Problem,
    phases: list[tuple[str, Strategy, Problem]],
    asked: int,
) -> Plan:
    """Plan the run, by the speed of one short text that also proves that the server writes."""
    config = problem.baseline
    assert config is not None
    short = SamplerConfig.of(config.sampler, {**config.as_dict(), "max_tokens": WARM_UP_TOKENS})
    began = time.monotonic()
    written = await engine.generate(short, spec.prompts[0], seed=1)
    if isinstance(written, Unwritten):
        raise EngineError(f"a first short text did not come: {written.reason}: {written.detail}")
    texts = texts_of(spec, problem, phases)
    return plan(spec, problem, judge, texts, _speed(written, time.monotonic() - began), asked)


def texts_of(spec: StudySpec, problem: Problem, phases: list[tuple[str, Strategy, Problem]]) -> int:
    """How many texts a run writes at most."""
    each = problem.n_prompts * problem.samples_per_config
    first = phases[0][1]
    if isinstance(first, GivenConfigs):
        return len(first.configs) * each
    extra = sum(s.texts for _, s, _ in phases if isinstance(s, Confirmation))
    size = problem.space.size()
    if spec.search_strategy == "grid" and size is not None:
        return (size + 1) * each + extra
    if spec.search_strategy in ("random", "tpe", "gp"):
        tried = problem.n_iterations if size is None else min(problem.n_iterations, size)
        return (tried + 1) * each + extra
    return problem.budget


def limits_of(phases: list[tuple[str, Strategy, Problem]]) -> list[int]:
    """How many texts each phase may ask for."""
    return [s.texts if isinstance(s, Confirmation) else p.budget for _, s, p in phases]


def _speed(written: Completion, seconds: float) -> float:
    """Tokens a second of one text alone."""
    return max(written.tokens, 1) / max(seconds, 1e-6)


async def _run_noting(
    loop: Loop,
    phases: list[tuple[str, Strategy, Problem]],
    store: Store,
    study: StudyRow,
    clock: Callable[[], float],
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


def resolved(spec: StudySpec, draw: Callable[[], int]) -> StudySpec:
    """The study with what it leaves open: a drawn seed, and its model's baseline.

    Both are kept with it, so that an edited models.yaml changes no study that has begun.
    """
    entry = None if spec.baseline else find_model(spec)
    seed = draw() if spec.seed is None else spec.seed
    return replace(spec, seed=seed, baseline=choose_baseline(spec, entry))
