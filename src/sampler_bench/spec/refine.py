"""A study's answer becomes the next study: a grid over narrow ranges, written as a study file.

For each sampler that may hold the best, each knob runs over the region that cannot be told from the
best (`ranges` of the results), finer than before; where that region is one listed value, over the
ways to its neighbours. What the results do not narrow is said to be so. Everything else (prompts,
judge, baseline, ...) stays as it was, so that both studies compare; budgets and the seed are new.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields

from ..errors import UsageError
from ..records import Value
from ..reports._document import Document, RangeResult
from ..samplers import Dimension, Range, Space, parameter, parameter_names
from .ranges import space_from_json
from .study import StudySpec

STEPS = {1: 9, 2: 5, 3: 4}  # values of a knob by how many knobs a sampler has; 3 for more
DIGITS = 3  # significant ones of a value
# What a focused study says anew: what is searched, with how many texts, and by which chance.
ANEW = (
    *("space", "prompts", "search_strategy", "n_iterations", "samples_per_config", "seed"),
    *("max_samples", "max_cost", "max_minutes", "baseline", "given"),
)
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
    texts = sum(math.prod(len(values) for values, _ in knobs.values()) for knobs in ranges.values())
    each = int(meta.spec.get("samples_per_config", 3))
    each = each if meta.spec.get("objective", "quality") == "quality" else max(each, TWINS)
    lines = [
        f"# A focused search around what study {_plain(meta.study)} could not tell from its best,",
        f"# {best.config}.",
        f"# {texts} configurations x {len(meta.prompts)} prompts x {each} texts. Run it by",
        "#   sampler-bench search --config THIS_FILE",
        "search_strategy: grid",
        f"samples_per_config: {each}",
        f"sampler_types: {json.dumps(list(ranges))}",
        "parameter_ranges:",
        *_written(ranges),
        "test_prompts:",
        *(f"  - {_quoted(prompt)}" for prompt in meta.prompts),
        *_kept(document),
    ]
    return "\n".join(lines) + "\n"


Knobs = Mapping[str, tuple[Sequence[Value], str]]


def _written(ranges: Mapping[str, Knobs]) -> Iterator[str]:
    for sampler, knobs in ranges.items():
        yield f"  {sampler}:"
        for name, (values, remark) in knobs.items():
            told = f"  # {remark}" if remark else ""
            yield f"    {name}: {json.dumps(list(values))}{told}"


def _kept(document: Document) -> Iterator[str]:
    """What stays as it was, where anything was said."""
    spec, verdict = document.search_metadata.spec, document.verdict
    for key in KEPT:
        value = spec.get(key)
        if value is not None and value is not False and value not in ("", "auto", []):
            yield f"{key}: {_quoted(value)}"
    baseline = spec.get("baseline") or (verdict.baseline if verdict is not None else None)
    if baseline:
        yield f"baseline: {_quoted(baseline)}"


def _quoted(value: object) -> str:
    """A value in YAML: as JSON, but characters that YAML does not take as they are by number."""
    plain = json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in plain)


def _ranges(document: Document, space: Space) -> dict[str, Knobs]:
    found: dict[str, Knobs] = {}
    for sampler in _worth_a_look(document):
        part = space.of(sampler)
        if part is None:
            continue
        region = {row.parameter: row for row in document.ranges if row.sampler == sampler}
        steps = STEPS.get(len(region), 3)
        found[sampler] = {
            name: _narrowed(name, dimension, region.get(name), steps)
            for name, dimension in part.dimensions
        }
    return found


def _worth_a_look(document: Document) -> list[str]:
    """The recommended sampler, then those whose best estimate is within the margin of its."""
    best, verdict = document.best_configuration, document.verdict
    assert best is not None
    known = {row.config: row.estimate.mean for row in document.all_results}
    least = (best.estimate.mean or 0.0) - (verdict.margin if verdict else 0.0)
    near = [row.sampler for row in document.samplers if (known.get(row.best) or 0.0) >= least]
    return list(dict.fromkeys([best.sampler_type, *near]))


def _narrowed(
    name: str, dimension: Dimension, region: RangeResult | None, steps: int
) -> tuple[Sequence[Value], str]:
    """A knob's values in the focused study, and what is to be said of them."""
    if region is None:
        return _fixed(dimension), ""
    remark = "not narrowed: the data cannot tell" if region.whole else ""
    if region.low is None or region.high is None:
        return list(region.words), remark
    low, high = region.low, region.high
    if low == high:
        low, high = _ways_to_neighbours(dimension, low)
    return _between(name, dimension, low, high, steps), remark


def _fixed(dimension: Dimension) -> Sequence[Value]:
    """A knob that takes one value."""
    values = dimension.listed()
    assert values is not None, "what moves has a region"
    return values


def _ways_to_neighbours(dimension: Dimension, value: float) -> tuple[float, float]:
    """Half the ways from a listed value to those beside it."""
    numbers = sorted(float(v) for v in dimension.listed() or () if isinstance(v, int | float))
    below = [n for n in numbers if n < value] or [value]
    above = [n for n in numbers if n > value] or [value]
    return (below[-1] + value) / 2, (value + above[0]) / 2


def _between(name: str, dimension: Dimension, low: float, high: float, steps: int) -> list[Value]:
    """So many values from low to high, evenly on the knob's scale, each once."""
    knob = parameter(name) if name in parameter_names() else None
    scale = dimension.scale if isinstance(dimension, Range) else getattr(knob, "scale", "linear")
    whole = knob is not None and knob.kind == "int"
    found: dict[Value, None] = {}
    for k in range(steps):
        part = k / (steps - 1)
        value = low + (high - low) * part
        if scale == "log" and low > 0:
            value = low * (high / low) ** part
        found[_tidy(min(max(value, low), high), whole)] = None
    return list(found)


def _tidy(value: float, whole: bool) -> Value:
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if whole or rounded == int(rounded) else rounded


def _plain(text: str) -> str:
    return "".join(c for c in text if c.isprintable()) or "unnamed"
