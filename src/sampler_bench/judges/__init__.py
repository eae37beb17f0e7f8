"""WHO SCORES: a judge scores a text it is blind about.

A judge's file offers `build(options: JudgeOptions, task: Task) -> Judge`, and `PANEL = False` where
it asks no models, so that models are not named to it in vain. Scores run from 0 to 10, higher is
better.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from ..records import Prompt, Score, Unscored


@dataclass(frozen=True, slots=True)
class JudgeOptions:
    """What a judge is built from.

    Attributes:
        models: the panel, one judgment a model and text; a judge without models ignores it.
        base_url: of an OpenAI-compatible server; None for OpenAI's own.
        api_key: taken from the environment by the caller; never stored or shown.
        prices: (US dollars for a million prompt tokens, ... for a million answer tokens) by model.
        timeout_seconds: longest wait for one reply.
        max_retries: attempts after the first, for faults that may pass.
        first_wait_seconds: longest wait before the second attempt; it doubles from there.
    """

    models: tuple[str, ...] = ()
    base_url: str | None = None
    api_key: str = field(default="", repr=False)
    prices: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    timeout_seconds: float = 60.0
    max_retries: int = 6
    first_wait_seconds: float = 1.0


class Judge(ABC):
    """Scores texts. Use as `async with`."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    @property
    @abstractmethod
    def identities(self) -> tuple[str, ...]:
        """One name for each member of the panel that changes whenever scores would not compare.

        Made of judge, model and a short hash of rubric and instructions. `judge` answers for each
        of them, and kept scores are looked up by it.
        """

    @abstractmethod
    async def check(self) -> str:
        """See that the judge works, before anything is spent; return one line for people.

        Raises:
            JudgeError: it cannot be reached or turns us away.
        """

    @abstractmethod
    async def judge(self, identity: str, prompt: Prompt, text: str) -> Score | Unscored:
        """Score one text by one member of the panel, blind to what produced it.

        Raises:
            JudgeError: no retry can help (a wrong key, an unknown model).
        """

    @property
    def unpriced(self) -> tuple[str, ...]:
        """The models of the panel whose price is not known: they are counted as costing nothing."""
        return ()

    def expected_cost(self, texts: int, tokens: int) -> float:
        """Estimate the price in US dollars of judging `texts` texts of `tokens` tokens each."""
        return 0.0
