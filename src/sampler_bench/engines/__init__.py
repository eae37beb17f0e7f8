"""WHO WRITES: servers. A dialect is the words a server speaks; each engine's file owns its own.

An engine's file offers `DIALECT` and `build(options: EngineOptions) -> Engine`. Every request
states every parameter that the server speaks, neutral unless the configuration says otherwise.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..records import Completion, JsonObject, Prompt, SamplerConfig, Unwritten

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The variables that keys are read from.
SERVER_KEY, EMBEDDING_KEY = "SAMPLER_BENCH_SERVER_KEY", "SAMPLER_BENCH_EMBEDDING_KEY"


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What an engine is built from.

    Attributes:
        server: base URL of a running server; None for an engine that starts its own.
        model: the name that the server knows the model by; empty for "whatever is loaded".
        called: its name here, or that which a study began with; a model that the server lists by it
            is taken before others.
        gguf: file to serve, for an engine that starts its own server.
        slots: texts written at once.
        context: tokens of prompt and answer together, for each slot.
        gpu_layers: layers on the GPU, for an engine that starts its own server; -1 for all.
        template: a chat template's name or Jinja text from models.yaml; empty for the server's own
            chat endpoint; `raw` sends the prompt as it is.
        providers: who may write, for a service that hands requests on; empty: whom it chooses.
        api_key: taken from the environment by the caller; never stored or shown.
        timeout_seconds: longest silence from a server.
        max_retries: attempts after the first, for faults that may pass.
        first_wait_seconds: longest wait before the second attempt; it doubles from there.
        log: file for the server's own output, for an engine that starts its own server.
    """

    server: str | None = None
    model: str = ""
    called: str = ""
    gguf: Path | None = None
    slots: int = 4
    context: int = 2048
    gpu_layers: int = -1
    template: str = ""
    providers: tuple[str, ...] = ()
    api_key: str = field(default="", repr=False)
    timeout_seconds: float = 120.0
    max_retries: int = 4
    first_wait_seconds: float = 0.5
    log: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Distributions:
    """A model's next-token distributions before sampling, at places of texts that it wrote.

    Attributes:
        logprobs: (n_positions, n_tokens) natural logarithms, most probable first; -inf: not told.
        vocabulary: how many tokens the model has; None where all of them were told, 0 where the
            server does not say.
        texts, requests: what it took.
    """

    logprobs: NDArray[np.float64]
    vocabulary: int | None
    texts: int
    requests: int


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What a server says about itself. Empty or 0 where it does not say."""

    engine: str
    url: str
    version: str = ""
    model: str = ""
    context: int = 0
    slots: int = 0
    template: str = ""
    details: Mapping[str, object] = field(default_factory=dict)


class Engine(ABC):
    """A server that writes. Use as `async with`: entering starts or connects, leaving closes."""

    @abstractmethod
    async def __aenter__(self) -> Self: ...

    @abstractmethod
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    @abstractmethod
    async def check(self) -> ServerInfo:
        """Ask the server who it is, before anything is spent.

        Raises:
            EngineError: it cannot be reached, turns us away, or is not what the engine expects.
        """

    def give_up_waiting(self) -> None:  # noqa: B027 - nobody waits with most
        """Cancel the tasks whose texts wait for room: nothing of them has begun."""

    @abstractmethod
    async def generate(
        self, config: SamplerConfig, prompt: Prompt, seed: int
    ) -> Completion | Unwritten:
        """Write one answer.

        Args:
            config: parameters that the dialect speaks (`express` has been asked before).
            prompt: what to answer.
            seed: 1 to 2**31 - 1.

        Returns:
            The text with what was applied, or `Unwritten` after retries. Cancelling stops the
            work on the server.

        Raises:
            EngineError: no retry can help: a wrong key, an unknown model, a parameter refused.
        """

    async def distributions(self, prompts: Sequence[Prompt]) -> Distributions | None:
        """Take next-token distributions before sampling from a few short texts; see `_logprobs`.

        Args:
            prompts: the study's; a few of them are answered.

        Returns:
            At least 16 of them, most often over 64, by under 60 requests; None where too few came.

        Raises:
            EngineError: none can be had; it says why.
        """
        return None

    async def fit(self, prompts: Sequence[Prompt], max_tokens: int) -> None:
        """See that each prompt and the longest answer fit the context, before anything is spent.

        Call after `check`. A local server without a way to count is asked for an answer of one
        token. Says nothing where the context is not known, or counting would cost money.

        Raises:
            SpecError: names the prompt, its size and the context.
            EngineError: the server fails at counting, again and again.
        """
        return

    @abstractmethod
    def express(self, config: SamplerConfig, seed: int) -> JsonObject:
        """Say a configuration in the server's words: every key it speaks, without the prompt.

        Raises:
            SpecError: the server does not speak a parameter, or not that value.
        """

    def lasting(self, said: JsonObject) -> JsonObject:
        """What of `express` is the same in every run of a study; the room for a text may change."""
        return said
