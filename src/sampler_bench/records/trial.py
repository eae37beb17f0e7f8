"""What is tried, and what comes of it: text, failure or fault, and judgments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from .config import SamplerConfig

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = "dict[str, Json]"


INTERRUPTED = "interrupted"  # reason of a judgment that was asked for and not waited for
THOUGHTS = "thoughts"  # reason of a text in whose place only thoughts came


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
        seconds: from sending the request to the last token, or, where the server says so, that it
            wrote, without waiting in line.
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

    @property
    def provider(self) -> str:
        """Who wrote for a service that hands requests on (OpenRouter); empty where none is told."""
        return str((self.echoed or {}).get("provider") or "")


@dataclass(frozen=True, slots=True)
class Failure:
    """The model wrote, and a rule found the text bad. Counts against its configuration."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Unwritten:
    """No text: the server or the network failed, after retries. Never counts.

    `reason` is one word (`timeout`, `connection`, `overload`, `protocol`, `context`; `thoughts`
    where the model thought aloud, which nobody asked for, and gave no answer), `detail` the words
    of whoever complained.
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
        lost: what of the cost is that of judgments of this text that never came; the store adds it.
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
    lost: float = 0.0


@dataclass(frozen=True, slots=True)
class Unscored:
    """No judgment: the judge or the network failed, after retries. Never counts, never a number.

    Where `reason` is INTERRUPTED nobody failed: the text is still to be judged, and only what it
    may have cost is kept. `cost` and `lost` are as those of a `Score`.
    """

    judge: str
    reason: str
    detail: str
    cost: float = 0.0
    retries: int = 0
    lost: float = 0.0


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
