"""Next-token distributions before sampling: how servers tell them, and how many are asked for.

OpenAI's protocol tells up to 20 of the most probable tokens beside each token of a text, in two
shapes: chats have `content[].top_logprobs[].logprob`, plain completions `top_logprobs[]` (token to
number). llama.cpp tells as many as are asked for. A few texts are written without any truncation
at temperature 1, so that it does not matter whether a server takes the numbers before temperature
(vLLM, llama.cpp) or after it (SGLang).

vLLM (0.32, seen running) tells the token that was drawn first, then the most probable ones; in a
chat the last of these makes room for it. Where it is none of them it is left out here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..records import Prompt, SamplerConfig
from . import Distributions
from ._http import mapping, objects

FEWEST_TEXTS, MOST_TEXTS = 4, 8
LENGTH = 120  # tokens of a text
POSITIONS = 128  # about so many are kept of what comes with whole texts
LEAST_TOLD = 16  # of 20 tokens; a few may share a name and fall together
LEAST_POSITIONS = 16  # with fewer (texts of a word) nothing is said of the model
NEUTRAL = SamplerConfig.of("temperature", {"temperature": 1, "max_tokens": LENGTH})


@dataclass(frozen=True, slots=True)
class Telling:
    """What a server tells beside each token of a text.

    Attributes:
        tokens: how many log-probabilities, at neutral settings.
        vocabulary: of its model; 0: nobody says.
        requests: short ones, that were spent to learn it.
    """

    tokens: int = 0
    vocabulary: int = 0
    requests: int = 0


def chosen(prompts: Sequence[Prompt]) -> list[tuple[Prompt, int]]:
    """Which prompts are answered, with which seeds: 4 to 8 texts over all prompts evenly."""
    n = min(max(len(prompts), FEWEST_TEXTS), MOST_TEXTS)
    if len(prompts) < n:
        return [(prompts[k % len(prompts)], 1 + k) for k in range(n)]
    return [(prompts[k * len(prompts) // n], 1 + k) for k in range(n)]


def told_logprobs(told: Mapping[str, object]) -> list[list[float]]:
    """Read the `logprobs` part of an answer of the OpenAI protocol, in either shape."""
    content, top = told.get("content"), told.get("top_logprobs")
    if isinstance(content, list):
        return [_top(row) for entry in content if (row := _row(entry))]
    return [_top(row) for values in objects(top) if (row := _numbers(values.values()))]


def _top(row: list[float]) -> list[float]:
    """A row without the token that was drawn, where that comes first and is none of the top."""
    return row[1:] if row[0] < row[-1] else row


def _row(entry: object) -> list[float]:
    return _numbers(item.get("logprob") for item in objects(mapping(entry).get("top_logprobs")))


def _numbers(found: Iterable[object]) -> list[float]:
    return [float(value) for value in found if isinstance(value, int | float)]


def gathered(
    rows: Sequence[Sequence[float]], vocabulary: int | None, texts: int, requests: int
) -> Distributions | None:
    """Put rows of log-probabilities together; None where they are too few to say anything."""
    import numpy as np

    rows = [row for row in rows if len(row) >= LEAST_TOLD]
    if len(rows) < LEAST_POSITIONS:
        return None
    width = max(map(len, rows))
    table = np.full((len(rows), width), -np.inf)
    for i, row in enumerate(rows):
        table[i, : len(row)] = sorted(row, reverse=True)
    table[table < np.log(np.finfo(np.float32).tiny)] = -np.inf  # a probability of 0, as told
    return Distributions(table, vocabulary, texts, requests)


def thinned(rows: Sequence[Sequence[float]]) -> list[Sequence[float]]:
    """About `POSITIONS` of many rows, evenly spread."""
    step = max(1, round(len(rows) / POSITIONS))
    return list(rows[step // 2 :: step])
