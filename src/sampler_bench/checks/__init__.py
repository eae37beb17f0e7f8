"""WHAT REALLY RUNS: live checks of a server, by few short requests.

Servers ignore keys silently, clamp values, fill in defaults and apply them in an order of their
own. So each knob is probed before a search trusts it. One file a family of probes:

    seeds       does the seed repeat a text, under which name
    behaviour   does the knob change texts as it must; `unseeded`: the same where seeds do nothing
    echo        does the server say that it used what was sent
    length      does the token limit hold
    clamps      does it act to the end of its range
    order       where temperature acts
    defaults    what acts although nobody asked for it
    forced      what the server says that it forces
    bystanders  does it hear what is stated and not searched
    logprobs    what they are: the model's own, or after samplers
    batching    do other texts at the same time change a text
    ending      does a text end, does the model think aloud
    wrapping    what wraps prompts, and whether that is the model's own template

Every answer comes with its error rates. Nothing here raises for a knob that does not work: that is
an answer. `EngineError` means that the server could not be asked.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import replace

from ..engines import Engine
from ..engines._pool import PoolEngine
from ..engines._remote import RemoteEngine
from ..samplers import parameter_names
from . import (
    batching,
    behaviour,
    bystanders,
    clamps,
    defaults,
    ending,
    forced,
    length,
    logprobs,
    order,
    seeds,
    wrapping,
)
from ._ask import Ask
from ._contrasts import NEEDS
from ._findings import WORKS, By, Default, Fact, Finding, Report
from ._seen import seeds_error

__all__ = ["WORKS", "By", "Default", "Fact", "Finding", "Report", "check", "orders", "servers_of"]
HEAT_AND_CUT = ("temperature", "top_p")  # enough to see where temperature acts


async def check(
    engine: RemoteEngine,
    knobs: Collection[str] | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    *,
    thorough: bool = True,
    beside: bool = False,
) -> Report:
    """Check a server.

    Args:
        engine: entered, on a server that answers.
        knobs: parameters to probe; None for all.
        ranges: between which values each will be searched.
        thorough: also look for hidden defaults, other names of the seed, batching and endings.
        beside: also look whether cuts that are not among the knobs are heard; see `bystanders`.

    Raises:
        EngineError: the server does not answer.
    """
    began = time.monotonic()
    info = engine.info or await engine.check()
    ask = Ask(engine, ranges)
    await ask.cool()
    seed = await seeds.probe(ask)
    wanted = _wanted(knobs)
    findings = await _findings(ask, wanted)
    findings += [length.finding(ask)] if thorough else []
    seen = await order.probe(ask) if order.matters(wanted) else "unknown"
    found = await defaults.probe(ask) if thorough else None
    facts = [wrapping.fact(engine)]
    facts += [order.fact(ask, seen)] if order.matters(wanted) else []
    facts += forced.facts(info)
    facts += await bystanders.facts(ask, wanted) if beside else []
    facts += await _more_facts(ask) if thorough else []
    return Report(
        engine=info.engine,
        url=info.url,
        version=info.version,
        model=info.model,
        context=info.context,
        slots=info.slots,
        template=info.template,
        seed=seed,
        order=seen,
        findings=tuple(_settled(finding, ask) for finding in findings),
        defaults=found,
        facts=tuple(facts),
        requests=ask.requests,
        seconds=time.monotonic() - began,
    )


async def orders(engine: Engine) -> dict[str, str]:
    """See where temperature acts on each server behind an engine, by its address.

    Raises:
        EngineError: a server does not answer.
    """
    found = {}
    for server in servers_of(engine):
        report = await check(server, HEAT_AND_CUT, thorough=False)
        found[report.url] = report.order
    return found


def servers_of(engine: Engine) -> list[RemoteEngine]:
    """The servers behind an engine that can be probed; none for engines of another kind."""
    if isinstance(engine, PoolEngine):
        return [member.engine for member in engine.members if member.info is not None]
    return [engine] if isinstance(engine, RemoteEngine) else []


def _wanted(knobs: Collection[str] | None) -> list[str]:
    """The knobs to probe: temperature first, then those that others need, then the rest."""
    wanted = set(parameter_names() if knobs is None else knobs) - {"max_tokens"}
    return sorted(wanted, key=lambda knob: (knob != "temperature", knob in NEEDS, knob))


async def _findings(ask: Ask, knobs: list[str]) -> list[Finding]:
    """One finding for each knob; what needs a knob that is ignored is not asked for."""
    found: dict[str, Finding] = {}
    for knob in knobs:
        leader = found.get(NEEDS.get(knob, ""))
        if not ask.speaks(knob):
            why = getattr(ask.engine.dialect.words[knob], "why", "")
            found[knob] = Finding(knob, "not spoken", why)
        elif leader is not None and leader.says == "ignored":
            told = f"it acts only with {leader.knob}, which is ignored"
            found[knob] = replace(leader, knob=knob, evidence=told)
        elif told_so := forced.finding(ask, knob):
            found[knob] = told_so
        else:
            found[knob] = await clamps.probe(ask, await behaviour.probe(ask, knob))
    return [found[knob] for knob in sorted(found, key=lambda k: (k != "temperature", k))]


async def _more_facts(ask: Ask) -> list[Fact]:
    names = await seeds.names_of_seed(ask)
    told = await logprobs.probe(ask)
    return [names, told, await batching.probe(ask), *await ending.probe(ask)]


def _settled(finding: Finding, ask: Ask) -> Finding:
    """A finding with the error rate that all repeats of the check allow."""
    if finding.by not in ("seeds", "greedy") or finding.says == "ignored":
        return finding
    return replace(finding, false_honoured=seeds_error(ask))
