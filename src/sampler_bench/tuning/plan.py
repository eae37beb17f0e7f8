"""What a run will take, said before it begins: configurations, texts, tokens, time and money."""

from __future__ import annotations

from dataclasses import dataclass

from ..judges import Judge
from ..samplers import Listed
from ..search import Problem
from ..spec import StudySpec

PARALLEL_GAIN = 0.6  # several slots share one machine: each further one adds this much of the first


@dataclass(frozen=True, slots=True)
class Plan:
    """An estimate of a run.

    Attributes:
        configurations: how many will be tried; None where the strategy decides on the way.
        texts: judged texts of the search, and `kept`, how many of them are there already.
        tokens: at most.
        minutes: at most, at the speed of one text alone scaled to the slots.
        dollars: for judging, about.
    """

    configurations: int | None
    texts: int
    kept: int
    tokens: int
    minutes: float
    dollars: float


def plan(spec: StudySpec, problem: Problem, judge: Judge, speed: float, kept: int) -> Plan:
    """Estimate a run from the study and a measured `speed` in tokens a second of one text alone."""
    configurations: int | None = problem.n_iterations
    texts = problem.budget
    if spec.search_strategy == "grid":
        configurations = problem.space.size()
        texts = (configurations or 0) * problem.n_prompts * problem.samples_per_config
    elif spec.search_strategy != "random":
        configurations = None
    if spec.max_samples is not None:
        texts = min(texts, spec.max_samples)
    left = max(0, texts - kept)
    length = longest_answer(spec)
    slots = spec.slots or 4
    rate = speed * (1 + PARALLEL_GAIN * (slots - 1))
    cost = judge.expected_cost(left, length)
    if spec.max_cost is not None:
        cost = min(cost, spec.max_cost)
    minutes = left * length / rate / 60
    if spec.max_minutes is not None:
        minutes = min(minutes, spec.max_minutes)
    return Plan(configurations, texts, kept, left * length, minutes, cost)


def longest_answer(spec: StudySpec) -> int:
    """The largest `max_tokens` that a configuration of the study may have."""
    longest = 1
    for part in spec.space.samplers:
        for name, dimension in part.dimensions:
            if name == "max_tokens":
                values = dimension.values if isinstance(dimension, Listed) else (dimension.high,)
                longest = max(longest, *(int(float(str(value))) for value in values))
    return longest
