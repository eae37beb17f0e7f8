"""What httpx2 and the clock raise, as faults; and when an answer was last heard of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx2

from ._retry import Fault


class Noting(httpx2.AsyncByteStream):
    """The bytes of an answer, with a note of each part that comes."""

    def __init__(self, stream: object, note: Callable[[], None]) -> None:
        assert isinstance(stream, httpx2.AsyncByteStream)
        self._stream, self._note = stream, note

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            self._note()
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


class Translation:
    """Turn what httpx2 and the clock raise into faults; let cancellation and ours pass.

    Args:
        shown: the server's address.
        crowded: whether the server answered others while it was silent.
        remedy: what helps where it was silent, in words; may be empty.
        longest: seconds that one text may take.
    """

    def __init__(
        self, shown: str, crowded: Callable[[], bool], remedy: str, longest: float
    ) -> None:
        self._shown, self._crowded = shown, crowded
        self._remedy, self._longest = remedy, longest

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, httpx2.TimeoutException | TimeoutError):
            crowded = isinstance(error, httpx2.ReadTimeout) and self._crowded()
            raise Fault("timeout", self._late(error), crowded=crowded) from error
        if isinstance(error, httpx2.TransportError | httpx2.StreamError):
            words = str(error) or type(error).__name__
            raise Fault("connection", f"{self._shown}: {words}") from error
        if isinstance(error, httpx2.InvalidURL | httpx2.HTTPError):
            raise Fault("protocol", f"{self._shown}: {error}") from error

    def _late(self, error: Exception) -> str:
        words = str(error) or type(error).__name__
        if isinstance(error, httpx2.ReadTimeout):
            return f"{self._shown} was silent for too long ({words}{self._remedy})"
        if isinstance(error, httpx2.TimeoutException):
            return f"{self._shown} does not take a request ({words})"
        allowed = f"{self._longest:g} s, the most that --timeout allows it"
        return f"{self._shown} did not end a text in {allowed}"
