"""Is a server the one that we know? What of its own description decides, and how a change is said.

Most local servers answer whatever model a request names, so a server that was started again with
another model goes on as if nothing had happened. A server cannot start again without breaking what
it writes: so while texts follow each other it is the same, and after any pause it is asked who it
is, before the text that followed the pause counts; also every now and then, and whenever it has
been away. The name in each answer is held to that in the first; for servers that serve a model by
its name (`RemoteEngine.confirms` is False) that is all.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import math
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TYPE_CHECKING

from ..errors import EngineError
from ._retry import Fault

if TYPE_CHECKING:
    from ..records import JsonObject
    from . import ServerInfo

_log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.05  # without a text: no server starts again and loads a model in less
OFTEN_SECONDS = 10.0  # for servers that change models without starting again
VERSION, CONTEXT = "the version", "the context"
PATH = "the path of its model"  # the same weights may lie elsewhere on another machine
WRAPPING = "what wraps the prompts"  # our own doing, so no look at the server can change it
WEIGHTS = ("size", "n_params", "digest")  # what servers tell of a model besides its name
LONGEST = 60  # characters of a value that is kept and shown as it is


def identity(info: ServerInfo) -> JsonObject:
    """What a server's texts depend on, besides the requests; long values by their digest."""
    details = info.details
    context: JsonObject = {CONTEXT: info.context} if info.context else {}  # 0: it does not say
    return {
        "the engine": info.engine,
        "the model": info.model,
        "the model's size or digest": _short([details.get(key) for key in WEIGHTS]),
        PATH: _short(details.get("root")),
        **context,
        WRAPPING: info.template,
        "the chat template": _short(details.get("chat_template")),
        "what it forces": _short(details.get("overrides")),
        "the loader": _short(details.get("loader")),
        VERSION: info.version,
    }


def difference(
    here: Mapping[str, object], there: Mapping[str, object], but: Collection[str] = ()
) -> str:
    """What differs first between two identities, in words; empty where texts of both compare.

    Args:
        here: as found now.
        there: as expected; what it does not hold is not compared.
        but: what may differ.
    """
    for what, expected in there.items():
        if what not in but and what in here and here[what] != expected:
            return f"{what} is {here[what]!r}, not {expected!r}"
    return ""


def changed(url: str, how: str) -> EngineError:
    """The refusal of a server that is not who it was."""
    return EngineError(
        f"{url} is not the server that this study began with: {how}; its texts would not compare "
        "and are not kept. Serve the same as before and go on with --resume, or start a new study"
    )


class Witness:
    """Sees to it that a text counts only if its server is still who it was when it was checked.

    Args:
        url: of the server, for messages.
        look: asks it who it is; raises EngineError where that is not who it was.
        pause: seconds without a text after which it may be another.
    """

    def __init__(
        self,
        url: Callable[[], str],
        look: Callable[[], Awaitable[object]],
        pause: float = PAUSE_SECONDS,
    ) -> None:
        self._url, self._look, self.pause = url, look, pause
        self._texts = 0  # being written
        self._quiet = self._looked = self._due = -math.inf
        self._looking = asyncio.Lock()
        self._model = ""
        self._silent = False

    def __enter__(self) -> None:
        """A text is asked for."""
        now = time.monotonic()
        paused = not self._texts and now - self._quiet > self.pause
        if paused or now - self._looked > OFTEN_SECONDS:
            self._due = now
        self._texts += 1

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """It was written, or lost: then the server may be starting again, however busy it seems."""
        self._texts -= 1
        self._quiet = time.monotonic()
        if kind is not None:
            self._due = self._quiet

    def hear(self, model: str) -> None:
        """Compare the name in an answer with that in the first one.

        Raises:
            EngineError: it is another.
        """
        if model and self._model and model != self._model:
            how = f"its answers are by {model!r}, not by {self._model!r}"
            raise changed(self._url(), how)
        self._model = self._model or model

    async def confirm(self) -> None:
        """After a text, ask the server who it is, if that is due: once for all texts that wait.

        Raises:
            EngineError: it is not who it was.
            Fault: it is gone.
        """
        if self._looked >= self._due:
            return
        async with self._looking:
            if self._looked >= self._due:
                return
            began = time.monotonic()
            try:
                await self._look()
            except Fault as fault:
                if fault.reason not in ("timeout", "overload"):
                    raise
                self._say_once(fault)
                return
            self._looked = began

    def _say_once(self, fault: Fault) -> None:
        """A busy server is no other server; but it must be known that nobody looked."""
        if not self._silent:
            told = "does not say who it is while it writes; a change of its model may go unnoticed"
            _log.warning("%s %s (%s)", self._url(), told, fault.detail)
        self._silent = True


def _short(value: object) -> str:
    """A value as text, a long one as a digest."""
    if value in (None, "", [None] * len(WEIGHTS)):
        return ""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return text if len(text) <= LONGEST else hashlib.sha256(text.encode()).hexdigest()[:16]
