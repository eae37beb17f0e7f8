"""`sampler-bench inspect` as text: bars of what is left and what is cut, numbers, who is alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ..samplers import parameter
from ..samplers.effect import Effect
from ..samplers.inspection import SAME, Inspection
from ._words import letters, plain_text, shown

BAR = 13  # columns
CELL = BAR + 9
LEFT = 26  # columns of names
SEEN = 0.0005  # a smaller share is not drawn, nor told of
ABREAST = 3  # configurations beside the model
EIGHTHS = " ▏▎▍▌▋▊▉"
MEANING = f"at most {100 * SAME:g} % apart, and alike in tokens under 1 % by the model"


def report(found: Inspection, source: str, order: str, chain: str, *, plain: bool = False) -> str:
    """Write the inspection.

    Args:
        found: what was computed.
        source: where the distributions are from, in words.
        order: where temperature acts, in words: `first`, `last`, and whether that is assumed.
        chain: in which order samplers act there, in words.
        plain: True for consoles that cannot show more than ASCII.
    """
    names = letters(len(found.configs) - 1)
    lines = [f"Next-token distributions: {shown(source)}.",
             f"Temperature acts {shown(order)}, unless a configuration says so.",
             f"Order of samplers: {shown(chain)}.", ""]  # fmt: skip
    lines += [f"   {n}  {shown(c.text)}" for n, c in zip(names, found.configs[1:], strict=True)]
    for start in range(1, len(found.configs), ABREAST):
        some = [0, *range(start, min(start + ABREAST, len(found.configs)))]
        heads = ["the model", *(names[i - 1] for i in some[1:])]
        lines += ["", *_picture(found, some, heads), "", *_numbers(found, some, heads)]
    lines += ["", *_alike(found, names), *_left_out(found, names)]
    text = "\n".join(line.rstrip() for line in lines) + "\n"
    return plain_text(text.translate(ASCII)) if plain else text


ASCII = {ord(sign): "#" for sign in "█▉▊▋▌▍"} | {ord("▎"): ".", ord("▏"): ".", ord("░"): "-"}


def _picture(found: Inspection, some: Sequence[int], heads: Sequence[str]) -> list[str]:
    lines = [
        "Probability by the model's own rank of a token (█ left, ░ cut; the square root is drawn)",
        f"{'rank':<14}" + "".join(f"{head:<{CELL}}" for head in heads),
    ]
    for g, rank in enumerate(found.ranks):
        cells = (_cell(float(found.written[i, g]), float(found.cut[i, g])) for i in some)
        lines.append(f"{rank:<14}" + "".join(cells))
    return lines


def _cell(left: float, cut: float) -> str:
    """A bar with its number; what is cut is drawn behind it."""
    whole = bar(left)
    behind = round(BAR * math.sqrt(min(left + cut, 1.0))) - len(whole)
    drawn = (whole + "░" * max(behind, int(cut > SEEN)))[:BAR]
    return f"{drawn:<{BAR}} {share(left):<{CELL - BAR - 1}}"


def bar(value: float) -> str:
    """The square root of a share of one as a bar, in eighths of a column."""
    steps = round(8 * BAR * math.sqrt(min(max(value, 0.0), 1.0)))
    return "█" * (steps // 8) + EIGHTHS[steps % 8].strip()


def share(value: float) -> str:
    """A share in per cent, with as many digits as it needs."""
    if 0.9 <= value < 0.9995:
        return f"{100 * value:.1f} %"
    if value >= 0.1:
        return f"{value:.0%}".replace("%", " %")
    if value >= 0.0001:
        return f"{100 * value:.2g} %"
    return "0 %" if value <= 1e-9 else "<0.01 %"


def number(value: float) -> str:
    """A number of tokens or choices."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


ROWS: tuple[tuple[str, Callable[[Effect], str]], ...] = (
    ("entropy, nats", lambda effect: f"{effect.entropy:.2f}"),
    ("model's mass kept", lambda effect: share(effect.kept)),
    ("candidates", lambda effect: number(effect.candidates)),
    ("not of the first five", lambda effect: share(effect.away)),
    ("outside the model's 90 %", lambda effect: share(effect.tail)),
    ("under 1 % by the model", lambda effect: share(effect.unlikely)),
)
THIRDS = ("surest", "middle", "most open")


def _numbers(found: Inspection, some: Sequence[int], heads: Sequence[str]) -> list[str]:
    rows = [("Mean over places", list(heads))]
    rows += [(name, [say(found.effects[i]) for i in some]) for name, say in ROWS]
    if any(effect.beyond > SEEN for effect in found.effects):
        rows.append(("of it estimated", [share(found.effects[i].beyond) for i in some]))
    thirds = found.thirds()
    rows += [
        (f"equal choices, {name}", [number(float(thirds[i, k])) for i in some])
        for k, name in enumerate(THIRDS)
    ]
    return [f"{name:<{LEFT}}" + "".join(f"{v:<14}" for v in values) for name, values in rows]


def _alike(found: Inspection, names: Sequence[str]) -> list[str]:
    if len(names) < 2:
        return [f"It changes {share(float(found.apart[0, 1]))} of the model's tokens, at least."]
    lines = ["How far apart (mean total variation: the share of tokens in which texts must differ)"]
    lines.append(" " * LEFT + "".join(f"{name:<9}" for name in names))
    for i, name in enumerate(["the model", *names]):
        cells = (share(float(found.apart[i, j])) if i < j else "" for j in range(1, len(names) + 1))
        if i < len(names):
            lines.append(f"{name:<{LEFT}}" + "".join(f"{cell:<9}" for cell in cells))
    return [*lines, "", *_groups(found, names)]


def _groups(found: Inspection, names: Sequence[str]) -> list[str]:
    groups = [", ".join(names[i - 1] for i in group) for group in found.same()]
    if not groups:
        return [f"No two of them are practically the same ({MEANING})."]
    return [f"Practically the same ({MEANING}): {group}." for group in groups]


def _left_out(found: Inspection, names: Sequence[str]) -> list[str]:
    return [
        line
        for name, effect in zip(names, found.effects[1:], strict=True)
        for line in left_out(name, effect)
    ]


def left_out(name: str, effect: Effect) -> list[str]:
    """What is not computed of a configuration, or not exactly, a line each."""
    memory = [knob for knob in effect.not_computed if parameter(knob).memory]
    others = [knob for knob in effect.not_computed if not parameter(knob).memory]
    lines = (
        ("Not computed", "it depends on the text so far", memory),
        ("Not computed", "it is not spoken there", others),
        ("Not computed exactly", "what they do together there", effect.not_exact),
    )
    return [f"{what} for {name} ({why}): {', '.join(knobs)}" for what, why, knobs in lines if knobs]
