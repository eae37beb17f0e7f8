"""The results document on how it came about: servers, judges, runs, the study as it was asked."""

from __future__ import annotations

from typing import Any, Literal

from ._parts import Interval, Number, Part

FORMAT = 1


class FindingResult(Part):
    """What the live check found of one knob: `says` is `honoured`, `ignored`, ...

    `false_honoured` and `false_ignored` are at most so likely for such an answer, 0 to 1; 1: not
    known.
    """

    knob: str
    says: str
    evidence: str = ""
    by: str = ""
    false_honoured: Number = None
    false_ignored: Number = None
    remedy: str = ""


class FactResult(Part):
    """What else was seen of a server: `what` in a word or two, `found` in a sentence.

    `fine` is false where it matters to what the study says; `what` is `forced` for settings that
    the server puts in place of those that were asked for, `unheard` for knobs that it does not act
    on although they are stated (it may force them), and `template` for what wraps prompts.
    """

    what: str = ""
    found: str = ""
    fine: bool = True


class CheckedServer(Part):
    """The live check of one server; `order` is where temperature was seen to act.

    `minded` says what is known of the engine that bears on the knobs of the study, a sentence each.
    """

    engine: str = ""
    url: str = ""
    version: str = ""
    model: str = ""
    seed: FindingResult | None = None
    order: str = "unknown"
    findings: list[FindingResult] = []
    facts: list[FactResult] = []
    minded: list[str] = []
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
    are the ways in which prompts were wrapped, `models` the names that servers answered under,
    `providers` counts the texts by who wrote them for a service that hands requests on.
    `with_thoughts` counts texts that came with thoughts, `thoughts_share` is the share of thoughts
    in all characters written, 0 to 1; texts that were thoughts alone are missing (`thoughts`).
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
    written: int = 0
    cut_off: int = 0
    with_thoughts: int = 0
    thoughts_share: Number = None
    tokens: int = 0
    cost: float = 0.0
    judges: list[str] = []
    missing_reasons: dict[str, int] = {}
    retries: int = 0
    templates: list[str] = []
    models: list[str] = []
    providers: dict[str, int] = {}
    server: dict[str, Any] = {}
    version: str = ""
    runs: list[RunResult] = []
    spec: dict[str, Any] = {}
