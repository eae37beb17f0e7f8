"""What a study leaves open, chosen before it begins: its model, its baseline, its seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..errors import UsageError
from ..records import SamplerConfig, ScoreTable
from ..search import Problem
from ..spec import ModelEntry, StudySpec, load_model
from ..spec.study import STRATEGY
from .build import BUILT_IN, build_strategy


def resolved(spec: StudySpec, draw: Callable[[], int]) -> StudySpec:
    """The study with what it leaves open: a drawn seed, and its model's baseline.

    Both are kept with it, so that an edited models.yaml changes no study that has begun.

    Raises:
        SpecError, UsageError: the model is not known, or the strategy cannot work here.
    """
    see_strategy(spec)
    entry = None if spec.baseline else find_model(spec)
    seed = draw() if spec.seed is None else spec.seed
    return replace(spec, seed=seed, baseline=choose_baseline(spec, entry))


def see_strategy(spec: StudySpec) -> None:
    """See that the strategy can work here, before anything is written: asked for nothing, it says.

    Raises:
        UsageError: it needs a package that is not installed.
    """
    import numpy as np

    if spec.given or spec.search_strategy == STRATEGY:
        return  # the usual strategy needs no other package, and takes long to load
    prompts = len(spec.prompts)
    problem = Problem(spec.space, prompts, budget=1)
    build_strategy(spec).ask(ScoreTable.of([], prompts), problem, 0, np.random.default_rng(0))


def find_model(spec: StudySpec) -> ModelEntry | None:
    """The entry of models.yaml that a study means; None for "whatever the named server serves".

    Raises:
        SpecError: the model is not known, and no server is named that may know it.
    """
    if spec.model is None:
        return None if spec.server else load_model(BUILT_IN)
    try:
        return load_model(spec.model)
    except UsageError:
        if spec.server:
            return None
        raise


def choose_baseline(spec: StudySpec, entry: ModelEntry | None) -> SamplerConfig:
    """What the winner is compared with: the study's, else the model maker's, else temperature 1."""
    chosen = spec.baseline or (entry.baseline if entry else None)
    if chosen is None:
        chosen = SamplerConfig.of("temperature", {"temperature": 1.0})
    if chosen.get("max_tokens") is not None:
        return chosen
    return SamplerConfig.of(
        chosen.sampler, {**chosen.as_dict(), "max_tokens": longest_answer(spec)}
    )


def longest_answer(spec: StudySpec) -> int:
    """The largest `max_tokens` of the space: the baseline may write as long as its rivals."""
    lengths = [
        int(float(str(value)))
        for part in spec.space.samplers
        for name, dimension in part.dimensions
        if name == "max_tokens"
        for value in dimension.listed() or (dimension.at(1.0),)  # type: ignore[union-attr]
    ]
    return max(lengths, default=spec.max_length)
