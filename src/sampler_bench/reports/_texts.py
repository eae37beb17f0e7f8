"""The texts of a study for the reader of the page: what was written, what came of it, in JSON.

Texts are untrusted: they travel as JSON and are shown as text, whatever they contain. A page holds
so many of them; the rest lie beside it, gzipped.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..records import Completion, Score, Trial
from ._depth import DIGITS
from ._document import Document

INSIDE = 5_000_000  # bytes of JSON that a page holds


@dataclass(frozen=True, slots=True)
class Texts:
    """JSON records of texts: `inside` the page and `beside` it."""

    inside: list[dict[str, Any]]
    beside: list[dict[str, Any]]


def texts(trials: Iterable[Trial], document: Document, most: int = INSIDE) -> Texts:
    """Every text of a study; those of the configurations that matter most come first.

    Args:
        trials: of the study, in any order.
        document: its results, which say which configurations matter.
        most: bytes of JSON that a page holds.
    """
    place = {config: i for i, config in enumerate(_important(document))}
    found = [t for t in trials if isinstance(t.written, Completion)]
    found.sort(key=lambda t: (place.get(t.cell.config.text, len(place)), _cell(t)))
    inside: list[dict[str, Any]] = []
    beside: list[dict[str, Any]] = []
    size = 0
    for record in map(_record, found):
        weight = len(packed_json(record)) + 1
        (inside if size + weight <= most else beside).append(record)
        size += weight if size + weight <= most else 0
    return Texts(inside, beside)


def applied(trials: Iterable[Trial], document: Document) -> str:
    """What was sent to the server for the recommended configuration, as JSON; else empty."""
    best = document.best_configuration
    for trial in trials:
        if best and trial.cell.config.text == best.config and isinstance(trial.written, Completion):
            return json.dumps(trial.written.sent, indent=2, ensure_ascii=False)
    return ""


def packed_json(value: object) -> bytes:
    """JSON in UTF-8, without spaces; half surrogates stay escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "backslashreplace")


def zipped(value: bytes) -> bytes:
    """Gzipped, the same bytes for the same value."""
    return gzip.compress(value, 6, mtime=0)


def _important(document: Document) -> Sequence[str]:
    verdict = document.verdict
    named = [verdict.best, verdict.baseline, verdict.simplest] if verdict else []
    return [*dict.fromkeys([*filter(None, named), *(r.config for r in document.all_results)])]


def _cell(trial: Trial) -> tuple[str, int, bool, int]:
    cell = trial.cell
    return (cell.config.text, cell.prompt, cell.fresh, cell.repeat)


def _record(trial: Trial) -> dict[str, Any]:
    written, cell = trial.written, trial.cell
    assert isinstance(written, Completion), "only texts that were written are shown"
    record: dict[str, Any] = {
        "config": cell.config.text,
        "prompt": cell.prompt,
        "repeat": cell.repeat,
        "fresh": cell.fresh,
        "seed": trial.seed,
        "text": written.text,
        "tokens": written.tokens,
        "cut": written.cut_off,
        "thoughts": written.thoughts,
        "scores": [_score(j) for j in trial.judgments if isinstance(j, Score)],
        "unscored": [f"{j.judge}: {j.reason}" for j in trial.judgments if not isinstance(j, Score)],
    }
    if trial.failure is not None:
        record["failure"] = {"reason": trial.failure.reason, "detail": trial.failure.detail}
    return record


def _score(score: Score) -> dict[str, Any]:
    return {
        "judge": score.judge,
        "value": round(score.value, DIGITS),
        "criteria": {name: round(value, DIGITS) for name, value in score.criteria},
        "comment": score.comment,
    }
