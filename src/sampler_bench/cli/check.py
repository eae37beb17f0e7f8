"""`sampler-bench check`: which of the settings that you send really act on your server."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from ._options import SEVERAL, shared

if TYPE_CHECKING:
    from ..checks import By, Default, Finding, Report
    from ..spec import StudySpec

HELP = "probe a live server: which settings act, which are ignored, what acts unasked"
STYLES = {
    "honoured": "green",
    "honoured differently": "yellow",
    "clamped": "yellow",
    "ignored": "bold red",
    "cannot tell": "yellow",
    "not spoken": "dim",
}
BRIEF: Mapping[By, str] = {
    "extreme": "one text at its extreme",
    "seeds": "texts change with it",
    "greedy": "the greedy text changes",
    "texts": "texts with it are others",
    "agreement": "texts agree with it",
    "echo": "the server says that it used it",
    "length": "texts end at their limit",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.epilog = (
        "exit codes: 0 all that was asked for works: the knobs of --samplers, or without it every "
        "knob and seed that the engine speaks; 1 one of them is ignored or cannot be told, or "
        "--samplers names one that is not spoken there; 2 usage; 3 the server cannot be reached. "
        "What else is found (template, thoughts, endings, batching, ...) is told and changes no "
        "exit code: in the output of --json it stands under facts, `fine` false where it matters"
    )
    shared(parser, "--server", help="server to check; default: the built-in one")
    shared(parser, "--engine", "--model", "--provider", "--timeout")
    parser.add_argument(
        "--samplers", **SEVERAL, metavar="TYPE", help="check only their knobs, like min_p+xtc"
    )
    shared(parser, "--raw", help="the way without a chat template")
    shared(parser, "--config", help="study file that names server and model")
    shared(parser, "--json", "--quiet")


def run(args: argparse.Namespace) -> int:
    """Check, print what was found, and return the exit code."""
    import asyncio

    from ..spec import load_study
    from ..spec.environment import environment
    from ._requests import overrides_of

    spec = load_study(args.config, None, overrides_of(args))
    knobs = asked_knobs(spec) if args.samplers else None
    reports = asyncio.run(_check(spec, knobs, environment(), args.quiet))
    if args.json:
        sys.stdout.write(json.dumps([r.to_json() for r in reports], indent=2) + "\n")
    else:
        for report in reports:
            show(report)
    return max(exit_code(report, named=knobs is not None) for report in reports)


def asked_knobs(spec: StudySpec) -> set[str]:
    """The knobs of a study's samplers."""
    parts = spec.space.samplers
    return {name for part in parts for name, _ in part.dimensions} - {"max_tokens"}


async def _check(
    spec: StudySpec, knobs: Collection[str] | None, env: Mapping[str, str], quiet: bool
) -> list[Report]:
    from ..checks import check, servers_of
    from ..spec.environment import SERVER_KEY
    from ..tuning.build import build_engine
    from ..tuning.choices import find_model
    from ..tuning.served import describe
    from ._output import done, say

    engine = await build_engine(spec, find_model(spec), env.get(SERVER_KEY, ""), None)
    async with engine:
        done(f"server: {describe(await engine.check())}", quiet=quiet)
        say("   probing with short requests, one at a time ...", quiet=quiet)
        return [await check(server, knobs) for server in servers_of(engine)]


def exit_code(report: Report, *, named: bool) -> int:
    """0 where all that was asked for works: the knobs that were named, else knobs and seed.

    What is not spoken counts only where it was named.
    """
    from ..checks import WORKS

    if named:
        return 0 if all(finding.says in WORKS for finding in report.findings) else 1
    fine = (*WORKS, "not spoken")
    return 0 if all(found.says in fine for found in (report.seed, *report.findings)) else 1


def show(report: Report) -> None:
    """Print one server's findings for people."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ._output import colour

    console = Console(no_color=not colour(sys.stdout), highlight=False)
    spoken = [finding for finding in report.findings if finding.says != "not spoken"]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("knob", "answer", "seen", "wrong at most"):
        table.add_column(title)
    for finding in [report.seed, *spoken]:
        style = STYLES[finding.says]
        table.add_row(
            finding.knob, Text(finding.says, style), Text(_seen(finding)), _chance(finding)
        )
    console.print(Text(f"{report.engine} {report.version}".strip() + f" at {report.url}", "bold"))
    console.print(table)
    for line in lines(report):
        console.print(Text(line))


def lines(report: Report) -> list[str]:
    """What else there is to say, a line each."""
    from ._output import sign

    mark = sign("⚠️ ", "! ", sys.stdout)
    unspoken = [finding.knob for finding in report.findings if finding.says == "not spoken"]
    found = [f"{'' if f.fine else mark}{f.what}: {f.found}" for f in report.facts]
    if report.defaults is not None:
        acting = ", ".join(map(_default, report.defaults)) or "nothing"
        found.insert(0, f"acts when left out: {acting}")
    if unspoken:
        found.append(f"not spoken by this engine: {', '.join(unspoken)}")
    return [*found, f"{report.requests} short requests, {report.seconds:.1f} s"]


def _default(default: Default) -> str:
    values = " or ".join(f"{value:g}" for value in default.values) or "a value that is not usual"
    return f"{default.key} {values}"


def _seen(finding: Finding) -> str:
    """What was seen: in few words where all is well, else with what to do."""
    if finding.says == "honoured":
        return "it repeats a text" if finding.knob == "seed" else BRIEF[finding.by]
    return f"{finding.evidence}; {finding.remedy}" if finding.remedy else finding.evidence


def _chance(finding: Finding) -> str:
    """The error rate of the answer that was given; the bound 1 says nothing."""
    if finding.says in ("cannot tell", "not spoken"):
        return ""
    ignored = finding.says == "ignored"
    chance = finding.false_ignored if ignored else finding.false_honoured
    return f"{chance:.1g}" if chance < 1 else "not known"
