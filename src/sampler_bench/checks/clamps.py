"""Does a knob go on acting to the end of its range, or does the server stop somewhere before?

Where the end of the range and a value inside it give the same text, seed by seed, the server has
clamped both to something further in. Only knobs are asked whose every step must show: heat (a
fifth inside), the number of candidates (as many as a vocabulary surely has), and a repetition
penalty under 1. The last candidates are seldom drawn, so half of them are taken away, and texts are
long: on vLLM 0.32 at its hottest, 2, a fifth less left 15 of 24 short texts as they were, and half
of them less left 5 of 24 short texts and none of 24 long ones.

Error rates: a knob that goes on acting leaves a text as it is with c (`_ask.collision`); three
texts must stay, so c^3. Penalties: m^3, as for other knobs with a memory (`behaviour`). Candidates:
at most 0.12 a text (none of 24, 95 %), so 0.002; more on a model that is surer of itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..records import Value
from ..samplers import parameter
from ._ask import LONG, SHORT, WARM, Ask
from ._findings import Finding

INSIDE, HALF = 0.8, 0.5
LARGEST_K = 300
SEEDS = (1, 2, 3)


async def probe(ask: Ask, finding: Finding) -> Finding:
    """Look at the ends of a knob that was found to act; return what to say of it now."""
    if finding.says != "honoured" or not ask.seeded:
        return finding
    for end, inner in _ends(ask, finding.knob):
        if await _same(ask, finding.knob, end, inner):
            told = f"{end:g} and {inner:g} give the same texts: it stops acting before {end:g}"
            remedy = f"end its range before {end:g}"
            return replace(finding, says="clamped", evidence=told, remedy=remedy)
    return finding


def _ends(ask: Ask, knob: str) -> Iterator[tuple[float, float]]:
    """Pairs of an end of the range and a value inside, where every step must show."""
    low, high = ask.ranges.get(knob) or parameter(knob).search or (0.0, 0.0)
    if knob == "temperature" and high > 1:
        yield high, max(1.0, high * INSIDE)
    if knob == "top_k" and 2 < high <= LARGEST_K:
        yield high, int(high * HALF)
    if knob == "repetition_penalty" and low < 1:
        yield low, 1.0


async def _same(ask: Ask, knob: str, end: float, inner: float) -> bool:
    remembers = knob == "repetition_penalty"
    base: dict[str, Value] = {"temperature": WARM if remembers else ask.hot}
    tokens = SHORT if knob == "temperature" else LONG
    for seed in SEEDS:
        texts = [(await ask.text({**base, knob: v}, seed, tokens)).text for v in (end, inner)]
        if texts[0] != texts[1]:
            return False
    return True
