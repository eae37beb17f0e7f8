"""Does a knob do anything, on a server whose texts cannot be repeated by a seed?

Then one text proves nothing, and four comparisons take its place:

    extreme    where one token is left, texts at the extreme are all the same
    agreement  where they are not, the knob may be clamped: first words, hot and at temperature 1,
               tell a milder cut (permutation test on equal pairs)
    texts      for other knobs, two settings are chosen under which texts must be plainly others
               (`_contrasts.UNSEEDED`): with and without it, they must differ more than they do
               among themselves (permutation test on the energy of shared beginnings; Szekely and
               Rizzo 2013)
    greedy     a knob with a memory must change the greedy text, twice; where it changes none of
               several prompts' texts under top_k 1, it is ignored. Where that repeats no text,
               temperature 0 is tried, where some servers drop such knobs: no change tells nothing

Error rates: an ignored knob seems to act with the p-value that is told, as often as was looked. A
knob is called ignored where p > `DOUBTFUL` (of first words: as `LOOKS` says): how often one that
acts passes there depends on how mildly it is clamped, and no bound of it is known; docs/checks.md
tells it of the mildest that were tried. Greedy: m^n for n prompts, where m is the share of greedy
texts that such knobs leave as they were (`MISSED`).
"""

from __future__ import annotations

from ..records import Value
from ._agreement import texts_differ, words_agree
from ._ask import PROMPTS, Ask, Sample
from ._findings import By, Finding
from ._seen import LEAST, Seen, extreme, idle, pair, read_back, seeds_error

OTHERS = (8, 16, 27)  # on each side, where texts must be others; fewer than 8 cannot tell
WORDS = 24  # first words on each side, twice as many at the second look
HOT, CALM = 3.0, 1.0  # where cuts by rank and by the best token show in them, and cuts by mass
SIGNIFICANT = 1e-3  # p-values up to this, times the looks, tell a difference
DOUBTFUL = 0.2  # those above tell that there is none
LOOKS = ((WORDS, 0.3), (2 * WORDS, 0.05))  # first words, and the same of these
MISSED = 0.1  # at most: 0 of 40 greedy texts stayed as they were
AGREE: By = "agreement"


async def compare(ask: Ask, seen: Seen, *, strong: bool) -> Finding:
    """Compare texts with and without a knob.

    Args:
        ask: the server.
        seen: the knob, no text yet.
        strong: the two settings are such that texts must be plainly others if the knob acts.

    Raises:
        EngineError: the server does not answer, or refuses a setting.
    """
    if seen.contrast.still:
        return await _by_agreement(ask, seen)
    if seen.contrast.remembers:
        return await _greedily(ask, seen)
    return await _by_texts(ask, seen, strong)


async def _by_agreement(ask: Ask, seen: Seen) -> Finding:
    """Are the texts at the extreme all the same?"""
    for seed in range(1, LEAST + 2):
        await pair(ask, seen, seed)
    if not seen.varied:
        return Finding(seen.knob, "cannot tell", "texts do not vary there even without it")
    if seen.alike == len(seen.pairs):
        return extreme(seen)
    return await _by_first_words(ask, seen)


async def _by_first_words(ask: Ask, seen: Seen) -> Finding:
    """Where texts vary at the extreme as well: is it ignored, or clamped to something milder?

    Many draws of the first token, hot and at temperature 1: one of the two shows a milder cut. In
    doubt, twice as many of what looks more like one.
    """
    heats = (None,) if seen.knob == "temperature" else (min(HOT, ask.hot), CALM)
    chances = {heat: await _first_words(ask, seen, heat, WORDS) for heat in heats}
    for draws, doubt in LOOKS:
        doubted = min(chances, key=lambda heat: chances[heat])
        if draws > WORDS:
            chances[doubted] = await _first_words(ask, seen, doubted, draws)
        chance = len(LOOKS) * len(heats) * chances[doubted]
        if chance <= SIGNIFICANT:
            words = "with it first words agree more, but at its extreme more than one token is left"
            return Finding(seen.knob, "honoured differently", words, AGREE, chance)
        if min(chances.values()) > doubt:
            told = f"texts and {draws} first words vary as much with it"
            return _ignored(seen, told)
    told = "texts vary at its extreme, where they should not"
    return Finding(seen.knob, "cannot tell", f"{told}, and seeds do nothing there")


