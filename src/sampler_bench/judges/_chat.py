"""Chat completions over the openai package, one attempt each: the judge's network edge.

The SDK's own retries are off, and its errors are translated here: a `Fault` may pass, `NotTaken`
asks for another way of asking, a `JudgeError` is the end. Servers that only resemble OpenAI's leave
out what the SDK's types promise; what a reply holds is read here and nowhere else. Source of the
API: the openai package, 3.54.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..engines._http import base_url, out_of_money, passing, shown_url
from ..engines._retry import Fault
from ..errors import EngineError, JudgeError
from . import JudgeOptions

if TYPE_CHECKING:
    from openai import APIStatusError

OPENAI_URL = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; tokens are None where the server does not count them."""

    content: str | None
    prompt_tokens: int | None
    answer_tokens: int | None


class NotTaken(Exception):
    """The server does not take the request as it is (HTTP 400 or 422)."""


class Chat:
    """A server's chat completions.

    Raises:
        JudgeError: key or address cannot be used; nothing was asked.
    """

    def __init__(self, options: JudgeOptions) -> None:
        from openai import AsyncOpenAI

        _see_key(options)
        _see_address(options)
        self._options = options
        self._client = AsyncOpenAI(
            api_key=options.api_key or "none",
            base_url=(options.base_url or OPENAI_URL).strip(),
            timeout=options.timeout_seconds,
            max_retries=0,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def ask(
        self, model: str, messages: Sequence[Mapping[str, str]], extra: Mapping[str, Any]
    ) -> Reply:
        """One attempt.

        Raises:
            Fault: it may work later.
            NotTaken: another way of asking may work.
            JudgeError: nothing will.
        """
        import openai

        create: Any = self._client.chat.completions.create
        try:
            reply = await create(model=model, messages=messages, **extra)
        except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
            if out_of_money(error.status_code, error.body):
                raise self._refused(error, model) from error
            raise NotTaken(self.short(error)) from error
        except openai.APITimeoutError as error:
            raise Fault("timeout", f"no answer in {self._options.timeout_seconds:g} s") from error
        except openai.APIConnectionError as error:
            raise Fault("connection", self.short(error.__cause__ or error)) from error
        except openai.APIStatusError as error:
            raise self._refused(error, model) from error
        except (openai.APIError, ValueError) as error:
            raise Fault("protocol", self.short(error)) from error
        return self._read(reply)

    def _read(self, reply: object) -> Reply:
        choices = getattr(reply, "choices", None)
        if not isinstance(choices, list):
            raise Fault("protocol", f"not a chat completion: {self.short(reply)}")
        message = getattr(choices[0], "message", None) if choices else None
        content, usage = getattr(message, "content", None), getattr(reply, "usage", None)
        return Reply(
            content if isinstance(content, str) else None,
            _count(usage, "prompt_tokens"),
            _count(usage, "completion_tokens"),
        )

    def _refused(self, error: APIStatusError, model: str) -> Exception:
        """A status that is not 200: worth another try, or the end."""
        status = error.status_code
        if out_of_money(status, error.body):
            return JudgeError(f"the judge's account has no credit left (HTTP {status}); top it up")
        if (fault := passing(status, f"HTTP {status}", error.response.headers)) is not None:
            return fault
        see = "" if self._options.base_url is None else ", and see OPENAI_BASE_URL"
        if status in (401, 403):
            return JudgeError(
                f"judge {model}: the key is refused (HTTP {status}); set OPENAI_API_KEY in .env or "
                f"the environment{see}"
            )
        if status == 404:
            return JudgeError(
                f"judge {model}: there is no such model (HTTP 404); choose another --judge-model, "
                "and see OPENAI_BASE_URL"
            )
        return JudgeError(f"judge {model}: HTTP {status}: {self.short(error)}")

    def short(self, error: object) -> str:
        """The first line of a complaint, short, without the key or what looks like one."""
        import re

        lines = str(error).strip().splitlines() or [type(error).__name__]
        line, key = lines[0], self._options.api_key
        line = line.replace(key, "...") if key else line
        return re.sub(r"(sk|key)-[A-Za-z0-9_\-*]+", r"\1-...", line)[:160]


def where(options: JudgeOptions) -> str:
    """What to look at where nobody answers."""
    if options.base_url:
        shown = shown_url(options.base_url)
        return f"see that {shown} (OPENAI_BASE_URL) is right and its server runs"
    return "see that the network works"


def _see_key(options: JudgeOptions) -> None:
    key = options.api_key
    if not key and options.base_url is None:
        raise JudgeError(
            "the judge needs a key: set OPENAI_API_KEY in .env or the environment, or name a "
            "server by OPENAI_BASE_URL, or choose --judge offline"
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise JudgeError(
            "OPENAI_API_KEY holds what no key has: a space, a line break or a letter that is not "
            "ASCII; copy it anew"
        )


def _see_address(options: JudgeOptions) -> None:
    url = options.base_url
    if url is None:
        return
    try:
        base_url(url if "://" in url else "")  # a scheme is missed by the SDK, not by us
    except EngineError as error:
        raise JudgeError(
            f"OPENAI_BASE_URL is {shown_url(url)!r}; expected an address like http://127.0.0.1:8080/v1"
        ) from error


def _count(usage: object, name: str) -> int | None:
    found = getattr(usage, name, None)
    return found if isinstance(found, int) and not isinstance(found, bool) else None
