"""What can go wrong on purpose: before an answer, or in the middle of a real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from support.loopback import Cut, Reply, as_json

BEFORE = ("400", "401", "403", "404", "429", "500", "503", "html", "empty")
WITHIN = ("half", "cut", "error", "no_end", "hang", "slow")
KINDS = (*BEFORE, *WITHIN)
PIECES = 2  # of the real text come through before it goes wrong
HANG_SECONDS = 60.0
SLOW_SECONDS = 0.02


def before(kind: str, retry_after: float | None = None) -> Reply:
    """The answer in place of a text."""
    if kind == "html":
        page = b"<html><head><title>502 Bad Gateway</title></head></html>"
        return Reply([page], kind="text/html")
    if kind == "empty":
        return Reply([])
    told: dict[str, Any] = {"message": f"the double was told to say {kind}", "type": "error"}
    headers = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
    return as_json({"error": told}, int(kind), **headers)


def whole(kind: str, reply: Reply) -> Reply:
    """What goes wrong with an answer in one piece."""
    assert isinstance(reply.parts, list)
    (text,) = reply.parts
    if kind in ("half", "no_end"):
        return replace(reply, parts=[text[: len(text) // 2]])
    if kind in ("cut", "hang"):
        return replace(reply, parts=[text[: len(text) // 2]], end=kind)
    if kind == "error":
        return as_json({"error": "out of memory"}, 500)
    return reply


async def within(kind: str, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The real stream, until it goes wrong."""
    count = 0
    async for part in parts:
        if kind == "slow":
            await asyncio.sleep(SLOW_SECONDS)
        elif count == PIECES:
            break
        count += 1
        yield part
    if kind == "half":
        yield b'data: {"choices": [{"de\n\n' if part.startswith(b"data") else b'{"message": {"co'
    elif kind == "error":
        line = b'{"error": "out of memory"}\n'
        yield line if part.startswith(b"{") else b"data: " + line + b"\n"
    elif kind == "hang":
        await asyncio.sleep(HANG_SECONDS)
    elif kind == "cut":
        raise Cut
