"""Rubric judges over the OpenAI API, or any server that speaks it (`OPENAI_BASE_URL`).

Each model of the panel scores every criterion of the task's rubric from 0 to 10; the weighted mean
is ours. There is one place where things are tried again (`patiently`). An unreadable reply gets one
repair try and is then `Unscored`. Not covered: log-probability-weighted scores, pairwise judging.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from time import perf_counter
from types import TracebackType
from typing import Any

from ..engines._http import shown_url
from ..engines._retry import Fault, Patience, patiently
from ..errors import JudgeError
from ..records import Prompt, Score, Unscored
from ..tasks import Task
from . import Judge, JudgeOptions
from ._chat import Chat, NotTaken, Reply, where
from ._rubric import (
    Message,
    Unreadable,
    instructions,
    messages,
    read_scores,
    response_format,
    weighted,
)

DEFAULT_MODEL = "gpt-4o-mini"
ANSWER_TOKENS = 300
PROMPT_OVERHEAD_TOKENS = 450
CHARACTERS_A_TOKEN = 3  # where a server does not count: rather too dear than too cheap
CHECK_RETRIES = 3  # who is away when a run begins is said soon
REPAIR = "That was not the JSON object that was asked for ({problem}). Answer with it, and no more."
SAMPLE = "Mara set the lamp in the window, as she had every night since the boat was late."


@dataclass(frozen=True, slots=True)
class Style:
    """How a server is asked: what it understands is found out by `check`, or by the first text."""

    format: str = "json_schema"  # or json_object, or plain
    temperature: bool = True


FALLBACKS = (
    Style(),
    Style(temperature=False),
    Style("json_object"),
    Style("plain"),
    Style("plain", temperature=False),
)


class OpenAIJudge(Judge):
    """A panel of models behind one server."""

    def __init__(self, options: JudgeOptions, task: Task) -> None:
        self._options, self._task = options, task
        self._models = options.models or (DEFAULT_MODEL,)
        mark = sha256(instructions(task).encode()).hexdigest()[:8]
        self._by_identity = {f"openai:{model}:{mark}": model for model in self._models}
        self._styles: dict[str, Style] = {}
        self._chat = Chat(options)
        self._patience = Patience(options.max_retries, options.first_wait_seconds, 60.0)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._chat.close()

    @property
    def identities(self) -> tuple[str, ...]:
        return tuple(self._by_identity)

    @property
    def unpriced(self) -> tuple[str, ...]:
        return tuple(model for model in self._models if model not in self._options.prices)

    async def check(self) -> str:
        """Have every model of the panel judge one sentence: key, model and format are proven.

        Raises:
            JudgeError: says what to do.
        """
        for model in self._models:
            self._styles[model] = await self._find_style(model)
        names = ", ".join(self.unpriced)
        price = f"; price of {names} not known, counted as 0" if names else ""
        place = f" at {shown_url(self._options.base_url)}" if self._options.base_url else ""
        return f"openai{place}: {', '.join(self._models)} answers{price}"

    async def _find_style(self, model: str) -> Style:
        problem: Exception | None = None
        asked = messages(self._task, Prompt(0, "Write a sentence."), SAMPLE)
        patience = replace(self._patience, retries=min(CHECK_RETRIES, self._patience.retries))
        for style in FALLBACKS:
            try:
                once = partial(self._ask, model, asked, style)
                reply, _ = await patiently(once, patience, seed=0)
                read_scores(reply.content, self._task)
            except (NotTaken, Unreadable) as error:
                problem = error
            except Fault as fault:
                raise JudgeError(f"judge {model}: {fault}; {where(self._options)}") from fault
            else:
                return style
        raise JudgeError(
            f"judge {model}: no way of asking gives the JSON that is needed; the last problem was: "
            f"{self._chat.short(problem)}; choose another --judge-model"
        )

    async def judge(self, identity: str, prompt: Prompt, text: str) -> Score | Unscored:
        assert text.strip(), "a blank text is a failure and is never judged"
        model, began = self._by_identity[identity], perf_counter()
        bill = Bill(self._options.prices.get(model, (0.0, 0.0)))
        try:
            criteria, retries = await self._score(model, messages(self._task, prompt, text), bill)
        except Fault as fault:
            return Unscored(identity, fault.reason, fault.detail, bill.cost, fault.retries)
        except NotTaken as error:
            return Unscored(identity, "refused", str(error), bill.cost)
        except Unreadable as error:
            return Unscored(identity, "unreadable", str(error), bill.cost)
        return Score(
            judge=identity,
            value=weighted(criteria, self._task),
            criteria=tuple(criteria.items()),
            cost=bill.cost,
            seconds=perf_counter() - began,
            tokens=bill.tokens,
            retries=retries,
        )

    async def _score(
        self, model: str, asked: list[Message], bill: Bill
    ) -> tuple[dict[str, float], int]:
        """Ask, and once more where the reply cannot be read."""
        reply, lost = await self._patiently(model, asked)
        bill.add(reply, asked)
        try:
            return read_scores(reply.content, self._task), lost
        except Unreadable as error:
            again = [
                *asked,
                {"role": "assistant", "content": (reply.content or "")[:2000]},
                {"role": "user", "content": REPAIR.format(problem=error)},
            ]
        reply, more = await self._patiently(model, again)
        bill.add(reply, again)
        return read_scores(reply.content, self._task), lost + more

    async def _patiently(self, model: str, asked: list[Message]) -> tuple[Reply, int]:
        """Ask in the style that the model takes; where `check` was not asked, the first that is."""
        seed = int(sha256(asked[-1]["content"].encode()).hexdigest()[:8], 16)
        known = self._styles.get(model)
        problem = NotTaken()
        for style in (known,) if known else FALLBACKS:
            try:
                once = partial(self._ask, model, asked, style)
                answer = await patiently(once, self._patience, seed)
            except NotTaken as error:
                problem = error
            else:
                self._styles[model] = style
                return answer
        raise problem

    async def _ask(self, model: str, asked: list[Message], style: Style) -> Reply:
        """One attempt; raises as `Chat.ask`."""
        extra: dict[str, Any] = {"temperature": 0} if style.temperature else {}
        if style.format != "plain":
            extra["response_format"] = response_format(style.format, self._task)
        return await self._chat.ask(model, asked, extra)

    def expected_cost(self, texts: int, tokens: int) -> float:
        total = 0.0
        for model in self._models:
            prompt_price, answer_price = self._options.prices.get(model, (0.0, 0.0))
            total += (tokens + PROMPT_OVERHEAD_TOKENS) * prompt_price + ANSWER_TOKENS * answer_price
        return texts * total / 1e6


class Bill:
    """What the calls for one judgment have cost: by the server's count, else by the characters.

    Attributes:
        cost: in US dollars.
        tokens: as far as the server counted them.
    """

    def __init__(self, prices: tuple[float, float]) -> None:
        self._prices, self.cost, self.tokens = prices, 0.0, 0

    def add(self, reply: Reply, asked: Sequence[Mapping[str, str]]) -> None:
        """Add one call."""
        asked_for = sum(len(message["content"]) for message in asked)
        prompt = _tokens(reply.prompt_tokens, asked_for)
        answer = _tokens(reply.answer_tokens, len(reply.content or ""))
        self.cost += (prompt * self._prices[0] + answer * self._prices[1]) / 1e6
        self.tokens += (reply.prompt_tokens or 0) + (reply.answer_tokens or 0)


def _tokens(counted: int | None, characters: int) -> float:
    return characters / CHARACTERS_A_TOKEN if counted is None else counted


def build(options: JudgeOptions, task: Task) -> Judge:
    """Build the judge.

    Raises:
        JudgeError: key or address cannot be used.
    """
    return OpenAIJudge(options, task)
