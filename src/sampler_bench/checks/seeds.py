"""Is the seed a seed? The same one twice must give the same text, and others other texts.

The order matters: 1, 2, 3, 1. KoboldCpp draws its random seed from the clock's second, so a server
there that does not know the seed's name gives the same text to whoever asks in the same second; but
it cannot go back to an earlier text after it has gone on to others. Where all are the same, the
probe waits for the next second and asks again, to tell a clock from a server without chance.

Error rates: a server without seeds repeats one text of three with c, the chance that two varying
texts are equal (`_ask.collision`). Where the text of seed 1 is another the second time, the seed
may still be read, and something else (batching) have changed the text: how likely that is, nobody
knows. Where the clock is seen to decide, three seeds would have to give one text: c^2.
"""

from __future__ import annotations

import asyncio
from itertools import pairwise

from ..engines._dialect import dialects
from ._ask import SHORT, Ask, Sample, collision
from ._findings import Fact, Finding

SECOND = 1.1
SEEDS = (1, 2, 3, 1)
REMEDY = "no text can be repeated there; if another word for the seed works, choose its engine"


async def probe(ask: Ask) -> Finding:
    """Find out whether seeds work, and note in `ask` how the other probes must ask."""
    key = ask.engine.dialect.seed
    samples = await _draw(ask)
    if not _vary(samples):
        return await _stuck(ask, key, samples[0])
    if samples[3].text == samples[0].text and key:
        ask.seeded = True
        ask.repeats = [1, 1]
        return Finding(
            "seed",
            "honoured",
            f"`{key}`: the same seed gives the same text, others other texts",
            "seeds",
            collision(samples[:3]),
        )
    return _unseeded(ask, key, samples)


def _unseeded(ask: Ask, key: str, samples: list[Sample]) -> Finding:
    if _doubled(samples):
        ask.space(SECOND)
    if not key:
        return Finding("seed", "not spoken", "there is no seed there: no text can be repeated")
    told = f"`{key}`: the same seed gives another text the second time"
    clock = "; texts asked for within one second are the same" if ask.pause else ""
    return Finding("seed", "ignored", told + clock, "seeds", false_ignored=1.0, remedy=REMEDY)


async def _stuck(ask: Ask, key: str, first: Sample) -> Finding:
    """All texts are the same: by the clock, or because nothing is left to chance."""
    await asyncio.sleep(SECOND)
    later = await ask.send({"temperature": ask.hot}, 1)
    if later.text == first.text:
        return Finding("seed", "cannot tell", "texts do not vary there, whatever the seed")
    ask.space(SECOND)
    none = f"`{key}` does nothing" if key else "there is no seed there"
    return Finding(
        "seed",
        "ignored" if key else "not spoken",
        f"{none}: texts asked for within one second are the same, a second later they are others "
        "(its random seed is the clock)",
        "seeds",
        false_ignored=collision([first, later]) ** 2,
        remedy=REMEDY,
    )


async def names_of_seed(ask: Ask) -> Fact:
    """Try what other engines call the seed, each in place of this engine's own word."""
    others = [key for key in _all_names() if key != ask.engine.dialect.seed]
    works = [key for key in others if await _works(ask, key)]
    dead = [f"`{key}`" for key in others if key not in works]
    said = f"{', '.join(dead)} {'is' if len(dead) == 1 else 'are'} not its name" if dead else ""
    also = "works: " + ", ".join(f"`{key}`" for key in works) if works else ""
    return Fact("seed's name", "; ".join(part for part in (also, said) if part), fine=not works)


async def _works(ask: Ask, key: str) -> bool:
    """Whether seeds under this key repeat a text: 1, 2, 1."""
    texts = []
    for seed in (1, 2, 1):
        change = ask.without(ask.engine.dialect.seed, **{key: seed})
        sample = await ask.maybe({"temperature": ask.hot}, seed, SHORT, change)
        if sample is None:
            return False
        texts.append(sample.text)
    return texts[2] == texts[0] != texts[1]


async def _draw(ask: Ask) -> list[Sample]:
    hot = {"temperature": ask.hot}
    texts = [await ask.text(hot, seed) for seed in SEEDS[:-1]]
    return [*texts, await ask.send(hot, SEEDS[-1])]


def _all_names() -> list[str]:
    keys = [dialect.seed for dialect in dialects().values() if dialect.seed]
    return list(dict.fromkeys([*keys, "sampler_seed"]))


def _vary(samples: list[Sample]) -> bool:
    return len({sample.text for sample in samples}) > 1


def _doubled(samples: list[Sample]) -> bool:
    """Whether neighbours in time are the same although their seeds differ."""
    return any(a.text == b.text for a, b in pairwise(samples))
