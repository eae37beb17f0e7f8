"""The terminal report's part on variety: quality against diversity, and phrases that come back."""

from __future__ import annotations

from ._document import DiversityResult, Document, Result
from ._words import interval, shown

MOST = 8
COLUMNS, LINES = 56, 10
QUANTILE = 0.1  # so much of the worst is left out of the picture, which it would flatten


def variety(document: Document) -> list[str]:
    """Quality and diversity side by side; nothing where nobody wrote a good text."""
    found = document.diversity
    if found is None:
        return []
    lines = [f"🎨 Variety (how much texts on one prompt differ; {_role(document)}):", ""]
    if not found.front:
        pairs = "1 pair" if found.pairs == 1 else f"{found.pairs} pairs"
        return [*lines, f"   The data cannot tell yet: {pairs} of texts on one prompt."]
    chosen = [row for row in _measured(document) if row.config in found.front]
    lines.append("   No configuration is both better and more varied than these:")
    lines += [f"     {_told(row)}" for row in _spread(chosen)]
    if len(chosen) > MOST:
        lines.append(f"     and {len(chosen) - MOST} between them")
    return [*lines, "", *picture(document), "", *_compared(document), *_explained(found.pairs)]


def _role(document: Document) -> str:
    meta = document.search_metadata
    if meta.objective == "quality+diversity" and meta.diversity_weight is not None:
        return f"{meta.diversity_weight:.0%} of the score, as the study asked"
    return "not part of the score"


def _measured(document: Document) -> list[Result]:
    """The configurations that stand in the picture, the best quality first."""
    rows = [row for row in document.all_results if row.sample_count and _point(row) is not None]
    return sorted(rows, key=lambda row: -(_point(row) or (0.0, 0.0))[0])


def _point(row: Result) -> tuple[float, float] | None:
    part = row.diversity
    if part is None or part.quality.mean is None or part.estimate.mean is None:
        return None
    return part.quality.mean, part.estimate.mean


def _told(row: Result) -> str:
    part = row.diversity or DiversityResult()
    return f"quality {interval(part.quality)}  diversity {interval(part.estimate, 2)}  {row.config}"


def _spread(rows: list[Result]) -> list[Result]:
    """Up to MOST of them, evenly from end to end."""
    if len(rows) <= MOST:
        return rows
    return [rows[round(k * (len(rows) - 1) / (MOST - 1))] for k in range(MOST)]


def picture(document: Document) -> list[str]:
    """Every configuration as a dot, quality upwards, diversity to the right; the front is full."""
    rows = _measured(document)
    points = {row.config: _point(row) or (0.0, 0.0) for row in rows}
    qualities = sorted(quality for quality, _ in points.values())
    low, high = qualities[int(QUANTILE * (len(qualities) - 1))], qualities[-1]
    narrow, wide = (f(d for _, d in points.values()) for f in (min, max))
    cells = [[" "] * COLUMNS for _ in range(LINES)]
    front = set(document.diversity.front) if document.diversity else set()
    for row in sorted(rows, key=lambda row: row.config in front):
        quality, diversity = points[row.config]
        line = LINES - 1 - _place(quality, low, high, LINES)
        cells[line][_place(diversity, narrow, wide, COLUMNS)] = "●" if row.config in front else "·"
    ends = {0: f"{high:6.2f}", LINES - 1: f"{low:6.2f}"}
    lines = [f"   {ends.get(k, ''):>6} | {''.join(line).rstrip()}" for k, line in enumerate(cells)]
    scale = f"{narrow:.2f}{'diversity':^{COLUMNS - 8}}{wide:.2f}"
    return ["   quality", *lines, f"   {'':6} +-{'-' * COLUMNS}", f"   {'':8} {scale}"]


def _place(value: float, low: float, high: float, size: int) -> int:
    share = (value - low) / max(high - low, 1e-9)
    return min(max(round(share * (size - 1)), 0), size - 1)


def _compared(document: Document) -> list[str]:
    """The recommended configuration's variety beside the baseline's, and its habits."""
    verdict, named = document.verdict, {row.config: row for row in document.all_results}
    best = named.get(verdict.best) if verdict else None
    if best is None or best.diversity is None:
        return []
    lines = [f"   The recommended one: {interval(best.diversity.estimate, 2)}"]
    baseline = named.get(verdict.baseline or "") if verdict else None
    if baseline is not None and baseline is not best and baseline.diversity is not None:
        lines[0] += f"; the baseline: {interval(baseline.diversity.estimate, 2)}"
    lines += _answers(document, best)
    habits = [f"“{shown(p.text)}” ({p.texts} texts)" for p in best.diversity.phrases[:4]]
    if habits:
        lines.append(f"   It comes back to: {', '.join(habits)}")
    return lines


def _answers(document: Document, best: Result) -> list[str]:
    """How many distinct answers the recommended configuration gives."""
    found, part = document.diversity, best.diversity
    if found is None or part is None or not found.embedding or part.answers.mean is None:
        return []
    return [
        f"   Distinct answers to one prompt, of {found.answers_of}: {interval(part.answers, 2)} "
        f"(by {shown(found.embedding)}, the same from a similarity of {found.same_from:g} on)"
    ]


def _explained(pairs: int) -> list[str]:
    return [
        f"   Diversity runs from 0 (all the same) to 1, as the model estimates it from {pairs}",
        "   pairs of good texts; brackets are 95 % intervals. Qualities below the picture's end",
        "   stand on its lowest line.",
    ]
