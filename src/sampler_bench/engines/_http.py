"""HTTP, as all engines need it: one client for each server, timeouts always, faults translated.

Everything foreign (httpx2, JSON, status codes) ends here: callers see parsed answers, `Fault` where
another attempt may help, and `EngineError` where none can. Cancelling a streamed request closes its
connection, which is how servers learn that nobody listens any more.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NoReturn, overload
from urllib.parse import urlsplit, urlunsplit

import httpx2

from ..errors import EngineError
from ..records import Json, JsonObject
from . import SERVER_KEY
from ._retry import Fault, Reason
from ._translation import Noting, Translation

CONNECT_SECONDS = 10.0
KEEP_SECONDS = 2.0  # less than servers keep idle connections (5), or one dies under a request
LONGEST_TEXT = 30  # times the longest silence: no server may hold a text for ever
MAY_PASS = {408, 409, 425, 429}  # and what a server cannot help, but for 501: it lacks the method
OVERLOAD = {429, 503, 529}
TOO_LONG = re.compile(
    r"exceed_context|context[ _](length|size|window)|maximum (model|context|allowed|input)"
    r"|max_model_len|longer than the model|too long",
    re.IGNORECASE,
)
# llama.cpp's words where texts share one context and have filled it together: all of them are lost.
TOGETHER = re.compile(r"context size has been exceeded", re.IGNORECASE)
LOGIN = re.compile(r"(?:^|(?<=://))[^/?#]+@")
# An error's type or code; the words of mere rate limits speak of billing too (OpenAI, 2026).
NO_MONEY = {"insufficient_quota", "billing_not_active", "billing_hard_limit_reached"}


@overload
def mapping(found: Json) -> Mapping[str, Json]: ...
@overload
def mapping(found: object) -> Mapping[str, object]: ...
def mapping(found: object) -> Mapping[str, object]:
    """What was found, where it is an object of JSON; else an empty one."""
    return found if isinstance(found, Mapping) else {}


def objects(found: object) -> list[Mapping[str, object]]:
    """The objects of JSON in a list; none where it is no list."""
    return [o for o in found if isinstance(o, Mapping)] if isinstance(found, list | tuple) else []


def base_url(url: str) -> str:
    """Tidy what users write: a scheme in front, no slash and no `/v1` behind.

    Raises:
        EngineError: it is not an http address.
    """
    full = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(full.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        usable = usable and (parts.port is None or parts.port > 0)
        httpx2.URL(full.strip())  # it refuses more: odd letters, hosts that no name server knows
    except (ValueError, httpx2.InvalidURL):
        usable = False
    if not usable:
        raise EngineError(f"server {url!r}: expected an address like http://127.0.0.1:5001")
    path = re.sub(r"(/v1)?/*$", "", parts.path.rstrip("/"))
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def shown_url(url: str) -> str:
    """The address without name and password, for records and messages; it may lack a scheme."""
    return LOGIN.sub("", url)


def is_local(url: str) -> bool:
    """Say whether an address is on this machine, where no proxy must come between."""
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")


class Http:
    """One server's client. `async with` opens and closes it.

    Args:
        key_name: the environment variable that the key comes from, for messages.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str = "",
        timeout_seconds: float = 120.0,
        key_name: str = SERVER_KEY,
    ) -> None:
        self.url = url
        self.shown = shown_url(url)
        self._key, self._key_name = api_key, key_name
        self._timeout = timeout_seconds
        # llama.cpp and KoboldCpp drop a connection after a stream without saying so: a request that
        # follows at once would be lost with it. A new one costs nothing but where there is TLS.
        self.reuses = url.startswith("https:")
        self._heard = -math.inf  # when a part of any streamed answer came last
        self._client: httpx2.AsyncClient | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Http:
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        client = httpx2.AsyncClient(
            base_url=self.url,
            headers=headers,
            timeout=httpx2.Timeout(self._timeout, connect=min(CONNECT_SECONDS, self._timeout)),
            limits=httpx2.Limits(max_connections=512, keepalive_expiry=KEEP_SECONDS),
            trust_env=not is_local(self.url),
            verify=self.reuses,  # loading certificates takes a while
        )
        self._client = await self._stack.enter_async_context(client)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._client = None
        await self._stack.aclose()

    async def get(self, path: str, *, seconds: float = CONNECT_SECONDS) -> Json:
        """Ask for JSON. Raises Fault or EngineError."""
        return await self._simple("GET", path, None, seconds)

    async def post(self, path: str, body: JsonObject, *, seconds: float = CONNECT_SECONDS) -> Json:
        """Send JSON, get JSON, unstreamed, for short questions. Raises Fault or EngineError."""
        return await self._simple("POST", path, body, seconds)

    async def maybe(self, path: str, body: JsonObject | None = None) -> Json:
        """Ask for JSON that can be done without; None where it does not come.

        Raises:
            Fault: nobody answers at all.
        """
        try:
            return await self.told(path, body)
        except Fault as fault:
            if fault.reason in ("connection", "timeout"):
                raise
            return None

    async def told(self, path: str, body: JsonObject | None = None) -> Json:
        """Ask for JSON that not every server has; None where this one has not.

        Raises:
            Fault: it does not answer now, which does not tell whether it has it.
        """
        method = "POST" if body is not None else "GET"
        try:
            text = await self._fetched(method, path, body, CONNECT_SECONDS)
        except EngineError:
            return None
        except Fault as fault:
            if fault.may_pass:
                raise
            return None
        with suppress(Fault):  # a page for people, which some send for any path
            return self.parsed(text, path)
        return None

    async def _simple(
        self, method: str, path: str, body: JsonObject | None, seconds: float
    ) -> Json:
        return self.parsed(await self._fetched(method, path, body, seconds), path)

    async def _fetched(
        self, method: str, path: str, body: JsonObject | None, seconds: float
    ) -> str:
        with self._translated():
            response = await self._open().request(method, path, json=body, timeout=seconds)
        if response.status_code >= 300:
            self._refuse(response.status_code, response.text, response.headers, path)
        return response.text

    @asynccontextmanager
    async def stream(self, path: str, body: JsonObject) -> AsyncIterator[httpx2.Response]:
        """Send JSON and read the answer as it comes. Leaving early closes the connection.

        Raises:
            Fault, EngineError: also for what goes wrong while the caller reads. Where the server
                was silent, but not to others, the fault is `crowded`.
        """
        remedy = f"; --timeout gives it more than {self._timeout:g} s"
        with self._translated(self._answers_others, remedy):
            limit = asyncio.timeout(self._longest)
            close = {} if self.reuses else {"Connection": "close"}
            client = self._open()
            async with limit, client.stream("POST", path, json=body, headers=close) as response:
                if response.status_code >= 300:
                    text = (await response.aread()).decode("utf-8", "replace")
                    self._refuse(response.status_code, text, response.headers, path)
                response.stream = Noting(response.stream, self._hear)
                yield response

    @property
    def _longest(self) -> float:
        return LONGEST_TEXT * self._timeout

    def _hear(self) -> None:
        self._heard = time.monotonic()

    def _answers_others(self) -> bool:
        """Whether others heard of the server in the second half of the silence that just ended.

        A server that dies under all of them is silent for as long to each, give or take a word.
        """
        return time.monotonic() - self._heard < self._timeout / 2

    def complain(self, error: Json, path: str) -> NoReturn:
        """Translate an error that a server reported inside an answer of status 200."""
        told = error if isinstance(error, dict) else {"message": error}
        code = told.get("code")
        status = code if isinstance(code, int) and 400 <= code < 600 else 500
        self._refuse(status, json.dumps({"error": error}), httpx2.Headers(), path)

    def hide(self, text: str) -> str:
        """Take the key out of a text that somebody else wrote, and make it one short line."""
        clean = text.replace(self._key, "***") if self._key else text
        return " ".join(clean.split())[:400]

    def _open(self) -> httpx2.AsyncClient:
        if self._client is None:
            raise EngineError(f"{self.shown}: not connected; use the engine as `async with`")
        return self._client

    def parsed(self, text: str, path: str) -> Json:
        """Read JSON.

        Raises:
            Fault: it is none.
        """
        try:
            parsed: Json = json.loads(text)
        except ValueError:
            found = self.hide(text)[:80] or "nothing"
            raise Fault("protocol", f"{path}: expected JSON, found {found!r}") from None
        return parsed

    def _translated(
        self, crowded: Callable[[], bool] = lambda: False, remedy: str = ""
    ) -> Translation:
        return Translation(self.shown, crowded, remedy, self._longest)

    def _refuse(self, status: int, text: str, headers: httpx2.Headers, path: str) -> NoReturn:
        said = self.hide(_message(text))
        told = f"HTTP {status} from {self.shown}{path}: {said}"
        if status == 500 and TOGETHER.search(said):
            raise Fault("context", f"{said}; texts written at once share one context there")
        if status in (400, 413, 422, 500) and TOO_LONG.search(said):
            raise Fault("context", said, may_pass=False)
        if out_of_money(status, _error(text)):
            raise EngineError(f"{told}; the account has no credit left, top it up")
        if (fault := passing(status, told, headers)) is not None:
            raise fault
        if status in (401, 403):
            raise EngineError(f"{told}; put the right API key into {self._key_name}, in .env")
        raise EngineError(f"{told}; {_advice(status)}")


