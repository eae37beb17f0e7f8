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
from dataclasses import replace
from importlib import import_module
from threading import Thread

from ..spec.environment import SERVER_KEY
from ..store import Store, StudyRow
from . import answers
from .budget import STOPPED
from .build import build_engine, build_judge, build_problem, build_task, check_expressible
from .choices import choose_baseline, find_model, longest_answer
from .crew import Crew, Known
from .events import Checked, Warned, Watcher
from .kept import read_study
from .knobs import KNOBS, KnobCheck
from .order import decided, seen_in
from .parts import Stop
from .request import Finished, Request
from .said import hold_to_words
from .served import NOBODY, away, began_with, describe, hold
from .underway import Underway


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
    began = time.monotonic()
    Thread(target=import_early, daemon=True).start()
    async with AsyncExitStack() as stack:
        crew = await _assembled(request, store, stack)
        known = await _checked(request, crew, store, watch)
        study = open_study(store, request, clock())
        try:
            underway = Underway(request, crew, store, study, watch, stop, clock, began)
            known = await underway.noted(known)
            ended = await underway.conducted(known)
            if ended != STOPPED:
                await answers.embed_at_the_end(store, study, request, watch, stop)
        except BaseException as error:
            if store.chosen(study.name).state == "running":  # it has not come as far as the loop
                stopped = isinstance(error, asyncio.CancelledError)
                store.set_state(study.id, "interrupted" if stopped else "failed", clock())
            raise
        finally:
            store.unlock(study.id)
    return Finished(ended, request, read_study(store, study.name))


def import_early() -> None:
    """Load what decisions need while server and judge are asked who they are.

    Without this the first decision waits a second or two for it, and every slot with it.
    """
    for name in ("scipy.stats", "scipy.optimize", "scipy.special", "sampler_bench.posterior"):
        import_module(name)


async def _assembled(request: Request, store: Store, stack: AsyncExitStack) -> Crew:
    """Build and start everybody."""
    spec = request.limited
    task, entry = build_task(spec), find_model(spec)
    judge = build_judge(spec, task, request.environment)
    key = request.environment.get(SERVER_KEY, "")
    began = began_with(store, request.name) if request.resume else NOBODY
    engine = await build_engine(spec, entry, key, request.folder / "server.log", began)
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
    hold_to_words(store, request.name, engine)
    await engine.fit(crew.asked, longest_answer(spec))
    earlier = store.study(request.name)
    kept = store.note(earlier.id, KNOBS) if earlier is not None else None
    check = KnobCheck(spec.space, baseline, request.allow_unverified, watch)
    knobs = await check.begin(engine, kept)
    info = decided(info, seen_in(knobs))
    hold(store, request.name, info)
    return Known(info, check, knobs, build_problem(request.spec, baseline, info))


def open_study(store: Store, request: Request, now: float) -> StudyRow:
    """Find or create the study of a request and take it for this process.

    What has changed of a study that goes on (its judge, server, texts or dollars) stays with it,
    for the next time; minutes are of one run.

    Raises:
        StoreError: it is taken, already there, or not there.
    """
    spec = request.spec.to_json()
    if request.resume:
        row = store.chosen(request.name)
    else:
        row = store.create_study(request.name, spec, now)
    since = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now))
    store.lock(row.id, f"process {os.getpid()} on {platform.node()} (since {since})")
    if row.spec != spec:
        store.set_spec(row.id, spec)
    return replace(row, spec=spec)
