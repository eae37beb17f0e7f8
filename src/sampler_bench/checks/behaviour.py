"""Does a knob do anything? Texts at its extreme against texts without it.

Where the same seed gives the same text, the two are compared seed by seed. A knob that is ignored
leaves every text as it was, to the letter. A knob that works and allows one token only makes all
texts the same, whatever the seed. Any other knob that works changes texts, and both the changed
text and the plain one come again when asked for again (else the server merely does not repeat
itself, and nothing is told).

Where seeds do nothing, the texts at the extreme must agree with each other far more than those
without it (`_agreement`), or the greedy texts must differ. Texts that vary at the extreme do not
show that a knob is ignored: it may be clamped. So the first word is drawn many times as well.

Error rates. With c the chance that two varying texts are equal (`_ask.collision`) and f the chance
that a text comes out otherwise the second time (`Ask.irreproducible`), both upper bounds at 95 %:

    extreme    n texts the same: an ignored knob looks so with c^(n-1)
    seeds      one pair differs, and again when asked again: an ignored knob looks so with 2 f^2
               (one of the two texts must be odd, twice in the same way); two pairs where fewer
               than `TRUSTED` texts were asked for twice, or one of them came out otherwise
    agreement  an ignored knob looks so with the p-value of the test, twice that of first words;
               how often a clamped one passes for ignored depends on how mildly it is clamped
    greedy     the greedy texts differ, twice: an ignored knob looks so with 2 f^2
    unchanged  n pairs the same: a knob that allows one token looks so with c^n, another one with
               m^n, where m is the share of pairs that such knobs left as they were (`MISSED`)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from ..engines._dialect import Dialect, Spoken
from ..errors import EngineError
from ..plugins import find, names
from ..records import Value
from ._agreement import texts_agree, words_agree
from ._ask import Ask, Sample, collision, refused
from ._contrasts import CONTRASTS, Contrast, settings
from ._findings import Finding
from .echo import differences

Values: TypeAlias = "Mapping[str, Value]"

MISSED = 0.1  # at most: of each such knob, 0 of 40 pairs stayed as they were (docs/checks.md)
LEAST = 2  # texts that must agree, or pairs that must differ
TRUSTED = 4  # repeats that all came out the same, before one pair is enough
UNSEEDED = 6  # texts on each side where seeds do nothing
AGREE = "agreement"
FEW, MANY = 8, 24  # first words on each side: hot, where few show a cut, and at temperature 1
SIGNIFICANT = 1e-3  # p-values up to this tell a difference,
DOUBTFUL = 0.2  # and those up to this leave it open


@dataclass(slots=True)
class Seen:
    """The texts of one knob so far.

    Attributes:
        plain, bent: the settings without it and at its extreme.
        keys: the server's words for the knob.
        pairs: texts of both, with the same seed.
        again: whether a differing pair came out the same when asked for again.
    """

    knob: str
    contrast: Contrast
    plain: Values
    bent: Values
    keys: frozenset[str]
    pairs: list[tuple[Sample, Sample]] = field(default_factory=list)
    again: bool = False

    @property
    def moved(self) -> int:
        """Pairs whose texts differ."""
        return sum(plain.text != bent.text for plain, bent in self.pairs)

    @property
    def varied(self) -> bool:
        """Whether no two of the plain texts are the same."""
        return len({plain.text for plain, _ in self.pairs}) == len(self.pairs)

    @property
    def alike(self) -> int:
        """How many of the extreme's texts are the same."""
        return max(Counter(bent.text for _, bent in self.pairs).values(), default=0)

    @property
    def chance(self) -> float:
        """At most so likely are two plain texts equal by chance."""
        return collision([plain for plain, _ in self.pairs])


async def probe(ask: Ask, knob: str) -> Finding:
    """Find out what the server does with a knob that its dialect speaks.

    Raises:
        EngineError: the server does not answer.
    """
    found, word = settings(ask, knob), ask.engine.dialect.words[knob]
    assert isinstance(word, Spoken)
    if found is None:
        return Finding(knob, "cannot tell", "it takes no value at which the knob must show")
    seen = Seen(knob, CONTRASTS[knob], *found, keys=frozenset(word.key.split(", ")))
    try:
        finding = await _compare(ask, seen)
    except EngineError as error:
        if not refused(error):
            raise
        return Finding(knob, "cannot tell", f"the server refuses it: {error}")
    return await _with_remedy(ask, seen, finding) if finding.says == "ignored" else finding


