"""A comparison of several studies as text."""

from __future__ import annotations

from collections.abc import Mapping

from ._comparison import ComparedStudy, Comparison, Drift, Pair, comparison
from ._document import Document, Interval
from ._words import interval, plain_text, shown, signed
from .terminal import RULE

MOST_RANKED = 15


def compare(documents: Mapping[str, Document], *, plain: bool = False) -> str:
    """Write the comparison of several results, by the names of their files."""
    text = told(comparison(documents))
    return plain_text(text) if plain else text


def told(found: Comparison) -> str:
    """Write a comparison."""
    lines = ["🔍 COMPARISON OF SEARCHES", RULE]
    for study in found.studies:
        lines += ["", *_one(study)]
    if len(found.studies) > 1:
        lines += ["", *_differences(found), "", *_together(found)]
    return "\n".join(lines).rstrip() + "\n"


def _one(study: ComparedStudy) -> list[str]:
    lines = [
        f"📊 {study.letter}: {shown(study.name)}",
        f"   {study.strategy or 'strategy not stated'}, {study.configurations} configurations, "
        f"{study.texts} texts, model {shown(study.model) or 'not stated'}",
    ]
    if study.best is None:
        return [*lines, "   Nothing was judged yet."]
    return [*lines, f"   Best: {interval(study.estimate)}  {study.best}", f"   {study.sentence}"]


def _differences(found: Comparison) -> list[str]:
    lines = []
    for difference in found.differences:
        values = (f"{letter} {shown(value)}" for letter, value in difference.values.items())
        lines.append(f"   {difference.what}: {', '.join(values)}")
    if found.shared_prompts != found.prompts:
        lines.append(f"   prompts: {found.shared_prompts} shared by all, of {found.prompts}")
    return ["⚖️ What differs:", *lines] if lines else ["⚖️ Same model, judge and prompts."]


def _together(found: Comparison) -> list[str]:
    lines = []
    if found.winners:
        lines += [
            "🏆 Winners against each other (as the models estimate them; in brackets 95 %):",
            *map(_pair, found.winners),
        ]
    lines += (f"   {drift_words(row)}" for row in found.drift)
    if found.no_ranking:
        return [*lines, *([""] if lines else []), f"🎯 No common ranking: {found.no_ranking}."]
    return [*lines, "", *_ranking(found)]


def _pair(pair: Pair) -> str:
    seen = "no prompt answered by both"
    if pair.seen.mean is not None:
        prompts = "1 shared prompt" if pair.shared == 1 else f"{pair.shared} shared prompts"
        seen = f"seen {_points(pair.seen)} on {prompts}"
    estimated = f"{_points(pair.estimated)}; " if pair.estimated.mean is not None else ""
    return f"   {pair.first} - {pair.second}: {estimated}{seen}"


def _points(gain: Interval) -> str:
    return signed(gain) if gain.low is not None else f"{gain.mean or 0.0:+.3f} points (no interval)"


def drift_words(drift: Drift) -> str:
    """What settings that two studies share say of judge and server."""
    gap, verdict = drift.gap, "which may be chance: no drift of judge or server is shown"
    apart = gap.low is not None and gap.high is not None and (gap.low > 0 or gap.high < 0)
    if apart and drift.configurations > 1:  # one alone may have been lucky
        verdict = "so judge or server drifted, or it is the one pair in twenty that chance parts"
    return (
        f"{drift.first} - {drift.second}, same configurations in both "
        f"({drift.configurations}): {_points(gap)} on average, {verdict}"
    )


def _ranking(found: Comparison) -> list[str]:
    lines = ["🎯 All configurations, best estimate first (95 % intervals):", ""]
    for row in found.ranking[:MOST_RANKED]:
        failed = f"  {row.failure_rate:.0%} failed" if row.failure_rate else ""
        lines.append(f"   {row.letter}  {interval(row.estimate)}  {row.config}{failed}")
    if len(found.ranking) > MOST_RANKED:
        lines.append(f"   and {len(found.ranking) - MOST_RANKED} more")
    return lines
