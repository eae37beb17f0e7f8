"""Does a knob do anything? Texts at its extreme against texts without it.

Where the same seed gives the same text, the two are compared seed by seed. A knob that is ignored
leaves every text as it was, to the letter. A knob that works and allows one token only makes all
texts the same, whatever the seed. Any other knob that works changes texts, and both the changed
text and the plain one come again when asked for again (else the server merely does not repeat
itself, and nothing is told).

Where seeds do nothing, other comparisons take the place of these: see `unseeded`.

Error rates. With c the chance that two varying texts are equal (`_ask.collision`) and f the chance
that a text comes out otherwise the second time (`Ask.irreproducible`), both upper bounds at 95 %:

    extreme    n texts the same: an ignored knob looks so with c^(n-1)
    seeds      one pair differs, and again when asked again: an ignored knob looks so with 2 f^2
               (one of the two texts must be odd, twice in the same way); two pairs where fewer
               than `TRUSTED` texts were asked for twice, or one of them came out otherwise
    unchanged  n pairs the same: a knob that allows one token looks so with c^n, another one with
               m^n, where m is the share of pairs that such knobs left as they were (`MISSED`)
"""

from __future__ import annotations

from dataclasses import replace

from ..engines._dialect import Spoken, dialects
from ..errors import EngineError
from . import unseeded
from ._ask import HOTTEST, Ask, refused
from ._contrasts import CONTRASTS, UNSEEDED, settings
from ._findings import Finding
from ._seen import LEAST, Seen, extreme, idle, pair, read_back, seeds_error

MISSED = 0.1  # at most: of each such knob, 0 of 40 pairs stayed as they were (docs/checks.md)
TRUSTED = 4  # repeats that all came out the same, before one pair is enough


async def probe(ask: Ask, knob: str) -> Finding:
    """Find out what the server does with a knob that its dialect speaks.

    Raises:
        EngineError: the server does not answer.
    """
    contrast = CONTRASTS[knob] if ask.seeded else UNSEEDED.get(knob, CONTRASTS[knob])
    found, word = settings(ask, knob, contrast), ask.engine.dialect.words[knob]
    # What rests on heat may not show where the server takes little of it (28 texts, two models).
    mild = contrast.base.get("temperature") is None and ask.hot < HOTTEST[0]
    strong = knob in UNSEEDED and not mild
    assert isinstance(word, Spoken)
    if found is None:
        return Finding(knob, "cannot tell", "it takes no value at which the knob must show")
    seen = Seen(knob, contrast, *found, keys=frozenset(word.key.split(", ")))
    try:
        if ask.seeded:
            finding = await _by_seed(ask, seen)
        else:
            finding = await unseeded.compare(ask, seen, strong=strong)
    except EngineError as error:
        if not refused(error):
            raise
        return Finding(knob, "cannot tell", f"the server refuses it: {error}")
    return await _with_remedy(ask, seen, finding) if finding.says == "ignored" else finding


async def _by_seed(ask: Ask, seen: Seen) -> Finding:
    """Compare seed by seed until it can be told."""
    still = seen.contrast.still
    for seed in range(1, seen.contrast.pairs + 1):
        plain, bent = await pair(ask, seen, seed)
        if still and seen.varied and seen.alike >= LEAST and seen.moved >= LEAST:
            return extreme(seen)
        if still and seen.varied and not seen.moved and seed >= LEAST:
            return _ignored(seen)
        if not still and plain.text != bent.text:
            seen.again = seen.again or await _comes_again(ask, seen, seed)
            if seen.again and seen.moved >= _enough(ask):
                return _changed(ask, seen)
    return await _in_doubt(ask, seen)


async def _in_doubt(ask: Ask, seen: Seen) -> Finding:
    """No answer by the usual number of pairs."""
    if seen.contrast.still and not seen.varied:
        return Finding(seen.knob, "cannot tell", "texts do not vary there even without it")
    if not seen.moved:
        return idle(seen) if seen.idle else _ignored(seen)
    seed = next(i for i, (a, b) in enumerate(seen.pairs, 1) if a.text != b.text)
    if not await _comes_again(ask, seen, seed):
        return Finding(seen.knob, "cannot tell", "its texts do not repeat, so no change counts")
    if seen.moved < _enough(ask):
        told = f"one of {len(seen.pairs)} texts changed, and texts may not repeat there"
        return Finding(seen.knob, "cannot tell", told)
    finding = _changed(ask, seen)
    if seen.contrast.still and finding.says == "honoured":
        told = f"{finding.evidence}, but at its extreme more than one token is left"
        return replace(finding, says="honoured differently", evidence=told)
    return finding


def _enough(ask: Ask) -> int:
    """How many pairs must differ before a change counts."""
    return 1 if ask.trusted(TRUSTED) else LEAST


async def _comes_again(ask: Ask, seen: Seen, seed: int) -> bool:
    """Whether both texts of a seed come out as before; the plain one is asked again only once."""
    tokens = seen.contrast.tokens
    plain, bent = seen.pairs[seed - 1]
    known = ask.repeated(seen.plain, seed, tokens)
    if not known and (await ask.text(seen.plain, seed, tokens, again=True)).text != plain.text:
        return False
    return (await ask.text(seen.bent, seed, tokens, again=True)).text == bent.text


def _changed(ask: Ask, seen: Seen) -> Finding:
    told = f"it changed {seen.moved} of {len(seen.pairs)} texts with the same seeds"
    return read_back(seen, told, "seeds", seeds_error(ask))


def _ignored(seen: Seen) -> Finding:
    still, count = seen.contrast.still, len(seen.pairs)
    return Finding(
        seen.knob,
        "ignored",
        f"{count} texts with the same seeds are the same with and without it",
        "extreme" if still else "seeds",
        false_ignored=(seen.chance if still else MISSED) ** count,
    )


async def _with_remedy(ask: Ask, seen: Seen, finding: Finding) -> Finding:
    """An ignored knob with what to do: its names in other dialects are tried."""
    for key in other_names(seen.knob) if ask.seeded else ():
        if key not in seen.keys and await _moves(ask, seen, key):
            remedy = f"this server calls it `{key}`: name the engine that says it so (--engine)"
            return replace(finding, remedy=remedy)
    return replace(finding, remedy="take it out of the space, or update or change the server")


async def _moves(ask: Ask, seen: Seen, key: str) -> bool:
    """Whether the extreme, said under another key, changes two texts, one of them twice."""
    change = ask.without(*seen.keys, **{key: seen.bent[seen.knob]})
    for seed in (1, 1, 2):
        before = await ask.text(seen.plain, seed, seen.contrast.tokens)
        after = await ask.maybe(seen.plain, seed, seen.contrast.tokens, change)
        if after is None or after.text == before.text:
            return False
    return True


def other_names(knob: str) -> list[str]:
    """What engines call a knob, where it is one key with our own value."""
    words = [dialect.words.get(knob) for dialect in dialects().values()]
    keys = [word.key for word in words if isinstance(word, Spoken) and word.say is None]
    return list(dict.fromkeys(keys))