def passing(status: int, told: str, headers: Mapping[str, str]) -> Fault | None:
    """The fault of a status that may pass, with the wait that is asked for; None where it stays."""
    if status not in MAY_PASS and (status < 500 or status == 501):
        return None
    reason: Reason = "overload" if status in OVERLOAD else "protocol"
    return Fault(reason, told, wait=_retry_after(headers))


def out_of_money(status: int, error: object) -> bool:
    """Whether a service refuses because nobody pays, which no waiting mends.

    Args:
        status: of the answer.
        error: what stands under `error` in its body.
    """
    told = error if isinstance(error, Mapping) else {}
    return status == 402 or not NO_MONEY.isdisjoint({str(told.get(k)) for k in ("type", "code")})


def _error(text: str) -> object:
    """What stands under `error` in a body; None where it is not JSON, or has none."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found.get("error") if isinstance(found, dict) else None


def _message(text: str) -> str:
    """Find the words in an error body, whatever its shape."""
    try:
        found = json.loads(text)
    except ValueError:
        title = re.search(r"<title>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
        return title[1] if title else text or "(no explanation)"
    for key in ("error", "detail", "message", "msg", "type"):
        if isinstance(found, dict) and found.get(key):
            inner = found[key]
            kind = inner.get("type") if isinstance(inner, dict) else None
            words = inner.get("message", inner) if isinstance(inner, dict) else inner
            return f"{words} ({kind})" if kind else str(words)
    return text


def _retry_after(headers: Mapping[str, str]) -> float | None:
    asked = headers.get("retry-after", "")
    if not asked:
        return None
    try:
        return max(0.0, float(asked))
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(asked)
    except ValueError:
        return None
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def _advice(status: int) -> str:
    if status in (404, 405):
        return "check the address, the engine and the model's name"
    if 300 <= status < 400:
        return "give the address that it redirects to"
    return "the server refuses the request as it stands; check the parameters and the engine"
