"""What to do next, in plain sentences: each follows from a number of the document."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

from ..analysis.notes import MOST_TEXTS
from ..records import THOUGHTS
from ..samplers import parameter, parameter_names
from ._document import Document, ImportanceResult, RangeResult
from ._words import amount, command_line, command_words, reasons, setting, shown

MANY_CUT_OFF = 0.2  # of the texts
MANY_MISSING = 0.1
MANY_FAILED = 0.3
LITTLE = 0.02  # a share of the variance that is surely below this does not matter
FEW_PROMPTS = 3
OPTION = "--output-dir"
AGAIN = "again.yaml"  # a study file with the model, prompts, judge and baseline of this one
FOCUSED = "focused.yaml"
NEAR = 0.011  # points; the least gap that is told


def advice(document: Document) -> list[str]:
    """Say what a next search should do otherwise; empty where nothing was tried."""
    if not document.all_results:
        return []
    return [line for rule in RULES for line in rule(document)]


def _cut_off(document: Document) -> Iterator[str]:
    meta = document.search_metadata
    written = meta.written or max(meta.texts, meta.cut_off)  # earlier files count no written ones
    if written and (share := meta.cut_off / written) > MANY_CUT_OFF:
        yield (
            f"Raise max_tokens, or the server's own limit: {share:.0%} of the texts were cut off."
        )


def _missing(document: Document) -> Iterator[str]:
    meta = document.search_metadata
    faults = {why: n for why, n in meta.missing_reasons.items() if why != THOUGHTS}  # told apart
    missing, asked = meta.missing - meta.missing_reasons.get(THOUGHTS, 0), meta.texts + meta.missing
    if asked and missing / asked > MANY_MISSING:
        why = f" ({reasons(faults)})" if faults else ""
        yield (
            f"Check the server and the judge: {missing} of {asked} texts have no outcome{why}"
            "; --resume tries them again."
        )


def _failed(document: Document) -> Iterator[str]:
    meta = document.search_metadata
    if meta.texts and meta.failed == meta.texts:
        yield (
            "Every text failed by rule, so the settings are hardly to blame: read some of them on "
            "the page, and look at the model, its chat template, max_tokens and the task's rules."
        )
    elif meta.texts and meta.failed / meta.texts > MANY_FAILED:
        hot = _hottest_sound(document)
        lower = f" above temperature {hot:g}" if hot is not None else ""
        yield (
            f"{meta.failed / meta.texts:.0%} of the texts failed by rule: leave out the settings"
            f"{lower} that break texts."
        )


def _hottest_sound(document: Document) -> float | None:
    """The highest temperature with few failures, where everything hotter has many."""
    found: dict[float, list[int]] = {}
    for result in document.all_results:
        heat = result.parameters.get("temperature")
        if isinstance(heat, int | float) and result.failure_rate is not None:
            counts = found.setdefault(float(heat), [0, 0])
            counts[0] += round(result.failure_rate * result.sample_count)
            counts[1] += result.sample_count
    sound = [heat for heat, (bad, all_) in found.items() if all_ and bad / all_ <= MANY_FAILED]
    return max(sound) if sound and max(sound) < max(found) else None


def _ends(document: Document) -> Iterator[str]:
    best = document.best_configuration
    for row in document.ranges:
        if best is None or row.sampler != best.sampler_type or row.end is None:
            continue
        edge, word = (row.low, "lower") if row.end == "low" else (row.high, "higher")
        if edge is not None:
            yield (
                f"Widen {row.parameter} of {row.sampler}: the good region reaches the end of what "
                f"was allowed ({edge:g}); {word} values may be better still."
            )


def _narrow(document: Document) -> Iterator[str]:
    best = document.best_configuration
    mine = [row for row in document.ranges if best and row.sampler == best.sampler_type]
    inner = [row for row in mine if not row.whole and row.low is not None and row.high is not None]
    if inner:
        said = ", ".join(f"{row.parameter} {_span(row)}" for row in inner)
        yield (
            f"For a finer search of {mine[0].sampler} ({said}), write its study file: "
            f"{_refine(document, FOCUSED)}"
        )


def _span(row: RangeResult) -> str:
    return f"{row.low:g}" if row.low == row.high else f"{row.low:g} to {row.high:g}"


def _idle(document: Document) -> Iterator[str]:
    for row in document.importance:
        high = row.share.high
        region = next((r for r in document.ranges if _named(r) == _named(row)), None)
        if region is None or high is None or high >= LITTLE:
            continue
        yield (
            f"{row.parameter} of {row.sampler} hardly matters here (under {LITTLE:.0%} of the "
            f"variance): {_freely(document, region)}."
        )


def _named(row: RangeResult | ImportanceResult) -> tuple[str, str]:
    return (row.sampler, row.parameter)


def _freely(document: Document, region: RangeResult) -> str:
    """What to do with a knob that hardly matters: neutral only where that was looked at."""
    if _neutral_was_seen(document, region):
        return "leave it at its neutral value"
    if region.low is None or region.high is None:
        return f"any of {', '.join(map(setting, region.words))} does"
    return f"any value from {region.low:g} to {region.high:g} does"


def _neutral_was_seen(document: Document, region: RangeResult) -> bool:
    """Whether neutral lies in the region, or the best without this knob is shown to be as good."""
    verdict, best, name = document.verdict, document.best_configuration, region.parameter
    neutral = parameter(name).neutral if name in parameter_names() else None
    ends = [end for end in (region.low, region.high) if end is not None]
    if ends and isinstance(neutral, int | float) and ends[0] <= neutral <= ends[-1]:
        return True
    if verdict is None or best is None or best.sampler_type != region.sampler:
        return False
    lost = (row.gain.high for row in document.ablation if row.parameter == name and row.texts)
    return any(most is not None and most < verdict.margin for most in lost)


def _prompts(document: Document) -> Iterator[str]:
    n = len(document.search_metadata.prompts)
    if 0 < n < FEW_PROMPTS:
        yield f"Use more prompts: {n} cannot speak for others like them."


def _undecided(document: Document) -> Iterator[str]:
    verdict = document.verdict
    if verdict is None or verdict.sentence != "cannot tell" or not verdict.baseline:
        return
    it = next((row for row in verdict.needed if row.second == verdict.baseline), None)
    leads = verdict.best == verdict.baseline
    who = verdict.compared if leads and verdict.compared else verdict.best
    if it is None and verdict.probability_beaten is not None:
        return  # no gain is in sight: the verdict's notes say what it takes, of the whole space
    if it is None or not 0 < it.alone <= MOST_TEXTS:
        yield f"Compare the two directly, with more texts: {_commands(document, who)}"
        return
    prompts = max(len(document.search_metadata.prompts), 1)
    each = -(-it.alone // (2 * prompts))
    commands = _commands(document, who)
    afresh = amount(f"{it.alone} texts of a new benchmark", it.alone_minutes, it.alone_dollars)
    yield (
        f"To show that your baseline is beaten, if it is by the {it.gap:.2g} points that it looks: "
        f"{afresh}: {commands} --samples-per-config {each}"
    )


def _commands(document: Document, best: str) -> str:
    """What compares the best with the baseline as this study did: same model, prompts and judge."""
    folder = _folder(document)
    compare = ["--config", AGAIN, "--samplers", shown(best), *folder]
    return f"{_refine(document, AGAIN)}, then sampler-bench benchmark {command_line(compare)}"


def _refine(document: Document, file: str) -> str:
    """The command that writes a study file after this very study, wherever it lies."""
    study = shown(document.search_metadata.study)
    words = ["--study", study, "--refine", file, *_folder(document)]
    return f"sampler-bench analyze {command_line(words)}"


def _folder(document: Document) -> list[str]:
    """`--output-dir DIR` as the last run was told it; nothing where that was the default."""
    runs = document.search_metadata.runs
    try:
        words = command_words(runs[-1].command) if runs else []
    except ValueError:  # not written by us
        return []
    words = [part for word in words for part in word.split("=", word.startswith(f"{OPTION}="))]
    stated = [value for word, value in pairwise(words) if word == OPTION]
    return [OPTION, shown(stated[-1])] if stated else []


def _separate(document: Document) -> Iterator[str]:
    """What it would take to separate the first two, where that is within reach."""
    verdict = document.verdict
    for it in verdict.needed if verdict else ():
        if it.second == (verdict.baseline if verdict else None):
            continue
        near = "they look equal"
        if it.gap > NEAR:
            near = f"they look {it.gap:.2f} points apart"
        who = f"{shown(it.first)} and {shown(it.second)}"
        if it.texts > MOST_TEXTS:
            yield f"The first two cannot be separated at any sane price ({near}): {who}."
        else:
            more = amount(f"{it.texts} more texts", it.minutes, it.dollars)
            yield f"To separate the first two ({near}): {more}: {who}."


RULES: tuple[Callable[[Document], Iterator[str]], ...] = (
    _undecided,
    _separate,
    _missing,
    _cut_off,
    _failed,
    _ends,
    _narrow,
    _idle,
    _prompts,
)
