"""The results document: what a results file holds, and the only form in which results are shown.

Its JSON schema is published (`results.schema.json`, made from these classes). All of it is optional
that the guide's own minimal form does not have, so that such files can be analyzed too. Scores run
from 0 to 10, higher is better; null stands for "not known".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ..errors import SpecError

Number = float | None
FORMAT = 1
SCHEMAS = {"search": "results.schema.json", "benchmark": "benchmark.schema.json"}


class Part(BaseModel):
    """A part of the document; unknown keys are kept, so that newer files can be read."""

    model_config = ConfigDict(
        extra="allow",
        allow_inf_nan=False,
        protected_namespaces=(),
        json_schema_serialization_defaults_required=True,
    )


class Interval(Part):
    """A mean with its 95 % interval."""

    mean: Number = None
    low: Number = None
    high: Number = None


class PromptResult(Part):
    """One configuration on one prompt: mean of its judged texts, objective, texts that counted."""

    prompt: int
    mean: Number = None
    objective: Number = None
    texts: int = 0


class PhraseResult(Part):
    """A phrase that a configuration wrote for several prompts, and in how many texts."""

    text: str
    texts: int
    prompts: int


class DiversityResult(Part):
    """How varied a configuration's texts on one prompt are: 0 all the same, 1 nothing in common.

    `estimate` is what the model of the whole study believes, with its 95 % interval; all else is
    as seen on the configuration's own good texts, and null without two of them on one prompt.
    `seen` = 1 - `overlap` with its interval over prompts; `overlap`, `distinct`, `compression` and
    `openings` are explained in docs/diversity.md; `texts` and `prompts` are what they come from.
    `answers` is how many of `DiversitySummary.answers_of` answers to one prompt an embedding model
    calls distinct; null where none was asked.
    `quality` is the objective without diversity; `front` is True where no other configuration is
    both better and more varied, as estimated. `phrases` come back across prompts.
    """

    estimate: Interval = Interval()
    seen: Interval = Interval()
    overlap: Number = None
    distinct: Number = None
    compression: Number = None
    openings: Number = None
    answers: Interval = Interval()
    texts: int = 0
    prompts: int = 0
    quality: Interval = Interval()
    front: bool = False
    phrases: list[PhraseResult] = []


class Result(Part):
    """One configuration. `estimate` is what the model of the whole study believes of its objective.

    Everything else is as seen on its own texts: `mean`, `std` and `scores` of the judged ones,
    `failure_rate` with its exact interval, `objective` = (1 - failure rate) x mean + failure rate x
    failure score with `low` and `high`, its 95 % interval without any model. `fresh` is the
    objective on the texts of the confirmation alone, which also count in all the rest.
    `evaluation_time` is seconds of writing and judging, `writing_seconds` of writing alone.
    `entropy` is the effective entropy in nats: how open the next token is after truncation.
    """

    parameters: dict[str, int | float | str | list[str]]
    mean: Number = None
    std: Number = None
    scores: list[float] = []
    sampler_type: str
    sample_count: int = 0
    evaluation_time: Number = None
    config: str = ""
    failure_rate: Number = None
    failure_low: Number = None
    failure_high: Number = None
    failures: dict[str, int] = {}
    missing: int = 0
    cut_off: int = 0
    cut_off_share: Number = None
    objective: Number = None
    low: Number = None
    high: Number = None
    estimate: Interval = Interval()
    by_prompt: list[PromptResult] = []
    fresh: Interval = Interval()
    fresh_texts: int = 0
    fresh_scores: list[float] = []
    tokens: int = 0
    writing_seconds: Number = None
    diversity: DiversityResult | None = None
    entropy: Number = None


class SamplerResult(Part):
    """One sampler over its configurations' estimates; `std` is over configurations."""

    sampler: str
    mean: Number = None
    std: Number = None
    low: Number = None
    high: Number = None
    configurations: int = 0
    texts: int = 0
    failed: int = 0
    best: str = ""


