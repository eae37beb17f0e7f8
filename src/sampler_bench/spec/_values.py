"""Readers of single values: each takes a `Node` and returns what it holds, checked.

What is not as expected is noted at the node, with its place; then the reader returns None.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import UsageError, did_you_mean
from ..plugins import names
from ..records import SamplerConfig
from .presets import resolve_config
from .yaml_file import COMMAND_LINE, Node, shown

# Endings of files from which no prompts are read.
OTHER_FILES = (".csv", ".tsv", ".json", ".jsonl", ".md", ".yaml", ".yml", ".docx")


def whole(low: int, words: str = "") -> Callable[[Node], int | None]:
    """A whole number of at least `low`; `words` say more about it."""

    def read_whole(node: Node) -> int | None:
        if isinstance(node.value, bool) or not isinstance(node.value, int) or node.value < low:
            node.expected(words or f"a whole number of at least {low}")
            return None
        return int(node.value)

    return read_whole


def number(low: float, high: float = float("inf")) -> Callable[[Node], float | None]:
    """A number from `low` to `high`."""
    upwards = high == float("inf")
    wanted = f"of at least {low:g}" if upwards else f"from {low:g} to {high:g}"

    def read_number(node: Node) -> float | None:
        right = isinstance(node.value, int | float) and not isinstance(node.value, bool)
        if not right or not low <= node.value <= high:
            node.expected(f"a number {wanted}")
            return None
        return float(node.value)

    return read_number


def part_of(room: str, *extra: str) -> Callable[[Node], str | None]:
    """The name of a part of a room, or one of some other words."""

    def read_part(node: Node) -> str | None:
        known = [*names(room), *extra]
        if not isinstance(node.value, str):
            node.expected(f"one of {', '.join(known)}")
            return None
        word = node.value.replace("_", "-")
        if word not in known:
            near = did_you_mean(word, known)
            node.wrong(f"expected one of {', '.join(known)}, found {node.value!r}{near}")
            return None
        return word

    return read_part


def text(node: Node) -> str | None:
    """A text that is not blank."""
    if not isinstance(node.value, str) or not node.value.strip():
        node.expected("a text")
        return None
    return str(node.value)


def yes_or_no(node: Node) -> bool | None:
    """True or false."""
    if not isinstance(node.value, bool):
        node.expected("true or false")
        return None
    return bool(node.value)


def texts(node: Node) -> tuple[str, ...] | None:
    """A list of texts, or one text; no doubles, none empty."""
    found: list[str] = []
    items = node.items()
    if not items:
        node.expected("at least one text")
    for item in items:
        one = text(item)
        if one in found:
            item.wrong(f"{shown(one)} is listed twice")
        elif one is not None:
            found.append(one)
    return tuple(found) or None


def prompts(node: Node) -> tuple[str, ...] | None:
    """A list of texts; one that ends in .txt is a file with a prompt a line."""
    words = (line for word in texts(node) or () for line in _lines(word, node))
    return tuple(dict.fromkeys(words)) or None


def _lines(word: str, node: Node) -> list[str]:
    """The lines of a prompts file that are not blank; another text, or a sentence, as it is."""
    path = _folder(node) / os.path.expanduser(word)
    if not word.lower().endswith(".txt") or (" " in word and not os.path.isfile(path)):
        spelt = any(c in word for c in "/\\") and any(c.isalnum() for c in word)
        a_path = spelt and os.path.exists(path)
        if a_path or (" " not in word and word.lower().endswith(OTHER_FILES)):
            node.wrong(
                f"{word} is the name of a file or folder; prompts come as words, or in a .txt file "
                "with a prompt a line"
            )
            return []
        return [word]
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        told = getattr(error, "strerror", None) or error
        node.wrong(f"{word} cannot be read as a file with a prompt a line: {told}")
        return []
    if not text.strip():
        node.wrong(f"{word} holds no prompt")
    return [line.strip() for line in text.splitlines() if line.strip()]


def _folder(node: Node) -> Path:
    """What a file's name is relative to: the YAML file that it stands in."""
    return Path() if node.file == COMMAND_LINE else Path(node.file).parent


def urls(node: Node) -> tuple[str, ...] | None:
    """One URL of a server, or several."""
    found = texts(node)
    for item in node.items():
        if isinstance(item.value, str) and not _is_url(item.value):
            item.expected("a URL like http://127.0.0.1:5001")
    return found


def url(node: Node) -> str | None:
    """One URL of a server."""
    if not isinstance(node.value, str) or not _is_url(node.value):
        node.expected("a URL like http://127.0.0.1:5001")
        return None
    return node.value


def _is_url(word: str) -> bool:
    try:
        parts = urlsplit(word)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port of 70000, half an IPv6 address
        return False


def config(node: Node) -> SamplerConfig | None:
    """A configuration: a text form, a preset, or a preset file beside the YAML file."""
    word = text(node)
    if word is None:
        return None
    try:
        return resolve_config(word, _folder(node))
    except UsageError as error:
        node.wrong(str(error))
        return None


def ranges(node: Node) -> None:
    """Samplers with their ranges; what they hold is read later, when the samplers are known."""
    if not isinstance(node.value, dict):
        node.expected("a mapping (sampler: parameters)")
    elif not node.value:
        node.expected("at least one sampler")
