"""Names become parts: a checked study turns into an engine, a judge, a task and a strategy."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..analysis.confirming import confirmation_texts
from ..engines import Engine, EngineOptions, ServerInfo
from ..errors import EngineError, SpecError
from ..judges import Judge, JudgeOptions
from ..plugins import find
from ..records import SamplerConfig, Value
from ..samplers import Dimension, Listed, Space
from ..search import Problem, Strategy, configurations
from ..spec import ModelEntry, StudySpec
from ..spec.environment import JUDGE_KEY, JUDGE_URL
from ..tasks import Task
from .order import acts_last, chain_of
from .served import NOBODY, Began

MOST_STEPS, INSIDE = 100, 0.001  # of a range: what is tried before a study
ROUTER = "openrouter"
EMBEDDED = "embedded"
BUILT_IN = "demo"  # the model that is served where neither a model nor a server is named


def build_task(spec: StudySpec) -> Task:
    """Build the task that a study names."""
    task: Task = find("tasks", spec.task).build()
    return task


async def build_engine(
    spec: StudySpec,
    entry: ModelEntry | None,
    api_key: str,
    log: Path | None,
    began: Began = NOBODY,
) -> Engine:
    """Build the engine of a study: connect to its servers, or serve a local file.

    Args:
        spec: the study; `engine: auto` asks a server who it is.
        entry: the model of models.yaml, if the study names one.
        api_key: for servers that ask for one.
        log: file for the output of a server that we start.
        began: what a study that goes on began with.

    Raises:
        EngineError: no server answers.
        SpecError: a provider or a server is named to an engine that has none, or nobody serves
            the model.
    """
    from ..engines._pool import pool

    if spec.engine == EMBEDDED and spec.server:
        raise SpecError(
            f"engine {EMBEDDED} serves the model itself, so {', '.join(spec.server)} would not be "
            "asked; leave one of the two out"
        )

    options = _options(spec, entry, api_key, log)
    options = replace(options, called=began.model or options.called)
    servers = spec.server or (entry.servers if entry and spec.engine != EMBEDDED else ())
    if not servers:
        name = EMBEDDED if spec.engine == "auto" else spec.engine
        _see_providers(spec, name)
        if name == EMBEDDED and entry is not None and entry.gguf is None:
            raise SpecError(
                f"model {entry.name}: models.yaml states no gguf, port or server for it, so nobody "
                "serves it; state one, or name a server by --server"
            )
        built: Engine = find("engines", name).build(options)
        return built
    names = await _engines_at(servers, api_key, began) if spec.engine == "auto" else None
    _see_providers(spec, *(names or [spec.engine]))
    engines: list[Engine] = [
        find("engines", names[i] if names else spec.engine).build(replace(options, server=url))
        for i, url in enumerate(servers)
    ]
    return pool(engines)


def _see_providers(spec: StudySpec, *engines: str) -> None:
    """See that providers are named only to a service that has some.

    Raises:
        SpecError: another engine writes, which would pass them over.
    """
    if spec.provider and (others := set(engines) - {ROUTER}):
        raise SpecError(
            f"provider: only {ROUTER} hands requests on to providers, and {', '.join(others)} "
            f"writes here; leave it out, or state engine: {ROUTER}"
        )


async def _engines_at(servers: Sequence[str], api_key: str, began: Began) -> list[str]:
    """The engine at each address; who does not answer yet is taken to be as the others.

    Raises:
        EngineError: nobody answers.
    """
    from ..engines._recognise import as_before, recognise

    asked = (recognise(url, api_key) for url in servers)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, EngineError):
            raise answer
    known = [as_before(a, began.engine) if isinstance(a, str) else "" for a in answers]
    if not any(known):
        raise EngineError("; ".join(str(answer) for answer in answers))
    return [engine or next(filter(None, known)) for engine in known]


def _options(
    spec: StudySpec, entry: ModelEntry | None, api_key: str, log: Path | None
) -> EngineOptions:
    options = EngineOptions(
        api_key=api_key,
        template="raw" if spec.raw else spec.template,
        slots=spec.slots or 4,
        providers=spec.provider,
        log=log,
    )
    options = replace(options, timeout_seconds=spec.timeout or options.timeout_seconds)
    if entry is None:
        return replace(options, model=spec.model or "")
    return replace(
        options,
        called=entry.name,
        gguf=entry.gguf,
        slots=spec.slots or entry.slots or 4,
        context=entry.context or options.context,
        gpu_layers=entry.gpu_layers,
        template=options.template or entry.template,
    )


def build_judge(spec: StudySpec, task: Task, environment: Mapping[str, str]) -> Judge:
    """Build the judge of a study; keys come from the environment alone.

    Raises:
        SpecError: `max_cost` could not be kept, because a model's price is not known.
    """
    from ..spec import load_prices

    options = JudgeOptions(
        models=spec.judge_models,
        base_url=environment.get(JUDGE_URL) or None,
        api_key=environment.get(JUDGE_KEY, ""),
        prices=load_prices(),
    )
    judge: Judge = find("judges", spec.judge).build(options, task)
    if spec.max_cost is not None and judge.unpriced:
        raise SpecError(
            f"max_cost: the price of {', '.join(judge.unpriced)} is not known, so it could not be "
            "kept; state it in backend/config/prices.yaml (0 for a judge of your own)"
        )
    return judge


def build_strategy(spec: StudySpec) -> Strategy:
    """Find the strategy of a study."""
    strategy: Strategy = find("search", spec.search_strategy)
    return strategy


def build_problem(spec: StudySpec, baseline: SamplerConfig | None, info: ServerInfo) -> Problem:
    """Say what a strategy may know of a study besides the evidence.

    Where `max_samples` allows fewer texts than the study would take, they are its budget: the
    confirmation has its share of what can be written.
    """
    budget = own_budget(spec)
    if spec.max_samples is not None:
        budget = min(budget, spec.max_samples)
    problem = Problem(
        space=spec.space,
        n_prompts=len(spec.prompts),
        budget=budget,
        n_iterations=spec.n_iterations,
        samples_per_config=spec.samples_per_config,
        baseline=baseline,
        failure_score=spec.failure_score,
        margin=spec.margin,
        temperature_last=acts_last(info),
        chain=chain_of(info.engine),
        moderate=not spec.diversity_weight,
    )
    return replace(problem, confirm=_kept_for_fresh_seeds(spec, problem))


def own_budget(spec: StudySpec) -> int:
    """The texts of a study that nothing limits."""
    return spec.n_iterations * len(spec.prompts) * spec.samples_per_config


def _kept_for_fresh_seeds(spec: StudySpec, problem: Problem) -> int | None:
    """How many texts the confirmation may use; a benchmark has none.

    With fixed replication its share is one of the texts of the settings that are tried, whatever
    `n_iterations` says; `max_samples` may leave less, and never makes it more.
    """
    if spec.given:
        return None
    tried = configurations(spec.search_strategy, problem)
    texts = own_budget(spec)
    if tried is not None:
        texts = tried * problem.n_prompts * problem.samples_per_config
    if spec.max_samples is not None:
        texts = min(texts, spec.max_samples)
    if spec.confirm is not None:
        return round(texts * spec.confirm)
    return confirmation_texts(texts, problem.baseline is not None)


def check_expressible(engine: Engine, space: Space, baseline: SamplerConfig | None) -> None:
    """See that the server speaks every value of the space, before anything is spent.

    Listed values and the steps of a range are tried one by one, ranges without steps at both ends
    and just inside them: a server may take 0, and no number that is nearly 0.

    Raises:
        SpecError: it does not; says which parameter and what to do.
    """
    import numpy as np

    rng = np.random.default_rng(0)
    for part in space.samplers:
        drawn = part.draw(rng)
        for name, dimension in part.dimensions:
            for value in _values_to_try(dimension):
                values = {**drawn.as_dict(), name: value}
                engine.express(SamplerConfig.of(part.sampler, values), seed=1)
    if baseline is not None:
        try:
            engine.express(baseline, seed=1)
        except SpecError as error:
            raise SpecError(f"the baseline {baseline.text}: {error}") from error


def _values_to_try(dimension: Dimension) -> Sequence[Value]:
    if isinstance(dimension, Listed):
        return dimension.values
    steps = dimension.listed()
    if steps is not None and len(steps) <= MOST_STEPS:
        return steps
    return [dimension.at(fraction) for fraction in (0.0, INSIDE, 1 - INSIDE, 1.0)]
