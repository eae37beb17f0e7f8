"""What flows between the rooms: frozen records, with no behaviour beyond themselves.

A `Cell` says what is tried; a trial is a cell together with its outcome. There are three kinds of
outcome and they never mix: a `Completion` with its `Score`s, a `Failure` (the model wrote, and the
text is bad by rule), and missing evidence (`Unwritten`, `Unscored`: a server, network or judge
fault), which is never a number and never counts against a configuration.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from .errors import SpecError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Value: TypeAlias = "int | float | str | tuple[str, ...]"
Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = "dict[str, Json]"

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SAMPLER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\+[A-Za-z_][A-Za-z0-9_]*)*")
_HEX = re.compile(r"([0-9a-f]{2})+")


@dataclass(frozen=True, slots=True)
class SamplerConfig:
    """One complete assignment of the knobs under study; every other knob is neutral.

    Its text form, `min_p:temperature=1.2,min_p=0.02`, is its name everywhere and parses back. It
    uses only `[A-Za-z0-9_.+=:,;-]` and never ends in a colon.

    Attributes:
        sampler: a sampler's name, or several joined by `+`.
        parameters: (name, value) pairs in canonical order: temperature first, `max_tokens` last,
            the rest by name. At least one.
    """

    sampler: str
    parameters: tuple[tuple[str, Value], ...]

    @classmethod
    def of(cls, sampler: str, parameters: Mapping[str, Value]) -> SamplerConfig:
        """Build a configuration from a mapping in any order.

        Raises:
            SpecError: a name that cannot be written in a text form, no parameter, or a value that
                is not finite.
        """
        if not _SAMPLER.fullmatch(sampler):
            raise SpecError(f"sampler {sampler!r}: expected names joined by '+', like min_p+xtc")
        if not parameters:
            raise SpecError(
                f"configuration {sampler!r}: expected at least one parameter, found none"
            )
        pairs = [(name, _checked(name, value)) for name, value in parameters.items()]
        return cls(sampler, tuple(sorted(pairs, key=_canonical)))

    @classmethod
    def parse(cls, text: str) -> SamplerConfig:
        """Read a text form back.

        Raises:
            SpecError: the text is not of the form `sampler:name=value,name=value`.
        """
        sampler, colon, rest = text.strip().partition(":")
        if not colon or not rest:
            raise SpecError(
                f"configuration {text!r}: expected sampler:name=value,..., "
                "like min_p:temperature=1.2,min_p=0.02"
            )
        parameters: dict[str, Value] = {}
        for item in rest.split(","):
            name, equals, value = item.partition("=")
            if not equals or not _WORD.fullmatch(name):
                raise SpecError(f"configuration {text!r}: {item!r} is not of the form name=value")
            if name in parameters:
                raise SpecError(f"configuration {text!r}: {name} is given twice")
            parameters[name] = _read_value(text, item, value)
        return cls.of(sampler, parameters)

    @property
    def text(self) -> str:
        """The text form."""
        pairs = ",".join(f"{name}={_write_value(value)}" for name, value in self.parameters)
        return f"{self.sampler}:{pairs}"

    def as_dict(self) -> dict[str, Value]:
        """The parameters by name, in canonical order."""
        return dict(self.parameters)

    def get(self, name: str) -> Value | None:
        """The value of one parameter, or None where the configuration leaves it neutral."""
        return dict(self.parameters).get(name)

    def __str__(self) -> str:
        return self.text


def _canonical(pair: tuple[str, Value]) -> tuple[int, str]:
    return ({"temperature": 0, "max_tokens": 2}.get(pair[0], 1), pair[0])


def _checked(name: str, value: Value) -> Value:
    if not _WORD.fullmatch(name):
        raise SpecError(f"parameter {name!r}: expected a word of letters, digits and underscores")
    if isinstance(value, bool):
        raise SpecError(f"parameter {name}: expected a number or a word, found {value!r}")
    if isinstance(value, tuple):
        return value
    if isinstance(value, str):
        if not _WORD.fullmatch(value):
            raise SpecError(f"parameter {name}: expected a number or a word, found {value!r}")
        return value
    if value != value or value in (float("inf"), float("-inf")):
        raise SpecError(f"parameter {name}: expected a finite number, found {value!r}")
    return int(value) if value == int(value) else float(value)


def _write_value(value: Value) -> str:
    if isinstance(
        value, tuple
    ):  # arbitrary strings travel as hex, so that any text form is shell-safe
        return "+" + ";".join(item.encode().hex() for item in value)
    return value if isinstance(value, str) else repr(value)


def _read_value(text: str, item: str, value: str) -> Value:
    if value.startswith("+") and (value == "+" or all(map(_HEX.fullmatch, value[1:].split(";")))):
        return tuple(bytes.fromhex(part).decode() for part in value[1:].split(";") if part)
    if _WORD.fullmatch(value) and value.lower() not in ("nan", "inf", "infinity"):
        return value
    try:
        return float(value)
    except ValueError:
        raise SpecError(f"configuration {text!r}: {item!r} has no readable value") from None


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is asked. `index` is its place in the study."""

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    """What is tried: one configuration on one prompt, the `repeat`-th time.

    `fresh` marks the confirmation after the search, whose seeds were never seen by it.
    """

    config: SamplerConfig
    prompt: int
    repeat: int
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Completion:
    """What a server wrote for a cell, and what was applied.

    Attributes:
        text: the answer, without thoughts.
        cut_off: True where the token limit ended it.
        tokens, prompt_tokens: counted by the server.
        seconds: from sending the request to the last token.
        sent: the sampler settings in the server's own words, without the prompt.
        echoed: the settings that the server says it used; None where it does not say.
        template: how the prompt was wrapped: `chat endpoint`, `template NAME` or `raw`.
        retries: how many attempts were lost before this one.
        thoughts: what a thinking model thought aloud.
    """

    text: str
    cut_off: bool
    tokens: int
    prompt_tokens: int
    seconds: float
    sent: JsonObject
    server: str
    model: str
    template: str
    echoed: JsonObject | None = None
    retries: int = 0
    thoughts: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """The model wrote, and a rule found the text bad. Counts against its configuration."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Unwritten:
    """No text: the server or the network failed, after retries. Never counts.

    `reason` is one word (`timeout`, `connection`, `overload`, `protocol`, `context`), `detail` the
    words of whoever complained.
    """

    reason: str
    detail: str
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Score:
    """One judge's score of one text, 0 to 10, higher is better.

    Attributes:
        criteria: (name, score 0-10) pairs; empty where the judge has none.
        cost: in US dollars; 0 where the judge is free.
        seconds, tokens, retries: what the judgment took.
        comment: the judge's words, if any. Untrusted text.
    """

    judge: str
    value: float
    criteria: tuple[tuple[str, float], ...] = ()
    cost: float = 0.0
    seconds: float = 0.0
    tokens: int = 0
    retries: int = 0
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Unscored:
    """No judgment: the judge or the network failed, after retries. Never counts, never a number."""

    judge: str
    reason: str
    detail: str
    cost: float = 0.0
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """A cell with everything that came of it. The unit of evidence and of cost.

    `written` is None while nothing came back yet. `failure` is set when a rule found the text bad;
    then nobody judged it. `judgments` holds one entry for each judge of the panel that answered.
    """

    cell: Cell
    seed: int
    written: Completion | Unwritten | None = None
    failure: Failure | None = None
    judgments: tuple[Score | Unscored, ...] = ()
    covariates: tuple[float, ...] = ()


JUDGED, FAILED, MISSING, PENDING = 0, 1, 2, 3


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTable:
    """The evidence as arrays, one row for each cell, in the order in which they were asked.

    Attributes:
        configs: the distinct configurations, in the order of their first row.
        config: (n,) index into `configs`.
        prompt: (n,) 0 <= prompt < n_prompts.
        repeat: (n,) counted from 0 for each configuration, prompt and phase.
        state: (n,) JUDGED, FAILED, MISSING (a fault; never evidence) or PENDING (not known yet).
        score: (n,) 0 to 10, higher is better; mean over the panel; NaN unless JUDGED.
        fresh: (n,) True for the confirmation on fresh seeds.
        covariates: (n, k) free text statistics; NaN where there is none. k may be 0.
        n_prompts: how many prompts the study has.
    """

    configs: tuple[SamplerConfig, ...]
    config: NDArray[np.intp]
    prompt: NDArray[np.intp]
    repeat: NDArray[np.intp]
    state: NDArray[np.int8]
    score: NDArray[np.float64]
    fresh: NDArray[np.bool_]
    covariates: NDArray[np.float64]
    n_prompts: int

    @classmethod
    def of(
        cls,
        rows: Iterable[tuple[Cell, int, float]],
        n_prompts: int,
        covariates: Iterable[tuple[float, ...]] = (),
    ) -> ScoreTable:
        """Build a table from (cell, state, score) rows, in the order of asking."""
        import numpy as np

        rows = list(rows)
        index: dict[SamplerConfig, int] = {}
        numbers = [index.setdefault(cell.config, len(index)) for cell, _, _ in rows]
        free = list(covariates)
        width = max(map(len, free), default=0)
        filled = np.full((len(rows), width), np.nan)
        for i, values in enumerate(free):
            filled[i, : len(values)] = values
        return cls(
            configs=tuple(index),
            config=np.array(numbers, dtype=np.intp),
            prompt=np.array([cell.prompt for cell, _, _ in rows], dtype=np.intp),
            repeat=np.array([cell.repeat for cell, _, _ in rows], dtype=np.intp),
            state=np.array([state for _, state, _ in rows], dtype=np.int8),
            score=np.array([s if st == JUDGED else np.nan for _, st, s in rows], dtype=np.float64),
            fresh=np.array([cell.fresh for cell, _, _ in rows], dtype=np.bool_),
            covariates=filled,
            n_prompts=n_prompts,
        )

    def __len__(self) -> int:
        return len(self.config)

    def take(self, mask: NDArray[np.bool_] | NDArray[np.intp]) -> ScoreTable:
        """The rows where `mask` (n,) is True, or those it numbers; `configs` as they are."""
        return ScoreTable(
            self.configs,
            self.config[mask],
            self.prompt[mask],
            self.repeat[mask],
            self.state[mask],
            self.score[mask],
            self.fresh[mask],
            self.covariates[mask],
            self.n_prompts,
        )

    def evidence(self) -> ScoreTable:
        """The rows that count: judged texts and failures."""
        return self.take(self.state <= FAILED)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval. NaN bounds mean that the data cannot tell."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Needed:
    """What it would take to tell two configurations apart.

    Attributes:
        gap: how far apart they are taken to be, in points.
        visible: the gap that the texts so far would show with 80 % power.
        texts: how many more, half on each, would show `gap` with 80 % power.
    """

    first: SamplerConfig
    second: SamplerConfig
    gap: float
    visible: float
    texts: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of a study.

    Attributes:
        best: the recommended configuration. `tried` says whether any text of it was judged.
        objective: expected objective of `best` over the study's prompts and fresh seeds.
        baseline: what it is compared with, and `gain` = best minus baseline.
        sentence: `better`, `as good` or `cannot tell`.
        margin: differences up to this many points count as none.
        equivalent: configurations that the data cannot tell apart from the best within the margin.
        simplest: the one with the fewest knobs away from neutral that is shown to be as good.
        best_tried: the best by the model of those that were tried; None where none was.
        new_prompts: objective for new prompts of the same kind; None: not known.
        gain_on_new_prompts: gain there.
        needed: what it would take to decide on the baseline, and to separate the first two.
        saved: texts kept for fresh seeds that were not spent, as they could change nothing.
        notes: plain sentences for the reader: what more it would take, what is not known.
    """

    best: SamplerConfig
    tried: bool
    objective: Estimate
    baseline: SamplerConfig | None
    gain: Estimate | None
    sentence: str
    margin: float
    equivalent: tuple[SamplerConfig, ...] = ()
    simplest: SamplerConfig | None = None
    probability_best: float = float("nan")
    best_tried: SamplerConfig | None = None
    new_prompts: Estimate | None = None
    gain_on_new_prompts: Estimate | None = None
    needed: tuple[Needed, ...] = ()
    saved: int = 0
    notes: tuple[str, ...] = field(default=())
