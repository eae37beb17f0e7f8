"""Does a knob go on acting to the end of its range, or does the server stop somewhere before?

A server that clamps makes the same of every value from its limit on. So the end of the range is
compared, seed by seed, with a value further out (often one that the knob's own probe asked for
already): where one of three texts differs, there is no limit before the end. Where all three are
the same, the end is compared with values inside the range, for the limit may be the end itself; if
those give the same texts as well, the knob is clamped. Where no value further out can be told from
the end, a value inside is all there is, and a limit between the two is not seen. Texts that are the
same whatever the seed tell nothing. Where the server echoes its settings, the end is read there.

Not looked at: knobs that need long texts (windows), or that say little between (`adaptive_target`,
decays, learning rates); and all of them where seeds do nothing. The finding then says so.

Error rates: a knob that goes on acting leaves a text as it is with c (`_ask.collision`); three
must stay, twice, so c^3 or less. Knobs with a memory: m^3 (`behaviour`). Candidates: at most 0.12 a
text (none of 24, 95 %), so 0.002; more on a model that is surer of itself. The last candidates are
seldom drawn, so half of them are taken away, and texts are long: on vLLM 0.32 a fifth less left 15
of 24 short texts as they were, and half of them less none of 24 long ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..engines._dialect import Spoken
from ..records import Value
from ..samplers import parameter
from ._ask import LONG, SHORT, WARM, Ask
from ._contrasts import CONTRASTS, settings
from ._findings import Finding
from ._seen import otherwise, shown
from .echo import differences

MIDDLE, NEARER = 0.5, 0.8  # of the way from the range's other end
LARGEST_K = 300
FARTHEST = 2.0  # presence and frequency
SEEDS = (1, 2, 3)
# Their own probe asks at a value beyond the usual range; so does temperature's, without the knob.
BEYOND = (
    *("xtc_probability", "repetition_penalty", "dry_multiplier", "smoothing_factor"),
    *("dynatemp_range", "dynatemp_exponent", "smoothing_curve", "top_a"),
)
PENALTIES = ("presence_penalty", "frequency_penalty")
LOOSE = ("top_p", "typical_p", "tfs")  # the end of their range hardly cuts
# Looked at only where they are searched: a check of everything would cost too much.
DEAR = (
    *(*LOOSE, "dynatemp_exponent", "smoothing_curve", "top_a"),
    *(*PENALTIES, "top_n_sigma", "xtc_threshold"),
)
SHOWN = ("min_p", "epsilon_cutoff")  # that their extreme acts shows all of the range
UNTOLD = "; whether it is clamped within its range was not looked at"


@dataclass(frozen=True, slots=True)
class Reach:
    """One end of a range, and what it is compared with.

    Attributes:
        end: as it is searched.
        base: what else is set.
        tokens: longest text.
        outer: a value further out that gives other texts; None where none is sure to.
        inner: values inside, which give other texts.
    """

    end: float
    base: dict[str, Value]
    tokens: int
    outer: Value | None
    inner: tuple[float, ...]


async def probe(ask: Ask, finding: Finding) -> Finding:
    """Look at the ends of a knob that was found to act; return what to say of it now."""
    low, high = ask.ranges.get(finding.knob) or parameter(finding.knob).search or (0.0, 0.0)
    if finding.says != "honoured" or low == high == 0 or finding.knob in SHOWN:
        return finding
    if told := await _echoed(ask, finding, high):
        return told
    reaches = list(_reaches(ask, finding.knob, low, high)) if ask.seeded else []
    for reach in reaches:
        if (inner := await _stops(ask, finding.knob, reach)) is not None:
            told_so = f"{reach.end:g} and {inner:g} give the same texts: it stops acting before"
            evidence = f"{told_so} {reach.end:g} (clamped, or another cut comes first)"
            remedy = f"end its range before {reach.end:g}"
            return replace(finding, says="clamped", evidence=evidence, remedy=remedy)
    return finding if reaches else replace(finding, evidence=finding.evidence + UNTOLD)


async def _echoed(ask: Ask, finding: Finding, end: float) -> Finding | None:
    """What the server says that it made of the end; None where it does not say."""
    word = ask.engine.dialect.words[finding.knob]
    first = await ask.text({"temperature": ask.hot}, 1)
    if not (isinstance(word, Spoken) and first.echoed and word.key in first.echoed):
        return None
    value: Value = int(end) if isinstance(parameter(finding.knob).neutral, int) else end
    sample = await ask.text({finding.knob: value}, 1, 1)
    for key, sent, used in differences(sample.body, sample.echoed):
        if key == word.key:
            told = otherwise(key, sent, used)
            remedy = f"end its range at {shown(used)}"
            return replace(finding, says="clamped", evidence=told, by="echo", remedy=remedy)
    return finding


def _reaches(ask: Ask, knob: str, low: float, high: float) -> Iterator[Reach]:
    """The ends of a range that can be looked at, where the knob is off neutral."""
    if knob in DEAR and knob not in ask.ranges:
        return
    hot: dict[str, Value] = {"temperature": ask.hot}
    warm: dict[str, Value] = {"temperature": WARM}
    start = low if low < high else float(parameter(knob).neutral)  # type: ignore[arg-type]
    middle, nearer = (start + part * (high - start) for part in (MIDDLE, NEARER))
    inner = (middle, nearer) if high != start else ()
    if knob in (*BEYOND, "temperature", "mirostat_tau") and inner:
        yield _by_its_probe(ask, knob, high, inner)
    if knob == "top_k" and 2 < high <= LARGEST_K:
        yield Reach(high, hot, LONG, None, (int(high * MIDDLE),))
    if knob == "top_n_sigma" and inner:
        yield Reach(high, hot, SHORT, 2 * high, inner)
    if knob == "xtc_threshold" and inner:
        cut: dict[str, Value] = {"temperature": 1.0, "top_k": 2, "xtc_probability": 1.0}
        yield Reach(high, cut, LONG, None, (middle,))
    if knob in LOOSE and inner:
        yield Reach(high, hot, LONG, None, (nearer,))
    if knob in PENALTIES:
        for end, most in ((high, FARTHEST), (low, -FARTHEST)):
            if end * most > 0:
                far = most if abs(end) < FARTHEST and ask.takes(knob, most) else None
                yield Reach(end, warm, LONG, far, (MIDDLE * end, NEARER * end))
    if knob == "repetition_penalty" and low < 1:
        yield Reach(low, warm, LONG, None, (1.0,))


def _by_its_probe(ask: Ask, knob: str, high: float, inner: tuple[float, ...]) -> Reach:
    """The high end as the knob's own probe asks, whose texts are there already."""
    found = settings(ask, knob)
    assert found is not None  # it was probed so
    outside, bent = found
    asked = bent[knob] if knob in BEYOND else outside[knob]
    assert isinstance(asked, int | float)
    outer = asked if asked > high else None
    if knob == "mirostat_tau":  # beyond its range even a flat model's texts are all the same
        inner, outer = (asked if asked < high else inner[0],), None
    elif knob == "temperature" and outer is None:
        inner = (max(1.0, NEARER * high),) if high > 1 else ()
    base = {name: value for name, value in bent.items() if name != knob}
    return Reach(high, base, CONTRASTS[knob].tokens, outer, inner)


async def _stops(ask: Ask, knob: str, reach: Reach) -> float | None:
    """The value inside from which on it does nothing more; None where it acts to the end."""
    if reach.outer is not None and not await _same(ask, knob, reach, reach.outer):
        return None
    for inner in reach.inner:
        if await _same(ask, knob, reach, inner):
            return inner
    return None


async def _same(ask: Ask, knob: str, reach: Reach, other: Value) -> bool:
    """Whether the end and another value give the same texts, which are not one and the same."""
    whole = isinstance(parameter(knob).neutral, int)
    end: Value = int(reach.end) if whole else reach.end
    texts = set()
    for seed in SEEDS:
        pair = [
            (await ask.text({**reach.base, knob: v}, seed, reach.tokens)).text for v in (end, other)
        ]
        if pair[0] != pair[1]:
            return False
        texts.add(pair[0])
    return len(texts) > 1
