"""Several results side by side: paired on the prompts they share, ranked only where it is honest.

Scores compare only where judges and failure score are the same. Different models may be ranked
(that is a question people ask), and are named. Where prompts differ, only those that all share
count: the winners are then compared prompt by prompt (Student's t on the differences), and the
estimates, which speak of each study's own prompts, are not put into one list.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import combinations
from statistics import fmean, stdev

from ._document import Document, Interval, Result
from ._words import interval, plain_text, sentence, shown, signed
from .terminal import RULE

MOST_RANKED = 15
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

# Where these differ, numbers do not compare at all.
SCALES: dict[str, Callable[[Document], object]] = {
    "judges": lambda document: ", ".join(document.search_metadata.judges) or "not stated",
    "failure score": lambda document: document.search_metadata.failure_score,
}
# Where these differ, a comparison says something about them too.
CIRCUMSTANCES: dict[str, Callable[[Document], object]] = {
    "model": lambda document: document.search_metadata.model or "not stated",
    "prompt wrapping": lambda document: ", ".join(document.search_metadata.templates),
    "temperature order": lambda document: document.search_metadata.server.get("temperature_order"),
    "server": lambda document: document.search_metadata.server.get("engine"),
    "version": lambda document: document.search_metadata.version,
}


def compare(documents: Mapping[str, Document], *, plain: bool = False) -> str:
    """Write the comparison of several results, by the names of their files."""
    named = {_letter(i): (name, d) for i, (name, d) in enumerate(documents.items())}
    lettered = {letter: document for letter, (_, document) in named.items()}
    lines = ["🔍 COMPARISON OF SEARCHES", RULE]
    for letter, (name, document) in named.items():
        lines += ["", *_one(f"{letter}: {shown(name)}", document)]
    if len(lettered) > 1:
        lines += ["", *_differences(lettered), "", *_together(lettered)]
    text = "\n".join(lines).rstrip() + "\n"
    return plain_text(text) if plain else text


def _letter(i: int) -> str:
    return LETTERS[i] if i < len(LETTERS) else f"{LETTERS[i % 26]}{i // 26}"


def _one(title: str, document: Document) -> list[str]:
    meta, best = document.search_metadata, document.best_configuration
    lines = [
        f"📊 {title}",
        f"   {meta.strategy or 'strategy not stated'}, {meta.total_configurations} configurations, "
        f"{meta.texts} texts, model {shown(meta.model) or 'not stated'}",
    ]
    if best is None:
        return [*lines, "   Nothing was judged yet."]
    return [
        *lines,
        f"   Best: {interval(best.estimate)}  {best.config}",
        f"   {sentence(document)}",
    ]


def _differences(documents: Mapping[str, Document]) -> list[str]:
    lines = []
    for what, read in {**SCALES, **CIRCUMSTANCES}.items():
        values = {letter: read(document) for letter, document in documents.items()}
        if len(set(values.values())) > 1:
            said = ", ".join(f"{letter} {shown(str(value))}" for letter, value in values.items())
            lines.append(f"   {what}: {said}")
    prompts = [set(d.search_metadata.prompts) for d in documents.values()]
    if any(found != prompts[0] for found in prompts):
        shared = len(set.intersection(*prompts))
        lines.append(f"   prompts: {shared} shared by all, of {len(set.union(*prompts))}")
    return ["⚖️ What differs:", *lines] if lines else ["⚖️ Same model, judge and prompts."]


def _together(documents: Mapping[str, Document]) -> list[str]:
    apart = [what for what, read in SCALES.items() if len({*map(read, documents.values())}) > 1]
    if apart:
        return [f"🎯 No common ranking: {' and '.join(apart)} differ, so scores do not compare."]
    prompts = [frozenset(d.search_metadata.prompts) for d in documents.values()]
    if not frozenset.intersection(*prompts) and any(prompts):
        return ["🎯 No common ranking: no prompt is shared by all."]
    lines = [*_winners(documents), *_drift(documents)]
    if len(set(prompts)) > 1:
        return [*lines, "", "🎯 No common ranking: estimates speak of different prompts."]
    return [*lines, "", *_ranking(documents)]


def _winners(documents: Mapping[str, Document]) -> list[str]:
    """The best of each against the best of every other, on the prompts that both answered."""
    lines = ["🏆 Winners, paired by prompt (seen objectives, 95 % intervals over shared prompts):"]
    best = {letter: d.best_configuration for letter, d in documents.items()}
    for a, b in combinations(documents, 2):
        first, second = best[a], best[b]
        if first is None or second is None:
            continue
        gain, shared = paired(documents[a], first, documents[b], second)
        said = "no prompt answered by both" if gain is None else signed(gain)
        if gain is not None and gain.low is None:
            said = f"{gain.mean:+.3f} points (one shared prompt: no interval)"
        lines.append(f"   {a} - {b}: {said}, {shared} shared prompts")
    return lines


def paired(
    one: Document, first: Result, two: Document, second: Result
) -> tuple[Interval | None, int]:
    """The difference of two seen objectives over shared prompts, first minus second.

    Returns:
        Mean difference with Student's t interval over prompts (no bounds for one prompt; None for
        none), and how many prompts were shared.
    """
    left, right = _by_text(one, first), _by_text(two, second)
    shared = sorted(left.keys() & right.keys())
    gaps = [left[text] - right[text] for text in shared]
    if len(gaps) < 2:
        return (Interval(mean=gaps[0]) if gaps else None), len(gaps)
    from scipy.special import stdtrit

    half = float(stdtrit(len(gaps) - 1, 0.975)) * stdev(gaps) / math.sqrt(len(gaps))
    mean = fmean(gaps)
    return Interval(mean=mean, low=mean - half, high=mean + half), len(gaps)


def _by_text(document: Document, result: Result) -> dict[str, float]:
    """Seen objective of a configuration by prompt text."""
    prompts = document.search_metadata.prompts
    return {
        prompts[seen.prompt]: seen.objective
        for seen in result.by_prompt
        if seen.objective is not None and seen.prompt < len(prompts)
    }


def _drift(documents: Mapping[str, Document]) -> list[str]:
    """The same configuration in two studies of one model: a check on judge and server."""
    lines = []
    for a, b in combinations(documents, 2):
        one, two = documents[a], documents[b]
        if one.search_metadata.model != two.search_metadata.model:
            continue
        found = {r.config: r for r in two.all_results}
        common = [(r, found[r.config]) for r in one.all_results if r.config in found]
        gaps = [paired(one, r, two, s)[0] for r, s in common]
        means = [gap.mean for gap in gaps if gap is not None and gap.mean is not None]
        if means:
            lines.append(
                f"   {a} - {b}, same configurations in both ({len(means)}): {fmean(means):+.3f} "
                "points on average; far from 0 means that judge or server drifted"
            )
    return lines


def _ranking(documents: Mapping[str, Document]) -> list[str]:
    rows = [
        (result.estimate.mean, letter, result)
        for letter, document in documents.items()
        for result in document.all_results
        if result.estimate.mean is not None and result.sample_count
    ]
    rows.sort(key=lambda row: (-row[0], row[1], row[2].config))
    lines = ["🎯 All configurations, best estimate first (95 % intervals):", ""]
    for _, letter, result in rows[:MOST_RANKED]:
        lines.append(f"   {letter}  {interval(result.estimate)}  {result.config}")
    if len(rows) > MOST_RANKED:
        lines.append(f"   and {len(rows) - MOST_RANKED} more")
    return lines
