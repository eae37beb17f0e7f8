"""The work of a run: texts are written, looked at, judged and kept, each by workers of its own.

Neither kind waits for the other. A slot that ends a text begins the next at once, while rules and
store work in a thread. What came from a server or a judge is kept, whatever ends the run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from functools import partial

from ..engines._answer import NEARLY
from ..engines._openai import asked_tokens
from ..errors import EngineError, JudgeError, SpecError
from ..records import (
    INTERRUPTED,
    PENDING,
    THOUGHTS,
    Cell,
    Completion,
    Failure,
    Score,
    Trial,
    Unscored,
    Unwritten,
)
from ..rules import look
from .budget import Budget, Ended
from .events import Settled, Warned, Watcher, Written
from .ledger import Ledger
from .parts import Pace, Parts, with_instructions
from .thinking import Thinking

FAULTS_IN_A_ROW = 6  # so many texts or judgments lost one after the other mean an outage
CUT_OFF_AFTER = 20  # texts after which the share of cut-off ones is looked at
CUT_OFF_SHARE = 0.2
POLL_SECONDS = 0.2

Keeping = Callable[[], Awaitable[None]]


class Work:
    """Everything of a run but its decisions.

    Args:
        parts: what the run is made of.
        study: the study's number in the store.
        ledger: takes in what comes.
        budget: what may be used.
        watch: called with every event.
        halted: why no more may be begun; None while it may.
        thinking: what was seen of thoughts.

    Attributes:
        news: set whenever something has come to an end.
        active: texts and judgments that are being worked on or kept.
        outage: why the run must end; None while it need not.
    """

    def __init__(
        self,
        parts: Parts,
        study: int,
        ledger: Ledger,
        budget: Budget,
        watch: Watcher,
        halted: Callable[[], Ended | None],
        thinking: Thinking,
    ) -> None:
        self.parts, self.study, self.ledger, self.budget = parts, study, ledger, budget
        self.watch, self._halted, self._thinking = watch, halted, thinking
        self.news = asyncio.Event()
        self.active = 0
        self.outage: EngineError | JudgeError | None = None
        self._to_write: asyncio.Queue[Trial] = asyncio.Queue()
        self._to_judge: asyncio.Queue[tuple[Trial, str]] = asyncio.Queue()
        self._to_keep: asyncio.Queue[tuple[Keeping, asyncio.Event]] = asyncio.Queue()
        self._writing: list[asyncio.Task[None]] = []
        self._judging: list[asyncio.Task[None]] = []
        self._since: float | None = None  # what is in flight is waited for
        self._faults = {"text": 0, "judgment": 0}
        self._providers: set[str] = set()
        self._cut_off: list[float | None] = []  # at which share of its limit; None: it ended

    def start(self, group: asyncio.TaskGroup, pace: Pace) -> None:
        """Let everybody begin."""
        self._group = group
        self._keeper = group.create_task(self._keep_results())
        self._grace_seconds = pace.grace_seconds
        self.widen(pace.slots)
        self._judging = [group.create_task(self._judge_texts()) for _ in range(pace.judging)]

    def widen(self, slots: int) -> None:
        """Let at least so many texts be written at once from now on."""
        for _ in range(slots - len(self._writing)):
            self._writing.append(self._group.create_task(self._write_texts()))

    @property
    def slots(self) -> int:
        """How many texts may be asked for at once."""
        return len(self._writing)

    def stop_writing(self) -> None:
        """Break off the texts in flight, which cost nothing; what was written is kept."""
        for worker in self._writing:
            if not worker.cancelling():  # else it closes its connection
                worker.cancel()

    async def end(self) -> None:
        """Stop the workers; let the keeper finish what has come, unless it failed itself."""
        for worker in (*self._writing, *self._judging):
            worker.cancel()
        kept = asyncio.create_task(self._all_kept())
        try:
            await asyncio.wait({kept, self._keeper}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            kept.cancel()
            self._keeper.cancel()

    async def _all_kept(self) -> None:
        await asyncio.wait([*self._writing, *self._judging])  # they may have more to keep
        await self._to_keep.join()

    def had_their_time(self) -> bool:
        """Whether what was in flight has ended, or has had its time; it may have been paid for."""
        now = asyncio.get_running_loop().time()
        self._since = now if self._since is None else self._since
        return not self.active or now - self._since > self._grace_seconds

    def dispatch(self, trial: Trial) -> None:
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
            if not self._halted() and not self.outage:
                before, kept = kept, await self._working(self._write(trial))
                if before is not None:
                    await before.wait()

    async def _judge_texts(self) -> None:
        """Have one text judged after the other; what was paid for is kept before the next."""
        while True:
            trial, identity = await self._to_judge.get()
            if await self._reserved():
                await (await self._working(self._judge(trial, identity))).wait()

    async def _working(self, work: Coroutine[None, None, Keeping]) -> asyncio.Event:
        """Do some work and hand its result to the keeper; returns an event: it is kept.

        An error that no retry can help ends the run, once what else is in flight has ended. That
        may be a configuration that the server takes no more: OpenRouter's providers come and go.
        """
        self.active += 1
        kept = asyncio.Event()
        try:
            self._to_keep.put_nowait((await work, kept))
        except (EngineError, JudgeError, SpecError) as error:
            self.active -= 1
            told = EngineError(str(error)) if isinstance(error, SpecError) else error
            self.outage = self.outage or told
            self.news.set()
            kept.set()
        except BaseException:
            self.active -= 1
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
                self.active -= 1
                self._to_keep.task_done()
                self.news.set()

    async def _write(self, trial: Trial) -> Keeping:
        asked = with_instructions(self.parts.prompts[trial.cell.prompt], self.parts.task)
        written = await self.parts.engine.generate(trial.cell.config, asked, trial.seed)
        return partial(self._keep_text, trial, written)

    async def _keep_text(self, trial: Trial, written: Completion | Unwritten) -> None:
        written = self._thinking.sorted_out(trial.cell.config, written)
        failure, covariates = await asyncio.to_thread(self._examine, trial.cell, written)
        self._take_in(replace(trial, written=written, failure=failure, covariates=covariates))
        if isinstance(written, Unwritten) and written.reason != THOUGHTS:
            self._count_fault("text", written.reason, written.detail)
            return
        self._faults["text"] = 0
        if isinstance(written, Unwritten):
            self.outage = self.outage or self._thinking.outage()
        else:
            self._watch_provider(written.provider)
            self._watch_cut_off(written, asked_tokens(trial.cell.config))

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
        except asyncio.CancelledError:
            if reserved:  # it was asked for, so it may be on the bill
                judgment = Unscored(identity, INTERRUPTED, "not waited for", reserved)
                self.active += 1
                self._to_keep.put_nowait(
                    (partial(self._save, trial.cell, judgment), asyncio.Event())
                )
            raise
        finally:
            self.budget.settle(reserved, judgment.cost if judgment else 0.0)
        return partial(self._keep_judgment, trial.cell, judgment)

    async def _save(self, cell: Cell, judgment: Score | Unscored) -> None:
        parts, now = self.parts, self.parts.clock()
        await asyncio.to_thread(parts.store.save_judgment, self.study, cell, judgment, now)

    async def _keep_judgment(self, cell: Cell, judgment: Score | Unscored) -> None:
        await self._save(cell, judgment)
        known = self.ledger.trial(cell)
        self._take_in(replace(known, judgments=(*known.judgments, judgment)))
        if isinstance(judgment, Unscored):
            self._count_fault("judgment", judgment.reason, judgment.detail)
        else:
            self._faults["judgment"] = 0

    async def _reserved(self) -> bool:
        """Set the money for a judgment aside, once open bills leave enough of it.

        Returns:
            False where no more may be begun, or the money does not reach.
        """
        while not self._halted() and not self.outage:
            if self.budget.reserve():
                return True
            if not self.budget.promised:
                self.budget.exhausted = True
                self.news.set()
                return False
            await asyncio.sleep(POLL_SECONDS)
        return False

    def _take_in(self, trial: Trial) -> None:
        state = self.ledger.update(trial)
        self.news.set()
        if state != PENDING:
            self.watch(self.settled(trial))
            return
        if not trial.judgments:
            self.watch(Written(trial))
            self.dispatch(trial)

    def settled(self, trial: Trial, kept: bool = False) -> Settled:
        cell = trial.cell
        return Settled(trial, self.ledger.state(cell), self.ledger.score(cell), kept)

    def _count_fault(self, what: str, reason: str, detail: str) -> None:
        """Note a loss; many in a row are an outage, which ends the run (the loop raises it)."""
        self._faults[what] += 1
        if self._faults[what] < FAULTS_IN_A_ROW:
            return
        lost = f"{FAULTS_IN_A_ROW} {what}s in a row were lost, the last one: {reason}: {detail}"
        error: EngineError | JudgeError
        if what == "text":
            error = EngineError(f"the server that writes fails; {lost}")
        else:
            error = JudgeError(f"the judge fails; {lost}")
        self.outage = self.outage or error  # what was known first says it best

    def _watch_provider(self, provider: str) -> None:
        if not provider or provider in self._providers:
            return
        self._providers.add(provider)
        if len(self._providers) > 1:
            names = ", ".join(sorted(self._providers))
            told = f"texts come from more than one provider ({names}), which may serve the model"
            self.watch(Warned(f"{told} differently; --provider NAME holds a study to one"))

    def _watch_cut_off(self, written: Completion, asked: int) -> None:
        self._cut_off.append(written.tokens / max(asked, 1) if written.cut_off else None)
        cut = [share for share in self._cut_off if share is not None]
        if len(self._cut_off) == CUT_OFF_AFTER and len(cut) > CUT_OFF_SHARE * CUT_OFF_AFTER:
            told = f"at the token limit; {self._thinking.against_the_limit}"
            if max(cut) < NEARLY:
                told = "before max_tokens; see in the server's log why it ended them"
                if min(cut) >= NEARLY * max(cut):
                    limit = f"{max(cut):.0%} of max_tokens"
                    told = f"at {limit}: lift the limit that the server has itself"
            self.watch(Warned(f"{len(cut)} of the first {CUT_OFF_AFTER} texts were cut off {told}"))
