"""The field tables of docs/results.md, made from the document's classes.

    python -m sampler_bench.reports._document

writes them anew between the marks, and the schemas. A class's docstring explains it and most of its
fields; what it does not name is explained here, by `Class.field` or, where it means the same
everywhere, by its name alone.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from . import _circumstances, _document, _findings, _rows
from . import _parts as _parts_
from ._document import Document, Part

BEGIN, END = "<!-- fields: made by sampler_bench.reports._fields -->", "<!-- end of fields -->"
SEEN_ABOVE = "see above"
FIELDS = {
    "mean": "its mean",
    "low": "lower end of the 95 % interval",
    "high": "upper end of the 95 % interval",
    "prompt": "the prompt's place in `search_metadata.prompts`, from 0",
    "texts": "how many texts counted",
    "config": "a configuration's text form, its name everywhere",
    "sampler": "a sampler's name",
    "parameter": "a parameter's name; `sampler` is the choice of sampler itself",
    "failed": "texts that a rule found bad",
    "missing": "texts without an outcome by a fault of server or judge; they count against nobody",
    "cut_off": "texts that the token limit ended",
    "tokens": "tokens written",
    "gain": "points gained, with the 95 % interval",
    "seed": "of every random choice",
    "version": "of the program",
    "model": "who writes",
    "objective": "the objective, with the 95 % interval",
    "PromptResult.objective": "mean worth of the texts that counted",
    "PromptResult.mean": "of its judged texts; null where all failed",
    "PhraseResult.text": "the phrase",
    "PhraseResult.texts": "how many texts have it",
    "PhraseResult.prompts": "on how many prompts",
    "Result.parameters": "the knobs by name",
    "Result.sampler_type": "its sampler",
    "Result.sample_count": "texts that counted: judged and failed",
    "Result.failure_low": "lower end of the exact interval of `failure_rate`",
    "Result.failure_high": "upper end of the exact interval of `failure_rate`",
    "Result.failures": "how many texts failed, by rule",
    "Result.cut_off_share": "`cut_off` over the texts written",
    "Result.by_prompt": "as seen on each prompt",
    "Result.fresh_texts": "texts of the confirmation that counted",
    "Result.fresh_scores": "the scores among them",
    "Result.diversity": "how varied its texts are; null where nobody wrote a good text",
    "SamplerResult.mean": "mean of its configurations' estimates",
    "SamplerResult.low": "the lowest estimate",
    "SamplerResult.high": "the highest estimate",
    "SamplerResult.configurations": "how many were tried",
    "SamplerResult.best": "its best configuration",
    "ImportanceResult.share": "share of the variance, 0 to 1",
    "ImportanceResult.told": "whether the data tell it from nothing",
    "AxisResult.name": "the knob",
    "AxisResult.values": "where it was evaluated",
    "SliceResult.axes": "one or two knobs",
    "VerdictResult.best": "the recommended configuration",
    "VerdictResult.tried": "whether any text of it counted",
    "VerdictResult.baseline": "what it is compared with",
    "VerdictResult.gain": "`compared` minus baseline, with the 95 % interval",
    "VerdictResult.margin": "differences up to this many points count as none",
    "VerdictResult.equivalent": "the best, then the tried ones that may be as good",
    "VerdictResult.possible": "how many untried ones, of those that stand for the space, may be",
    "VerdictResult.simplest": "the one with the fewest knobs that is shown to be no worse",
    "VerdictResult.notes": "plain sentences: what more it would take, what is not known",
    "DiversitySummary.answers_of": "answers in a set, the same for all; 0 where none was asked",
    "RunResult.version": "of sampler-bench",
    "KnobResult.value": "the knob's value in the recommended configuration",
    "CurveResult.best": "the best of N, for each of `sizes`",
    "MomentResult.texts": "after how many texts",
    "FindingResult.knob": "the parameter that was probed",
    "FindingResult.evidence": "what was seen",
    "FindingResult.by": "how it was seen",
    "FindingResult.remedy": "what to do",
    "CheckedServer.engine": "which engine it is",
    "CheckedServer.url": "where it is",
    "CheckedServer.findings": "one for each knob that was probed",
    "CheckedServer.facts": "what else was seen of it: what it forces, what wraps prompts",
    "CheckedServer.requests": "how many requests the check took",
    "JudgeResult.judge": "its identity",
    "JudgeResult.std": "standard deviation of its scores",
    "JudgeResult.top": "its highest score",
    "JudgeResult.cost": "of its judgments, in US dollars",
    "JudgeResult.seconds": "that its judgments took",
    "JudgeResult.tokens": "that its judgments took",
    "AgreementResult.first": "one judge",
    "AgreementResult.second": "the other",
    "AgreementResult.correlation": "of their scores, -1 to 1",
    "PanelResult.judges": "each judge",
    "PanelResult.agreement": "each two judges that scored texts in common",
    "Document.panel": "how the judges judged; null where nobody was asked",
    "CheckedServer.seconds": "how long it took",
    "LiveCheckResult.servers": "the servers that were checked",
    "Metadata.format": "of this file; newer ones are refused",
    "Metadata.kind": "`search` or `benchmark`",
    "Metadata.study": "its name",
    "Metadata.strategy": "how configurations were chosen",
    "Metadata.state": "`running`, `done`, `interrupted`, `budget` or `failed`",
    "Metadata.timestamp": "when it was last written to",
    "Metadata.started": "when it began",
    "Metadata.prompts": "what was asked",
    "Metadata.failure_score": "what a failed text is worth",
    "Metadata.total_configurations": "configurations with a text that counted",
    "Metadata.judged": "texts that the whole panel scored",
    "Metadata.pending": "texts not written or judged yet",
    "Metadata.written": "texts that came, judged or not",
    "Metadata.judges": "identities of the panel",
    "Metadata.retries": "attempts that were lost before one succeeded",
    "Metadata.server": "the server as it described itself",
    "Metadata.runs": "the commands that began it and went on with it; none from Python",
    "Metadata.spec": "the resolved study file",
    "Document.search_metadata": "about the run",
    "Document.best_configuration": "the recommended configuration; null before anything was judged",
    "Document.all_results": "all configurations, best estimate first",
    "Document.verdict": "the answer; null before anything was judged",
    "Document.samplers": "each sampler, the one with the best configuration first",
    "Document.importance": "which parameters matter",
    "Document.ranges": "where the good region lies",
    "Document.ablation": "what each knob of the recommended configuration contributes",
    "Document.best_of_n": "the samplers compared at equal budget",
    "Document.settled": "how the answer settled as texts came in",
    "Document.variance": "where the scatter of scores comes from",
    "Document.diversity": "variety over the study",
    "Document.slices": "the objective over one or two knobs",
    "Document.knobs": "what the live check of the servers found",
}


def markdown() -> str:
    """All classes with all their fields, the document first."""
    classes: list[type[Part]] = [Document, *(part for part in _parts() if part is not Document)]
    return "\n".join(line for part in classes for line in _section(part))


def _parts() -> Iterator[type[Part]]:
    """Every class of the document, in the order in which the modules state them."""
    for module in (_parts_, _rows, _findings, _circumstances, _document):
        for found in vars(module).values():
            own = inspect.isclass(found) and found.__module__ == module.__name__
            if own and issubclass(found, Part) and found is not Part:
                yield found


def _section(part: type[Part]) -> Iterator[str]:
    yield f"### {part.__name__}"
    yield ""
    yield inspect.cleandoc(part.__doc__ or "")
    yield ""
    yield "| field | type | meaning |"
    yield "| --- | --- | --- |"
    for name, field in part.model_fields.items():
        yield f"| `{name}` | {kind(field)} | {meaning(part, name)} |"
    yield ""


def meaning(part: type[Part], name: str) -> str | None:
    """What a field means; None where nobody says."""
    named = f"{part.__name__}.{name}"
    if named in FIELDS:
        return FIELDS[named]
    if f"`{name}`" in (part.__doc__ or ""):
        return SEEN_ABOVE
    return FIELDS.get(name)


def kind(field: FieldInfo) -> str:
    """A field's type in words."""
    return _words(field.annotation)


def _words(found: Any) -> str:  # noqa: ANN401 - types of any kind
    origin, inner = get_origin(found), get_args(found)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_words(one) for one in inner))
    if origin is list:
        return f"list of {_words(inner[0])}"
    if origin is dict:
        return f"{_words(inner[1])} by name"
    if origin is Literal:
        return " or ".join(f"`{word}`" for word in inner)
    if inspect.isclass(found) and issubclass(found, Part):
        return f"[{found.__name__}](#{found.__name__.lower()})"
    plain = {int: "whole number", float: "number", str: "text", bool: "true or false"}
    return plain.get(found, "null" if found is type(None) else "any")


def published(page: str) -> str:
    """A page with its field tables made anew."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{markdown()}\n{END}{rest.partition(END)[2]}"


def publish(path: Path) -> None:
    """Make the field tables of a page anew, where it is there."""
    if path.is_file():
        path.write_text(published(path.read_text(encoding="utf-8")), encoding="utf-8")
