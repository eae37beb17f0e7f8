"""How probes ask: short texts, counted, the same question asked once, spaced where that matters."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..engines._answer import CUT
from ..engines._dialect import Spoken
from ..engines._remote import RemoteEngine
from ..errors import EngineError
from ..records import JsonObject, Prompt, SamplerConfig, Value
from ..samplers import parameter

Question: TypeAlias = "tuple[tuple[tuple[str, Value], ...], int, int, int]"

# Many continuations are likely, and words repeat in it: truncation and penalties both show.
PROMPT = Prompt(
    0,
    "Write random words, and repeat some of them: the cat sat on the mat, the cat ran to the "
    "house, the dog sat on the mat.",
)
# Four whose answers say the same words again, for greedy texts of knobs that look back.
PROMPTS = (
    PROMPT,
    Prompt(1, "Tell me about a king, his dog and his castle."),
    Prompt(2, "Write a song about the sea. Let its lines begin with the same words."),
    Prompt(3, "List twelve animals, each with the sound that it makes."),
)
SHORT, LONG = 12, 48  # tokens: of texts that differ from the first on, and of those with a memory
HOTTEST = (5.0, 2.0)  # some servers take no more than 2
WARM = 1.5  # open enough for weak penalties to show, not so open that no word comes twice
CONFIDENCE = 0.05  # of the bounds from few observations


@dataclass(frozen=True, slots=True)
class Sample:
    """One short text.

    Attributes:
        text: thoughts included.
        pieces: as they came; a token each on most servers.
        tokens: as counted by the server, else the pieces.
        finish: why it ended.
        thoughts: what came apart as thoughts.
        body: what was sent; `echoed` what the server says it used.
        logprobs: for each token, those of the likeliest ones in its place, where asked for.
    """

    text: str
    pieces: tuple[str, ...]
    tokens: int
    finish: str
    thoughts: str
    body: JsonObject
    echoed: JsonObject | None
    logprobs: tuple[tuple[float, ...], ...] = ()


class Ask:
    """One server, asked for short texts one at a time.

    Attributes:
        requests: texts asked for so far.
        hot: the temperature of texts that must vary.
        pause: seconds between requests, where the server's random seed is the clock's second.
        repeats: texts asked for twice, and how many of them came out the same.
        seeded: True where the same seed gives the same text.
        ranges: the values that are to be searched, by knob.
        lengths: of each text: tokens allowed, tokens that came, whether it was cut off.
    """

    def __init__(
        self, engine: RemoteEngine, ranges: Mapping[str, tuple[float, float]] | None = None
    ) -> None:
        self.engine = engine
        self.ranges = dict(ranges or {})
        self.requests = 0
        self.hot = next((t for t in HOTTEST if self.takes("temperature", t)), 1.0)
        self.pause = 0.0
        self.repeats = [0, 0]
        self.seeded = False
        self.lengths: list[tuple[int, int, bool]] = []
        self._kept: dict[Question, Sample] = {}
        self._again: set[Question] = set()
        self._last = 0.0

    def takes(self, knob: str, value: Value) -> bool:
        """Say whether the server's words can say a knob's value."""
        word = self.engine.dialect.words[knob]
        spoken = isinstance(word, Spoken) and not word.problem(value)
        return spoken and not parameter(knob).problem(value)

    def speaks(self, knob: str) -> bool:
        """Say whether the server has a word for a knob."""
        return isinstance(self.engine.dialect.words[knob], Spoken)

    async def text(
        self,
        values: Mapping[str, Value],
        seed: int,
        tokens: int = SHORT,
        *,
        again: bool = False,
        prompt: int = 0,
    ) -> Sample:
        """Ask for a text, once for each question; `again` asks anew and notes whether it repeats.

        Args:
            values: knobs off neutral.
            seed: at least 1.
            tokens: longest text.
            again: do not use what came before.
            prompt: which of `PROMPTS` to answer.
        """
        key = _question(values, seed, tokens, prompt)
        if key in self._kept and not again:
            return self._kept[key]
        sample = await self.send(values, seed, tokens, prompt=PROMPTS[prompt])
        if again and key in self._kept:
            same = sample.text == self._kept[key].text
            self.repeats[0] += 1
            self.repeats[1] += same
            if same:
                self._again.add(key)
            return sample
        self._kept[key] = sample
        return sample

    def repeated(self, values: Mapping[str, Value], seed: int, tokens: int) -> bool:
        """Say whether a text was asked for again already, and came out the same."""
        return _question(values, seed, tokens) in self._again

    def space(self, seconds: float) -> None:
        """Leave time between requests from now on, and forget what came without it."""
        self.pause = seconds
        self._kept.clear()

    async def send(
        self,
        values: Mapping[str, Value],
        seed: int,
        tokens: int = SHORT,
        *,
        prompt: Prompt = PROMPT,
        change: Callable[[JsonObject], JsonObject] | None = None,
    ) -> Sample:
        """Ask for a text, whatever was asked before; `change` edits the request's body."""
        await self._space()
        self.requests += 1
        config = SamplerConfig.of("probe", {**values, "max_tokens": tokens})
        probed = await self.engine.probe(config, prompt, seed, change)
        answer = probed.answer
        self._last = time.monotonic()
        thoughts = "".join(answer.thoughts)
        count = answer.pieces if answer.tokens is None else answer.tokens
        self.lengths.append((tokens, count, answer.finish in CUT))
        return Sample(
            text=thoughts + "".join(answer.text),
            pieces=(*answer.thoughts, *answer.text),
            tokens=count,
            finish=answer.finish or "",
            thoughts=thoughts,
            body=probed.body,
            echoed=answer.echoed,
            logprobs=tuple(map(tuple, answer.logprobs)),
        )

    async def maybe(
        self,
        values: Mapping[str, Value],
        seed: int,
        tokens: int,
        change: Callable[[JsonObject], JsonObject],
    ) -> Sample | None:
        """As `send`; None where the server refuses what the change made of the request."""
        try:
            return await self.send(values, seed, tokens, change=change)
        except EngineError as error:
            if not refused(error):
                raise
            return None

    async def cool(self) -> None:
        """Find a temperature that the server takes: some refuse the hottest."""
        for hot in (t for t in HOTTEST if t <= self.hot):
            self.hot = hot
            try:
                await self.text({"temperature": hot}, 1)
            except EngineError as error:
                if hot == HOTTEST[-1] or not refused(error):
                    raise
            else:
                return

    def without(self, *keys: str, **more: object) -> Callable[[JsonObject], JsonObject]:
        """A change that leaves keys out (and adds others), where the dialect puts them."""
        inside = self.engine.dialect.inside

        def edit(body: JsonObject) -> JsonObject:
            part = body[inside] if inside else body
            assert isinstance(part, dict)
            kept = {key: value for key, value in part.items() if key not in keys}
            kept |= more  # type: ignore[arg-type]
            return {**body, inside: kept} if inside else kept

        return edit

    def trusted(self, least: int) -> bool:
        """Say whether at least so many texts were asked for twice, and all came out the same."""
        tried, same = self.repeats
        return tried >= least and same == tried

    def irreproducible(self) -> float:
        """At most so likely is a text to come out otherwise the second time (95 %).

        With r repeats of which none differed, 1 - 0.05^(1/r), the bound of Clopper and Pearson.
        """
        tried, same = self.repeats
        if tried == 0 or same < tried:
            return 1.0
        return float(1 - CONFIDENCE ** (1 / tried))

    async def _space(self) -> None:
        left = self._last + self.pause - time.monotonic()
        if self.pause and left > 0:
            await asyncio.sleep(left)


def _question(values: Mapping[str, Value], seed: int, tokens: int, prompt: int = 0) -> Question:
    return tuple(sorted(values.items())), seed, tokens, prompt


def refused(error: EngineError) -> bool:
    """Say whether a server will not take a request as it stands (OpenRouter says so by 404)."""
    return any(f"HTTP {status} " in str(error) for status in (400, 404, 422))


def collision(samples: Sequence[Sample]) -> float:
    """At most so likely are two varying texts to be equal by chance.

    From the share of places at which two of them have the same piece: m matches over n places of
    disjoint pairs give the upper bound u = (m + 3) / n (the rule of three: 95 %), and a text of k
    pieces collides with probability u^k. This takes the places of a text to be alike, which
    underestimates where a text has one open place and then runs by itself.
    """
    pairs = list(zip(samples[::2], samples[1::2], strict=False))
    places = [(a, b) for x, y in pairs for a, b in zip(x.pieces, y.pieces, strict=False)]
    if not places:
        return 1.0
    matches = sum(a == b for a, b in places)
    shortest = min(len(sample.pieces) for sample in samples)
    return float(min(1.0, (matches + 3) / len(places)) ** max(shortest, 1))
