"""The phases of a run: the search, then the confirmation on fresh seeds; a benchmark has one."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from ..search import Problem, Strategy, configurations
from ..spec import StudySpec
from . import pilot
from .build import build_strategy
from .confirmation import Confirmation
from .listed import GivenConfigs
from .request import Request

Phases: TypeAlias = "list[tuple[str, Strategy, Problem]]"


def phases_of(request: Request, problem: Problem) -> Phases:
    """The search, then the confirmation on fresh seeds; a benchmark has one phase.

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
    return [
        ("search", strategy, searching),
        ("confirmation", Confirmation(texts), problem),
    ]


def texts_of(spec: StudySpec, problem: Problem, phases: Phases) -> int:
    """How many texts a run writes at most."""
    each = problem.n_prompts * problem.samples_per_config
    first = phases[0][1]
    if isinstance(first, GivenConfigs):
        return len(first.configs) * each
    extra = sum(s.texts for _, s, _ in phases if isinstance(s, Confirmation))
    tried = configurations(spec.search_strategy, problem)
    return problem.budget if tried is None else (tried + 1) * each + extra


def limits_of(phases: Phases) -> list[int]:
    """How many texts each phase may ask for."""
    return [s.texts if isinstance(s, Confirmation) else p.budget for _, s, p in phases]
