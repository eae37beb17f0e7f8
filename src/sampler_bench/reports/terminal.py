"""The analysis report of the guide, as text: five parts, the same headings and labels.

What the guide leaves open is said: what each ± is, how sure the answer is, what failed. Works on
running, interrupted and empty studies, in plain words.
"""

from __future__ import annotations

from collections import Counter

from ._document import Document, Interval, Result, SamplerResult

RULE = "=" * 50
SIGNS = {"🔍": "##", "📊": "##", "🎯": "##", "💡": "##", "🏆": "*", "⚖️": "*", "⚠️": "!", "±": "+/-"}
SENTENCES = {
    "better": "Better: the recommended configuration beats your baseline.",
    "as good": "Your baseline is as good, within {margin:g} points.",
    "cannot tell": "This budget cannot tell whether it beats your baseline.",
}


def report(document: Document, *, plain: bool = False) -> str:
    """Write the report.

    Args:
        document: of a study, finished or not.
        plain: True for consoles that cannot show emoji.
    """
    parts = [
        ["🔍 HYPERPARAMETER SEARCH ANALYSIS REPORT", RULE],
        overview(document),
        performance(document),
        importance(document),
        ranges(document),
        recommendations(document),
    ]
    text = "\n\n".join("\n".join(part) for part in parts if part) + "\n"
    return plain_text(text) if plain else text


def plain_text(text: str) -> str:
    """Replace the signs that old consoles lack."""
    for sign, word in SIGNS.items():
        text = text.replace(sign, word)
    return text


def overview(document: Document) -> list[str]:
    """Part 1."""
    meta = document.search_metadata
    best = document.best_configuration
    score = f"{best.estimate.mean:.3f}" if best and best.estimate.mean is not None else "none yet"
    lines = [
        "📊 Search Overview:",
        f"   Total configurations tested: {meta.total_configurations}",
        f"   Best overall score: {score}",
        f"   Search timestamp: {meta.timestamp}",
    ]
    if meta.study:
        lines.append(f"   Study: {meta.study} ({meta.state}), strategy {meta.strategy}")
    if meta.model:
        lines.append(f"   Model: {meta.model}; judged by {', '.join(meta.judges) or 'nobody'}")
    lines.append(
        f"   Texts: {meta.judged} judged, {meta.failed} failed by rule, {meta.missing} missing"
        + (f", {meta.pending} open" if meta.pending else "")
    )
    if meta.failed:
        lines.append(f"   Failures: {_reasons(document.all_results)}")
    if meta.cut_off:
        lines.append(f"   Cut off at the token limit: {meta.cut_off}")
    if meta.cost:
        lines.append(f"   Cost of judging: ${meta.cost:.4f}")
    return lines


def _reasons(results: list[Result]) -> str:
    counts: Counter[str] = Counter()
    for result in results:
        counts.update(result.failures)
    return ", ".join(f"{reason} {n}" for reason, n in counts.most_common())


def performance(document: Document) -> list[str]:
    """Part 2."""
    lines = ["🎯 Sampler Performance Analysis:"]
    if not document.samplers:
        return [*lines, "", "   Nothing was judged yet."]
    named = {result.config: result for result in document.all_results}
    for sampler in document.samplers:
        lines += ["", *_sampler(sampler, named.get(sampler.best))]
    return [*lines, "", *_explained()]


def _sampler(sampler: SamplerResult, best: Result | None) -> list[str]:
    lines = [f"   {sampler.sampler.upper()}:"]
    if sampler.mean is not None:
        spread = f" ± {sampler.std:.3f}" if sampler.std is not None else ""
        lines.append(f"     Mean score: {sampler.mean:.3f}{spread}")
    if sampler.low is not None and sampler.high is not None:
        lines.append(f"     Range: {sampler.low:.3f} - {sampler.high:.3f}")
    lines.append(f"     Configurations tested: {sampler.configurations}")
    if best is not None:
        lines.append(f"     Best config: {best.parameters}")
        lines.append(f"     Best score: {_estimate(best.estimate)}")
        lines.append(f"     Seen: {seen(best)}")
    return lines


def _explained() -> list[str]:
    return [
        "   Scores are objectives, 0 to 10: (1 - failure rate) x mean + failure rate x failure",
        "   score, as the model of all texts estimates them. ± after a mean score is the standard",
        "   deviation over configurations; brackets are 95 % intervals.",
    ]


