"""A study's answer becomes the next study: a grid over narrow ranges, written as a study file.

For each sampler that may hold the best, each knob runs over the region that cannot be told from the
best (`ranges` of the results), and always takes the best's own value. Listed values stay; where
they are few, halfway values come between them, and where the region is one value, halfway ones to
its neighbours. Ranges are walked in a few even steps. Lists that would make a sampler's grid larger
than MOST are thinned. What the results do not narrow is said to be so. Everything else (prompts,
judge, baseline, ...) stays as it was, so that both studies compare; size and seed are new. A limit
on money stays: the file is run as it is. Limits on texts and minutes were made for another search,
so they are named in a comment.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import pairwise

from ..errors import UsageError
from ..records import SamplerConfig, Value
from ..reports._document import Document, RangeResult
from ..samplers import (
    Dimension,
    Listed,
    Range,
    SamplerSpace,
    Space,
    parameter,
    parameter_names,
)
from .ranges import space_from_json
from .study import StudySpec

STEPS = {1: 9, 2: 5, 3: 4}  # values of a knob by how many knobs a sampler has; 3 for more
MOST = 64  # settings of one sampler, where lists can be thinned to that
DIGITS = 3  # significant ones of a new value
NEAR = 1e-6  # to which the results' ranges are written
# What a focused study says anew: what is searched, with how many texts, and by which chance.
ANEW = (
    *("space", "prompts", "search_strategy", "n_iterations", "samples_per_config", "seed"),
    *("max_samples", "max_minutes", "baseline", "given"),
)
NAMED = ("max_samples", "max_minutes")  # limits of that search, no longer these
KEPT = tuple(field.name for field in fields(StudySpec) if field.name not in ANEW)
TWINS = 2  # texts on a prompt without which no diversity is seen


def write_refined(document: Document) -> str:
    """Write the study file of a focused search.

    Args:
        document: results of a search of ours, with its settings.

    Raises:
        UsageError: nothing was judged yet, or the file does not hold the study's settings.
    """
    meta, best = document.search_metadata, document.best_configuration
    if best is None:
        raise UsageError("--refine: no text was judged yet, so there is nothing to narrow down to")
    if "space" not in meta.spec:
        raise UsageError(
            "--refine: this results file does not hold the settings of its study; name the study "
            "by --study NAME or --latest"
        )
    ranges = _ranges(document, space_from_json(meta.spec["space"]))
    if not ranges:
        raise UsageError(
            f"--refine: the best is {best.config}, which was not searched, and no sampler that was "
            "comes near it; there is nothing to narrow down to"
        )
    each = int(meta.spec.get("samples_per_config", 3))
    each = each if meta.spec.get("objective", "quality") == "quality" else max(each, TWINS)
    lines = [
        f"# A focused search around what study {_plain(meta.study)} could not tell from its best,",
        f"# {best.config}.",
        f"# {_size(document, ranges)} x {len(meta.prompts)} prompts x {each} texts. Run it by",
        "#   sampler-bench search --config THIS_FILE",
        "search_strategy: grid",
        f"samples_per_config: {each}",
        f"sampler_types: {json.dumps(list(ranges))}",
        "parameter_ranges:",
        *_written(ranges),
        "test_prompts:",
        *(f"  - {_quoted(prompt)}" for prompt in meta.prompts),
        *_kept(document),
        *_named(document),
    ]
    return "\n".join(lines) + "\n"


Knobs = Mapping[str, tuple[Sequence[Value], str]]


def _size(document: Document, ranges: Mapping[str, Knobs]) -> str:
    """How many configurations are tried: those of the grid, and the baseline beside it."""
    space = Space(
        tuple(
            SamplerSpace(sampler, tuple((n, Listed(tuple(v))) for n, (v, _) in knobs.items()))
            for sampler, knobs in ranges.items()
        )
    )
    baseline = _baseline(document)
    beside = baseline is not None and SamplerConfig.parse(baseline) not in space
    return f"{space.size()} configurations{' and the baseline' if beside else ''}"


def _written(ranges: Mapping[str, Knobs]) -> Iterator[str]:
    for sampler, knobs in ranges.items():
        yield f"  {sampler}:"
        for name, (values, remark) in knobs.items():
            told = f"  # {remark}" if remark else ""
            yield f"    {name}: {json.dumps(list(values))}{told}"


def _kept(document: Document) -> Iterator[str]:
    """What stays as it was, where anything was said."""
    spec, baseline = document.search_metadata.spec, _baseline(document)
    for key in KEPT:
        value = spec.get(key)
        if value is not None and value is not False and value not in ("", "auto", []):
            yield f"{key}: {_quoted(value)}"
    if baseline:
        yield f"baseline: {_quoted(baseline)}"


def _named(document: Document) -> Iterator[str]:
    """The limits that are not kept, as comments."""
    for key in NAMED:
        if (value := document.search_metadata.spec.get(key)) is not None:
            yield f"# {key}: {_quoted(value)}  # of the search before; state it where it shall hold"


def _baseline(document: Document) -> str | None:
    verdict = document.verdict
    found = document.search_metadata.spec.get("baseline") or (verdict and verdict.baseline)
    return str(found) if found else None


def _quoted(value: object) -> str:
    """A value in YAML: as JSON, but characters that YAML does not take as they are by number."""
    plain = json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in plain)


def _ranges(document: Document, space: Space) -> dict[str, Knobs]:
    found: dict[str, Knobs] = {}
    for sampler, best in _worth_a_look(document).items():
        part = space.of(sampler)
        if part is None:
            continue
        region = {row.parameter: row for row in document.ranges if row.sampler == sampler}
        steps, own = STEPS.get(len(region), 3), SamplerConfig.parse(best)
        knobs = {
            name: _narrowed(name, dimension, region.get(name), own.get(name), steps)
            for name, dimension in part.dimensions
        }
        found[sampler] = _thinned(knobs, own, steps)
    return found


def _worth_a_look(document: Document) -> dict[str, str]:
    """The recommended sampler, then those whose best is within the margin of it; each with it."""
    best, verdict = document.best_configuration, document.verdict
    assert best is not None
    known = {row.config: row.estimate.mean for row in document.all_results}
    least = (best.estimate.mean or 0.0) - (verdict.margin if verdict else 0.0)
    near = {r.sampler: r.best for r in document.samplers if (known.get(r.best) or 0.0) >= least}
    return {best.sampler_type: best.config} | {**near, best.sampler_type: best.config}


def _narrowed(
    name: str, dimension: Dimension, region: RangeResult | None, own: Value | None, steps: int
) -> tuple[Sequence[Value], str]:
    """A knob's values in the focused study, and what is to be said of them."""
    if region is None:
        return _fixed(dimension), ""
    remark = "not narrowed: the data cannot tell" if region.whole else ""
    if region.low is None or region.high is None:
        good = [tuple(word) if isinstance(word, list) else word for word in region.words]
        return [value for value in _fixed(dimension) if value in good or value == own], remark
    mine = [own] if isinstance(own, int | float) else []
    low, high = min([region.low, *mine]), max([region.high, *mine])
    if not isinstance(dimension, Listed) and dimension.step is None:
        return _nearest_gives_way(_between(name, dimension, low, high, steps), own), remark
    listed = [float(v) for v in dimension.listed() or () if isinstance(v, int | float)]
    kept = sorted({v for v in listed if low - NEAR <= v <= high + NEAR} | set(mine))
    if len(kept) == 1:
        ways = [pair for pair in pairwise(sorted({*listed, *kept})) if kept[0] in pair]
        kept = sorted({*kept, *(_halfway(name, *way) for way in ways)})
    return _finer(name, kept, steps), remark


