"""The analysis report of the guide, as text: five parts, the same headings and labels.

What the guide leaves open is said: what each ± is, how sure the answer is, what failed. Works on
running, interrupted and empty studies, in plain words. Nothing here prints or colours.
"""

from __future__ import annotations

from collections import Counter

from ._advice import advice
from ._depth_words import best_of, knobs, scatter, settled, with_score
from ._document import Document, Interval, Result, SamplerResult
from ._knobs import live_check, warnings
from ._minimal import NOT_SHRUNK
from ._variety_words import variety
from ._words import (
    heat_order,
    interval,
    no_score,
    plain_text,
    plus_minus,
    reasons,
    seen,
    sentence,
    setting,
    shown,
)

RULE = "=" * 50
LEADING = 8
BAR = 24  # columns of an interval's picture


def report(document: Document, *, plain: bool = False) -> str:
    """Write the report.

    Args:
        document: of a study, finished or not.
        plain: True for consoles that cannot show emoji: ASCII only.
    """
    parts = [
        ["🔍 HYPERPARAMETER SEARCH ANALYSIS REPORT", RULE],
        [*overview(document), *(f"   ⚠️ {said}" for said in warnings(document))],
        live_check(document),
        performance(document),
        importance(document),
        ranges(document),
        variety(document),
        recommendations(document),
    ]
    text = "\n\n".join("\n".join(part) for part in parts if part) + "\n"
    return plain_text(text) if plain else text


def overview(document: Document) -> list[str]:
    """Part 1."""
    meta, best = document.search_metadata, document.best_configuration
    score = "none yet"
    if best is not None and best.estimate.mean is not None:
        score = f"{best.estimate.mean:.3f}"
    return [
        "📊 Search Overview:",
        f"   Total configurations tested: {meta.total_configurations}",
        f"   Best overall score: {score}",
        f"   Search timestamp: {shown(meta.timestamp) or 'not known'}",
        *_circumstances(document),
        *_outcomes(document),
    ]


def _circumstances(document: Document) -> list[str]:
    meta, lines = document.search_metadata, []
    if meta.study:
        state = f" ({meta.state})" if meta.state else ""
        strategy = f", strategy {meta.strategy}" if meta.strategy else ""
        seed = f", seed {meta.seed}" if meta.seed is not None else ""
        lines.append(f"   Study: {shown(meta.study)}{state}{strategy}{seed}")
    if meta.model:
        judges = ", ".join(map(shown, meta.judges)) or "nobody"
        lines.append(f"   Model: {shown(meta.model)}; judged by {judges}")
    if order := heat_order(meta.server):
        lines.append(f"   Temperature is applied: {order}; unless a configuration says so.")
    if fingerprint := meta.server.get("fingerprint"):
        lines.append(f"   Model's fingerprint: {shown(str(fingerprint))}.")
    return lines


def _outcomes(document: Document) -> list[str]:
    meta = document.search_metadata
    if not meta.texts and not meta.missing and not meta.pending:
        return ["   Texts: none yet"]
    counts = f"{meta.judged} judged, {meta.failed} failed by rule, {meta.missing} missing"
    lines = [f"   Texts: {counts}" + (f", {meta.pending} open" if meta.pending else "")]
    failures: Counter[str] = Counter()
    for result in document.all_results:
        failures.update(result.failures)
    if failures:
        lines.append(f"   Failures: {reasons(failures)}")
    if meta.missing_reasons:
        lines.append(f"   Missing (counts against nobody): {reasons(meta.missing_reasons)}")
    if meta.cut_off:
        lines.append(f"   Cut off at the token limit: {meta.cut_off}")
    if meta.tokens:
        cost = f"; judging cost ${meta.cost:.4f}" if meta.cost else ""
        lines.append(f"   Tokens written: {meta.tokens}{cost}")
    return lines


def performance(document: Document) -> list[str]:
    """Part 2."""
    lines = ["🎯 Sampler Performance Analysis:"]
    if not document.samplers:
        return [*lines, "", "   Nothing was judged yet."]
    named = {result.config: result for result in document.all_results}
    for sampler in document.samplers:
        lines += ["", *_sampler(sampler, named.get(sampler.best))]
        lines += best_of(document, sampler.sampler)
    return [*lines, "", *_ranking(document), "", *_explained(document)]


def _sampler(sampler: SamplerResult, best: Result | None) -> list[str]:
    lines = [f"   {shown(sampler.sampler).upper()}:"]
    if sampler.mean is not None:
        spread = f" ± {sampler.std:.3f}" if sampler.std is not None else ""
        lines.append(f"     Mean score: {sampler.mean:.3f}{spread}")
    if sampler.low is not None and sampler.high is not None:
        lines.append(f"     Range: {sampler.low:.3f} - {sampler.high:.3f}")
    lines.append(f"     Configurations tested: {sampler.configurations}")
    if sampler.failed:
        share = sampler.failed / sampler.texts
        lines.append(
            f"     Failed by rule: {sampler.failed} of {sampler.texts} texts ({share:.0%})"
        )
    if best is not None:
        lines.append(f"     Best config: {best.parameters}")
        lines.append(f"     Best score: {interval(best.estimate)}")
        lines.append(f"     Seen: {seen(best)}")
    return lines


