"""What all engines that talk to a server share: expressing, sending, retrying, and the record.

A subclass states its dialect and answers three questions: what to ask the server about itself, what
one request looks like, and how its answer is read.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from ..errors import EngineError, SpecError
from ..records import Completion, JsonObject, Prompt, SamplerConfig, Unwritten
from . import Engine, EngineOptions, ServerInfo
from ._answer import CUT, Answer
from ._dialect import Dialect
from ._http import Http, base_url
from ._retry import Fault, Patience, patiently
from ._templates import Template, find_template

CHAT = "chat endpoint"


@dataclass(frozen=True, slots=True)
class Request:
    """One request: where it goes and what it says. `sent` is its sampler part."""

    path: str
    body: JsonObject
    sent: JsonObject
    max_tokens: int
    stops: bool = False


class RemoteEngine(Engine):
    """An engine over HTTP.

    Attributes:
        dialect: the words of the endpoint that is used.
        options: as given.
        info: what the last `check` found; None before.
    """

    def __init__(self, dialect: Dialect, options: EngineOptions, server: str) -> None:
        self.dialect = dialect
        self.options = options
        self.info: ServerInfo | None = None
        self.template: Template | None = find_template(options.template)
        self._connect(server)

    def _connect(self, server: str) -> None:
        options = self.options
        self.http = Http(
            base_url(server), api_key=options.api_key, timeout_seconds=options.timeout_seconds
        )

    @property
    def patience(self) -> Patience:
        """How often it tries again."""
        return Patience(self.options.max_retries, self.options.first_wait_seconds)

    @property
    def wrapping(self) -> str:
        """How prompts are wrapped, as stored with each text."""
        return self.template.shown if self.template else CHAT

    async def __aenter__(self) -> Self:
        await self.http.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.http.__aexit__()

    async def check(self) -> ServerInfo:
        try:
            found, _ = await patiently(self.ask, self.patience, seed=0)
        except Fault as fault:
            raise EngineError(
                f"{self.dialect.name} at {self.http.shown} cannot be used: {fault.detail}; "
                "is the server running, and is this its address?"
            ) from fault
        order = {"temperature_order": self.dialect.order, **found.details}
        self.info = replace(found, template=found.template or self.wrapping, details=order)
        return self.info

    def express(self, config: SamplerConfig, seed: int) -> JsonObject:
        return self.dialect.express(config, seed)

    async def generate(
        self, config: SamplerConfig, prompt: Prompt, seed: int
    ) -> Completion | Unwritten:
        try:
            written, lost = await patiently(
                lambda: self.attempt(config, prompt, seed), self.patience, seed
            )
        except Fault as fault:
            return Unwritten(fault.reason, fault.detail, fault.retries)
        return replace(written, retries=lost)

    async def attempt(self, config: SamplerConfig, prompt: Prompt, seed: int) -> Completion:
        """Try once.

        Raises:
            Fault: no text, and it is not the configuration's fault.
            EngineError, SpecError: no retry can help.
        """
        request = self.request(config, prompt, seed)
        begin = time.monotonic()
        answer = await self.write(request)
        seconds = time.monotonic() - begin
        answer.check_ended()
        self._check_room(request, answer)
        text, thoughts = answer.split()
        return Completion(
            text=text,
            cut_off=self.cut_off(request, answer),
            tokens=answer.pieces if answer.tokens is None else answer.tokens,
            prompt_tokens=answer.prompt_tokens or 0,
            seconds=seconds,
            sent=request.sent,
            server=self.http.shown,
            model=answer.model or self.model,
            template=self.wrapping,
            echoed=answer.echoed,
            thoughts=thoughts,
        )

    async def fit(self, prompts: Sequence[Prompt], max_tokens: int) -> None:
        context = self.info.context if self.info else 0
        for prompt in prompts:
            size = await self.count(prompt)
            if context and size is not None and size + max_tokens > context:
                raise SpecError(
                    f"prompt {prompt.index + 1} ({size} tokens) and an answer of {max_tokens} do "
                    f"not fit the context of {context} tokens at {self.http.shown}; shorten the "
                    "prompt, lower max_tokens, or serve the model with more context"
                )

    async def count(self, prompt: Prompt) -> int | None:
        """How many tokens a prompt takes with its template; None where nobody can say."""
        return None

    @property
    def model(self) -> str:
        """The model's name: as asked for, else as found."""
        return self.options.model or (self.info.model if self.info else "")

    @abstractmethod
    async def ask(self) -> ServerInfo:
        """Ask the server about itself. Raises Fault or EngineError."""

    @abstractmethod
    def request(self, config: SamplerConfig, prompt: Prompt, seed: int) -> Request:
        """Build the request for one text."""

    @abstractmethod
    async def write(self, request: Request) -> Answer:
        """Send a request and read the answer to its end. Raises Fault or EngineError."""

    def cut_off(self, request: Request, answer: Answer) -> bool:
        """Say whether the token limit ended the text."""
        return answer.finish in CUT

    def _check_room(self, request: Request, answer: Answer) -> None:
        """Raise Fault where the context was full before the token limit was reached."""
        context = self.info.context if self.info else 0
        asked, used = request.max_tokens, answer.prompt_tokens or 0
        short = answer.tokens is not None and answer.tokens < asked
        if context and self.cut_off(request, answer) and short and used + asked > context:
            raise Fault(
                "context",
                f"the context of {context} tokens was full: {used} of prompt, {answer.tokens} of "
                f"answer, {asked} were asked for; serve with more context or lower max_tokens",
                may_pass=False,
            )
