"""Several servers as one engine: least-loaded dispatch, health, fail-over, adaptive concurrency.

A text that one server loses is tried on another, by the same retry as everywhere (`_retry`), so
that none is lost and none comes twice. A server that fails is left alone for a while, asked again,
and joins again when it answers as before. All must serve the same model with the same settings;
one that was not there when the others were checked may be looked at closely first (`admit`).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

from ..errors import EngineError
from ..records import Completion, JsonObject, Prompt, SamplerConfig, Unwritten
from . import Distributions, Engine, ServerInfo
from ._identity import PATH, VERSION, difference, identity
from ._member import Member
from ._remote import RemoteEngine
from ._retry import Fault, write_patiently

_log = logging.getLogger(__name__)

REST_SECONDS = 1.0


class PoolEngine(Engine):
    """Several engines that behave as one. Built by `pool`.

    Attributes:
        admit: asked about a server that joins late, before it is given a text; raises EngineError
            where it must not be used. None: whoever is as the others may join.
        joined: called when a server joins, at the start or later.
    """

    def __init__(
        self,
        engines: Sequence[RemoteEngine],
        *,
        rest_seconds: float = REST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.members = [Member(engine) for engine in engines]
        self.admit: Callable[[RemoteEngine], Awaitable[object]] | None = None
        self.joined: Callable[[], object] = lambda: None
        self._waiting: set[asyncio.Task[object]] = set()
        self._rest = rest_seconds
        self._clock = clock
        self._changed = asyncio.Event()
        self._stack = AsyncExitStack()
        self._expected: ServerInfo | None = None
        self._checked = False

    @property
    def at_once(self) -> int:
        """How many texts to ask for at once: one for each slot, and one for each server.

        That one waits at its door, or looks after it where it is awaited.
        0 where a server does not tell its slots.
        """
        used = [member for member in self.members if not member.refused]
        slots = [member.info.slots for member in used if member.info is not None]
        return sum(slots) + len(used) if all(slots) else 0

    async def __aenter__(self) -> Self:
        for member in self.members:
            await self._stack.enter_async_context(member.engine)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def check(self) -> ServerInfo:
        """Check every server; those that do not answer may join later.

        Raises:
            EngineError: none answers, or two serve different models or settings.
        """
        answers = await asyncio.gather(
            *(member.engine.check() for member in self.members), return_exceptions=True
        )
        problems = []
        for member, answer in zip(self.members, answers, strict=True):
            if isinstance(answer, EngineError):
                problems.append(str(answer))
                member.failed(Fault("connection", str(answer)), self._clock(), self._rest)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                self._compare(member, answer)
                self._accept(member, answer)
        if self._expected is None:
            raise EngineError("no server can be used: " + "; ".join(problems))
        self._checked = True
        return self._summary(problems)

    def express(self, config: SamplerConfig, seed: int) -> JsonObject:
        return self._known.engine.express(config, seed)

    def lasting(self, said: JsonObject) -> JsonObject:
        return self._known.engine.lasting(said)

    @property
    def _known(self) -> Member:
        """The first server that has said who it is: what it takes may depend on that."""
        return next((m for m in self.members if m.info is not None), self.members[0])

    async def fit(self, prompts: Sequence[Prompt], max_tokens: int) -> None:
        for member in self.members:
            if member.info is not None:
                await member.engine.fit(prompts, max_tokens)

    async def distributions(self, prompts: Sequence[Prompt]) -> Distributions | None:
        member = next(m for m in self.members if m.info is not None and not m.refused)
        return await member.engine.distributions(prompts)

    def give_up_waiting(self) -> None:
        for task in self._waiting:
            task.cancel()

    async def generate(
        self, config: SamplerConfig, prompt: Prompt, seed: int
    ) -> Completion | Unwritten:
        patience = self.members[0].engine.patience
        patience = replace(patience, retries=patience.retries + len(self.members) - 1)
        tried: list[Member] = []
        return await write_patiently(
            lambda: self._attempt(config, prompt, seed, tried), patience, seed
        )

    async def _attempt(
        self, config: SamplerConfig, prompt: Prompt, seed: int, tried: list[Member]
    ) -> Completion:
        member = await self._reach(tried)
        began = self._clock()
        try:
            written = await member.engine.attempt(config, prompt, seed)
        except Fault as fault:
            tried.append(member)
            if fault.crowded:
                self._note_crowd(member, began)
            elif fault.may_pass:
                self._note_fault(member, fault)
            if fault.may_pass:
                fault.wait = 0.0 if self._others_ready(member) else fault.wait
            raise
        except EngineError as error:
            self._refuse(member, error)
            raise Fault("connection", str(error), wait=0.0) from error
        else:
            member.succeeded()
            return written
        finally:
            member.running -= 1
            self._wake()

    async def _reach(self, tried: list[Member]) -> Member:
        """Wait for a server with room that answers, and take a place there.

        Raises:
            Fault: one does not answer, and no other is well. Where one is, a vain look costs the
                text none of its tries.
            EngineError: no server is left that may be used.
        """
        while True:
            member = await self._take(tried)
            try:
                await self._revive(member)
            except BaseException as error:
                member.running -= 1
                self._wake()
                if isinstance(error, EngineError):
                    self._refuse(member, error)
                elif isinstance(error, Fault) and error.may_pass:
                    self._note_fault(member, error)
                    if not any(m.info and not m.refused and not m.doubted for m in self.members):
                        raise
                else:
                    raise
            else:
                return member

    def _note_fault(self, member: Member, fault: Fault) -> None:
        well, limit = not member.failures, member.limit
        member.failed(fault, self._clock(), self._rest)
        if fault.reason == "context" and member.limit < limit:
            told = "%s: %s; from now on %d at once, and more if it is started with a larger context"
            _log.warning(told, member.engine.http.shown, fault.detail, int(member.limit))
        if well and member.failures:
            meanwhile = "it is awaited until it answers again; if it is gone for good, stop the run"
            if self._others_ready(member):
                meanwhile = "the others take its texts until it answers again"
            _log.warning("a server fails (%s); %s", fault.detail, meanwhile)

    def _note_crowd(self, member: Member, began: float) -> None:
        if not member.crowd(began, self._clock()):
            return
        engine = member.engine
        told = (
            "%s let texts wait for %g s while it wrote others; from now on %d at once, slowly more "
            "again (where that is slower, give it more time with --timeout)"
        )
        shown, seconds = engine.http.shown, engine.options.timeout_seconds
        _log.warning(told, shown, seconds, int(member.limit))

    async def _take(self, tried: list[Member]) -> Member:
        """Wait for a server with room; the least loaded, those not yet tried first."""
        while True:
            now = self._clock()
            if ready := [member for member in self.members if member.has_room(now)]:
                best = min(ready, key=lambda m: (m in tried, m.running / m.limit))
                best.begin()
                return best
            await self._wait_for_room()

    async def _wait_for_room(self) -> None:
        """Wait until a text is done or a resting server may be tried again."""
        now, task = self._clock(), asyncio.current_task()
        assert task is not None
        wakes = [m.rests_until - now for m in self.members if m.rests_until > now and not m.refused]
        self._waiting.add(task)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.01, min(wakes)) if wakes else None):
                    await self._changed.wait()
        finally:
            self._waiting.discard(task)

    def _wake(self) -> None:
        """Let all who wait look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def _revive(self, member: Member) -> None:
        """Check a server again that failed or never answered, once for all who wait for it."""
        async with member.checking:
            if not member.doubted:
                return
            info = await member.engine.look()
            self._compare(member, info)
            if member.info is None:
                await self._admit(member.engine)
            self._accept(member, info)
            again = "and writes with the others" if len(self.members) > 1 else "again"
            _log.warning("%s answers %s", member.engine.http.shown, again)

    async def _admit(self, engine: RemoteEngine) -> None:
        """Have a closer look at a server that joins late.

        Raises:
            Fault: it is gone again; it may come back.
            EngineError: it must not be used.
        """
        if self.admit is None:
            return
        try:
            await self.admit(engine)
        except EngineError as error:
            if isinstance(error.__cause__, Fault):
                raise Fault("connection", str(error)) from error
            raise

    def _refuse(self, member: Member, error: EngineError) -> None:
        """Use a server no more; with the last one the error ends the run.

        Raises:
            EngineError: none is left.
        """
        member.refused = str(error)
        _log.warning("a server is left out from now on: %s", error)
        if all(other.refused for other in self.members):
            raise error

    def _compare(self, member: Member, info: ServerInfo) -> None:
        """See that a server is as the others.

        Raises:
            EngineError: it serves another model, or with other settings.
        """
        expected = self._expected or info
        known = member.info is not None or not self._checked  # a look held it to its own version
        probed = known or self.admit is not None
        may_differ = (PATH, VERSION) if probed else (PATH,)
        if how := difference(identity(info), identity(expected), may_differ):
            raise EngineError(
                f"{info.url} differs from {expected.url}: {how}; their texts would not compare. "
                "Serve the same everywhere, or leave one out"
            )

    def _accept(self, member: Member, info: ServerInfo) -> None:
        """Let a server join."""
        self._expected = self._expected or info
        member.accept(info)
        self.joined()

    def _others_ready(self, failed: Member) -> bool:
        now = self._clock()
        others = (m for m in self.members if m is not failed and not m.refused)
        return any(m.rests_until <= now for m in others)

    def _summary(self, problems: list[str]) -> ServerInfo:
        assert self._expected is not None
        infos = [member.info for member in self.members if member.info is not None]
        return replace(
            self._expected,
            url=" ".join(info.url for info in infos),
            slots=sum(info.slots for info in infos) if all(i.slots for i in infos) else 0,
            details={
                **self._expected.details,
                "servers": [info.url for info in infos],
                "away": problems,
            },
        )


def pool(engines: Sequence[Engine], *, rest_seconds: float = REST_SECONDS) -> Engine:
    """Join engines that talk to servers into one. One alone gains adaptive concurrency.

    Raises:
        EngineError: one of them does not talk to a server.
    """
    remote = [engine for engine in engines if isinstance(engine, RemoteEngine)]
    if len(remote) < len(engines):
        raise EngineError("only engines that talk to a server can be pooled")
    return PoolEngine(remote, rest_seconds=rest_seconds)
