"""`sampler-bench doctor`: look at everything a search needs, and print one fix for each problem."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import NotReachable, SamplerBenchError
from ._options import shared

if TYPE_CHECKING:
    from ..spec import EmbeddingSpec, StudySpec

HELP = "check key, judge, server, models, disk and ports; one fix for each problem"
LEAST_FREE_BYTES = 200 * 2**20


class Finding(NamedTuple):
    """One thing that was looked at: what was found, and what to do where it is not right."""

    what: str
    found: str
    fix: str = ""
    exit_code: int = 0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    shared(parser, "--model", help="the model that you want to search for")
    shared(parser, "--server", "--judge", "--judge-model", "--config", "--output-dir")


def run(args: argparse.Namespace) -> int:
    """Look, print a line for each thing, and return the exit code of the worst problem."""
    from ..spec.environment import environment
    from ._output import say, sign

    findings = look(args, environment())
    for finding in findings:
        mark = sign("❌", "[x]") if finding.fix else sign("✅", "[ok]")
        say(f"{mark} {finding.what}: {finding.found}")
        if finding.fix:
            say(f"      fix: {finding.fix}")
    problems = [finding for finding in findings if finding.fix]
    number = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    say(f"{number} found" if problems else "all is well")
    return max((finding.exit_code for finding in problems), default=0)


def look(args: argparse.Namespace, env: Mapping[str, str]) -> list[Finding]:
    """Look at everything in turn; a problem in one thing does not hide the next."""
    import asyncio

    from ..spec import load_study
    from ._requests import overrides_of, see_panel_used

    findings = [_packages(), _disk(args.output_dir)]
    try:
        spec = load_study(args.config, None, overrides_of(args))
    except SamplerBenchError as error:
        return [*findings, Finding("study file", str(error), "mend the file as it says", 2)]
    see_panel_used(args, spec)
    findings.append(Finding("study file", f"{len(spec.prompts)} prompts, {spec.search_strategy}"))
    model = _models(spec)
    findings += [model, asyncio.run(_judge(spec, env))]
    if spec.embedding is not None:
        findings.append(asyncio.run(_embedding(spec.embedding, env)))
    if not model.fix:  # else nobody could serve it
        findings.append(asyncio.run(_server(spec, env)))
    return findings


def _packages() -> Finding:
    from importlib.metadata import version

    names = ("sampler-bench", "xllamacpp", "openai", "numpy", "scipy")
    return Finding("packages", ", ".join(f"{name} {version(name)}" for name in names))


def _disk(folder: Path) -> Finding:
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    found = f"{free / 2**30:.1f} GiB free for {folder}"
    if free < LEAST_FREE_BYTES:
        return Finding("disk", found, "make room, or choose another --output-dir", 1)
    probe = there / ".sampler-bench-probe"
    try:
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        fix = "choose another --output-dir, or change its rights"
        return Finding("disk", f"{there} cannot be written: {error.strerror}", fix, 1)
    return Finding("disk", found)


def _models(spec: StudySpec) -> Finding:
    from ..tuning.choices import find_model

    try:
        entry = find_model(spec)
    except SamplerBenchError as error:
        return Finding("model", str(error), "name a model of models.yaml, or add yours", 2)
    if entry is None:
        return Finding("model", "whatever the named server serves")
    if entry.gguf is not None and not entry.gguf.is_file():
        fix = "correct the path in models.yaml, or download the file"
        return Finding("model", f"{entry.name}: there is no file {entry.gguf}", fix, 2)
    place = entry.gguf or (f"of {entry.hub}" if entry.hub else "served elsewhere")
    return Finding("model", f"{entry.name}, {place}")


async def _judge(spec: StudySpec, env: Mapping[str, str]) -> Finding:
    from ..spec.environment import JUDGE_KEY, JUDGE_URL
    from ..tuning.build import build_judge, build_task

    if spec.judge == "openai" and not (env.get(JUDGE_KEY) or env.get(JUDGE_URL)):
        fix = f"copy .env.example to .env and set {JUDGE_KEY}, or use --judge offline"
        return Finding("judge", f"{JUDGE_KEY} is not set", fix, 3)
    try:
        async with build_judge(spec, build_task(spec), env) as judge:
            return Finding("judge", await judge.check())
    except SamplerBenchError as error:
        fix = "do as the message says, or use --judge offline"
        return Finding("judge", str(error), fix, error.exit_code)


async def _embedding(wanted: EmbeddingSpec, env: Mapping[str, str]) -> Finding:
    from ..tuning.answers import check

    try:
        return Finding("embedding", await check(wanted, env))
    except SamplerBenchError as error:
        fix = "start its server, or leave `embedding` out of the study file"
        return Finding("embedding", str(error), fix, error.exit_code)


async def _server(spec: StudySpec, env: Mapping[str, str]) -> Finding:
    from ..spec.environment import SERVER_KEY
    from ..tuning.build import build_engine
    from ..tuning.choices import find_model
    from ..tuning.served import describe

    try:
        entry = find_model(spec)
        async with await build_engine(spec, entry, env.get(SERVER_KEY, ""), None) as engine:
            return Finding("server", describe(await engine.check()))
    except NotReachable as error:
        addresses = spec.server or (entry.servers if entry else ())
        found = "; ".join([str(error), *_held(addresses)])
        return Finding("server", found, _start(spec), error.exit_code)
    except SamplerBenchError as error:
        return Finding("server", str(error), "do as the message says", error.exit_code)


def _start(spec: StudySpec) -> str:
    if spec.server or spec.model is None:
        return "start a server there, or name the one that runs by --server"
    return f"start it: sampler-bench serve {spec.model}"


def _held(addresses: Iterable[str]) -> list[str]:
    """Who holds the ports of this machine at which a server was expected."""
    from urllib.parse import urlsplit

    from ..engines._http import is_local
    from ..engines._ports import port_in_use, port_owner

    ports = [urlsplit(url).port for url in addresses if is_local(url)]
    return [f"port {p} is held by {port_owner(p)}" for p in ports if p and port_in_use(p)]
