"""The results document: what a results file holds, and the only form in which results are shown.

Its JSON schema is published (`results.schema.json`, made from these classes). All of it is optional
that the guide's own minimal form does not have, so that such files can be analyzed too. Scores run
from 0 to 10, higher is better; null stands for "not known". Its parts lie in `_rows` (what was
tried), `_findings` (what it means) and `_circumstances` (how it came about), and are had from here.
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from ..errors import SpecError
from ._circumstances import (
    FORMAT,
    AgreementResult,
    CheckedServer,
    FindingResult,
    JudgeResult,
    LiveCheckResult,
    Metadata,
    PanelResult,
    RunResult,
)
from ._findings import (
    AxisResult,
    CurveResult,
    DiversitySummary,
    ImportanceResult,
    KnobResult,
    MomentResult,
    NeededResult,
    RangeResult,
    SliceResult,
    VarianceResult,
    VerdictResult,
)
from ._parts import (
    Interval,
    Number,
    Part,
)
from ._rows import (
    DiversityResult,
    PhraseResult,
    PromptResult,
    Result,
    SamplerResult,
)

__all__ = [
    "AgreementResult",
    "AxisResult",
    "CheckedServer",
    "CurveResult",
    "DiversityResult",
    "DiversitySummary",
    "Document",
    "FindingResult",
    "ImportanceResult",
    "Interval",
    "JudgeResult",
    "KnobResult",
    "LiveCheckResult",
    "Metadata",
    "MomentResult",
    "NeededResult",
    "Number",
    "PanelResult",
    "Part",
    "PhraseResult",
    "PromptResult",
    "RangeResult",
    "Result",
    "RunResult",
    "SCHEMAS",
    "SamplerResult",
    "SliceResult",
    "VarianceResult",
    "VerdictResult",
    "read_document",
    "schema",
]

SCHEMAS = {"search": "results.schema.json", "benchmark": "benchmark.schema.json"}


class Document(Part):
    """A results file."""

    search_metadata: Metadata
    best_configuration: Result | None = None
    all_results: list[Result] = []
    verdict: VerdictResult | None = None
    samplers: list[SamplerResult] = []
    importance: list[ImportanceResult] = []
    ranges: list[RangeResult] = []
    ablation: list[KnobResult] = []
    best_of_n: list[CurveResult] = []
    settled: list[MomentResult] = []
    variance: VarianceResult | None = None
    diversity: DiversitySummary | None = None
    slices: list[SliceResult] = []
    knobs: LiveCheckResult | None = None
    panel: PanelResult | None = None

    def text(self) -> str:
        """The document as JSON, readable, keys in a fixed order."""
        return json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def schema(kind: str) -> str:
    """The JSON schema of the results files that we write, of one kind."""
    made = Document.model_json_schema(mode="serialization")
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    made["title"] = f"sampler-bench {kind} results"
    made["$defs"]["Metadata"]["properties"]["kind"] = {"const": kind}
    return json.dumps(made, indent=2) + "\n"


def read_document(path: Path) -> Document:
    """Read a results file, also one of the guide's minimal form.

    Raises:
        SpecError: it cannot be read, is no JSON, is cut off, or is no results file.
    """
    from ._minimal import filled

    try:
        document = Document.model_validate(json.loads(_text(path)))
    except json.JSONDecodeError as error:
        raise SpecError(
            f"{path}:{error.lineno}: expected a results file, found broken JSON ({error.msg}); "
            "is it cut off? a study in the store can be reported again"
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole file"
        raise SpecError(
            f"{path}: {place}: {first['msg'].lower()}; is it a results file of sampler-bench?"
        ) from error
    if document.search_metadata.format > FORMAT:
        raise SpecError(
            f"{path}: format {document.search_metadata.format} is newer than this version of "
            f"sampler-bench, which reads up to {FORMAT}; update it"
        )
    return filled(document, str(path))


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SpecError(f"results file {path}: expected JSON text, found other bytes") from error
    except OSError as error:
        reason = error.strerror or str(error)
        if isinstance(error, FileNotFoundError) and not path.suffix:
            reason += f"; for a study by name: --study {path}"
        raise SpecError(f"results file {path} cannot be read: {reason}") from error
    if not text.strip():
        raise SpecError(f"results file {path} is empty: its search has not written it yet")
    return text


if __name__ == "__main__":  # publishes the schemas anew, and the field tables of docs/results.md
    from ._fields import publish

    publish(Path("docs/results.md"))
    for kind, name in SCHEMAS.items():
        Path(__file__).with_name(name).write_text(schema(kind), encoding="utf-8")
