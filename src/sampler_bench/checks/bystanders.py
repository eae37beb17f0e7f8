"""Does a server hear what is stated and not searched, so that no text is written with more?

Every request states every knob, neutral unless it is searched. A server that forces a value of its
own (KoboldCpp's --gendefaultsoverwrite) or does not know a key goes on with what it likes, in every
text alike, so that no probe of another knob shows it. The knobs that leave one token at their
extreme are asked for at it, twice each (three times where seeds do nothing): texts that come out as
without it, or that vary all the same, are those of a server that does not hear it. Where the server
echoes its settings they are read, of all knobs.

Whether it forces a value or does not know the knob is not told apart; penalties, DRY and the like
are read from an echo only, since each would need long texts.

Error rates: a knob that is heard seems unheard with c^2 (`_ask.collision`); where seeds do nothing,
where three texts of one token a step come out different. An echo: none by chance.
"""

from __future__ import annotations

from collections.abc import Collection

from ..engines._dialect import Spoken
from ..errors import EngineError
from . import forced
from ._ask import Ask, Sample, refused
from ._contrasts import CONTRASTS, settings
from ._findings import Fact
from ._seen import LEAST, Seen, pair, shown
from .defaults import USUAL, off_neutral
from .echo import differences

KNOBS = ("temperature", "top_k", "top_p", "min_p", "typical_p", "top_n_sigma")
UNHEARD = "unheard"


async def facts(ask: Ask, searched: Collection[str]) -> list[Fact]:
    """Name the knobs beside those searched that the server does not hear.

    Raises:
        EngineError: the server does not answer.
    """
    others = [k for k in USUAL if k not in searched and ask.speaks(k)]
    others = [knob for knob in others if forced.finding(ask, knob) is None]
    first = await ask.text({"temperature": ask.hot}, 1)
    if any(_keys(ask, knob) & (first.echoed or {}).keys() for knob in others):
        used = _echoed(ask, others, first)
        told = f"the server forces {', '.join(used)}"
        return [Fact("forced", told, fine=False)] if used else []
    deaf = [knob for knob in KNOBS if knob in others and await _unheard(ask, knob)]
    if not deaf:
        return []
    them, values = ("them", "values") if len(deaf) > 1 else ("it", "a value")
    why = f"it does not know {them}, or forces {values}"
    told = f"the server does not act on {', '.join(deaf)}, not searched here: {why} of its own"
    return [Fact(UNHEARD, told, fine=False)]


async def _unheard(ask: Ask, knob: str) -> bool:
    """Whether its extreme does nothing; False where that cannot be told."""
    found = settings(ask, knob)
    if found is None:
        return False
    seen = Seen(knob, CONTRASTS[knob], *found, keys=frozenset())
    try:
        for seed in range(1, LEAST + 1 if ask.seeded else LEAST + 2):
            await pair(ask, seen, seed)
    except EngineError as error:
        if not refused(error):
            raise
        return False
    return seen.varied and (not seen.moved if ask.seeded else seen.alike == 1)


def _echoed(ask: Ask, knobs: Collection[str], hot: Sample) -> list[str]:
    """What the server says that it used of knobs that were neutral, and of the heat."""
    cold = [knob for knob in knobs if knob != "temperature"]
    heat = _keys(ask, "temperature") if "temperature" in knobs else set()
    used = {key: value for key, _, value in differences(hot.body, hot.echoed) if key in heat}
    used |= {told.key: told.values[0] for told in off_neutral(ask, cold, hot.echoed or {})}
    return [f"{key} = {shown(value)}" for key, value in used.items()]


def _keys(ask: Ask, knob: str) -> set[str]:
    word = ask.engine.dialect.words[knob]
    return set(word.key.split(", ")) if isinstance(word, Spoken) else set()
