"""What are the server's logprobs: of the model itself, after temperature, or after all samplers?

The same place is asked for three times: at temperature 1, hot, and with one candidate. Where all
three agree, they are the model's own; where the one candidate has all the probability, samplers
have acted on them; where only heat changed them, temperature has.

Error rates: none by chance; the first place of a text does not depend on the draw.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..engines._telling import TellingEngine
from ..records import Value
from ._ask import Ask
from ._findings import Fact

WHAT = "logprobs"
TOLD = 5  # alternatives; what every server that tells any allows
CLOSE = 0.02  # the model's own differ by so much where texts are written beside others
SURE = -0.01


async def probe(ask: Ask) -> Fact:
    """Say what the server's logprobs are."""
    engine = ask.engine
    if not isinstance(engine, TellingEngine):
        return Fact(WHAT, "not asked for on this engine's endpoint")
    one: dict[str, Value] = {"top_k": 1} if ask.speaks("top_k") else {"temperature": 0.0}
    usual = await _first(ask, engine, {"temperature": 1.0})
    if not usual:
        return Fact(WHAT, "none told there")
    hot = await _first(ask, engine, {"temperature": ask.hot})
    alone = await _first(ask, engine, {"temperature": 1.0, **one})
    return Fact(WHAT, _told(usual, hot, alone))


def _told(usual: tuple[float, ...], hot: tuple[float, ...], alone: tuple[float, ...]) -> str:
    if alone and alone[0] > SURE > usual[0]:
        return "after sampling: what was cut is not in them"
    if _same(usual, hot):
        return "before sampling: the model's own"
    return "after temperature, before the rest"


def _same(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return all(abs(x - y) <= CLOSE for x, y in zip(a, b, strict=False))


async def _first(ask: Ask, engine: TellingEngine, values: Mapping[str, Value]) -> tuple[float, ...]:
    """The logprobs of the first place, the likeliest first; empty where none are told."""
    more = engine.telling(TOLD)
    sample = await ask.maybe(values, 1, 1, lambda body: {**body, **more})
    rows = sample.logprobs if sample is not None else ()
    # llama-cpp-python (and OpenAI's old protocol) adds the chosen token to those asked for
    return tuple(sorted(rows[0], reverse=True)[:TOLD]) if rows else ()
