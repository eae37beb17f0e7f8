"""A server that joins a study late: it was down when the run began, and answers now.

It is looked at as those were that began: who it is (`engines._pool`), whether the knobs that are
searched act there, where temperature acts. Only then it writes; what was found is kept with theirs.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from ..engines import ServerInfo
from ..engines._remote import RemoteEngine
from ..errors import EngineError, SpecError
from ..store import Store
from .knobs import KNOBS, KnobCheck
from .order import ORDER, acts_last, decided, seen_in
from .served import SERVER


@dataclass(frozen=True, slots=True)
class Door:
    """Lets servers into a running study.

    Attributes:
        knobs: probes them.
        info: of the servers that began.
        store, study: where what is found is kept.
    """

    knobs: KnobCheck
    info: ServerInfo
    store: Store
    study: int
    _one_by_one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def admit(self, server: RemoteEngine) -> None:
        """Look at a server that has said who it is, and keep what was found.

        Raises:
            EngineError: it must not be used, or it has gone again (a `Fault` is its cause).
        """
        async with self._one_by_one:
            kept = self.store.note(self.study, KNOBS) or {}
            try:
                found = await self.knobs.one_more(server, kept)
            except SpecError as error:
                raise EngineError(str(error)) from error
            self._see_order(decided(self.info, seen_in(found)), server)
            self.store.set_note(self.study, KNOBS, found)
            told = self.store.note(self.study, SERVER) or {}
            urls = dict.fromkeys([*str(told.get("url", "")).split(), server.http.shown])
            self.store.set_note(self.study, SERVER, {**told, "url": " ".join(urls)})

    def _see_order(self, here: ServerInfo, server: RemoteEngine) -> None:
        if acts_last(here) != acts_last(self.info):
            order, other = here.details.get(ORDER), "last" if acts_last(self.info) else "first"
            raise EngineError(
                f"temperature acts {order} at {server.http.shown}, and this study is computed with "
                f"{other}; its texts would not compare. Serve the same everywhere, or leave it out"
            )
