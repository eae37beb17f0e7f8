"""`sampler-bench inspect --html`: the same numbers as one page, without scripts and network.

Two pictures: how probable the model's first, second, ... token is after each configuration, with
what is cut; and how many equal choices are left at each place, from the model's surest to its most
open one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape

from ..samplers.inspection import Inspection
from ._inspection import MEANING, ROWS, SEEN, THIRDS, left_out, number, share
from ._words import letters, shown

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#56b4e9", "#8b5cf6", "#6b8e23")
MODEL = "var(--model)"
WIDTH, HEIGHT = 920, 300
LEFT, BOTTOM = 52, 44
STYLE = """
:root { color-scheme: light dark; --ink: #1d232b; --paper: #fff; --line: #d5dae0; --model: #8a939e }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ec; --paper: #14181d; --line: #39424c; --model: #8a939e } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 960px; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin: 2rem 0 .4rem }
p.small { font-size: .9rem; opacity: .8; margin: .2rem 0 }
svg { width: 100%; min-width: 36rem; height: auto }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .8rem; border-bottom: 1px solid var(--line); text-align: right }
th:first-child { text-align: left; font-weight: normal }
code { overflow-wrap: anywhere }
.key { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .45em }
ul.legend { list-style: none; padding: 0 }
"""


def page(found: Inspection, source: str, order: str, chain: str) -> str:
    """Write the page; arguments as for the text."""
    names = ["the model", *letters(len(found.configs) - 1)]
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">",
        f"<title>Configurations side by side</title><style>{STYLE}</style></head><body>",
        "<h1>What these configurations do to the next token</h1>",
        f"<p>Next-token distributions: {_text(source)}. Temperature acts {_text(order)}, unless a "
        f"configuration says so. Order of samplers: {_text(chain)}.</p>",
        _legend(found, names),
        "<h2>What is left and what is cut, by the model’s own rank of a token</h2>",
        '<p class="small">Height is the square root of the probability, as a mean over places; '
        "hollow is what the model itself gives to tokens that are cut.</p>",
        _bars(found, names),
        "<h2>How flat it becomes: equal choices at each place</h2>",
        '<p class="small">e to the power of the entropy, from the model’s surest place to its '
        "most open one; the grey line is the model as it is.</p>",
        _lines(found, names),
        "<h2>Numbers</h2>",
        _numbers(found, names),
        *_alike(found, names),
        *_left_out(found, names),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _text(words: str) -> str:
    return escape(shown(words))


def _colour(i: int) -> str:
    return MODEL if i == 0 else COLOURS[(i - 1) % len(COLOURS)]


def _legend(found: Inspection, names: Sequence[str]) -> str:
    rows = []
    for i, (name, config) in enumerate(zip(names, found.configs, strict=True)):
        said = "as it is (temperature 1)" if i == 0 else f"<code>{_text(config.text)}</code>"
        key = f'<span class="key" style="background:{_colour(i)}"></span>'
        rows.append(f"<li>{key}<b>{name}</b> {said}</li>")
    return f'<ul class="legend">{"".join(rows)}</ul>'


def _bars(found: Inspection, names: Sequence[str]) -> str:
    n, groups = len(names), len(found.ranks)
    room = (WIDTH - LEFT) / groups
    wide = min(0.82 * room / n, 34)
    drawn = list(_scale([(0.01, "1 %"), (0.1, "10 %"), (0.25, "25 %"), (0.5, "50 %"), (1, "100 %")],
                        lambda value: math.sqrt(value)))  # fmt: skip
    for g, rank in enumerate(found.ranks):
        start = LEFT + room * (g + 0.5) - wide * n / 2
        for i, name in enumerate(names):
            left, cut = float(found.written[i, g]), float(found.cut[i, g])
            said = f"{name}, rank {rank}: {share(left)} left, {share(cut)} cut"
            x = start + wide * i
            solid, whole = math.sqrt(min(left, 1)), math.sqrt(min(left + cut, 1))
            style = f'fill="{_colour(i)}"'
            hollow = f'fill="none" stroke="{_colour(i)}" stroke-dasharray="2 2"'
            drawn.append(f"<g><title>{escape(said)}</title>{_box(x, wide, 0, solid, style)}")
            drawn.append(f"{_box(x, wide, solid, whole, hollow) if cut > SEEN else ''}</g>")
        middle = LEFT + room * (g + 0.5)
        drawn.append(_label(middle, HEIGHT - BOTTOM + 18, rank))
    drawn.append(
        _label((WIDTH + LEFT) / 2, HEIGHT - 6, "rank of the token in the model’s own order")
    )
    return _picture(drawn, "probability by rank")


def _lines(found: Inspection, names: Sequence[str]) -> str:
    top = math.log(max(2.0, float(found.choices.max())) * 1.1)
    ticks = [
        (v, f"{v:g}") for v in (1, 2, 5, 10, 20, 50, 100, 500, 2000, 10000) if math.log(v) < top
    ]
    drawn = list(_scale(ticks, lambda value: math.log(value) / top))
    places = found.choices.shape[1]
    for i, name in enumerate(names):
        points = " ".join(
            f"{LEFT + (WIDTH - LEFT) * (k + 0.5) / places:.1f},{_y(math.log(max(v, 1)) / top):.1f}"
            for k, v in enumerate(found.choices[i].tolist())
        )
        dash = ' stroke-dasharray="5 4"' if i == 0 else ""
        drawn.append(
            f'<polyline points="{points}" fill="none" stroke="{_colour(i)}" stroke-width="2"{dash}>'
            f"<title>{name}</title></polyline>"
        )
    drawn.append(_label((WIDTH + LEFT) / 2, HEIGHT - 6, "places, from the surest to the most open"))
    return _picture(drawn, "equal choices by place")


def _picture(drawn: Iterable[str], label: str) -> str:
    return (
        f'<div class="wide"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">'
        + "".join(drawn)
        + "</svg></div>"
    )


def _y(height: float) -> float:
    return (HEIGHT - BOTTOM) - height * (HEIGHT - BOTTOM - 12)


def _box(x: float, wide: float, low: float, high: float, style: str) -> str:
    y, tall = _y(high), _y(low) - _y(high)
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide * 0.9:.1f}" height="{tall:.1f}" {style}/>'


def _label(x: float, y: float, words: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _scale(ticks: Iterable[tuple[float, str]], height: Callable[[float], float]) -> Iterable[str]:
    for value, words in ticks:
        y = _y(height(value))
        yield f'<line x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="var(--line)"/>'
        yield _label(LEFT - 8, y + 4, words, "end")


def _numbers(found: Inspection, names: Sequence[str]) -> str:
    rows = [(name, [say(effect) for effect in found.effects]) for name, say in ROWS]
    if any(effect.beyond > SEEN for effect in found.effects):
        rows.append(("of it estimated", [share(effect.beyond) for effect in found.effects]))
    thirds = found.thirds()
    rows += [
        (f"equal choices, {name} third of places", [number(v) for v in thirds[:, k].tolist()])
        for k, name in enumerate(THIRDS)
    ]
    return _table(["mean over places", *names], rows)


def _table(heads: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    head = "".join(f"<th>{escape(word)}</th>" for word in heads)
    body = "".join(
        f"<tr><th>{escape(name)}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for name, cells in rows
    )
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _alike(found: Inspection, names: Sequence[str]) -> list[str]:
    rows = [
        (name, ["" if i == j else share(v) for j, v in enumerate(found.apart[i].tolist())])
        for i, name in enumerate(names)
    ]
    groups = [", ".join(names[i] for i in group) for group in found.same()]
    said = [f"<p>Practically the same ({MEANING}): <b>{group}</b>.</p>" for group in groups]
    nobody = f"<p>No two of them are practically the same ({MEANING}).</p>"
    return [
        "<h2>How far apart</h2>",
        '<p class="small">Mean total variation: the share of tokens in which two texts must '
        "differ, drawn as alike as they can be.</p>",
        _table(["", *names], rows),
        *(said or ([nobody] if len(names) > 2 else [])),
    ]


def _left_out(found: Inspection, names: Sequence[str]) -> list[str]:
    return [
        f"<p>{escape(line)}.</p>"
        for name, effect in zip(names, found.effects, strict=True)
        for line in left_out(name, effect)
    ]
