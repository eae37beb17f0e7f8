"""Does a server hear what is stated and not searched, so that no text is written with more?

Every request states every knob, neutral unless it is searched. A server that forces a value of its
own (KoboldCpp's --gendefaultsoverwrite) or does not know a key goes on with what it likes, in every
text alike, so that no probe of another knob shows it. The knobs that leave one token at their
extreme are asked for at it, twice each (three times where seeds do nothing): texts that come out as
without it, or that vary all the same, are those of a server that does not hear it. Where the server
echoes its settings they are read, of all knobs.

Whether it forces a value or does not know the knob is not told apart: a knob that servers of the
kind may well not know is noted and not warned of. Penalties, DRY and the like are read from an echo
only, since each would need long texts.

No study needs the answer: a knob that the engine cannot say now, or to whose extreme no text comes,
is passed over, and servers whose texts cost money are not asked.

Error rates: a knob that is heard seems unheard with c^2 (`_ask.collision`); where seeds do nothing,
where three texts of one token a step come out different. An echo: none by chance.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

from ..engines._dialect import Spoken
from ..errors import EngineError, SpecError
from ..records import SamplerConfig, Value
from . import forced
from ._ask import SHORT, Ask, Sample, refused
from ._contrasts import CONTRASTS, settings
from ._findings import Fact
from ._seen import LEAST, Seen, pair, shown
from .defaults import USUAL, off_neutral
from .echo import differences

KNOBS = ("temperature", "top_k", "top_p", "min_p", "typical_p", "top_n_sigma")
UNHEARD = "unheard"
PROTOCOL = ("temperature", "top_p")  # of OpenAI's protocol: every server knows them
USUAL_DEFAULTS = ("top_k", "min_p")  # servers of a known make know them, and some force them
SECONDS = 60.0  # for the texts of one knob


async def facts(ask: Ask, searched: Collection[str]) -> list[Fact]:
    """Name the knobs beside those searched that the server does not hear.

    Nothing is raised: what cannot be told is left out.
    """
    if ask.engine.costs:
        return []
    others = [k for k in USUAL if k not in searched and ask.speaks(k)]
    others = [knob for knob in others if forced.finding(ask, knob) is None]
    try:
        async with asyncio.timeout(SECONDS):
            first = await ask.text({"temperature": ask.hot}, 1)
    except (EngineError, SpecError, TimeoutError):
        return []
    if any(_keys(ask, knob) & (first.echoed or {}).keys() for knob in others):
        used = _echoed(ask, others, first)
        told = f"the server forces {', '.join(used)}"
        return [Fact("forced", told, fine=False)] if used else []
    return _told(ask, await _deaf(ask, [knob for knob in KNOBS if knob in others]))


async def _deaf(ask: Ask, knobs: Sequence[str]) -> list[str]:
    """The knobs that are not heard; a server that fails or falls silent is asked no more."""
    deaf = []
    for knob in knobs:
        try:
            async with asyncio.timeout(SECONDS):
                if await _unheard(ask, knob):
                    deaf.append(knob)
        except TimeoutError:
            break
        except EngineError as error:
            if not refused(error):
                break
    return deaf


async def _unheard(ask: Ask, knob: str) -> bool:
    """Whether its extreme does nothing; False where that cannot be told.

    Raises:
        EngineError: no text came.
    """
    found = settings(ask, knob)
    if found is None or not all(_can_say(ask, values) for values in found):
        return False
    seen = Seen(knob, CONTRASTS[knob], *found, keys=frozenset())
    for seed in range(1, LEAST + 1 if ask.seeded else LEAST + 2):
        await pair(ask, seen, seed)
    return seen.varied and (not seen.moved if ask.seeded else seen.alike == 1)


def _can_say(ask: Ask, values: Mapping[str, Value]) -> bool:
    """Whether the engine can say it now: what a service keeps may go by the model."""
    try:
        ask.engine.express(SamplerConfig.of("probe", {**values, "max_tokens": SHORT}), 1)
    except SpecError:
        return False
    return True


def _told(ask: Ask, deaf: Sequence[str]) -> list[Fact]:
    """What is said of knobs that are not heard: a warning, and a note of the harmless ones."""
    known = ask.engine.dialect.name != "openai-compatible"
    loud = (*PROTOCOL, *(USUAL_DEFAULTS if known else ()))
    amiss = [knob for knob in deaf if knob in loud]
    noted = [knob for knob in deaf if knob not in loud]
    found = [Fact(UNHEARD, _words(amiss), fine=False)] if amiss else []
    return found + ([Fact(UNHEARD, _words(noted))] if noted else [])


def _words(deaf: Sequence[str]) -> str:
    them, values = ("them", "values") if len(deaf) > 1 else ("it", "a value")
    why = f"it does not know {them}, or forces {values}"
    return f"the server does not act on {', '.join(deaf)}, not searched here: {why} of its own"


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
