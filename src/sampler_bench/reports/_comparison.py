"""Several results files side by side; one ranking only where it is honest.

Scores compare only where model, judges, prompts and failure score are the same; what differs is
named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ._document import Document
from .terminal import RULE, plain_text, seen, sentence

SAME: dict[str, Callable[[Document], object]] = {
    "models": lambda document: document.search_metadata.model,
    "judges": lambda document: tuple(document.search_metadata.judges),
    "prompts": lambda document: tuple(document.search_metadata.prompts),
    "failure scores": lambda document: document.search_metadata.failure_score,
    "temperature orders": lambda document: document.search_metadata.server.get("temperature_order"),
}
MOST_RANKED = 15


def compare(documents: Mapping[str, Document], *, plain: bool = False) -> str:
    """Write the comparison of several results, by the names of their files."""
    lines = ["🔍 COMPARISON OF SEARCHES", RULE, ""]
    for name, document in documents.items():
        lines += [*_one(name, document), ""]
    differing = [what for what, of in SAME.items() if len({of(d) for d in documents.values()}) > 1]
    if len(documents) > 1 and differing:
        what = ", ".join(differing)
        lines.append(f"   No common ranking: {what} differ, so scores do not compare.")
    elif len(documents) > 1:
        lines += _ranking(documents)
    text = "\n".join(lines).rstrip() + "\n"
    return plain_text(text) if plain else text


def _one(name: str, document: Document) -> list[str]:
    meta, best = document.search_metadata, document.best_configuration
    lines = [
        f"📊 {name}:",
        f"   {meta.strategy or 'unknown strategy'}, {meta.total_configurations} configurations, "
        f"{meta.texts} texts, model {meta.model or 'unknown'}",
    ]
    if best is None:
        return [*lines, "   Nothing was judged yet."]
    lines.append(f"   Best: {best.config or best.parameters}: {_score(document)}")
    return [*lines, f"   {sentence(document)}"]


def _score(document: Document) -> str:
    best = document.best_configuration
    if best is None or best.estimate.mean is None:
        return seen(best) if best else "not known"
    low, high = best.estimate.low, best.estimate.high
    return f"{best.estimate.mean:.3f} [{low:.3f} to {high:.3f}]"


def _ranking(documents: Mapping[str, Document]) -> list[str]:
    rows = [
        (result.estimate.mean, name, result)
        for name, document in documents.items()
        for result in document.all_results
        if result.estimate.mean is not None and result.sample_count
    ]
    rows.sort(key=lambda row: -row[0])
    lines = ["🎯 All configurations, best estimate first (95 % intervals):", ""]
    for mean, name, result in rows[:MOST_RANKED]:
        interval = f"{mean:.3f} [{result.estimate.low:.3f} to {result.estimate.high:.3f}]"
        lines.append(f"   {interval}  {result.config}  ({name})")
    if len(rows) > MOST_RANKED:
        lines.append(f"   and {len(rows) - MOST_RANKED} more")
    return lines
