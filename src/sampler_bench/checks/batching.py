"""Does a text depend on what is written beside it? Alone, and then with others at the same time.

Batching changes the last bits of the logits; sooner or later another token is drawn. Then seeds
make a run repeatable only with one slot, and configurations must be compared under the same load.

Error rates: a difference is real but for the chance that a text does not repeat
(`Ask.irreproducible`); a server whose texts change now and then may not be caught by a few texts.
"""

from __future__ import annotations

import asyncio

from ..errors import EngineError
from ..records import Value
from ._ask import LONG, WARM, Ask, Sample
from ._findings import Fact

SEEDS = (1, 2, 3, 4)
ALONE = (1, 2)


async def probe(ask: Ask) -> Fact:
    """Compare texts alone with the same texts beside others."""
    what = "batching"
    if not ask.seeded:
        return Fact(what, "cannot tell: texts do not repeat there even alone", fine=False)
    if ask.engine.info is not None and ask.engine.info.slots == 1:
        return Fact(what, "one text at a time there")
    values: dict[str, Value] = {"temperature": WARM}
    alone = [(await ask.text(values, seed, LONG)).text for seed in ALONE]
    # All are waited for: one that goes on would be written beside the texts of the next probe.
    texts = (ask.send(values, seed, LONG) for seed in SEEDS)
    came = await asyncio.gather(*texts, return_exceptions=True)
    if lost := [one for one in came if isinstance(one, BaseException)]:
        for error in lost:
            if not isinstance(error, EngineError):
                raise error
        # llama.cpp's slots may share one context, too small for all
        return Fact(what, f"cannot tell: {lost[0]}", fine=False)
    beside = [one for one in came if isinstance(one, Sample)]
    changed = sum(a != b.text for a, b in zip(alone, beside, strict=False))
    if changed:
        return Fact(what, f"{changed} of {len(ALONE)} texts changed beside others", fine=False)
    return Fact(what, f"{len(ALONE)} texts stayed the same beside others")