class ImportanceResult(Part):
    """A parameter's share of the variance over its sampler's space, 0 to 1."""

    sampler: str
    parameter: str
    share: Interval
    told: bool = False


class RangeResult(Part):
    """Over a sampler's good region, a parameter runs from `low` to `high`, or takes these `words`.

    `whole` is True where that is all that was allowed: the data do not narrow it. `end` is `low` or
    `high` where it reaches that end of what was allowed: beyond may be better.
    """

    sampler: str
    parameter: str
    low: Number = None
    high: Number = None
    words: list[str] = []
    whole: bool = False
    end: Literal["low", "high"] | None = None


class AxisResult(Part):
    """A knob and the values along it; `log` where equal ratios lie equally far apart."""

    name: str
    values: list[float | str]
    log: bool = False


class SliceResult(Part):
    """The objective over one knob (a curve) or two (a surface), as the model estimates it.

    `mean`, `low` and `high` (95 %, each point on its own) run over all combinations of the axes'
    values, the first axis varying fastest. `held` are the sampler's other knobs.
    """

    sampler: str
    axes: list[AxisResult]
    held: dict[str, int | float | str | list[str]] = {}
    mean: list[float] = []
    low: list[float] = []
    high: list[float] = []


class NeededResult(Part):
    """What it would take to tell `first` and `second` apart.

    `texts` more texts, half on each, would show a difference of `gap` points with 80 % power, and
    take about so many `minutes` and `dollars` at the pace of this study; the texts so far show one
    of `visible` points.
    """

    first: str
    second: str
    gap: float
    visible: float
    texts: int
    minutes: Number = None
    dollars: Number = None


class VerdictResult(Part):
    """The answer: `sentence` is `better`, `as good` or `cannot tell`.

    `probability_best` is that of no other configuration being better, `probability_better` that of
    the best one being better than the baseline.
    `best_tried` stands beside a best that was not `tried`. `new_prompts` and `gain_on_new_prompts`
    speak of other prompts of the same kind; null where there are too few to know. `needed` says
    what would decide. `saved` texts kept for fresh seeds were not spent, as they could not have
    changed the sentence.
    """

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
    probability_better: Number = None
    best_tried: str | None = None
    new_prompts: Interval | None = None
    gain_on_new_prompts: Interval | None = None
    needed: list[NeededResult] = []
    saved: int = 0
    notes: list[str] = []


class DiversitySummary(Part):
    """Variety over the study.

    `size` is how many texts a measured set has, `pairs` how many pairs of texts the estimates come
    from; `front` names the configurations that no other beats in both quality and diversity, the
    best one first. `embedding` is the model that tells distinct answers; from a cosine similarity
    of `same_from` on two are the same, and 95 % of the answers to different prompts are less alike
    than `across_prompts`, which should lie well below.
    """

    size: int = 0
    pairs: int = 0
    embedding: str = ""
    same_from: Number = None
    answers_of: int = 0
    across_prompts: Number = None
    front: list[str] = []


class KnobResult(Part):
    """What a knob of the recommended configuration contributes: its objective minus that without.

    `without` is the configuration with this knob at `neutral`, `texts` how many texts it has of its
    own; 0 means that the gain is what the model expects from its neighbours.
    """

    parameter: str
    value: int | float | str | list[str]
    neutral: int | float | str | list[str]
    without: str
    gain: Interval
    texts: int = 0


class CurveResult(Part):
    """The expected objective of the best of N random settings of a sampler, for each of `sizes`.

    An unbiased mean over all subsets of that size; intervals are the model's uncertainty about the
    settings' objectives. All samplers have the same sizes, as far as they have so many settings.
    """

    sampler: str
    sizes: list[int]
    best: list[Interval]


class MomentResult(Part):
    """What would have been recommended after so many texts; `gain` is over the baseline.

    Looking back: the texts until then, through the model as it is fitted to all of them.
    """

    texts: int
    config: str
    objective: Interval
    gain: Interval | None = None