def seeds_error(ask: Ask) -> float:
    """How likely an ignored knob changes texts seed by seed, by all repeats so far."""
    return min(1.0, 2 * ask.irreproducible() ** 2)


async def _compare(ask: Ask, seen: Seen) -> Finding:
    if ask.seeded:
        return await _by_seed(ask, seen)
    if seen.contrast.still == "never":
        return await _greedily(ask, seen)
    return await _by_agreement(ask, seen)


async def _pair(ask: Ask, seen: Seen, seed: int) -> tuple[Sample, Sample]:
    tokens = seen.contrast.tokens
    pair = await ask.text(seen.plain, seed, tokens), await ask.text(seen.bent, seed, tokens)
    seen.pairs.append(pair)
    return pair


async def _by_seed(ask: Ask, seen: Seen) -> Finding:
    """Compare seed by seed until it can be told."""
    still = seen.contrast.still == "always"
    for seed in range(1, seen.contrast.pairs + 1):
        plain, bent = await _pair(ask, seen, seed)
        if still and seen.varied and seen.alike >= LEAST and seen.moved >= LEAST:
            return _extreme(seen)
        if still and seen.varied and not seen.moved and seed >= LEAST:
            return _ignored(seen)
        if not still and plain.text != bent.text:
            seen.again = seen.again or await _comes_again(ask, seen, seed)
            if seen.again and seen.moved >= (1 if ask.trusted(TRUSTED) else LEAST):
                return _changed(ask, seen)
    return await _in_doubt(ask, seen)


async def _in_doubt(ask: Ask, seen: Seen) -> Finding:
    """No answer by the usual number of pairs."""
    if seen.contrast.still == "always" and not seen.varied:
        return Finding(seen.knob, "cannot tell", "texts do not vary there even without it")
    if not seen.moved:
        return _ignored(seen)
    seed = next(i for i, (a, b) in enumerate(seen.pairs, 1) if a.text != b.text)
    if not await _comes_again(ask, seen, seed):
        return Finding(seen.knob, "cannot tell", "its texts do not repeat, so no change counts")
    finding = _changed(ask, seen)
    if seen.contrast.still == "always" and finding.says == "honoured":
        told = f"{finding.evidence}, but at its extreme more than one token is left"
        return replace(finding, says="honoured differently", evidence=told)
    return finding


async def _comes_again(ask: Ask, seen: Seen, seed: int) -> bool:
    """Whether both texts of a seed come out as before; the plain one is asked again only once."""
    tokens = seen.contrast.tokens
    plain, bent = seen.pairs[seed - 1]
    known = ask.repeated(seen.plain, seed, tokens)
    if not known and (await ask.text(seen.plain, seed, tokens, again=True)).text != plain.text:
        return False
    return (await ask.text(seen.bent, seed, tokens, again=True)).text == bent.text


def _extreme(seen: Seen) -> Finding:
    told = f"at its extreme {seen.alike} texts are the same, without it none"
    return _read_back(seen, told, "extreme", seen.chance ** (seen.alike - 1))


def _changed(ask: Ask, seen: Seen) -> Finding:
    told = f"it changed {seen.moved} of {len(seen.pairs)} texts with the same seeds"
    return _read_back(seen, told, "seeds", seeds_error(ask))


def _read_back(seen: Seen, told: str, by: str, error: float) -> Finding:
    """Honoured, unless the server's echo says another value than was sent."""
    sample = seen.pairs[-1][1]
    for key, sent, used in differences(sample.body, sample.echoed):
        if key in seen.keys:
            words = f"{key}: sent {_shown(sent)}, the server says that it used {_shown(used)}"
            return Finding(seen.knob, "clamped", words, "echo", error)
    return Finding(seen.knob, "honoured", told, by, error)