def _ranking(document: Document) -> list[str]:
    """The leaders with pictures of their intervals, all on one scale."""
    leaders = [row for row in document.all_results if row.estimate.mean is not None][:LEADING]
    baseline = document.verdict.baseline if document.verdict else None
    if baseline and baseline not in {row.config for row in leaders}:
        leaders += [row for row in document.all_results if row.config == baseline]
    ends = [x for row in leaders for x in (row.estimate.low, row.estimate.high) if x is not None]
    if not ends:
        return []
    low, high = min(ends), max(ends)
    title = f"   Leading configurations ({low:.2f} to {high:.2f}):"
    return [title, *(f"     {_line(row, low, high, row.config == baseline)}" for row in leaders)]


def _line(row: Result, low: float, high: float, baseline: bool) -> str:
    failed = f"  {row.failure_rate:.0%} failed" if row.failure_rate else ""
    mark = "  (baseline)" if baseline else ""
    return f"{bar(row.estimate, low, high)} {row.estimate.mean:6.3f}  {row.config}{failed}{mark}"


def bar(estimate: Interval, low: float, high: float) -> str:
    """An interval as `BAR` characters on the scale from low to high, a dot at its mean."""
    span = max(high - low, 1e-9)

    def column(value: float) -> int:
        return min(max(round((value - low) / span * (BAR - 1)), 0), BAR - 1)

    cells = [" "] * BAR
    if estimate.low is not None and estimate.high is not None:
        first, last = column(estimate.low), column(estimate.high)
        cells[first : last + 1] = "─" * (last - first + 1)
    if estimate.mean is not None:
        cells[column(estimate.mean)] = "●"
    return "".join(cells)


def _explained(document: Document) -> list[str]:
    lines = [
        "   Scores are objectives, 0 to 10: (1 - failure rate) x mean + failure rate x failure",
        "   score, as the model of all texts estimates them. ± after a mean score is the standard",
        "   deviation over configurations; brackets and bars are 95 % intervals.",
    ]
    if document.best_configuration is None or document.verdict is not None:
        return lines
    return [*lines, f"   {NOT_SHRUNK}"]


def importance(document: Document) -> list[str]:
    """Part 3."""
    lines = ["📊 Parameter Importance:", ""]
    if not document.importance:
        return [*lines, "   The data cannot tell yet."]
    if not any(row.told for row in document.importance):
        lines += ["   The data cannot tell which parameter matters; what they allow:", ""]
    ranked = sorted(document.importance, key=lambda row: -(row.share.mean or 0.0))
    for row in ranked:
        name = "choice of sampler" if row.parameter == "sampler" else row.parameter
        where = "" if row.sampler == "all" else f" ({row.sampler})"
        low, high = row.share.low or 0.0, row.share.high or 0.0
        mark = "" if row.told else "  not told apart from nothing"
        lines.append(
            f"     {name}{where}: {row.share.mean or 0.0:.0%} [{low:.0%} to {high:.0%}]{mark}"
        )
    lines += ["", "   Share of the variance over the space that each explains alone."]
    return [*lines, *scatter(document)]


def ranges(document: Document) -> list[str]:
    """Part 4."""
    lines = ["🎯 Optimal Parameter Ranges:"]
    if not document.ranges:
        return [*lines, "", "   The data cannot tell yet."]
    for sampler in dict.fromkeys(row.sampler for row in document.ranges):
        lines += ["", f"   {shown(sampler).upper()}:"]
        for row in document.ranges:
            if row.sampler == sampler:
                ends = f"{row.low:g} - {row.high:g}" if row.low is not None else ""
                whole = "  (all that was allowed: not narrowed)" if row.whole else ""
                lines.append(
                    f"     {row.parameter}: {ends or ', '.join(map(setting, row.words))}{whole}"
                )
    return [
        *lines,
        "",
        "   Where the data cannot tell a configuration from the best one. Values that surely cost",
        "   something, on average and in their best company, are left out.",
    ]


def recommendations(document: Document) -> list[str]:
    """Part 5."""
    lines, best = ["💡 Recommendations:", ""], document.best_configuration
    if best is None:
        lines.append(f"   No recommendation yet: {no_score(document)}.")
    else:
        lines += _recommended(best)
    if document.verdict is not None:
        lines += _verdict(document)
    steps = advice(document)
    return [*lines, "", "   Next steps:", *(f"     - {step}" for step in steps)] if steps else lines


def _recommended(best: Result) -> list[str]:
    lines = [
        "   🏆 Best Overall Configuration:",
        f"     Sampler: {best.sampler_type}",
        f"     Score: {plus_minus(best.estimate)}",
        f"     Parameters: {best.parameters}",
        f"     Text form: {best.config}",
    ]
    if not best.fresh_texts:
        return lines
    texts = "1 text" if best.fresh_texts == 1 else f"{best.fresh_texts} texts"
    return [*lines, f"     Seen on fresh seeds alone: {interval(best.fresh)} ({texts})"]


def _verdict(document: Document) -> list[str]:
    verdict = document.verdict
    assert verdict is not None
    lines = ["", "   ⚖️ Verdict:", f"     {sentence(document)}"]
    if not verdict.tried and verdict.best_tried:
        lines.append(f"     Best that was tried: {with_score(document, verdict.best_tried)}")
    if verdict.simplest and verdict.simplest != verdict.best:
        lines.append(f"     Simplest that is shown to be no worse: {verdict.simplest}")
    others = verdict.others
    if others:
        lines.append(f"     May be as good, within {verdict.margin:g} points: {_few(others)}")
    lines += knobs(document)
    return [*lines, *(f"     {shown(note)}" for note in verdict.notes), *settled(document)]


def _few(configs: list[str]) -> str:
    shown_ones = ", ".join(configs[:3])
    return shown_ones if len(configs) <= 3 else f"{shown_ones} and {len(configs) - 3} more"
