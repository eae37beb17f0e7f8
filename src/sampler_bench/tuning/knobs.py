"""Before a study spends anything: do the knobs that it is about act on its servers?

The findings are kept with the study as its note `knobs`, so that going on does not probe again, and
the results tell them. A knob that is ignored stops the study: it would measure noise under a name.
`--allow-unverified` overrules that, and the results keep saying so; the knobs that were ignored are
excused from then on, and no others. What the server says that it forces besides is told, here and
by every report: each text is written with it. A server that joins when the study runs already is
probed in the same way; one that ignores a knob which is not excused is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..checks import Report, check, servers_of
from ..engines import Engine
from ..engines._dialect import Dialect, Spoken
from ..engines._http import objects
from ..engines._remote import RemoteEngine
from ..errors import SpecError
from ..records import JsonObject, SamplerConfig
from ..samplers import Listed, Space, parameter
from ..samplers.order import CUTS
from .events import Checked, Warned, Watcher

KNOBS = "knobs"  # the note's name
DOUBTFUL = ("clamped", "honoured differently", "cannot tell")  # told when a study begins
ROUGHLY = "what they do together there is computed only roughly."
ORDER_UNKNOWN = (
    "in which order they act there is not known; llama.cpp's is assumed in what is computed."
)
STATED = ("max_tokens",)  # of every request; whether texts are cut off is recorded with each


@dataclass(frozen=True, slots=True)
class KnobCheck:
    """Probes the knobs of a space and of a baseline on servers.

    Attributes:
        space: what is searched.
        baseline: what it is compared with.
        allow: go on although a knob is ignored.
        watch: is told what was found.
    """

    space: Space
    baseline: SamplerConfig | None
    allow: bool
    watch: Watcher

    async def begin(self, engine: Engine, kept: JsonObject | None) -> JsonObject | None:
        """Probe all servers that are there, unless what was kept covers them.

        Args:
            engine: entered and checked.
            kept: the study's note of an earlier run.

        Returns:
            The note to keep; None where there is no server that can be probed.

        Raises:
            SpecError: a knob of the space is ignored; nothing was spent.
            EngineError: a server does not answer.
        """
        servers, searched = servers_of(engine), knobs_of(self.space)
        if not servers:
            return None
        if kept is not None and all(covers(kept, searched, s) for s in servers):
            return kept
        excused = searched if self.allow else _excused(kept)
        return _note([await self._probed(server, excused) for server in servers], excused)

    async def one_more(self, server: RemoteEngine, kept: JsonObject) -> JsonObject:
        """Probe a server that joins those of which the note is kept, unless it covers this one.

        Returns:
            The note to keep: what was found here beside the rest.

        Raises:
            SpecError: a knob of the space is ignored here, and not on those that write already.
            EngineError: the server does not answer.
        """
        if covers(kept, knobs_of(self.space), server):
            return kept
        excused = _excused(kept)
        found = await self._probed(server, excused)
        others = [told for told in objects(kept.get("servers")) if told["url"] != found["url"]]
        return _note([*others, found], excused)

    async def _probed(self, server: RemoteEngine, excused: Collection[str]) -> JsonObject:
        searched = knobs_of(self.space)
        wanted = searched | _moved(self.baseline)
        minded = to_mind(server.dialect, self._side_by_side())
        for told, names in minded.items():
            self.watch(Warned(f"{', '.join(names)} on {server.http.shown}: {told}"))
        report = await check(server, wanted, ranges_of(self.space), thorough=False, beside=True)
        _refuse_or_tell(report, searched - set(excused), self.watch)
        return {
            **report.to_json(),
            "minded": [f"{', '.join(names)}: {told}" for told, names in minded.items()],
        }

    def _side_by_side(self) -> list[set[str]]:
        """The knobs that may act in one configuration, for each sampler and for the baseline."""
        parts = [knobs_of(Space((part,))) for part in self.space.samplers]
        return [*parts, _moved(self.baseline)]


def _note(servers: Sequence[Mapping[str, Any]], excused: Collection[str]) -> JsonObject:
    allowed = not _dead(servers).isdisjoint(excused)
    return {"allowed_unverified": allowed, "servers": [dict(told) for told in servers]}


def _excused(kept: JsonObject | None) -> set[str]:
    """The knobs that a study goes on with although they are ignored."""
    if not kept or not kept.get("allowed_unverified"):
        return set()
    return _dead(objects(kept.get("servers")))


def _dead(servers: Sequence[Mapping[str, Any]]) -> set[str]:
    found = (finding for told in servers for finding in objects(told.get("findings")))
    return {str(finding["knob"]) for finding in found if finding.get("says") == "ignored"}


def to_mind(dialect: Dialect, side_by_side: Sequence[Collection[str]]) -> dict[str, list[str]]:
    """What has to be minded of knobs on a server of a kind, each with the knobs it is said of.

    Args:
        dialect: the server's.
        side_by_side: sets of knobs that may act in one configuration.
    """
    chain, found = dialect.chain, dict[str, list[str]]()
    for name in sorted(set().union(*side_by_side)):
        word = dialect.words[name]
        if isinstance(word, Spoken) and word.mind:
            found.setdefault(word.mind, []).append(name)
    sets = [frozenset(knobs) for knobs in side_by_side]
    for names in dict.fromkeys((*dialect.together, *chain.inexact)):
        if any(knobs.issuperset(names.split("+")) for knobs in sets):
            found.setdefault(dialect.together.get(names, ROUGHLY), []).append(names)
    if not chain.known:
        for knobs in sets:
            if len(cuts := sorted(knobs.intersection(CUTS))) > 1:
                found.setdefault(ORDER_UNKNOWN, []).append("+".join(cuts))
    return found


def knobs_of(space: Space) -> set[str]:
    """The knobs that a space moves or sets off neutral."""
    found = set()
    for part in space.samplers:
        for name, dimension in part.dimensions:
            still = isinstance(dimension, Listed) and set(dimension.values) == {
                parameter(name).neutral
            }
            if not still and name not in STATED:
                found.add(name)
    return found


def ranges_of(space: Space) -> dict[str, tuple[float, float]]:
    """Between which numbers each knob is searched, over all samplers."""
    found: dict[str, list[float]] = {}
    for part in space.samplers:
        for name, dimension in part.dimensions:
            ends = (
                dimension.values
                if isinstance(dimension, Listed)
                else (dimension.low, dimension.high)
            )
            found.setdefault(name, []).extend(float(v) for v in ends if isinstance(v, int | float))
    return {name: (min(ends), max(ends)) for name, ends in found.items() if ends}


def covers(kept: JsonObject, searched: set[str], server: RemoteEngine) -> bool:
    """Whether a note answers for all knobs on a server, of the same version and model."""
    info = server.info
    for report in objects(kept.get("servers")):
        same = info is not None and _identity(report) == _identity(asdict(info))
        if same and searched <= {f.get("knob") for f in objects(report.get("findings"))}:
            return True
    return False


def _identity(told: Mapping[str, object]) -> tuple[object, ...]:
    """Who a server is; the built-in one has another port every time."""
    url = "" if told.get("engine") == "embedded" else told.get("url")
    return told.get("engine"), told.get("version"), told.get("model"), url


def _moved(baseline: SamplerConfig | None) -> set[str]:
    pairs = baseline.parameters if baseline is not None else ()
    return {n for n, value in pairs if n not in STATED and value != parameter(n).neutral}


def _refuse_or_tell(report: Report, needed: set[str], watch: Watcher) -> None:
    for finding in report.ignored():
        told = f"{finding.knob} does nothing on {report.engine} at {report.url}: {finding.evidence}"
        if finding.knob in needed:
            raise SpecError(
                f"{told}; {finding.remedy}; or go on all the same with --allow-unverified"
            )
        watch(Warned(f"{told}; {finding.remedy}"))
    for fact in report.facts:
        if not fact.fine:
            watch(Warned(f"{fact.what} on {report.url}: {fact.found}"))
    doubtful = [report.seed] if report.seed.says == "ignored" else []
    doubtful += [f for f in (report.seed, *report.findings) if f.says in DOUBTFUL]
    for finding in doubtful:
        watch(Warned(f"{finding.knob} on {report.url}: {finding.says}: {finding.evidence}"))
    fine = [finding.knob for finding in report.findings if finding.says == "honoured"]
    if fine:
        cost = f"{report.requests} short requests, {report.seconds:.1f} s"
        watch(Checked("settings", f"{', '.join(fine)} act on {report.url} ({cost})"))
