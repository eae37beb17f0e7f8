"""YAML with places: every value knows its file, line and key path, so that a mistake can be named.

ruamel.yaml reads the file (YAML 1.2, duplicate keys refused). `Node` walks it; `Problems` collects
what is wrong, so that one message names several mistakes at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import SpecError, did_you_mean

COMMAND_LINE = "command line"  # stands for a file where there is none
MOST_PROBLEMS = 10


@dataclass(slots=True)
class Problems:
    """Mistakes found so far, as `file:line: key: what was found, what was expected`."""

    found: list[str] = field(default_factory=list)

    def stop(self) -> None:
        """Raise SpecError with all that was found; do nothing where nothing was."""
        if not self.found:
            return
        lines = self.found[:MOST_PROBLEMS]
        more = len(self.found) - len(lines)
        if more:
            lines.append(f"and {more} more")
        raise SpecError("\n  ".join(lines))


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a YAML file with its place.

    Attributes:
        file: the file as the user named it, or `command line`.
        line: counted from 1; 0 where there is none.
        key: path of keys from the top, like `parameter_ranges.min_p.temperature`.
    """

    value: Any
    file: str
    line: int
    key: str
    problems: Problems

    @property
    def where(self) -> str:
        """`file:line`."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def wrong(self, message: str) -> None:
        """Note a mistake at this place."""
        place = f"{self.where}: {self.key}" if self.key else self.where
        self.problems.found.append(f"{place}: {message}")

    def expected(self, what: str) -> None:
        """Note that something else was expected here."""
        self.wrong(f"expected {what}, found {shown(self.value)}")

    def children(self) -> Iterator[tuple[str, Node]]:
        """The entries of a mapping; none where the value is no mapping."""
        if not isinstance(self.value, dict):
            self.expected("a mapping (key: value)")
            return
        for key, value in self.value.items():
            line = _line(self.value, key) or self.line
            path = f"{self.key}.{key}" if self.key else str(key)
            yield str(key), Node(value, self.file, line, path, self.problems)

    def items(self) -> list[Node]:
        """The entries of a list; a single value counts as a list of one."""
        if not isinstance(self.value, list):
            return [self]
        nodes = []
        for i, value in enumerate(self.value):
            line = _line(self.value, i) or self.line
            nodes.append(Node(value, self.file, line, f"{self.key}[{i}]", self.problems))
        return nodes

    def unknown(self, word: str, known: list[str], what: str) -> None:
        """Note a key or name that there is not."""
        near = did_you_mean(word, known)
        listed = near or f"; known: {', '.join(known)}"
        self.wrong(f"{what} {word!r} is not known{listed}")


def shown(value: object) -> str:
    """A value as an error shows it: short, and on one line."""
    if value is None:
        return "nothing"
    text = repr(dict(value)) if isinstance(value, dict) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _line(container: object, key: object) -> int:
    places = getattr(container, "lc", None)
    if places is None or not places.data or key not in places.data:
        return 0
    return int(places.data[key][0]) + 1


def read(path: Path, problems: Problems) -> Node:
    """Read a YAML file whose top is a mapping.

    Raises:
        SpecError: it cannot be read, or is no YAML; names file and line.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: expected a text file in UTF-8, found {error.reason}") from error
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror or error}") from error
    try:
        value = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise SpecError(f"{path}{line}: not readable as YAML: {_first_line(error)}") from error
    except (YAMLError, ValueError) as error:
        raise SpecError(f"{path}: not readable as YAML: {error}") from error
    if not isinstance(value, dict):
        raise SpecError(f"{path}: expected a mapping (key: value) at the top, found {shown(value)}")
    return Node(value, str(path), 0, "", problems)


def read_entries(path: Path, key: str, problems: Problems) -> list[tuple[str, Node]]:
    """The entries below the one key that a file has at its top.

    Raises:
        SpecError: it cannot be read, or has another key.
    """
    root = read(path, problems)
    entries = dict(root.children())
    if set(entries) != {key}:
        raise SpecError(f"{root.file}: expected one key at the top, {key}, found {list(entries)}")
    return list(entries[key].children())


def _first_line(error: Exception) -> str:
    problem = getattr(error, "problem", None) or str(error)
    return str(problem).splitlines()[0]
