"""The results document as tables: every number, for spreadsheets and data frames.

One rule makes them all, so that what the document gains is in the tables too. A list of parts is a
table, a part by itself a table of one row; a column is a path in the JSON (`estimate.low`). A list
or a mapping inside a row is a table of its own (`configurations.failures`), whose rows begin with
what tells the row that it belongs to, and with their `place`. The trials and judgments come from
the study's store. docs/results.md lists tables and columns.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from ..records import (
    FAILED,
    JUDGED,
    MISSING,
    PENDING,
    Completion,
    Score,
    Trial,
    settle,
)
from ._depth import number
from ._document import Document
from ._metadata import fault_of

Cell: TypeAlias = "bool | int | float | str | None"
Row: TypeAlias = "dict[str, Cell]"
Tables: TypeAlias = "dict[str, list[Row]]"

# The document's lists by the names that people look for.
NAMES = {"all_results": "configurations", "search_metadata": "study"}
# What tells a row of a table from its neighbours, where its place is not needed for that.
KEYS = {
    "configurations": ("config",),
    "best_of_n": ("sampler",),
    "configurations.by_prompt": ("prompt",),
    "configurations.failures": ("name",),
    "importance": ("sampler", "parameter"),
    "ranges": ("sampler", "parameter"),
    "samplers": ("sampler",),
    "ablation": ("parameter",),
}
BEST = "best_configuration"  # where it was tried a row of `configurations`, which `verdict` names
FLAT = ("parameters", "held")  # mappings whose entries are columns
OUTCOMES = {JUDGED: "judged", FAILED: "failed", MISSING: "missing", PENDING: "pending"}
# Mappings whose entries are rows.
MAPPINGS = ("failed", "failures", "missing_reasons", "providers", "server", "spec")


def tables(document: Document, trials: Iterable[Trial] = ()) -> Tables:
    """All tables of a study by name, none of them empty.

    Args:
        document: its results.
        trials: its texts with their judgments, where they are at hand.
    """
    found: Tables = {}
    for key, value in document.model_dump(mode="json").items():
        if key != BEST or _untried(document):
            _enter(found, NAMES.get(key, key), value, {})
    trials, judges = list(trials), tuple(document.search_metadata.judges)
    found["trials"] = [_trial(trial, judges) for trial in trials]
    found["judgments"] = [row for trial in trials for row in _judgments(trial)]
    return {name: rows for name, rows in found.items() if rows}


def _untried(document: Document) -> bool:
    best = document.best_configuration
    return best is not None and all(row.config != best.config for row in document.all_results)


def _enter(found: Tables, name: str, value: object, keys: Row) -> None:
    """Add a value of the document as rows of the table `name`, and what is inside it."""
    if isinstance(value, dict):
        _enter_row(found, name, value, keys, keys)
        return
    if not isinstance(value, list):
        return
    for place, item in enumerate(value):
        part = item if isinstance(item, dict) else {"value": _plain(item)}
        own = {key: part[key] for key in KEYS.get(name, ()) if key in part}
        row = {**keys, **(own or {"place": place})}
        _enter_row(found, name, part, row, {**keys, **(own or {name.split(".")[-1]: place})})


def _enter_row(found: Tables, name: str, part: Mapping[str, Any], row: Row, keys: Row) -> None:
    """Add one row that begins as `row`; the rows of what is inside it begin with `keys`."""
    row, known = dict(row), len(row)
    for path, value in _flat(part):
        if isinstance(value, dict):
            listed = [{"name": key, "value": _plain(entry)} for key, entry in value.items()]
            _enter(found, f"{name}.{path}", listed, keys)
        elif isinstance(value, list):
            _enter(found, f"{name}.{path}", value, keys)
        else:
            row[path] = value
    if len(row) > known:
        found.setdefault(name, []).append(row)


def _flat(part: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """The values of a part by path: parts inside it are part of the row, lists and mappings not."""
    for key, value in part.items():
        here = f"{path}{key}"
        if not isinstance(value, dict) or key in MAPPINGS:
            yield here, value
        elif key in FLAT:
            yield from ((f"{here}.{name}", _plain(entry)) for name, entry in value.items())
        else:
            yield from _flat(value, f"{here}.")


def _plain(entry: object) -> Cell:
    """A value for one cell: lists and mappings as JSON."""
    if isinstance(entry, list | dict):
        return json.dumps(entry, ensure_ascii=False)
    assert entry is None or isinstance(entry, bool | int | float | str)
    return entry


def _trial(trial: Trial, judges: tuple[str, ...]) -> Row:
    """One text: which cell, how it stands, what it took. Its words are in the store."""
    cell, written = trial.cell, trial.written
    state, score = settle(trial, judges)
    row: Row = {
        "config": cell.config.text,
        "prompt": cell.prompt,
        "repeat": cell.repeat,
        "fresh": cell.fresh,
        "seed": trial.seed,
        "outcome": OUTCOMES[state],
        "reason": _reason(trial, judges),
        "score": number(score),
    }
    done = written if isinstance(written, Completion) else None
    row |= {
        "characters": len(done.text) if done else None,
        "tokens": done.tokens if done else None,
        "prompt_tokens": done.prompt_tokens if done else None,
        "seconds": done.seconds if done else None,
        "cut_off": done.cut_off if done else None,
        "retries": written.retries if written is not None else None,
        "template": done.template if done else None,
        "server": done.server if done else None,
        "model": done.model if done else None,
    }
    return row


def _reason(trial: Trial, judges: tuple[str, ...]) -> str | None:
    return trial.failure.reason if trial.failure is not None else fault_of(trial, judges)


def _judgments(trial: Trial) -> Iterator[Row]:
    cell = trial.cell
    keys: Row = {
        "config": cell.config.text,
        "prompt": cell.prompt,
        "repeat": cell.repeat,
        "fresh": cell.fresh,
    }
    for judgment in trial.judgments:
        row: Row = {**keys, "judge": judgment.judge, "cost": judgment.cost}
        row["retries"] = judgment.retries
        if isinstance(judgment, Score):
            row |= {"score": judgment.value, "unscored": None, "seconds": judgment.seconds}
            row |= {"tokens": judgment.tokens}
            row |= {f"criteria.{name}": value for name, value in judgment.criteria}
        else:
            row |= {"score": None, "unscored": judgment.reason}
        yield row


def columns(rows: Sequence[Row]) -> list[str]:
    """The columns of a table: all that any row has, in the order in which they turn up.

    A part that one row lacks and another has stands there by its paths alone.
    """
    names = dict.fromkeys(key for row in rows for key in row)
    parts = {name.rpartition(".")[0] for name in names}
    return [name for name in names if name not in parts]
