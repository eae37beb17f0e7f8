"""What acts although nobody asked for it: settings that a server fills in when keys are left out.

Our requests leave nothing out, but others do, and a study's winner is used by others. Where the
server echoes its settings they are read. Elsewhere keys are left out: if the texts stay as they
are, nothing is filled in; if they change, halves of the keys are left out until it is clear which
act. Then the usual values are stated one by one, until a long text is the same.

Error rates: a default is missed where it leaves all texts as they are (a cut so loose that nothing
falls to it); one that does nothing is named with the chance that a text does not repeat. A value is
named wrongly only where two values give the same long text. On vLLM with the demo model, which is
sure of itself, a third of texts of 48 tokens were the same at temperatures 0.5 and 0.6, and two
thirds at 0.7 and 0.75: hence the four times longer ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..engines._dialect import Spoken
from ..records import Value
from ._ask import LONG, SHORT, WARM, Ask
from ._findings import Default
from .echo import same

# The likeliest to act come first: they are told apart with the fewest requests.
USUAL: Mapping[str, tuple[float, ...]] = {
    "temperature": (0.7, 0.75, 0.8, 0.6, 0.9, 0.0),
    "top_k": (100, 40, 50, 20, 64),
    "top_p": (0.92, 0.9, 0.95, 0.8, 0.98),
    "min_p": (0.05, 0.1, 0.02, 0.01),
    "typical_p": (0.95, 0.9, 0.2),
    "repetition_penalty": (1.1, 1.05, 1.15, 1.2),
    "presence_penalty": (1.5, 1.0, 0.5),
    "frequency_penalty": (0.5, 1.0),
    "top_n_sigma": (1.0,),
    "tfs": (0.95,),
    "top_a": (0.2,),
    "xtc_probability": (0.5,),
    "dry_multiplier": (0.8,),
    "mirostat_mode": (2,),
    "dynatemp_range": (),
    "smoothing_factor": (),
    "adaptive_target": (),
    "epsilon_cutoff": (),
    "eta_cutoff": (),
}
LONGEST = 192  # tokens of a text that tells a value from its neighbours
LIKELY = 3  # top_k, top_p and min_p, apart from all the rest
REMEMBERS = ("repetition_penalty", "presence_penalty", "frequency_penalty", "dry_multiplier")


async def probe(ask: Ask) -> tuple[Default, ...] | None:
    """Find the settings that act when left out; None where it cannot be told."""
    knobs = [knob for knob in USUAL if ask.speaks(knob)]
    sample = await ask.send({}, 1, SHORT, change=ask.without(*_keys(ask, knobs)))
    if sample.echoed is not None:
        return off_neutral(ask, knobs, sample.echoed)
    if not ask.seeded:
        return None
    cutting = [knob for knob in knobs if knob not in (*REMEMBERS, "temperature")]
    remembering = [knob for knob in knobs if knob in REMEMBERS]
    found = [
        *await _acting(ask, ["temperature"], {}, LONG),
        *await _acting(ask, cutting, {"temperature": ask.hot}, SHORT),
        *await _acting(ask, remembering, {"temperature": WARM}, LONG),
    ]
    return tuple([await _named(ask, knob) for knob in found])


def off_neutral(
    ask: Ask, knobs: Sequence[str], echoed: Mapping[str, object]
) -> tuple[Default, ...]:
    """Settings of a server's echo that are not neutral, of knobs that it speaks."""
    found = []
    for knob in knobs:
        word = ask.engine.dialect.words[knob]
        assert isinstance(word, Spoken)
        used, neutral = echoed.get(word.key), _neutral(knob, word)
        if isinstance(used, int | float) and not same(neutral, used) and not _off(knob, used):
            found.append(Default(knob, word.key, (round(float(used), 6),)))
    return tuple(found)


def _off(knob: str, used: float) -> bool:
    """Whether a value that differs from what we send switches the knob off as well."""
    return knob in ("top_n_sigma", "adaptive_target", "top_k") and used <= 0


def _neutral(knob: str, word: Spoken) -> float:
    from ..samplers import parameter

    found = parameter(knob).neutral if word.neutral is None else word.neutral
    assert isinstance(found, int | float)
    return float(found)


async def _acting(
    ask: Ask, knobs: Sequence[str], values: Mapping[str, Value], tokens: int
) -> list[str]:
    """Which of the knobs act when left out, by halves."""
    if not knobs:
        return []
    plain = await ask.text(values, 1, tokens)
    bare = await ask.send(values, 1, tokens, change=ask.without(*_keys(ask, knobs)))
    if bare.text == plain.text:
        return []
    if len(knobs) == 1:
        return list(knobs)
    half = min(len(knobs) // 2, LIKELY)
    return [
        *await _acting(ask, knobs[:half], values, tokens),
        *await _acting(ask, knobs[half:], values, tokens),
    ]


async def _named(ask: Ask, knob: str) -> Default:
    """A default with its value, where it is one of the usual ones."""
    base: dict[str, Value] = {} if knob == "temperature" else {"temperature": ask.hot}
    if knob in REMEMBERS:
        base = {"temperature": WARM}
    keys = _keys(ask, [knob])
    context = ask.engine.info.context if ask.engine.info else 0
    tokens = min(LONGEST, context // 2) if context else LONGEST
    bare = await ask.send(base, 1, tokens, change=ask.without(*keys))
    for value in USUAL[knob]:
        if ask.takes(knob, value):
            stated = await ask.text({**base, knob: value}, 1, tokens)
            if stated.text == bare.text:
                return Default(knob, ", ".join(keys), (value,))
    return Default(knob, ", ".join(keys))


def _keys(ask: Ask, knobs: Sequence[str]) -> list[str]:
    words = [ask.engine.dialect.words[knob] for knob in knobs]
    return [key for word in words if isinstance(word, Spoken) for key in word.key.split(", ")]