def _finer(name: str, values: list[float], steps: int) -> list[Value]:
    """Sorted values with halfway ones between them, as long as those are no more than `steps`."""
    while 2 * len(values) - 1 <= steps:
        between = {_halfway(name, *pair) for pair in pairwise(values)}
        if between <= set(values):
            break
        values = sorted({*values, *between})
    return [int(v) if v == int(v) else v for v in values]


def _halfway(name: str, low: float, high: float) -> float:
    """Between two values on the knob's scale; one of them where there is nothing between."""
    log = _scale(name) == "log" and low > 0
    return _tidy(math.sqrt(low * high) if log else (low + high) / 2, low, high, _whole(name))


def _thinned(knobs: Knobs, own: SamplerConfig, steps: int) -> Knobs:
    """The longest lists with fewer values, evenly chosen, where all together are too many."""
    found = dict(knobs)
    while math.prod(len(values) for values, _ in found.values()) > MOST:
        name, (values, remark) = max(found.items(), key=lambda knob: len(knob[1][0]))
        if len(values) <= steps:
            break
        few = [values[round(k * (len(values) - 1) / (steps - 1))] for k in range(steps)]
        said = "; ".join(filter(None, [remark, "some of the listed left out"]))
        found[name] = _nearest_gives_way(few, own.get(name)), said
    return found


def _nearest_gives_way(values: list[Value], own: Value | None) -> list[Value]:
    """The values with `own` among them, in place of the nearest."""
    if own is None or own in values:
        return values
    nearest = min(values, key=lambda value: _apart(value, own))
    return [own if value == nearest else value for value in values]


def _apart(a: Value, b: Value) -> float:
    return abs(a - b) if isinstance(a, int | float) and isinstance(b, int | float) else 0.0


def _fixed(dimension: Dimension) -> Sequence[Value]:
    """The values of a knob that is no number, or takes only one."""
    values = dimension.listed()
    assert values is not None, "what moves has a region"
    return values


def _between(name: str, dimension: Dimension, low: float, high: float, steps: int) -> list[Value]:
    """So many values from low to high, evenly on the range's scale, each once."""
    log = isinstance(dimension, Range) and dimension.scale == "log" and low > 0
    found: dict[Value, None] = {}
    for k in range(steps):
        part = k / (steps - 1)
        value = low * (high / low) ** part if log else low + (high - low) * part
        found[_tidy(value, low, high, _whole(name))] = None
    return list(found)


def _scale(name: str) -> str:
    return parameter(name).scale if name in parameter_names() else "linear"


def _whole(name: str) -> bool:
    return name in parameter_names() and parameter(name).kind == "int"


def _tidy(value: float, low: float, high: float, whole: bool) -> float:
    """A value in few digits, not beyond the ends."""
    if whole:
        return round(value)
    rounded = min(max(float(f"{value:.{DIGITS}g}"), low), high)
    return int(rounded) if rounded == int(rounded) else rounded


def _plain(text: str) -> str:
    return "".join(c for c in text if c.isprintable()) or "unnamed"
