"""The loop: ask a strategy, have the cells written and judged, keep everything, ask again.

An empty study and a half-finished one take the same path, so starting and resuming are one. The
strategy sees the outcomes of all but the last `lag` cells it asked for, in the order of asking, so
that its decisions depend on the scores and never on which reply came first. Writing, judging,
keeping and deciding overlap: a slot that ends a text begins the next at once, while rules, store
and strategy work in threads. What came from a server or a judge is kept, whatever ends the run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from ..engines import Engine
from ..errors import EngineError, JudgeError
from ..judges import Judge
from ..records import (
    PENDING,
    Cell,
    Completion,
    Failure,
    Prompt,
    Score,
    Trial,
    Unscored,
    Unwritten,
)
from ..rules import look
from ..search import Problem, Strategy
from ..store import Store
from ..tasks import Task
from .budget import Budget
from .events import Phase, Settled, Warned, Watcher, Written
from .ledger import Ledger
from .seeds import seed_of, stream

FAULTS_IN_A_ROW = 6  # so many texts or judgments lost one after the other mean an outage
CUT_OFF_AFTER = 20  # texts after which the share of cut-off ones is looked at
CUT_OFF_SHARE = 0.2
POLL_SECONDS = 0.2
GRACE_SECONDS = 30.0  # after an outage, for what is in flight

Keeping = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Pace:
    """How the loop works: texts at once, judgments at once, and what the strategy sees when.

    `lag` and `batch` are constants of a study: they decide what it asks. The others may change.
    """

    slots: int = 4
    judging: int = 8
    lag: int = 16
    batch: int = 4


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a run is made of."""

    engine: Engine
    judge: Judge
    store: Store
    task: Task
    prompts: tuple[Prompt, ...]
    covariates: Callable[[str], tuple[float, ...]]
    clock: Callable[[], float]


class Stop(Protocol):
    """What a run asks whether it should end early: set by Ctrl-C."""

    def is_set(self) -> bool:
        """True once the user wants to stop."""
        ...