async def _first_words(ask: Ask, seen: Seen, heat: float | None, draws: int) -> float:
    """The p-value that first words at the extreme coincide no more often than without it."""
    drawn = []
    for values in (seen.bent, seen.plain):
        heated = {**values, "temperature": heat} if heat is not None else values
        drawn.append([(await ask.text(heated, s, 1)).text for s in range(1, draws + 1)])
    return words_agree(*drawn)


async def _by_texts(ask: Ask, seen: Seen, strong: bool) -> Finding:
    """Are texts with it others than those without it?"""
    for texts in OTHERS:
        for seed in range(len(seen.pairs) + 1, texts + 1):
            await pair(ask, seen, seed)
        plain, bent = zip(*seen.pairs, strict=True)
        chance = texts_differ(bent, plain)
        if (error := len(OTHERS) * chance) <= SIGNIFICANT:
            told = "texts with it differ from those without it more than among themselves"
            return read_back(seen, told, "texts", error)
        told = f"{texts} texts with it are as those without it"
        if strong and chance > DOUBTFUL and texts >= seen.contrast.pairs:
            return _ignored(seen, told)
        if not strong and chance > DOUBTFUL:
            break
    return Finding(seen.knob, "cannot tell", f"{told}, and seeds do nothing there")


async def _greedily(ask: Ask, seen: Seen) -> Finding:
    """By top_k 1 where that repeats a text, else by temperature 0.

    Older TabbyAPIs drop all penalties at temperature 0, so texts that stay the same there tell
    nothing.
    """
    for cold in (("top_k", 1), ("temperature", 0.0)):
        if ask.takes(*cold) and (found := await _colder(ask, seen, cold)):
            return found
    told = "neither top_k 1 nor temperature 0 repeats a text and lets the knob change it"
    return Finding(seen.knob, "cannot tell", f"{told}, and seeds do nothing there")


async def _colder(ask: Ask, seen: Seen, cold: tuple[str, Value]) -> Finding | None:
    """Greedy texts of several prompts, with and without the knob; one that changes, twice.

    Returns:
        None where they do not repeat, or where it changed none and need not, at temperature 0.
    """
    for prompt in PROMPTS:
        if (first := await _cold(ask, seen, cold, prompt.index))[0].text == first[1].text:
            seen.pairs.append(first)
            continue
        second = await _cold(ask, seen, cold, prompt.index, again=True)
        if [s.text for s in first] != [s.text for s in second]:
            return None
        seen.pairs.append(first)
        told = "it changed the greedy text, twice"
        return read_back(seen, told, "greedy", seeds_error(ask))
    if cold[0] == "temperature":
        return None
    if seen.idle:
        return idle(seen)
    told = f"{len(PROMPTS)} greedy texts are the same with and without it"
    return _ignored(seen, told, MISSED ** len(PROMPTS), "greedy")


async def _cold(
    ask: Ask, seen: Seen, cold: tuple[str, Value], prompt: int, *, again: bool = False
) -> tuple[Sample, Sample]:
    tokens = seen.contrast.tokens
    plain, bent = ({**values, cold[0]: cold[1]} for values in (seen.plain, seen.bent))
    return (
        await ask.text(plain, 1, tokens, again=again, prompt=prompt),
        await ask.text(bent, 1, tokens, again=again, prompt=prompt),
    )


def _ignored(seen: Seen, told: str, error: float = 1.0, by: By = AGREE) -> Finding:
    words = f"{told} (seeds do nothing there)"
    return Finding(seen.knob, "ignored", words, by, false_ignored=error)
