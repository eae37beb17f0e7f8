"""What a pilot says, as text: the noise, and what budgets will show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..analysis.prospect import FEWEST_TEXTS, Row
from ..analysis.variance import Parts
from ..records import Estimate
from ._words import amount, plain_text, shown


@dataclass(frozen=True, slots=True)
class Pilot:
    """What a pilot has come to.

    Attributes:
        study: its name, with which a search goes on.
        texts, failed: of the pilot.
        baseline_prompts: on how many of the `prompts` of the study the baseline was written.
        minutes, dollars: of one text.
        noise, rows: its scatter, and what budgets will show; that of the study itself has factor 1.
            NaN where too few texts were judged to tell.
        margin: differences up to this count as none.
        for_margin: texts that show a gain of the margin with 80 % power; None where that is 0, or
            too few were judged.
    """

    study: str
    texts: int
    failed: int
    baseline_prompts: int
    prompts: int
    minutes: float
    dollars: float
    noise: Parts
    rows: Sequence[Row]
    margin: float
    for_margin: int | None


def report(pilot: Pilot, go_on: str, *, plain: bool = False) -> str:
    """Write what a pilot says.

    Args:
        pilot: what it has come to.
        go_on: the command that goes on with the study.
        plain: True for consoles that cannot show emoji: ASCII only.
    """
    lines = [
        "🔍 WHAT THIS BUDGET CAN SHOW",
        "=" * 50,
        "",
        f"   Pilot: {pilot.texts} texts, {pilot.failed} failed by rule; study {shown(pilot.study)}",
        *_on_some_prompts(pilot),
        "   Noise, standard deviations in points [95 % interval]:",
        *(f"     {name}: {_sd(part)}" for name, part in _named(pilot.noise)),
        "",
        "        texts    minutes       cost   gain over the baseline that is seen (80 % power)",
        *(f"   {_row(row, pilot)}" for row in pilot.rows),
        "",
        *(f"   {line}" for line in _said(pilot)),
        "",
        f"   Go on: {go_on}",
    ]
    text = "\n".join(lines) + "\n"
    return plain_text(text) if plain else text


def _on_some_prompts(pilot: Pilot) -> list[str]:
    some, all_ = pilot.baseline_prompts, pilot.prompts
    if not 0 < some < all_ or not _known(pilot.noise.text):
        return []
    return [f"   The baseline was written on {some} of the {all_} prompts, several times on each."]


def _named(noise: Parts) -> tuple[tuple[str, Estimate], ...]:
    return (
        ("single texts, what the judge adds included", noise.text),
        ("the judge, asked twice about one text", noise.judge),
        ("prompts", noise.prompt),
        ("settings that suit some prompts better", noise.interaction),
    )


def _sd(part: Estimate) -> str:
    if not _known(part):
        return "not known"
    return f"{part.mean:.2f} [{part.low:.2f} to {part.high:.2f}]"


def _known(part: Estimate) -> bool:
    return not math.isnan(part.mean)


def _row(row: Row, pilot: Pilot) -> str:
    minutes, dollars = row.texts * pilot.minutes, row.texts * pilot.dollars
    mark = "  (this study)" if row.factor == 1 else ""
    return f"{row.texts:10d} {minutes:10.1f} {f'${dollars:.2f}':>10}   {_sd(row.gap)}{mark}"


def _said(pilot: Pilot) -> list[str]:
    own = next(row for row in pilot.rows if row.factor == 1)
    if not _known(own.gap):
        judged = pilot.texts - pilot.failed
        return [
            f"Judged texts: {judged}. So few hardly tell how noisy scores are, and foretell no",
            f"gain: that takes {FEWEST_TEXTS} of them or more. --texts says how many are written.",
        ]
    half = 4 * own.texts
    return [
        f"This budget ({_taken(own.texts, pilot)}) will show a gain of {_sd(own.gap)} points",
        f"or more with 80 % power; half of it takes four times as much: {_taken(half, pilot)}.",
        *_for_margin(pilot, own.gap),
    ]


def _for_margin(pilot: Pilot, gap: Estimate) -> list[str]:
    if pilot.for_margin is None:
        return ["With a margin of 0 no number of texts shows that there is no gain at all."]
    texts = pilot.for_margin
    low, high = (texts * (end / gap.mean) ** 2 for end in (gap.low, gap.high))
    taken = _taken(texts, pilot, f" [{low:,.0f} to {high:,.0f}]")
    return [
        f"To show a gain of {pilot.margin:g} points (the margin): {taken}.",
        "To show that nothing is so much better ('as good') takes more: it is said of the whole",
        "space, not of the winner alone.",
    ]


def _taken(texts: int, pilot: Pilot, spread: str = "") -> str:
    """`240 texts, 35 minutes, $0.40`."""
    return amount(f"{texts:,} texts{spread}", texts * pilot.minutes, texts * pilot.dollars)
