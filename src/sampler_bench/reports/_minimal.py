"""Results files of the guide's minimal form: what can be computed from them is filled in.

Such a file states parameters, mean, std, scores and little else for each configuration. Its
intervals come from each configuration's own texts, taken as answers to one prompt; there is no
model that shrinks lucky means, so `best` is the highest mean, and reports say so.
"""

from __future__ import annotations

import math

from ..errors import SpecError
from ..records import SamplerConfig
from ._document import Document, Interval, Result, SamplerResult

NOT_SHRUNK = "This file holds no model of the study: its best mean may be the luckiest one."


def filled(document: Document, name: str) -> Document:
    """Fill in what a file leaves out; a file of our own stays as it is.

    Raises:
        SpecError: a configuration in it cannot be one.
    """
    every = enumerate(document.all_results)
    results = [_named(result, f"{name}: all_results.{i}") for i, result in every]
    changes: dict[str, object] = {"all_results": results}
    best = document.best_configuration
    if best is not None:
        changes["best_configuration"] = _named(best, f"{name}: best_configuration")
    if any(result.sample_count for result in results) and not document.samplers:
        results = sorted(map(_estimated, results), key=_place)
        changes |= {
            "all_results": results,
            "best_configuration": results[0] if best is None else _estimated(_named(best, name)),
            "samplers": _samplers(results),
            "search_metadata": _counted(document, results),
        }
    return document.model_copy(update=changes)


def _named(result: Result, place: str) -> Result:
    """With its text form and its number of texts."""
    counted = {"sample_count": result.sample_count or len(result.scores)}
    if result.config:
        return result.model_copy(update=counted)
    pairs = {k: tuple(v) if isinstance(v, list) else v for k, v in result.parameters.items()}
    try:
        text = SamplerConfig.of(result.sampler_type, pairs).text
    except (SpecError, TypeError, ValueError) as error:
        raise SpecError(f"{place}: {error}") from error
    return result.model_copy(update={**counted, "config": text})


def _estimated(result: Result) -> Result:
    """With mean, objective and interval, computed from its scores where it states none."""
    if result.estimate.mean is not None:
        return result
    n = result.sample_count
    mean = result.mean
    if mean is None and result.scores:
        mean = math.fsum(result.scores) / len(result.scores)
    estimate = _interval(result, mean, n)
    objective = mean if result.objective is None else result.objective
    changes = {"mean": mean, "objective": objective, "estimate": estimate}
    return result.model_copy(update=changes)


def _interval(result: Result, mean: float | None, n: int) -> Interval:
    """Student's t on the scores, or on what is stated of them."""
    import numpy as np

    from ..analysis.intervals import half_width, mean_interval

    if len(result.scores) > 1:
        one_prompt = np.zeros(len(result.scores), dtype=np.intp)
        found = mean_interval(np.array(result.scores), one_prompt, 1)
        return Interval(mean=found.mean, low=found.low, high=found.high)
    if mean is None or result.std is None or n < 2:
        return Interval(mean=mean)
    half = half_width(result.std, n)
    return Interval(mean=mean, low=max(mean - half, 0.0), high=min(mean + half, 10.0))


def _place(result: Result) -> tuple[bool, float, str]:
    mean = result.estimate.mean
    return (mean is None, -(mean or 0.0), result.config)


def _samplers(results: list[Result]) -> list[SamplerResult]:
    groups: dict[str, list[Result]] = {}
    for result in results:
        if result.estimate.mean is not None:
            groups.setdefault(result.sampler_type, []).append(result)
    return [_sampler(name, mine) for name, mine in groups.items()]


def _sampler(name: str, mine: list[Result]) -> SamplerResult:
    from statistics import fmean, stdev

    means = [result.estimate.mean or 0.0 for result in mine]
    return SamplerResult(
        sampler=name,
        mean=fmean(means),
        std=stdev(means) if len(means) > 1 else None,
        low=min(means),
        high=max(means),
        configurations=len(mine),
        texts=sum(result.sample_count for result in mine),
        best=mine[0].config,
    )


def _counted(document: Document, results: list[Result]) -> object:
    meta = document.search_metadata
    texts = sum(result.sample_count for result in results)
    counted = {
        "total_configurations": meta.total_configurations or len(results),
        "texts": meta.texts or texts,
        "judged": meta.judged or sum(len(result.scores) for result in results) or texts,
    }
    return meta.model_copy(update=counted)
