"""WHAT REALLY RUNS: live checks of a server, by few short requests.

Servers ignore keys silently, clamp values, fill in defaults and apply them in an order of their
own. So each knob is probed before a search trusts it. One file a family of probes:

    seeds       does the seed repeat a text, under which name
    behaviour   does the knob change texts as it must
    echo        does the server say that it used what was sent
    order       where temperature acts
    defaults    what acts although nobody asked for it
    ending      does a text end, does the model think aloud, do others in the batch change it

Every answer comes with its error rates. Nothing here raises for a knob that does not work: that is
an answer. `EngineError` means that the server could not be asked.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import replace

from ..engines import Engine, ServerInfo
from ..engines._pool import PoolEngine
from ..engines._remote import RemoteEngine
from ..samplers import parameter_names
from . import behaviour, seeds
from ._ask import Ask
from ._findings import WORKS, Default, Fact, Finding, Report

__all__ = ["WORKS", "Default", "Fact", "Finding", "Report", "check", "servers_of"]


async def check(
    engine: RemoteEngine,
    knobs: Collection[str] | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    *,
    thorough: bool = True,
) -> Report:
    """Check a server.

    Args:
        engine: entered, on a server that answers.
        knobs: parameters to probe; None for all.
        ranges: between which values each will be searched.
        thorough: also look for hidden defaults, other names of the seed, batching and endings.

    Raises:
        EngineError: the server does not answer.
    """
    began = time.monotonic()
    info = engine.info or await engine.check()
    ask = Ask(engine, ranges)
    await ask.cool()
    seed = await seeds.probe(ask)
    findings = [await _finding(ask, knob) for knob in _wanted(knobs)]
    facts = [await seeds.names_of_seed(ask)] if thorough else []
    return _report(ask, info, seed, findings, facts, time.monotonic() - began)


def servers_of(engine: Engine) -> list[RemoteEngine]:
    """The servers behind an engine that can be probed; none for engines of another kind."""
    if isinstance(engine, PoolEngine):
        return [member.engine for member in engine.members if member.info is not None]
    return [engine] if isinstance(engine, RemoteEngine) else []


def _wanted(knobs: Collection[str] | None) -> list[str]:
    """The knobs to probe, temperature first: nothing else can be told if it does nothing."""
    wanted = set(parameter_names() if knobs is None else knobs) - {"max_tokens"}
    return sorted(wanted, key=lambda knob: (knob != "temperature", knob))


async def _finding(ask: Ask, knob: str) -> Finding:
    if ask.speaks(knob):
        return await behaviour.probe(ask, knob)
    word = ask.engine.dialect.words[knob]
    return Finding(knob, "not spoken", getattr(word, "why", ""))


def _report(
    ask: Ask,
    info: ServerInfo,
    seed: Finding,
    findings: list[Finding],
    facts: list[Fact],
    seconds: float,
) -> Report:
    return Report(
        engine=info.engine,
        url=info.url,
        version=info.version,
        model=info.model,
        context=info.context,
        slots=info.slots,
        template=info.template,
        seed=seed,
        order="unknown",
        findings=tuple(_settled(finding, ask) for finding in findings),
        defaults=None,
        facts=tuple(facts),
        requests=ask.requests,
        seconds=seconds,
    )


def _settled(finding: Finding, ask: Ask) -> Finding:
    """A finding with the error rate that all repeats of the check allow."""
    if finding.by != "seeds" or finding.says == "ignored":
        return finding
    return replace(finding, false_honoured=behaviour.seeds_error(ask))
