"""The results document: what a results file holds, and the only form in which results are shown.

Its JSON schema is published (`results.schema.json`, made from these classes). All of it is optional
that the guide's own minimal form does not have, so that such files can be analyzed too. Scores run
from 0 to 10, higher is better; null stands for "not known".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ..errors import SpecError

Number = float | None


class Part(BaseModel):
    """A part of the document; unknown keys are kept, so that newer files can be read."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False, protected_namespaces=())


class Interval(Part):
    """A mean with its 95 % interval."""

    mean: Number = None
    low: Number = None
    high: Number = None


class PromptResult(Part):
    """One configuration on one prompt: mean of its judged texts, and how many texts counted."""

    prompt: int
    mean: Number = None
    texts: int = 0


class Result(Part):
    """One configuration. `mean`, `std`, `scores` are as seen, `estimate` is the model's."""

    parameters: dict[str, Any]
    mean: Number = None
    std: Number = None
    scores: list[float] = []
    sampler_type: str
    sample_count: int = 0
    evaluation_time: Number = None
    config: str = ""
    failure_rate: Number = None
    failures: dict[str, int] = {}
    missing: int = 0
    cut_off: int = 0
    objective: Number = None
    estimate: Interval = Interval()
    by_prompt: list[PromptResult] = []
    fresh_scores: list[float] = []
    tokens: int = 0


class SamplerResult(Part):
    """One sampler over its configurations' estimates; `std` is over configurations."""

    sampler: str
    mean: Number = None
    std: Number = None
    low: Number = None
    high: Number = None
    configurations: int = 0
    texts: int = 0
    best: str = ""


class ImportanceResult(Part):
    """A parameter's share of the variance over its sampler's space, 0 to 1."""

    sampler: str
    parameter: str
    share: Interval
    told: bool = False


class RangeResult(Part):
    """Over a sampler's good region, a parameter runs from `low` to `high`.

    `whole` is True where that is all that was allowed: the data do not narrow it.
    """

    sampler: str
    parameter: str
    low: float
    high: float
    whole: bool = False


class VerdictResult(Part):
    """The answer: `sentence` is `better`, `as good` or `cannot tell`."""

    best: str
    tried: bool = True
    objective: Interval = Interval()
    baseline: str | None = None
    gain: Interval | None = None
    sentence: str = "cannot tell"
    margin: float = 0.1
    equivalent: list[str] = []
    simplest: str | None = None
    probability_best: Number = None
    notes: list[str] = []


class Metadata(Part):
    """About the run."""

    study: str = ""
    strategy: str = ""
    state: str = ""
    model: str = ""
    timestamp: str = ""
    started: str = ""
    seconds: Number = None
    seed: int | None = None
    prompts: list[str] = []
    failure_score: float = 1.0
    total_configurations: int = 0
    texts: int = 0
    judged: int = 0
    failed: int = 0
    missing: int = 0
    pending: int = 0
    cut_off: int = 0
    tokens: int = 0
    cost: float = 0.0
    judges: list[str] = []
    server: dict[str, Any] = {}
    version: str = ""
    spec: dict[str, Any] = {}
    kind: str = "search"


class Document(Part):
    """A results file."""

    search_metadata: Metadata
    best_configuration: Result | None = None
    all_results: list[Result] = []
    verdict: VerdictResult | None = None
    samplers: list[SamplerResult] = []
    importance: list[ImportanceResult] = []
    ranges: list[RangeResult] = []

    def text(self) -> str:
        """The document as JSON, readable, keys in a fixed order."""
        return json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def schema() -> str:
    """The JSON schema of results files."""
    made = Document.model_json_schema()
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    made["title"] = "sampler-bench results"
    return json.dumps(made, indent=2) + "\n"


def read_document(path: Path) -> Document:
    """Read a results file.

    Raises:
        SpecError: it cannot be read, is no JSON, or is no results file.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SpecError(f"results file {path} cannot be read: {reason}") from error
    try:
        return Document.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        raise SpecError(
            f"{path}:{error.lineno}: expected a results file, found broken JSON: {error.msg}"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise SpecError(f"{path}: {place}: {first['msg']}; is it a results file?") from error