def _ignored(seen: Seen) -> Finding:
    still, count = seen.contrast.still == "always", len(seen.pairs)
    return Finding(
        seen.knob,
        "ignored",
        f"{count} texts with the same seeds are the same with and without it",
        "extreme" if still else "seeds",
        false_ignored=(seen.chance if still else MISSED) ** count,
    )


async def _by_agreement(ask: Ask, seen: Seen) -> Finding:
    """Where seeds do nothing: do the texts at the extreme agree with each other?"""
    for seed in range(1, UNSEEDED + 1):
        await _pair(ask, seen, seed)
        if seed == LEAST + 1 and seen.varied and seen.alike == seed:
            return _extreme(seen)
    if not seen.varied:
        return Finding(seen.knob, "cannot tell", "texts do not vary there even without it")
    plain, bent = zip(*seen.pairs, strict=True)
    chance = texts_agree(bent, plain)
    still = seen.contrast.still == "always"
    if chance <= SIGNIFICANT:
        told = "with it texts agree far more"
        return _left_more(seen, told, chance) if still else _read_back(seen, told, AGREE, chance)
    return await _by_first_words(ask, seen) if still else _no_more_alike(seen)


async def _by_first_words(ask: Ask, seen: Seen) -> Finding:
    """Where texts vary at the extreme as well: is it ignored, or clamped to something milder?

    Many draws of the first token, hot and at temperature 1: one of the two shows a milder cut.
    """
    heats = ((None, MANY),) if seen.knob == "temperature" else ((ask.hot, FEW), (1.0, MANY))
    chances = [await _first_words(ask, seen, heat, draws) for heat, draws in heats]
    if len(chances) * min(chances) <= SIGNIFICANT:
        chance = len(chances) * min(chances)
        return _left_more(seen, "with it first words agree more", chance)
    if min(chances) <= DOUBTFUL:
        return _no_more_alike(seen)
    told = f"texts and {MANY} first words vary as much with it (seeds do nothing there)"
    return Finding(seen.knob, "ignored", told, AGREE, false_ignored=DOUBTFUL)


async def _first_words(ask: Ask, seen: Seen, heat: float | None, draws: int) -> float:
    """The p-value that first words at the extreme coincide no more often than without it."""
    drawn = []
    for values in (seen.bent, seen.plain):
        heated = {**values, "temperature": heat} if heat is not None else values
        drawn.append([(await ask.text(heated, s, 1)).text for s in range(1, draws + 1)])
    return words_agree(*drawn)


def _left_more(seen: Seen, told: str, chance: float) -> Finding:
    words = f"{told}, but at its extreme more than one token is left"
    return Finding(seen.knob, "honoured differently", words, AGREE, chance)


def _no_more_alike(seen: Seen) -> Finding:
    told = "texts vary at its extreme, where they should not, and seeds do nothing there"
    return Finding(seen.knob, "cannot tell", told)


async def _greedily(ask: Ask, seen: Seen) -> Finding:
    """Where seeds do nothing: greedy texts, with and without the knob, each asked for twice."""
    cold = [{**values, "temperature": 0.0} for values in (seen.plain, seen.bent)]
    first = [await ask.text(values, 1, seen.contrast.tokens) for values in cold]
    second = [await ask.text(values, 1, seen.contrast.tokens, again=True) for values in cold]
    if [s.text for s in first] != [s.text for s in second]:
        return Finding(seen.knob, "cannot tell", "neither seeds nor temperature 0 repeat a text")
    seen.pairs.append((first[0], first[1]))
    if seen.moved:
        told = "it changed the greedy text, twice"
        return _read_back(seen, told, "greedy", seeds_error(ask))
    return Finding(seen.knob, "cannot tell", "the greedy text is the same, and seeds do nothing")


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
    found: list[str] = []
    for engine in names("engines"):
        dialect = getattr(find("engines", engine), "DIALECT", None)
        word = dialect.words.get(knob) if isinstance(dialect, Dialect) else None
        if isinstance(word, Spoken) and word.say is None:
            found.append(word.key)
    return list(dict.fromkeys(found))


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
