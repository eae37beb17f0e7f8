"""What a server does to the answer, in words: the live check, and warnings that stay."""

from __future__ import annotations

from ..engines._thoughts import REMEDY
from ..records import THOUGHTS
from ..samplers.order import PLACES
from ._document import CheckedServer, Document, FindingResult
from ._words import shown

FORCED = "forced"  # what the live check calls it (checks.forced)
UNHEARD = "unheard"  # likewise (checks.bystanders)
TEMPLATE = "template"  # (checks.wrapping)
NOTED = ("ignored", "clamped", "honoured differently", "cannot tell")


def live_check(document: Document) -> list[str]:
    """The report's part on the live check; nothing where none was made."""
    if document.knobs is None or not document.knobs.servers:
        return []
    lines = ["🔧 Live Check of the Settings:", ""]
    for server in document.knobs.servers:
        lines += _server(server)
    return lines


def warnings(document: Document) -> list[str]:
    """What the server does to the answer, a sentence each; none where all is as it should be."""
    rules = (unverified, forced, unheard, template, thinking, mixed)
    return [said for rule in rules for said in rule(document)]


def mixed(document: Document) -> list[str]:
    """One sentence, where several providers wrote the texts of a study; else none."""
    wrote = document.search_metadata.providers
    if len(wrote) < 2:
        return []
    names = ", ".join(f"{shown(name)} {texts}" for name, texts in wrote.items())
    return [
        f"MIXED: texts by {len(wrote)} providers ({names}), which may serve the model differently, "
        "as in other quantizations: a difference between settings may be one between them. Hold a "
        "study to one with --provider."
    ]


def forced(document: Document) -> list[str]:
    """One sentence for each server that says that it forces something, whatever is sent."""
    return [
        f"FORCED: {found}, whatever is sent: every text of this study was written with it, and no "
        "preset has it."
        for found in _found(document, FORCED)
    ]


def unheard(document: Document) -> list[str]:
    """One sentence for each server that did not act on what was stated and not searched."""
    return [
        f"UNHEARD: {found}; a forced value may be in every text of this study, and is in no preset."
        for found in _found(document, UNHEARD)
    ]


def template(document: Document) -> list[str]:
    """One sentence for each server whose prompts went in another template than the model's own."""
    return [
        f"TEMPLATE: {found}; the texts of this study were asked for with it."
        for found in _found(document, TEMPLATE)
    ]


def thinking(document: Document) -> list[str]:
    """One sentence, where the model thought aloud, which nobody asked for; else none."""
    meta = document.search_metadata
    said = []
    if meta.with_thoughts:
        share = f", {meta.thoughts_share:.0%} of what was written" if meta.thoughts_share else ""
        said.append(
            f"{meta.with_thoughts} of {meta.written} texts came with thoughts, which nobody asked "
            f"for{share}: they are not judged, and count towards max_tokens"
        )
    if lost := meta.missing_reasons.get(THOUGHTS, 0):
        said.append(f"of {lost} texts nothing but thoughts came, so they are missing")
    return [f"THINKING: {'; '.join(said)}; {REMEDY}."] if said else []


def unverified(document: Document) -> list[str]:
    """One sentence, where the study went on over knobs that do nothing; else none."""
    if document.knobs is None or not document.knobs.allowed_unverified:
        return []
    dead = {f.knob for s in document.knobs.servers for f in s.findings if f.says == "ignored"}
    names = ", ".join(map(shown, sorted(dead)))
    return [f"UNVERIFIED: the server ignores {names}; what is said of it here is noise."]


def _found(document: Document, what: str) -> list[str]:
    """What was found amiss of one kind, on each server."""
    servers = document.knobs.servers if document.knobs is not None else []
    facts = (fact for server in servers for fact in server.facts)
    return [shown(fact.found) for fact in facts if fact.what == what and not fact.fine]


def _server(server: CheckedServer) -> list[str]:
    name = shown(f"{server.engine} {server.version} at {server.url}")
    fine = [shown(f.knob) for f in server.findings if f.says == "honoured"]
    lines = [f"   {name}:"]
    if fine:
        lines.append(f"     Act as they should: {', '.join(fine)}")
    lines += [f"     {_finding(f)}" for f in server.findings if f.says in NOTED]
    if server.seed is not None and server.seed.says != "honoured":
        lines.append(f"     {_finding(server.seed)}")
    facts = (fact for fact in server.facts if not fact.fine or fact.what == UNHEARD)
    lines += [f"     {shown(fact.found)}" for fact in facts]
    lines += [f"     {shown(told)}" for told in server.minded]
    if server.order in PLACES:
        lines.append(f"     Temperature was seen to act {server.order}.")
    return [*lines, f"     Seen in {server.requests} short requests before the study."]


def _finding(finding: FindingResult) -> str:
    remedy = f" ({shown(finding.remedy)})" if finding.remedy else ""
    return f"{shown(finding.knob)}: {shown(finding.says)}: {shown(finding.evidence)}{remedy}"
