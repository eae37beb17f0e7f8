"""From what a store keeps of a study to the document's part about the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .. import __version__
from ..records import (
    FAILED,
    INTERRUPTED,
    JUDGED,
    MISSING,
    PENDING,
    Completion,
    JsonObject,
    ScoreTable,
    Trial,
    Unscored,
    Unwritten,
)
from ..store import StudyRow
from ._document import Metadata, RunResult
from ._words import moment


def metadata(
    study: StudyRow,
    trials: Sequence[Trial],
    table: ScoreTable,
    server: JsonObject,
    judges: tuple[str, ...],
    kind: str,
    runs: Sequence[RunResult],
) -> Metadata:
    """About the run: what was asked, who worked on it, how many texts came to what end."""
    spec: dict[str, Any] = dict(study.spec)
    written = written_of(trials)
    lost = [t.written.retries for t in trials if t.written is not None]
    return Metadata(
        kind="benchmark" if kind == "benchmark" else "search",
        study=study.name,
        strategy=str(spec.get("search_strategy", "")),
        state=study.state,
        model=str(server.get("model") or spec.get("model") or ""),
        timestamp=moment(study.updated),
        started=moment(study.created),
        seconds=round(study.updated - study.created, 3),
        seed=spec.get("seed"),
        prompts=prompts_of(study),
        failure_score=spec.get("failure_score", 1.0),
        objective=str(spec.get("objective", "quality")),
        diversity_weight=spec.get("diversity_weight"),
        total_configurations=len({table.configs[i] for i in table.evidence().config}),
        texts=int((table.state <= FAILED).sum()),
        judged=int((table.state == JUDGED).sum()),
        failed=int((table.state == FAILED).sum()),
        missing=int((table.state == MISSING).sum()),
        pending=int((table.state == PENDING).sum()),
        written=len(written),
        cut_off=sum(text.cut_off for text in written),
        with_thoughts=sum(bool(text.thoughts.strip()) for text in written),
        thoughts_share=_thoughts_share(written),
        tokens=sum(text.tokens for text in written),
        cost=round(sum(j.cost for t in trials for j in t.judgments), 6),
        judges=list(judges),
        missing_reasons=counts(_faults(trials, table, judges)),
        retries=sum(lost) + sum(j.retries for t in trials for j in t.judgments),
        templates=sorted({text.template for text in written}),
        models=sorted({text.model for text in written}),
        providers=counts(text.provider for text in written if text.provider),
        server=server,
        version=__version__,
        runs=list(runs),
        spec=spec,
    )


def prompts_of(study: StudyRow) -> list[str]:
    """What was asked."""
    asked = study.spec.get("prompts")
    return [str(prompt) for prompt in asked] if isinstance(asked, list) else []


def written_of(trials: Sequence[Trial]) -> list[Completion]:
    """The texts that came."""
    return [t.written for t in trials if isinstance(t.written, Completion)]


def counts(words: Iterable[str]) -> dict[str, int]:
    """How often each word occurs, the most frequent first."""
    return dict(sorted(Counter(words).items(), key=lambda item: (-item[1], item[0])))


def _thoughts_share(written: Sequence[Completion]) -> float | None:
    """The share of thoughts in all that was written; None where nothing was."""
    thoughts = sum(len(text.thoughts) for text in written)
    whole = thoughts + sum(len(text.text) for text in written)
    return round(thoughts / whole, 4) if whole else None


def _faults(trials: Sequence[Trial], table: ScoreTable, judges: tuple[str, ...]) -> Iterator[str]:
    """Why texts are missing, one word for each."""
    for trial, state in zip(trials, table.state, strict=True):
        if state == MISSING and (fault := fault_of(trial, judges)) is not None:
            yield fault


def fault_of(trial: Trial, judges: tuple[str, ...]) -> str | None:
    """What of a server or of one of `judges` lost a text, in one word; None where nothing did."""
    if isinstance(trial.written, Unwritten):
        return trial.written.reason
    lost = (j for j in trial.judgments if isinstance(j, Unscored) and j.judge in judges)
    return next((judgment.reason for judgment in lost if judgment.reason != INTERRUPTED), None)
