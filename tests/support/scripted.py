"""Parts for tests of the loop: an engine and a judge that do what the test writes down."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import Callable

from sampler_bench.engines import Engine, ServerInfo
from sampler_bench.judges import Judge
from sampler_bench.records import (
    Cell,
    Completion,
    Prompt,
    SamplerConfig,
    Score,
    Unscored,
    Unwritten,
)
from sampler_bench.tasks import Task

GOOD = (
    "The old lamp keeper climbed the stairs, counted the ships, and wrote every name in his book. "
    * 4
)
TASK = Task("plain", ("Write.",), (), ("blank",), min_words=5)


def digest(*words: object) -> float:
    """A number from 0 to 1 that depends on nothing but the words."""
    raw = hashlib.sha256("/".join(map(str, words)).encode()).digest()
    return int.from_bytes(raw[:6], "big") / 2**48


class ScriptedEngine(Engine):
    """Writes a text that names configuration, prompt and seed; takes a random while for it."""

    def __init__(
        self,
        answer: Callable[[SamplerConfig, Prompt, int], Completion | Unwritten] | None = None,
        delay: float = 0.0,
        jitter: int = 0,
    ) -> None:
        self.answer = answer or completion
        self.delay, self.random = delay, random.Random(jitter)
        self.calls: Counter[tuple[str, int, int]] = Counter()
        self.active = self.most_active = 0

    async def __aenter__(self) -> ScriptedEngine:
        return self

    async def __aexit__(self, *error: object) -> None:
        return None

    async def check(self) -> ServerInfo:
        return ServerInfo("scripted", "memory:", model="script")

    def express(self, config: SamplerConfig, seed: int) -> dict[str, object]:
        return {**config.as_dict(), "seed": seed}

    async def generate(
        self, config: SamplerConfig, prompt: Prompt, seed: int
    ) -> Completion | Unwritten:
        self.calls[config.text, prompt.index, seed] += 1
        self.active += 1
        self.most_active = max(self.active, self.most_active)
        try:
            await asyncio.sleep(self.delay * self.random.random())
        finally:
            self.active -= 1
        return self.answer(config, prompt, seed)


def completion(config: SamplerConfig, prompt: Prompt, seed: int) -> Completion:
    """A good text that says where it comes from."""
    text = f"{GOOD} {config.text} {prompt.index} {seed}"
    return Completion(text, False, 80, 5, 0.01, dict(config.as_dict()), "memory:", "script", "raw")


class ScriptedJudge(Judge):
    """Scores by a function of the text; by default a number that depends on the text alone."""

    def __init__(
        self,
        score: Callable[[str], float | Unscored] | None = None,
        identities: tuple[str, ...] = ("scripted",),
        delay: float = 0.0,
        cost: float = 0.0,
    ) -> None:
        self.score = score or (lambda text: 10 * digest(text))
        self._identities, self.delay, self.cost = identities, delay, cost
        self.calls: Counter[tuple[str, str]] = Counter()

    @property
    def identities(self) -> tuple[str, ...]:
        return self._identities

    async def check(self) -> str:
        return "scripted"

    async def judge(self, identity: str, prompt: Prompt, text: str) -> Score | Unscored:
        self.calls[identity, text] += 1
        await asyncio.sleep(self.delay * digest(text, "delay"))
        score = self.score(text)
        if isinstance(score, Unscored):
            return score
        return Score(identity, score, cost=self.cost)

    def expected_cost(self, texts: int, tokens: int) -> float:
        return texts * self.cost


def cells(configs: list[SamplerConfig], prompts: int, repeats: int) -> list[Cell]:
    """Every configuration on every prompt, so many times."""
    return [
        Cell(config, prompt, repeat)
        for config in configs
        for repeat in range(repeats)
        for prompt in range(prompts)
    ]
