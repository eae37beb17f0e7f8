"""From what a store keeps of a study to its results document."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from ..analysis.answers import Embedded
from ..analysis.importance import Region, importance, regions
from ..analysis.intervals import on_the_scale
from ..analysis.power import TWO_SIDED
from ..analysis.summary import ConfigSummary, by_sampler, summarise
from ..analysis.verdict import verdict
from ..posterior import frame_of
from ..records import (
    JUDGED,
    Estimate,
    JsonObject,
    SamplerConfig,
    Score,
    ScoreTable,
    Trial,
    Verdict,
)
from ..samplers.effect import effects
from ..search import Problem
from ..store import StudyRow
from . import _depth
from ._depth import DIGITS
from ._depth import interval as _interval
from ._depth import number as _number
from ._depth import worth as _worth
from ._document import (
    Document,
    ImportanceResult,
    LiveCheckResult,
    PromptResult,
    RangeResult,
    Result,
    RunResult,
    SamplerResult,
    VerdictResult,
)
from ._metadata import counts, metadata, prompts_of, written_of
from ._panel import panel_result
from ._slices import slice_results
from ._variety import objective_notes, with_diversity


def collect(
    study: StudyRow,
    trials: Sequence[Trial],
    table: ScoreTable,
    problem: Problem,
    server: JsonObject,
    judges: tuple[str, ...],
    kind: str = "search",
    worth: ScoreTable | None = None,
    knobs: JsonObject | None = None,
    runs: Sequence[RunResult] = (),
    embedded: Embedded | None = None,
) -> Document:
    """Make the results document of a study, at any time of its life.

    Args:
        study: the row of the store.
        trials: all its trials, one for each row of `table`, in the same order.
        table: how they stand.
        problem: space, baseline, margin.
        server: the note on the server.
        judges: identities whose scores count.
        kind: `search` or `benchmark`.
        worth: the same rows with what the study's objective makes of them; None for the scores.
        knobs: the note on the live check.
        runs: the commands that ran it.
        embedded: what an embedding model makes of its texts; None where none was asked.
    """
    quality, table = table, table if worth is None else worth
    rows = _on_the_scale(summarise(table, problem))
    found = verdict(table, problem) if (table.state == JUDGED).any() else None
    by_config: dict[SamplerConfig, list[Trial]] = {}
    for trial in trials:
        by_config.setdefault(trial.cell.config, []).append(trial)
    entropies = _entropies(rows, problem)
    results = [
        _result(row, by_config[row.config], table, entropy)
        for row, entropy in zip(rows, entropies, strict=True)
    ]
    results, variety = with_diversity(
        results, by_config, quality, problem, prompts_of(study), embedded
    )
    named = {result.config: result for result in results}
    return Document(
        search_metadata=metadata(study, trials, table, server, judges, kind, runs),
        best_configuration=None if found is None else _best(found, named),
        all_results=results,
        verdict=None if found is None else _verdict(found, study, _depth.price_of(study, trials)),
        samplers=_samplers([row for row in rows if _searched(row.config, by_config, problem)]),
        importance=_importance(table, problem),
        ranges=_ranges(table, problem, found),
        ablation=_depth.knobs(table, problem, found),
        best_of_n=_depth.best_of(table, problem),
        settled=[] if found is None else _depth.settled(table, problem),
        variance=_depth.variance(table, problem, found, trials, judges),
        knobs=LiveCheckResult.model_validate(knobs) if knobs else None,
        diversity=variety,
        slices=slice_results(table, problem),
        panel=panel_result(trials),
    )


def _on_the_scale(rows: Iterable[ConfigSummary]) -> list[ConfigSummary]:
    """The rows with estimates that end where the scale ends."""
    return [replace(row, estimate=on_the_scale(row.estimate)) for row in rows]


def _best(found: Verdict, named: dict[str, Result]) -> Result:
    """The recommended configuration."""
    if found.best.text in named:
        return named[found.best.text]
    return Result(
        parameters=_parameters(found.best),
        sampler_type=found.best.sampler,
        config=found.best.text,
        estimate=_worth(found.objective),
    )


def _entropies(rows: list[ConfigSummary], problem: Problem) -> list[float]:
    """The effective entropy of each configuration, in nats."""
    frame = frame_of(problem.space, problem.temperature_last, problem.features, problem.chain)
    configs = [row.config for row in rows]
    found = effects(configs, problem.temperature_last, frame.bank, problem.chain)
    return [float(entropy) for entropy in found[:, 0]]


def _result(row: ConfigSummary, trials: list[Trial], table: ScoreTable, entropy: float) -> Result:
    written = written_of(trials)
    index = table.configs.index(row.config)
    fresh = table.score[(table.config == index) & table.fresh & (table.state == JUDGED)]
    writing = sum(text.seconds for text in written)
    judging = sum(j.seconds for t in trials for j in t.judgments if isinstance(j, Score))
    cut_off = sum(text.cut_off for text in written)
    return Result(
        parameters=_parameters(row.config),
        mean=_number(row.mean),
        std=_number(row.std),
        scores=[round(score, DIGITS) for score in row.scores],
        sampler_type=row.config.sampler,
        sample_count=row.texts,
        evaluation_time=round(writing + judging, 3),
        config=row.config.text,
        failure_rate=_number(row.failure.mean),
        failure_low=_number(row.failure.low),
        failure_high=_number(row.failure.high),
        failures=counts(t.failure.reason for t in trials if t.failure),
        missing=row.missing,
        cut_off=cut_off,
        cut_off_share=_number(cut_off / len(written)) if written else None,
        objective=_number(row.objective.mean),
        low=_number(row.objective.low),
        high=_number(row.objective.high),
        estimate=_interval(row.estimate),
        by_prompt=[
            PromptResult(
                prompt=seen.prompt,
                mean=_number(seen.mean),
                objective=_number(seen.objective),
                texts=seen.texts,
            )
            for seen in row.by_prompt
        ],
        fresh=_interval(row.fresh),
        fresh_texts=row.fresh_texts,
        fresh_scores=[round(float(score), DIGITS) for score in fresh],
        tokens=sum(text.tokens for text in written),
        writing_seconds=round(writing, 3),
        entropy=_number(entropy),
    )


def _verdict(found: Verdict, study: StudyRow, price: _depth.Price) -> VerdictResult:
    return VerdictResult(
        best=found.best.text,
        tried=found.tried,
        objective=_worth(found.objective),
        baseline=found.baseline.text if found.baseline else None,
        gain=_interval(found.gain) if found.gain else None,
        sentence=found.sentence,
        margin=found.margin,
        compared=found.compared.text if found.compared else None,
        equivalent=[config.text for config in found.equivalent],
        possible=len(found.possible),
        simplest=found.simplest.text if found.simplest else None,
        probability_best=_number(found.probability_best),
        probability_better=_chance(found.gain),
        probability_beaten=_number(found.probability_beaten),
        best_tried=found.best_tried.text if found.best_tried else None,
        new_prompts=_worth(found.new_prompts) if found.new_prompts else None,
        gain_on_new_prompts=(
            _interval(found.gain_on_new_prompts) if found.gain_on_new_prompts else None
        ),
        needed=[_depth.needed(it, price) for it in found.needed],
        saved=found.saved,
        notes=[*found.notes, *objective_notes(study.spec)],
    )


def _chance(gain: Estimate | None) -> float | None:
    """How probable it is that a difference is above 0, from its normal interval."""
    if gain is None or not gain.low < gain.high:
        return None
    z = gain.mean / ((gain.high - gain.low) / (2 * TWO_SIDED))
    return _number(0.5 * math.erfc(-z / math.sqrt(2)))


def _searched(
    config: SamplerConfig, by_config: dict[SamplerConfig, list[Trial]], problem: Problem
) -> bool:
    """Whether it is of the search, not the winner without one of its knobs, outside the space."""
    return config in problem.space or not all(t.cell.fresh for t in by_config[config])


def _samplers(rows: list[ConfigSummary]) -> list[SamplerResult]:
    return [
        SamplerResult(
            sampler=s.sampler,
            mean=_number(s.mean),
            std=_number(s.std),
            low=_number(s.low),
            high=_number(s.high),
            configurations=s.configurations,
            texts=s.texts,
            failed=s.failed,
            best=s.best.config.text,
        )
        for s in by_sampler(rows)
    ]


def _importance(table: ScoreTable, problem: Problem) -> list[ImportanceResult]:
    return [
        ImportanceResult(
            sampler=i.sampler, parameter=i.parameter, share=_interval(i.share), told=i.told
        )
        for i in importance(table, problem)
    ]


def _ranges(table: ScoreTable, problem: Problem, found: Verdict | None) -> list[RangeResult]:
    if found is None:
        return []
    return [
        RangeResult(
            sampler=region.sampler,
            parameter=name,
            whole=name in region.whole,
            end=dict(region.ends).get(name),
            **values,
        )
        for region in regions(table, problem, found.best, found.equivalent)
        for name, values in _ends(region)
    ]


def _ends(region: Region) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, low, high in region.values:
        yield name, {"low": _number(low), "high": _number(high)}
    for name, words in region.words:
        yield name, {"words": list(map(_depth.plain, words))}


def _parameters(config: SamplerConfig) -> dict[str, int | float | str | list[str]]:
    return {name: _depth.plain(value) for name, value in config.parameters}
