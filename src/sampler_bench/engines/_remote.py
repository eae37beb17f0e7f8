"""What all engines that talk to a server share: expressing, sending, retrying, and the record.

A subclass states its dialect and answers three questions: what to ask the server about itself, what
one request looks like, and how its answer is read.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from ..errors import EngineError, SpecError
from ..records import Completion, JsonObject, Prompt, SamplerConfig, Unwritten
from . import Distributions, Engine, EngineOptions, ServerInfo
from ._answer import CUT, Answer
from ._dialect import Dialect
from ._http import Http, base_url
from ._identity import WRAPPING, Witness, changed, difference, identity
from ._retry import Fault, Patience, patiently, write_patiently
from ._templates import Template, find_template

CHAT = "chat endpoint"
SHORTEST = SamplerConfig.of("temperature", {"temperature": 1, "max_tokens": 1})


@dataclass(frozen=True, slots=True)
class Request:
    """One request: where it goes and what it says. `sent` is its sampler part."""

    path: str
    body: JsonObject
    sent: JsonObject
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Probed:
    """What a probe said, and what came back."""

    body: JsonObject
    answer: Answer


class RemoteEngine(Engine):
    """An engine over HTTP.

    Attributes:
        dialect: the words of the endpoint that is used.
        options: as given.
        info: what the last `check` found; None before.
        trims: True where the server shortens prompts that do not fit, without a word.
        costs: True for a service whose texts are paid for: it is asked for those of a study only.
        confirms: True where it is asked who it is, before a text counts; see `_identity`.
    """

    trims = False
    costs = False
    confirms = True

    def __init__(self, dialect: Dialect, options: EngineOptions, server: str) -> None:
        self.dialect = dialect
        self.options = options
        self.info: ServerInfo | None = None
        self.template: Template | None = find_template(options.template)
        self._sizes: dict[str, int | None] = {}
        self._witness = Witness(lambda: self.http.shown, self.look)
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
    def ahead(self) -> int:
        """How many texts more than it has slots may wait at the server's door, so that none idles.

        Only for servers that are known to let them wait, and while texts are quick: beside a long
        one the way of a request is nothing, and whoever waits is silent.
        """
        return 0

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
            found, _ = await patiently(self.look, self.patience, seed=0)
        except Fault as fault:
            raise EngineError(
                f"{self.dialect.name} at {self.http.shown} cannot be used: {fault.detail}; "
                "is the server running, and is this its address?"
            ) from fault
        return found

    async def look(self) -> ServerInfo:
        """As `check`, but once.

        Raises:
            Fault: it does not answer.
            EngineError: it cannot be used, or is not who it was when it was looked at first.
        """
        found = await self.ask()
        details = {"temperature_order": self.dialect.order, **found.details}
        found = replace(found, template=found.template or self.wrapping, details=details)
        if self.info and not found.context:  # a model that is unloaded while idle, and comes back
            found = replace(found, context=self.info.context)
        if self.info and (how := difference(identity(found), identity(self.info), (WRAPPING,))):
            raise changed(self.http.shown, how)
        self.info = found
        return found

    def express(self, config: SamplerConfig, seed: int) -> JsonObject:
        return self.dialect.express(config, seed)

    async def generate(
        self, config: SamplerConfig, prompt: Prompt, seed: int
    ) -> Completion | Unwritten:
        return await write_patiently(
            lambda: self.attempt(config, prompt, seed), self.patience, seed
        )

    async def attempt(self, config: SamplerConfig, prompt: Prompt, seed: int) -> Completion:
        """Try once.

        Raises:
            Fault: no text, and it is not the configuration's fault.
            EngineError, SpecError: no retry can help, or another model answers than before.
        """
        request = self.as_sent(self.request(config, prompt, seed))
        if self.trims and not self._fits(size := await self._size(prompt), request.max_tokens):
            raise self._no_room(size or 0, request.max_tokens)
        begin = time.monotonic()
        with self._witness:
            answer = await self.write(request)
        seconds = time.monotonic() - begin
        answer.check_ended()
        self._check_room(request, answer)
        self._witness.hear(answer.model)
        if self.confirms and self.info is not None:
            await self._witness.confirm()
        text, thoughts = answer.split()
        return Completion(
            text=text,
            cut_off=self.cut_off(request, answer),
            tokens=answer.pieces if answer.tokens is None else answer.tokens,
            prompt_tokens=answer.prompt_tokens or 0,
            seconds=seconds if answer.seconds is None else answer.seconds,
            sent=request.sent,
            server=self.http.shown,
            model=answer.model or self.model,
            template=self.wrapping,
            echoed=answer.echoed,
            thoughts=thoughts,
        )

    async def probe(
        self,
        config: SamplerConfig,
        prompt: Prompt,
        seed: int,
        change: Callable[[JsonObject], JsonObject] | None = None,
    ) -> Probed:
        """Write a short text for a check, by a request that `change` may make say anything.

        Args:
            config: parameters that the dialect speaks.
            prompt: what to answer.
            seed: 1 to 2**31 - 1.
            change: gets the whole body and returns what is sent instead: keys left out, wrong keys.

        Raises:
            EngineError: the request is refused, or nothing comes after retries.
        """
        request = self.request(config, prompt, seed)
        if change is not None:
            request = replace(request, body=change(request.body))
        try:
            answer, _ = await patiently(lambda: self._whole(request), self.patience, seed)
        except Fault as fault:
            raise EngineError(f"{self.http.shown}: a probe got no text: {fault.detail}") from fault
        return Probed(request.body, answer)

    async def _whole(self, request: Request) -> Answer:
        answer = await self.write(request)
        answer.check_ended()
        return answer

    async def distributions(self, prompts: Sequence[Prompt]) -> Distributions | None:
        try:
            return await self.collect(prompts)
        except Fault as fault:
            raise EngineError(f"{self.http.shown} told no distributions: {fault.detail}") from fault

    async def collect(self, prompts: Sequence[Prompt]) -> Distributions | None:
        """As `distributions`; None where the server is not known to tell enough. Raises Fault."""
        return None

    async def fit(self, prompts: Sequence[Prompt], max_tokens: int) -> None:
        if not (self.info and self.info.context):
            return
        for prompt in prompts:
            size = await self._surely(prompt)
            if not self._fits(size, max_tokens):
                detail = self._no_room(size or 0, max_tokens).detail
                raise SpecError(f"prompt {prompt.index + 1} at {self.http.shown}: {detail}")

    async def _surely(self, prompt: Prompt) -> int | None:
        """The size of a prompt, asked for again where that may help."""
        try:
            size, _ = await patiently(lambda: self._measure(prompt), self.patience, seed=0)
        except Fault as fault:
            if fault.reason == "context":  # the prompt alone is too long, says the server
                return self.info.context + 1 if self.info else None
            raise EngineError(
                f"{self.http.shown} cannot count the tokens of prompt {prompt.index + 1}: "
                f"{fault.detail}; is the server still running?"
            ) from fault
        return size

    async def _measure(self, prompt: Prompt) -> int | None:
        """The size of a prompt, told by the shortest answer where a server cannot count."""
        size = await self._size(prompt)
        if size is None and not self.costs:
            answer = await self.write(self.request(SHORTEST, prompt, seed=1))
            size = self._sizes[prompt.text] = answer.prompt_tokens
        return size

    async def _size(self, prompt: Prompt) -> int | None:
        if prompt.text not in self._sizes:
            self._sizes[prompt.text] = await self.count(prompt)
        return self._sizes[prompt.text]

    def _fits(self, size: int | None, max_tokens: int) -> bool:
        context = self.info.context if self.info else 0
        return not context or (size or 0) + max_tokens <= context

    def _no_room(self, size: int, max_tokens: int) -> Fault:
        context = self.info.context if self.info else 0
        whole = f"its {size} tokens and an answer of {max_tokens} do"
        whole = whole if size else f"an answer of {max_tokens} does"
        return Fault(
            "context",
            f"{whole} not fit the context of {context} tokens; shorten the prompt, lower "
            "max_tokens, or serve the model with more context",
            may_pass=False,
        )

    async def count(self, prompt: Prompt) -> int | None:
        """How many tokens a prompt takes with its template; None where nobody can say."""
        return None

    @property
    def called(self) -> str:
        """The model that is taken before others: that which was found, else as it is called."""
        return self.info.model if self.info else self.options.called

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

    def as_sent(self, request: Request) -> Request:
        """The request for a text that counts, as it travels best; probes are always streamed."""
        return request

    @abstractmethod
    async def write(self, request: Request) -> Answer:
        """Send a request and read the answer to its end. Raises Fault or EngineError."""

    def cut_off(self, request: Request, answer: Answer) -> bool:
        """Say whether the token limit ended the text."""
        return answer.finish in CUT

    def _check_room(self, request: Request, answer: Answer) -> None:
        """Raise Fault where the context was full before the token limit was reached."""
        used, asked = answer.prompt_tokens or 0, request.max_tokens
        short = answer.tokens is not None and answer.tokens < asked
        if self._fits(used, asked):
            return
        if self.trims or (short and self.cut_off(request, answer)):
            raise self._no_room(used, asked)
