"""The diversity of a study's configurations, for its results document."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from ..analysis.answers import Answers, Embedded, distinct_answers
from ..analysis.diversity import ConfigDiversity, front, measure
from ..analysis.diversity_estimate import estimated_diversity
from ..analysis.phrases import Phrase, recurring
from ..analysis.summary import estimate
from ..records import UNKNOWN, Completion, Estimate, SamplerConfig, ScoreTable, Trial
from ..search import Problem
from ._depth import interval, number
from ._depth import worth as on_scale
from ._document import DiversityResult, DiversitySummary, PhraseResult, Result


def with_diversity(
    results: Sequence[Result],
    trials: Mapping[SamplerConfig, Sequence[Trial]],
    quality: ScoreTable,
    problem: Problem,
    prompts: Sequence[str],
    embedded: Embedded | None = None,
) -> tuple[list[Result], DiversitySummary | None]:
    """The results with their diversity, and the summary; None where there is no good text.

    Args:
        results: of a study.
        trials: of each configuration.
        quality: the scores of the judges alone, whatever the study's objective is.
        problem: space and prompts.
        prompts: what was asked.
        embedded: what an embedding model makes of the texts.
    """
    texts = {config: good_texts(mine) for config, mine in trials.items()}
    if not any(texts.values()):
        return list(results), None
    found = measure(texts)
    answers = distinct_answers(texts, embedded) if embedded else Answers(0, math.nan)
    configs = [SamplerConfig.parse(result.config) for result in results]
    seen = {row.config: row for row in found.rows}
    parts = [
        _part(
            seen.get(config),
            belief,
            worth,
            recurring(texts.get(config, {}), prompts),
            answers.rows.get(config, UNKNOWN),
        )
        for config, belief, worth in zip(
            configs,
            estimated_diversity(texts, problem, configs),
            estimate(quality, problem, configs),
            strict=True,
        )
    ]
    chosen = _front(results, parts)
    filled = [
        r.model_copy(update={"diversity": p.model_copy(update={"front": r.config in chosen})})
        for r, p in zip(results, parts, strict=True)
    ]
    pairs = sum(len(told) // 2 for mine in texts.values() for told in mine.values())
    summary = DiversitySummary(
        size=found.size,
        pairs=pairs,
        embedding=embedded.model if embedded else "",
        same_from=embedded.threshold if embedded else None,
        answers_of=answers.size,
        across_prompts=number(answers.across),
        front=chosen,
    )
    return filled, summary


def objective_notes(spec: Mapping[str, object]) -> list[str]:
    """What the reader must know of an objective that is not quality alone."""
    name, weight = spec.get("objective", "quality"), spec.get("diversity_weight")
    if name == "quality+diversity" and isinstance(weight, int | float):
        return [
            f"Scores here are not quality alone, as the study asked: {1 - weight:g} x score + "
            f"{weight:g} x 10 x novelty. Quality alone stands beside diversity."
        ]
    if name == "front":
        return [
            "The search looked for the whole front of quality and diversity, as the study asked; "
            "this verdict is about quality alone. Pick from the front what you like best."
        ]
    return []


def good_texts(trials: Iterable[Trial]) -> dict[int, list[str]]:
    """The texts that passed the rules, by prompt, in the order of phase and repeat."""
    found: dict[int, list[str]] = {}
    for trial in sorted(trials, key=lambda t: (t.cell.fresh, t.cell.repeat)):
        if isinstance(trial.written, Completion) and trial.failure is None:
            found.setdefault(trial.cell.prompt, []).append(trial.written.text)
    return {prompt: found[prompt] for prompt in sorted(found)}


def _part(
    seen: ConfigDiversity | None,
    belief: Estimate,
    quality: Estimate,
    phrases: Sequence[Phrase],
    answers: Estimate,
) -> DiversityResult:
    part = DiversityResult(
        estimate=interval(belief),
        quality=on_scale(quality),
        answers=interval(answers),
        phrases=[PhraseResult(text=p.text, texts=p.texts, prompts=p.prompts) for p in phrases],
    )
    if seen is None:
        return part
    measures = {
        "seen": interval(seen.diversity),
        "overlap": number(seen.overlap),
        "distinct": number(seen.distinct),
        "compression": number(seen.compression),
        "openings": number(seen.openings),
        "texts": seen.texts,
        "prompts": seen.prompts,
    }
    return part.model_copy(update=measures)


def _front(results: Sequence[Result], parts: Sequence[DiversityResult]) -> list[str]:
    points = {
        result.config: (part.quality.mean, part.estimate.mean)
        for result, part in zip(results, parts, strict=True)
        if result.sample_count and part.quality.mean is not None and part.estimate.mean is not None
    }
    return front(points)
