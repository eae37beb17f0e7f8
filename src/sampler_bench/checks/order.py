"""Where does temperature act: before the other samplers cut, or after?

At temperature 1 a small top_p leaves one token at each step, so all texts are the same. At a high
temperature it still does where temperature acts last, for the cut sees the model's own
probabilities; where temperature acts first, the cut sees flat ones, keeps many, and texts vary.
The largest top_p is taken at which the texts at temperature 1 are all the same; there may be none
with a model that is sure of nothing, and then it cannot be told.

Error rates: `first` is said wrongly where three texts of more than one candidate a step happen to
be the same, c^2 (`_ask.collision`); `last` where no step of the text leaves two tokens at the high
temperature.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..records import Value
from ..samplers.order import CUTS
from ._ask import Ask
from ._findings import Fact

MASSES = (0.2, 0.05)
SEEDS = (1, 2, 3)
LEAST_PIECES = 4


def matters(knobs: Sequence[str]) -> bool:
    """Say whether the order makes a difference for these knobs: heat, and something that cuts."""
    return "temperature" in knobs and not set(CUTS).isdisjoint(knobs)


async def probe(ask: Ask) -> str:
    """Say where temperature was seen to act: `first`, `last` or `unknown`."""
    if not ask.speaks("top_p"):
        return "unknown"
    for mass in MASSES:
        usual = await _only_text(ask, {"temperature": 1.0, "top_p": mass})
        if usual:
            heated = await _only_text(ask, {"temperature": ask.hot, "top_p": mass}, SEEDS[:2])
            return "last" if heated == usual else "first" if not heated else "unknown"
    return "unknown"


def fact(ask: Ask, seen: str) -> Fact:
    """Compare what was seen with what the requests say."""
    said = ask.engine.dialect.order
    if seen == "unknown":
        return Fact("temperature order", f"cannot tell; requests say or expect {said}")
    fine = said in (seen, "unknown")
    told = "" if fine else f", although {said} was asked for or expected"
    return Fact("temperature order", f"temperature acts {seen}{told}", fine)


async def _only_text(ask: Ask, values: dict[str, Value], seeds: Sequence[int] = SEEDS) -> str:
    """The text that all seeds give, long enough to count; empty where they differ."""
    first = await ask.text(values, seeds[0])
    for seed in seeds[1:]:
        if (await ask.text(values, seed)).text != first.text:
            return ""
    return first.text if len(first.pieces) >= LEAST_PIECES else ""