class VarianceResult(Part):
    """Where the scatter of scores comes from: standard deviations in points with 95 % intervals.

    `settings`: over the settings of the space, `sampler` the part between samplers; `prompt`;
    `interaction`: settings that suit some prompts better; `text`: single texts of the recommended
    configuration, what the judge adds included; `judge`: one judgment of one and the same text.
    """

    settings: Interval = Interval()
    sampler: Interval = Interval()
    prompt: Interval = Interval()
    interaction: Interval = Interval()
    text: Interval = Interval()
    judge: Interval = Interval()


class FindingResult(Part):
    """What the live check found of one knob: `says` is `honoured`, `ignored`, ...

    `false_honoured` and `false_ignored` are at most so likely for such an answer, 0 to 1.
    """

    knob: str
    says: str
    evidence: str = ""
    by: str = ""
    false_honoured: Number = None
    false_ignored: Number = None
    remedy: str = ""


class CheckedServer(Part):
    """The live check of one server; `order` is where temperature was seen to act."""

    engine: str = ""
    url: str = ""
    version: str = ""
    model: str = ""
    seed: FindingResult | None = None
    order: str = "unknown"
    findings: list[FindingResult] = []
    requests: int = 0
    seconds: Number = None


class LiveCheckResult(Part):
    """The live check before the study. `allowed_unverified`: it ran although a knob is ignored."""

    allowed_unverified: bool = False
    servers: list[CheckedServer] = []


class JudgeResult(Part):
    """How one judge judged: `values` different scores, `at_top` the share that got its highest.

    `length` and `drift` are correlations (-1 to 1) of its scores with the length of texts and with
    the order of judging, within configurations. `failed` counts judgments that never came.
    """

    judge: str
    texts: int = 0
    mean: Number = None
    std: Number = None
    values: int = 0
    top: Number = None
    at_top: Number = None
    length: Interval = Interval()
    drift: Interval = Interval()
    failed: dict[str, int] = {}
    cost: float = 0.0
    seconds: Number = None
    tokens: int = 0


class AgreementResult(Part):
    """Two judges on the texts both scored; `difference` is the mean of first minus second."""

    first: str
    second: str
    texts: int = 0
    correlation: Interval = Interval()
    difference: Number = None


class PanelResult(Part):
    """The judges of a study."""

    judges: list[JudgeResult] = []
    agreement: list[AgreementResult] = []


class RunResult(Part):
    """One run of the study; those after the first went on with it.

    `command` is its command line, without secrets; `python` what ran it, and where; `started` UTC.
    """

    command: str
    version: str = ""
    python: str = ""
    started: str = ""


class Metadata(Part):
    """About the run. Times are UTC; `cost` is in US dollars, `seconds` of the clock on the wall.

    `missing_reasons` counts faults of servers and judges, which count against nobody; `templates`
    are the ways in which prompts were wrapped, `models` the names that servers answered under.
    `objective` is `quality`, `quality+diversity` (then every score, mean and estimate counts
    (1 - `diversity_weight`) x judges' score + `diversity_weight` x 10 x novelty) or `front`.
    """

    format: int = FORMAT
    kind: Literal["search", "benchmark"] = "search"
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
    objective: str = "quality"
    diversity_weight: Number = None
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
    missing_reasons: dict[str, int] = {}
    retries: int = 0
    templates: list[str] = []
    models: list[str] = []
    server: dict[str, Any] = {}
    version: str = ""
    runs: list[RunResult] = []
    spec: dict[str, Any] = {}


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
        raise SpecError(f"results file {path} cannot be read: {reason}") from error
    if not text.strip():
        raise SpecError(f"results file {path} is empty: its search has not written it yet")
    return text


if __name__ == "__main__":  # publishes the schemas anew, and the field tables of docs/results.md
    from ._fields import publish

    publish(Path("docs/results.md"))
    for kind, name in SCHEMAS.items():
        Path(__file__).with_name(name).write_text(schema(kind), encoding="utf-8")
