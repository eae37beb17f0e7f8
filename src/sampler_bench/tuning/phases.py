"""The phases of a run: the search, then the confirmation on fresh seeds; a benchmark has one."""

from __future__ import annotations

from dataclasses import replace

from ..search import Problem, configurations
from ..spec import StudySpec
from . import pilot
from .budget import Reserve
from .build import build_strategy, own_budget
from .confirmation import Confirmation
from .listed import GivenConfigs
from .parts import Phases
from .request import Request


def phases_of(request: Request, problem: Problem) -> Phases:
    """The search, then the confirmation on fresh seeds; a benchmark or a pilot has one phase.

    A strategy that spends its budget freely leaves the confirmation's share of it; those of fixed
    replication (`grid`, `random`, ...) try all that they were told to, and it comes on top.
    """
    if request.spec.given:
        return [("benchmark", GivenConfigs(request.spec.given), problem)]
    texts = problem.confirm or 0
    searching = replace(problem, budget=max(problem.budget - texts, 1))
    strategy = build_strategy(request.spec)
    if request.pilot is not None:
        strategy = pilot.piloted(strategy, request.pilot, problem.n_prompts)
        return [("search", strategy, searching)]
    return [
        ("search", strategy, searching),
        ("confirmation", Confirmation(texts), problem),
    ]


def texts_of(spec: StudySpec, problem: Problem) -> int:
    """How many texts a study takes at most, the confirmation's and `max_samples` included."""
    whole = _unlimited(spec, problem)
    return whole if spec.max_samples is None else min(whole, spec.max_samples)


def reserve_of(spec: StudySpec, problem: Problem) -> Reserve:
    """What the search leaves for the confirmation, where a limit ends it."""
    kept = problem.confirm or 0
    cut = spec.max_samples is not None and _unlimited(spec, problem) > spec.max_samples
    return Reserve(kept if cut else None, kept / texts_of(spec, problem))


def _unlimited(spec: StudySpec, problem: Problem) -> int:
    each = problem.n_prompts * problem.samples_per_config
    if spec.given:
        return len(spec.given) * each
    tried = configurations(spec.search_strategy, problem)
    return own_budget(spec) if tried is None else (tried + 1) * each + (problem.confirm or 0)


def limits_of(phases: Phases, spec: StudySpec, problem: Problem) -> list[int]:
    """How many texts each phase may ask for: the search, all that the confirmation does not."""
    kept = sum(s.texts for _, s, _ in phases if isinstance(s, Confirmation))
    search = texts_of(spec, problem) - kept
    return [s.texts if isinstance(s, Confirmation) else search for _, s, _ in phases]
