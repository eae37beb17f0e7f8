"""How the command line speaks: data to stdout, everything else to stderr, signs that fit."""

from __future__ import annotations

import os
import sys
from typing import TextIO


def can_show(stream: TextIO, signs: str = "🔍±–") -> bool:
    """Say whether a stream's encoding takes emoji and the like."""
    try:
        signs.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def sign(emoji: str, plain: str, stream: TextIO | None = None) -> str:
    """The emoji where the stream takes it, else the plain sign."""
    return emoji if can_show(stream or sys.stderr, emoji) else plain


def colour(stream: TextIO) -> bool:
    """Say whether to colour: a terminal, and the user has not set NO_COLOR."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def say(message: str = "", *, quiet: bool = False) -> None:
    """Print a line for people to stderr."""
    if not quiet:
        print(message, file=sys.stderr, flush=True)


def done(message: str, *, quiet: bool = False) -> None:
    """Say that a step worked."""
    say(f"{sign('✅', '[ok]')} {message}", quiet=quiet)


def warn(message: str) -> None:
    """Say something that the user should know, even when quiet."""
    say(f"{sign('⚠️', '[!]')}  {message}")
