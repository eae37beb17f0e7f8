"""What looks behind the verdict, in words: knobs, curves, scatter, and how the answer settled."""

from __future__ import annotations

from ._document import Document
from ._words import interval, setting, signed

TRIES = 8  # random settings of a sampler, to say what tuning it buys


def best_of(document: Document, sampler: str) -> list[str]:
    """What some tries at random are worth: what tuning a sampler buys."""
    curve = next((c for c in document.best_of_n if c.sampler == sampler), None)
    if curve is None or len(curve.sizes) < 2:
        return []
    at = min(range(len(curve.sizes)), key=lambda i: abs(curve.sizes[i] - TRIES))
    return [
        f"     One setting at random is worth {interval(curve.best[0])}; the best of "
        f"{curve.sizes[at]}, could one tell it, {interval(curve.best[at])}"
    ]


def scatter(document: Document) -> list[str]:
    """Where the scatter comes from, one line."""
    found = document.variance
    if found is None or found.text.mean is None:
        return []
    named = (
        ("settings", found.settings),
        ("prompts", found.prompt),
        ("settings that suit a prompt", found.interaction),
        ("single texts of the best", found.text),
        ("of which the judge", found.judge),
    )
    said = ", ".join(f"{name} {part.mean:.2f}" for name, part in named if part.mean is not None)
    return ["", "   Scatter of scores, standard deviations in points:", f"     {said}."]


def with_score(document: Document, config: str) -> str:
    """A configuration with its estimate."""
    found = next((row.estimate for row in document.all_results if row.config == config), None)
    return f"{config} {interval(found)}"


def knobs(document: Document) -> list[str]:
    """What each knob contributes: better than the same without it by so much."""
    lines = []
    for row in document.ablation:
        own = "" if row.texts else "; by the model, not tried"
        points = signed(row.gain)
        change = f"{setting(row.value)} instead of {setting(row.neutral)}"
        lines.append(f"       {row.parameter} {change}: {points}{own}")
    return ["     What each knob contributes, the others as they are:", *lines] if lines else []


def settled(document: Document) -> list[str]:
    """Since when the same setting has been recommended."""
    moments = document.settled
    if len(moments) < 2:
        return []
    last = moments[-1]
    since = last
    for moment in reversed(moments):
        if moment.config != last.config:
            break
        since = moment
    if since is last:
        return [
            "     The recommended setting still changed at the end: another one after "
            f"{moments[-2].texts} texts."
        ]
    return [f"     The same setting is recommended since text {since.texts} of {last.texts}."]
