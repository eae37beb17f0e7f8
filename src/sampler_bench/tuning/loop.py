"""The loop: ask a strategy, have the cells written and judged, keep everything, ask again.

An empty study and a half-finished one take the same path, so starting and resuming are one. The
strategy sees the outcomes of all but the last `lag` cells it asked for, in the order of asking, so
that its decisions depend on the scores and never on which reply came first. Writing, judging,
keeping and deciding overlap: a slot that ends a text begins the next at once, while rules, store
and strategy work in threads. What came from a server or a judge is kept, whatever ends the run.

A search that a limit ends leaves room for the confirmation (`budget.Reserve`). A limit that is
raised lets the search go on, and then another confirmation comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from ..records import FAILED, JUDGED, MISSING, PENDING, Cell
from ..search import Problem, Strategy
from .budget import DONE, NOTHING_KEPT, STOPPED, Budget, Ended, Open, Reserve
from .events import Phase, Watcher
from .ledger import Ledger
from .parts import Pace, Parts, Phases, Stop
from .seeds import seed_of, stream
from .thinking import Thinking
from .work import POLL_SECONDS, Work

OVER = "search over"  # the note that a search has ended with so many dollars as limit


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
        thinking: what was seen of thoughts before; None for nothing.
        reserve: what a search leaves for the confirmation, where a limit ends it.
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
        thinking: Thinking | None = None,
        reserve: Reserve = NOTHING_KEPT,
    ) -> None:
        self.parts, self.study, self.seed = parts, study, seed
        self.ledger, self.budget, self.pace = ledger, budget, pace
        self.watch, self.stop, self.reserve = watch, stop, reserve
        self._began, self._done_before = budget.now(), ledger.count(JUDGED, FAILED, MISSING)
        thinking = thinking or Thinking(watch)
        self.work = Work(parts, study, ledger, budget, watch, self._halted, thinking)
        floor = parts.store.note(study, "floor")
        self._floor = int(str(floor["position"])) if floor else 0
        limit = budget.limits.max_cost
        budget.dollars_over = limit is not None and parts.store.note(study, OVER) == {
            "max_cost": limit
        }

    async def run(self, phases: Phases) -> Ended:
        """Run the phases one after the other, and say how that ended.

        Raises:
            EngineError, JudgeError: no retry can help, or an outage lasts. All that was finished
                is kept.
        """
        try:
            async with asyncio.TaskGroup() as group:
                self.work.start(group, self.pace)
                try:
                    return await self._conduct(phases)
                finally:
                    await self.work.end()
        except BaseExceptionGroup as several:
            raise first_error(several) from several

    async def _conduct(self, phases: Phases) -> Ended:
        for trial in self.ledger.take_kept():
            self.watch(self.work.settled(trial, kept=True))
        if halted := await self._take_up():
            return halted
        ended = DONE
        for number, (name, strategy, problem) in enumerate(phases, start=1):
            self.watch(Phase(name))
            more = number < len(phases)
            reserve = self.reserve if more else None
            how = await self._ask_until_done(strategy, problem, reserve)
            if more and (halted := self._halted()):
                return halted
            ended = ended if how == DONE else how
        return ended

    async def _take_up(self) -> Ended | None:
        """Go on with what an earlier run left, with texts only as far as the limit allows.

        Returns:
            Why the run ends there; None where it goes on.
        """
        left = self.ledger.unsettled()
        to_write = [trial for trial in left if trial.written is None]
        room, limit = len(to_write), self.budget.limits.max_samples
        if limit is not None:
            room = max(0, min(room, limit - (len(self.ledger) - room)))
        beyond = {trial.cell for trial in to_write[room:]}
        begun = [trial.cell for trial in left if trial.cell not in beyond]
        for cell in begun:
            self.work.dispatch(self.ledger.trial(cell))
        if not beyond:
            return None
        halted = await self._until(lambda: all(self.ledger.state(c) != PENDING for c in begun))
        there = len(self.ledger) - len(beyond)
        return halted or Ended(f"{there} texts are there", "max_samples")

    async def _ask_until_done(
        self, strategy: Strategy, problem: Problem, reserve: Reserve | None
    ) -> Ended:
        """Ask until the strategy has nothing more to ask, or a limit comes down to the reserve."""
        while True:
            position = len(self.ledger)
            if halted := await self._settled(position - self.pace.lag):
                return halted
            unsure = reserve and self.budget.awaits_bill(reserve, self._open())
            if unsure and (halted := await self._settled(position)):
                return halted
            if reserve and (over := self.budget.search_over(position, reserve, self._open())):
                if self.budget.dollars_over:  # failures may make it cheaper than it looked
                    self.parts.store.set_note(
                        self.study, OVER, {"max_cost": self.budget.limits.max_cost}
                    )
                return over
            visible = max(position - self.pace.lag, self._floor)
            cells = await self._decide(strategy, problem, visible)
            if not cells:  # perhaps it waits for scores that the lag hides: let it see them all
                if halted := await self._settled(position):
                    return halted
                self._raise_floor(position)
                cells = await self._decide(strategy, problem, position)
            if not cells:
                return DONE
            left = self.budget.texts_left(position, reserve)
            if left == 0:
                asked_for = Ended(f"{position} texts were asked for", "max_samples")
                return await self._settled(position) or asked_for
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
            self.work.dispatch(self.ledger.trial(cell))

    def _open(self) -> Open:
        """What is under way, at the pace of this run; the first texts of all slots end together."""
        trials, panel = self.ledger.unsettled(), set(self.ledger.identities)
        judged = sum(len(panel & {j.judge for j in trial.judgments}) for trial in trials)
        done = self.ledger.count(JUDGED, FAILED, MISSING) - self._done_before
        ended = max(done, min(self.work.slots, done + len(trials)))
        each = (self.budget.now() - self._began) / ended if done else 0.0
        return Open(len(trials) * len(panel) - judged, len(trials) * each)

    def _halted(self) -> Ended | None:
        return STOPPED if self.stop.is_set() else self.budget.spent_up()

    async def _settled(self, target: int) -> Ended | None:
        """Wait for the first `target` outcomes; why the run was halted before, else None."""
        return await self._until(lambda: self.ledger.settled_prefix() >= target)

    async def _until(self, done: Callable[[], bool]) -> Ended | None:
        """Wait until something is done; why the run was halted before, else None."""
        while (halted := self._halted()) or self.work.outage or not done():
            if self.work.outage is not None and self.work.had_their_time():
                raise self.work.outage
            if halted and self._in_flight_ended():
                return halted
            self.work.news.clear()
            with suppress(
                TimeoutError
            ):  # not wait_for: in Python 3.11 it can swallow a cancellation
                async with asyncio.timeout(POLL_SECONDS):
                    await self.work.news.wait()
        return None

    def _in_flight_ended(self) -> bool:
        """Whether all has ended that was in flight; when the time is over, it is not waited long.

        A text costs nothing and is broken off; judgments were asked for, so they have their time.
        Whoever stops a run waits for what is being written, and not for what waits for a slot.
        """
        if self.stop.is_set():
            self.parts.engine.give_up_waiting()
        if self.budget.seconds_left() != 0:
            return not self.work.active
        self.work.stop_writing()
        return self.work.had_their_time()


def first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error of a task group that is no group itself."""
    error = group.exceptions[0]
    return first_error(error) if isinstance(error, BaseExceptionGroup) else error