class Loop:
    """One run of one study.

    Args:
        parts: what the run is made of; the engine is started and both have been checked.
        study: the study's number in the store.
        seed: the study's seed.
        ledger: what is kept of the study already.
        budget: what may be used.
        pace: how much at once.
        watch: called with every event.
        stop: asked before each new decision.
    """

    def __init__(
        self,
        parts: Parts,
        study: int,
        seed: int,
        ledger: Ledger,
        budget: Budget,
        pace: Pace,
        watch: Watcher,
        stop: Stop,
    ) -> None:
        self.parts, self.study, self.seed = parts, study, seed
        self.ledger, self.budget, self.pace = ledger, budget, pace
        self.watch, self.stop = watch, stop
        self._to_write: asyncio.Queue[Trial] = asyncio.Queue()
        self._to_judge: asyncio.Queue[tuple[Trial, str]] = asyncio.Queue()
        self._to_keep: asyncio.Queue[tuple[Keeping, asyncio.Event]] = asyncio.Queue()
        self._news = asyncio.Event()
        self._active = 0
        self._faults = {"text": 0, "judgment": 0}
        self._outage: EngineError | JudgeError | None = None
        self._outage_at: float | None = None
        self._cut_off: list[bool] = []
        floor = parts.store.note(study, "floor")
        self._floor = int(str(floor["position"])) if floor else 0

    async def run(self, phases: list[tuple[str, Strategy, Problem]]) -> str:
        """Run the phases one after the other.

        Returns:
            `done`, `interrupted`, or which budget ended the run, in words.

        Raises:
            EngineError, JudgeError: no retry can help, or an outage lasts. All that was finished
                is kept.
        """
        try:
            async with asyncio.TaskGroup() as group:
                keeper = group.create_task(self._keep_results())
                workers = [group.create_task(self._write_texts()) for _ in range(self.pace.slots)]
                workers += [
                    group.create_task(self._judge_texts()) for _ in range(self.pace.judging)
                ]
                try:
                    async with asyncio.timeout(self.budget.seconds_left()):
                        return await self._conduct(phases)
                except TimeoutError:
                    return self.budget.spent_up() or "the time is over"
                finally:
                    for worker in workers:
                        worker.cancel()
                    await self._keep_the_rest(keeper)
        except BaseExceptionGroup as several:
            raise first_error(several) from several

    async def _conduct(self, phases: list[tuple[str, Strategy, Problem]]) -> str:
        for trial in self.ledger.take_kept():
            self.watch(self._settled_as(trial, kept=True))
        for trial in self.ledger.unsettled():
            self._dispatch(trial)
        for name, strategy, problem in phases:
            self.watch(Phase(name))
            ended = await self._ask_until_done(strategy, problem)
            if ended != "done":
                return ended
        return "done"

    async def _ask_until_done(self, strategy: Strategy, problem: Problem) -> str:
        while True:
            position = len(self.ledger)
            if not await self._settled(position - self.pace.lag):
                return self._halted() or "done"
            visible = max(position - self.pace.lag, self._floor)
            cells = await self._decide(strategy, problem, visible)
            if not cells:  # perhaps it waits for scores that the lag hides: let it see them all
                if not await self._settled(position):
                    return self._halted() or "done"
                self._raise_floor(position)
                cells = await self._decide(strategy, problem, position)
            if not cells:
                return "done"
            left = self.budget.texts_left(position)
            if left == 0:
                await self._settled(position)
                return self._halted() or f"{position} texts were asked for (max_samples)"
            await self._keep_asked(cells[:left])

    async def _decide(self, strategy: Strategy, problem: Problem, visible: int) -> list[Cell]:
        """Ask the strategy, in a thread: it may think for seconds, and texts go on meanwhile."""
        table, rng = self.ledger.table(max(0, visible)), stream(self.seed, len(self.ledger))
        return await asyncio.to_thread(strategy.ask, table, problem, self.pace.batch, rng)

    def _raise_floor(self, position: int) -> None:
        """Note that decisions from here on know the first `position` outcomes, also on resume."""
        if position > self._floor:
            self._floor = position
            self.parts.store.set_note(self.study, "floor", {"position": position})

    async def _keep_asked(self, cells: list[Cell]) -> None:
        pairs = [(cell, seed_of(self.seed, cell)) for cell in cells]
        await asyncio.to_thread(self.parts.store.ask, self.study, pairs, self.parts.clock())
        for cell, seed in pairs:
            self.ledger.add(cell, seed)
            self._dispatch(self.ledger.trial(cell))

    def _halted(self) -> str | None:
        return "interrupted" if self.stop.is_set() else self.budget.spent_up()

    async def _settled(self, target: int) -> bool:
        """Wait for the first `target` outcomes; False where the run was halted before."""
        while self.ledger.settled_prefix() < target or self._halted() or self._outage:
            if self._outage is not None and self._had_their_time():
                raise self._outage
            if self._halted() and not self._active:
                return False
            self._news.clear()
            with suppress(
                TimeoutError
            ):  # not wait_for: in Python 3.11 it can swallow a cancellation
                async with asyncio.timeout(POLL_SECONDS):
                    await self._news.wait()
        return True

    def _had_their_time(self) -> bool:
        """After an outage: whether what was in flight has ended; it may have been paid for."""
        now = asyncio.get_running_loop().time()
        self._outage_at = now if self._outage_at is None else self._outage_at
        return not self._active or now - self._outage_at > GRACE_SECONDS

    def _dispatch(self, trial: Trial) -> None:
        """Send a trial to whoever has to work on it next."""
        if trial.written is None:
            self._to_write.put_nowait(trial)
            return
        scored = {j.judge for j in trial.judgments}
        for identity in self.ledger.identities:
            if identity not in scored:
                self._to_judge.put_nowait((trial, identity))

    async def _write_texts(self) -> None:
        """Write one text after the other; while one is written, the last may wait to be kept."""
        kept: asyncio.Event | None = None
        while True:
            trial = await self._to_write.get()
            if not self._halted() and not self._outage:
                before, kept = kept, await self._working(self._write(trial))
                if before is not None:
                    await before.wait()

    async def _judge_texts(self) -> None:
        """Have one text judged after the other; what was paid for is kept before the next."""
        while True:
            trial, identity = await self._to_judge.get()
            if not self._halted() and not self._outage and await self._reserved():
                await (await self._working(self._judge(trial, identity))).wait()

    async def _working(self, work: Coroutine[None, None, Keeping]) -> asyncio.Event:
        """Do some work and hand its result to the keeper; returns an event: it is kept.

        An error that no retry can help ends the run, once what else is in flight has ended.
        """
        self._active += 1
        kept = asyncio.Event()
        try:
            self._to_keep.put_nowait((await work, kept))
        except (EngineError, JudgeError) as error:
            self._active -= 1
            self._outage = self._outage or error
            self._news.set()
            kept.set()
        except BaseException:
            self._active -= 1
            raise
        return kept

    async def _keep_results(self) -> None:
        """Keep what comes, one result after the other."""
        while True:
            keep, kept = await self._to_keep.get()
            try:
                await keep()
            finally:
                kept.set()
                self._active -= 1
                self._to_keep.task_done()
                self._news.set()

    async def _keep_the_rest(self, keeper: asyncio.Task[None]) -> None:
        """Let the keeper finish what has come, unless it failed itself."""
        rest = asyncio.create_task(self._to_keep.join())
        try:
            await asyncio.wait({rest, keeper}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            rest.cancel()
            keeper.cancel()

    async def _write(self, trial: Trial) -> Keeping:
        asked = with_instructions(self.parts.prompts[trial.cell.prompt], self.parts.task)
        written = await self.parts.engine.generate(trial.cell.config, asked, trial.seed)
        return partial(self._keep_text, trial, written)

    async def _keep_text(self, trial: Trial, written: Completion | Unwritten) -> None:
        failure, covariates = await asyncio.to_thread(self._examine, trial.cell, written)
        self._take_in(replace(trial, written=written, failure=failure, covariates=covariates))
        if isinstance(written, Unwritten):
            self._count_fault("text", written.reason, written.detail)
        else:
            self._faults["text"] = 0
            self._watch_cut_off(written.cut_off)

    def _examine(
        self, cell: Cell, written: Completion | Unwritten
    ) -> tuple[Failure | None, tuple[float, ...]]:
        """Look at a text by the rules, and keep it; in a thread."""
        parts = self.parts
        failure: Failure | None = None
        covariates: tuple[float, ...] = ()
        if isinstance(written, Completion):
            failure = look(written, parts.prompts[cell.prompt], parts.task)
            covariates = parts.covariates(written.text) if failure is None else ()
        parts.store.save_written(self.study, cell, written, failure, covariates, parts.clock())
        return failure, covariates

    async def _judge(self, trial: Trial, identity: str) -> Keeping:
        reserved = self.budget.price
        prompt = self.parts.prompts[trial.cell.prompt]
        assert isinstance(trial.written, Completion)
        judgment: Score | Unscored | None = None
        try:
            judgment = await self.parts.judge.judge(identity, prompt, trial.written.text)
        finally:
            self.budget.settle(reserved, judgment.cost if judgment else 0.0)
        return partial(self._keep_judgment, trial.cell, judgment)

    async def _keep_judgment(self, cell: Cell, judgment: Score | Unscored) -> None:
        parts = self.parts
        now = parts.clock()
        await asyncio.to_thread(parts.store.save_judgment, self.study, cell, judgment, now)
        known = self.ledger.trial(cell)
        self._take_in(replace(known, judgments=(*known.judgments, judgment)))
        if isinstance(judgment, Unscored):
            self._count_fault("judgment", judgment.reason, judgment.detail)
        else:
            self._faults["judgment"] = 0

    async def _reserved(self) -> bool:
        """Set the money for a judgment aside; wait for open bills; False where it cannot reach."""
        while not self.budget.reserve():
            if not self.budget.promised:
                self.budget.exhausted = True
                self._news.set()
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True

    def _take_in(self, trial: Trial) -> None:
        state = self.ledger.update(trial)
        self._news.set()
        if state != PENDING:
            self.watch(self._settled_as(trial))
            return
        self.watch(Written(trial))
        if not trial.judgments:
            self._dispatch(trial)

    def _settled_as(self, trial: Trial, kept: bool = False) -> Settled:
        cell = trial.cell
        return Settled(trial, self.ledger.state(cell), self.ledger.score(cell), kept)

    def _count_fault(self, what: str, reason: str, detail: str) -> None:
        """Note a loss; many in a row are an outage, which ends the run (`_settled` raises it)."""
        self._faults[what] += 1
        if self._faults[what] < FAULTS_IN_A_ROW:
            return
        lost = f"{FAULTS_IN_A_ROW} {what}s in a row were lost, the last one: {reason}: {detail}"
        if what == "text":
            self._outage = EngineError(f"the server that writes fails; {lost}")
        else:
            self._outage = JudgeError(f"the judge fails; {lost}")

    def _watch_cut_off(self, cut_off: bool) -> None:
        self._cut_off.append(cut_off)
        if (
            len(self._cut_off) == CUT_OFF_AFTER
            and sum(self._cut_off) > CUT_OFF_SHARE * CUT_OFF_AFTER
        ):
            share = f"{sum(self._cut_off)} of the first {CUT_OFF_AFTER} texts"
            self.watch(Warned(f"{share} were cut off at the token limit; raise max_tokens"))


def with_instructions(prompt: Prompt, task: Task) -> Prompt:
    """The prompt as the model is asked it: the task's instructions go before it."""
    if not task.instructions:
        return prompt
    return Prompt(prompt.index, f"{task.instructions}\n\n{prompt.text}")


def first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error of a task group that is no group itself."""
    error = group.exceptions[0]
    return first_error(error) if isinstance(error, BaseExceptionGroup) else error