def seen(result: Result) -> str:
    """What a configuration's own texts showed."""
    if not result.sample_count:
        return "no text of its own yet"
    rate = f", {result.failure_rate:.0%} failed" if result.failure_rate else ""
    if result.mean is None:
        return f"{result.sample_count} texts, all failed"
    spread = f" (SD of single texts {result.std:.2f})" if result.std is not None else ""
    return f"mean {result.mean:.3f} of {result.sample_count} texts{spread}{rate}"


def _estimate(interval: Interval | None) -> str:
    if interval is None or interval.mean is None:
        return "not known"
    if interval.low is None or interval.high is None:
        return f"{interval.mean:.3f}"
    return f"{interval.mean:.3f} [{interval.low:.3f} to {interval.high:.3f}]"


def importance(document: Document) -> list[str]:
    """Part 3."""
    lines = ["📊 Parameter Importance:", ""]
    if not document.importance:
        return [*lines, "   The data cannot tell yet."]
    ranked = sorted(document.importance, key=lambda row: -(row.share.mean or 0.0))
    for row in ranked:
        name = "choice of sampler" if row.parameter == "sampler" else row.parameter
        where = "" if row.sampler == "all" else f" ({row.sampler})"
        low, high = row.share.low or 0.0, row.share.high or 0.0
        verdict = "" if row.told else " - the data cannot tell"
        lines.append(
            f"     {name}{where}: {row.share.mean or 0.0:.0%} [{low:.0%} to {high:.0%}]{verdict}"
        )
    lines += ["", "   Share of the variance over the space that each explains alone."]
    return lines


def ranges(document: Document) -> list[str]:
    """Part 4."""
    lines = ["🎯 Optimal Parameter Ranges:"]
    if not document.ranges:
        return [*lines, "", "   The data cannot tell yet."]
    for sampler in dict.fromkeys(row.sampler for row in document.ranges):
        lines += ["", f"   {sampler.upper()}:"]
        for row in document.ranges:
            if row.sampler == sampler:
                whole = "  (all that was allowed: not narrowed)" if row.whole else ""
                lines.append(f"     {row.parameter}: {row.low:g} - {row.high:g}{whole}")
    lines += ["", "   Where the data cannot tell a configuration from the best one."]
    return lines


def recommendations(document: Document) -> list[str]:
    """Part 5."""
    lines = ["💡 Recommendations:", ""]
    best, verdict = document.best_configuration, document.verdict
    if best is None:
        reason = "every text failed or is missing" if document.all_results else "nothing was tried"
        return [*lines, f"   No recommendation yet: {reason}."]
    lines += [
        "   🏆 Best Overall Configuration:",
        f"     Sampler: {best.sampler_type}",
        f"     Score: {_plus_minus(best.estimate)}",
        f"     Parameters: {best.parameters}",
        f"     Text form: {best.config}",
    ]
    if verdict is None:
        return lines
    lines += ["", "   ⚖️ Verdict:", f"     {sentence(document)}"]
    if verdict.simplest and verdict.simplest != verdict.best:
        lines.append(f"     Simplest that is shown to be no worse: {verdict.simplest}")
    others = [config for config in verdict.equivalent if config != verdict.best]
    if others:
        lines.append(f"     Cannot be told apart within {verdict.margin:g} points: {_few(others)}")
    return [*lines, *(f"     {note}" for note in verdict.notes)]


def _few(configs: list[str]) -> str:
    shown = ", ".join(configs[:3])
    return shown if len(configs) <= 3 else f"{shown} and {len(configs) - 3} more"


def _plus_minus(estimate: Interval) -> str:
    if estimate.mean is None or estimate.low is None or estimate.high is None:
        return "not known"
    half = (estimate.high - estimate.low) / 2
    return f"{estimate.mean:.3f} ± {half:.3f} (half of the 95 % interval)"


def sentence(document: Document) -> str:
    """The verdict in one sentence, with the gain."""
    verdict = document.verdict
    if verdict is None or verdict.baseline is None:
        return "There is no baseline to compare with."
    if verdict.best == verdict.baseline:
        return "Your baseline is itself the best that was found."
    said = SENTENCES[verdict.sentence].format(margin=verdict.margin)
    gain = verdict.gain
    if gain is None or gain.mean is None:
        return said
    return f"{said} Gain over {verdict.baseline}: {_signed(gain)}"


def _signed(gain: Interval) -> str:
    return f"{gain.mean:+.3f} points [{gain.low:+.3f} to {gain.high:+.3f}]"
