"""How varied the texts of a configuration are: a second axis beside the score, never inside it.

Variety is measured over the repeats on one prompt: what would the user get on asking again? Only
texts that passed the rules are looked at, as word salad is always new. Only the first 120 words of
each are, and what depends on the size of a set is measured on sets of one size (`size`), the same
for all configurations; so nobody wins by writing longer, or fewer texts.

- *diversity* = 1 - overlap. The overlap of two texts is the share of word n-grams that they have in
  common (Dice coefficient, mean over n = 1, 2, 3); pairs of one prompt are averaged. The measure is
  the same in expectation for any number of texts, so all pairs count.
- *distinct*: different n-grams over all n-grams of a set (Li et al. 2016, distinct-n; n = 1 to 3).
- *compression*: size of the set compressed as a whole over the sum of its texts compressed alone
  (normalized compression distance, Cilibrasi and Vitanyi 2005): 1 nothing, 1/size all in common.
- *openings*: share of pairs that begin with the same words.

Configurations meet prompts unevenly in most searches, so a configuration's value is its effect in
the additive model value = configuration + prompt (effects of prompts sum to zero over those met).
Its interval is Student's t over prompts, with the standard error that resampling prompts has in the
limit (Hesterberg 2015, The American Statistician 69(4)); one prompt tells no interval. Not covered:
whether what varies is worth varying - that is what the score is for.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from itertools import chain, combinations, islice, product
from typing import TypeVar

import numpy as np

from .._arrays import Floats, Indices
from ..records import Estimate, SamplerConfig

GRAMS = (1, 2, 3)
OPENING = 5  # words
LARGEST_SET = 5
MOST_SETS = 6  # of one configuration on one prompt
MOST_WALKED = 30  # texts of whose sets all are walked
MOST_COMPARED = 200  # pairs of a configuration on different prompts
WORDS = 120  # of each text are looked at
LONGEST_WORD = 40  # letters
SAME = 1e-9
ROUNDS = 30  # of fitting the effects of configurations and prompts in turn
WORD = re.compile(r"\w+(?:['’]\w+)*")


@dataclass(frozen=True, slots=True)
class ConfigDiversity:
    """How varied one configuration's texts are. All measures run from 0 to 1; NaN: not known.

    Attributes:
        diversity: 1 - overlap, with a 95 % interval over prompts; higher is more varied.
        overlap, distinct, compression, openings: as the module says.
        texts, prompts: on prompts with at least two texts; what the measures come from.
    """

    config: SamplerConfig
    diversity: Estimate
    overlap: float
    distinct: float
    compression: float
    openings: float
    texts: int
    prompts: int


@dataclass(frozen=True, slots=True)
class Diversity:
    """All configurations of a study, measured alike.

    Attributes:
        size: texts in a set, for what depends on it; 0 where no prompt was answered twice.
        rows: configurations with at least two texts on a prompt, in the order given.
    """

    size: int
    rows: tuple[ConfigDiversity, ...]


Item = TypeVar("Item")
Group = TypeVar("Group", bound=Sized)
Texts = Mapping[int, Sequence[str]]
Grams = tuple[frozenset[tuple[str, ...]], ...]


def measure(texts: Mapping[SamplerConfig, Texts]) -> Diversity:
    """Measure the diversity of each configuration.

    Args:
        texts: for each configuration, its good texts by prompt, in the order of their repeats.
    """
    paired, size = comparable(texts)
    cells = {c: {p: _cell(t, size) for p, t in mine.items()} for c, mine in paired.items()}
    values = free_of_prompts(cells)
    rows = (
        _row(config, values[i], sum(map(len, mine.values())))
        for i, (config, mine) in enumerate(paired.items())
    )
    return Diversity(size, tuple(rows))


def comparable(
    texts: Mapping[SamplerConfig, Mapping[int, Group]],
) -> tuple[dict[SamplerConfig, dict[int, Group]], int]:
    """What of the texts can be compared, and how many stand in a set.

    Returns:
        For each configuration the prompts with at least two texts, none without such a prompt; and
        the largest size of sets that each of them has, up to LARGEST_SET.
    """
    paired = {
        config: {prompt: found for prompt, found in mine.items() if len(found) > 1}
        for config, mine in texts.items()
    }
    paired = {config: mine for config, mine in paired.items() if mine}
    size = min((max(map(len, mine.values())) for mine in paired.values()), default=0)
    return paired, min(size, LARGEST_SET)


def across_prompts(mine: Mapping[int, Iterable[Item]]) -> list[tuple[Item, Item]]:
    """Up to MOST_COMPARED pairs on different prompts, evenly spread over all such pairs."""
    cells = [list(found) for found in mine.values()]
    total = sum(len(a) * len(b) for a, b in combinations(cells, 2))
    step = max(-(-total // MOST_COMPARED), 1)
    pairs = chain.from_iterable(product(a, b) for a, b in combinations(cells, 2))
    return list(islice(pairs, 0, None, step))


def first_words(text: str) -> list[str]:
    """A text's first words, small letters, without punctuation."""
    found = islice(WORD.finditer(text), WORDS)
    return [match.group()[:LONGEST_WORD].lower() for match in found]


def grams(words: list[str]) -> Grams:
    """The different n-grams of words, for each n of GRAMS."""
    return tuple(frozenset(_runs(words, n)) for n in GRAMS)


def _runs(words: list[str], n: int) -> Iterable[tuple[str, ...]]:
    return zip(*(words[k:] for k in range(n)), strict=False)


def overlap(one: Grams, other: Grams) -> float:
    """What two texts have in common, 0 to 1: Dice coefficient, mean over n.

    Texts without words have nothing in common.
    """
    shares = [2 * len(a & b) / (len(a) + len(b)) for a, b in zip(one, other, strict=True) if a or b]
    return sum(shares) / len(shares) if shares else 0.0


def _cell(texts: Sequence[str], size: int) -> list[float]:
    """The measures of one configuration's texts on one prompt; NaN where a set is too small."""
    told = [first_words(text) for text in texts]
    found = [grams(each) for each in told]
    pairs = list(combinations(range(len(texts)), 2))
    alike = [overlap(found[i], found[j]) for i, j in pairs]
    opened = [told[i][:OPENING] == told[j][:OPENING] for i, j in pairs]
    chosen_sets = sets(len(texts), size)
    return [
        _mean(alike),
        _mean([_distinct([told[i] for i in chosen]) for chosen in chosen_sets]),
        _mean([_compression([told[i] for i in chosen]) for chosen in chosen_sets]),
        _mean(opened),
    ]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def sets(n: int, size: int) -> list[tuple[int, ...]]:
    """Up to MOST_SETS sets of `size` of n texts, evenly spread over all of them.

    Of more than MOST_WALKED texts, of so many that are evenly spread: all sets are walked.
    """
    if n < size:
        return []
    if n > MOST_WALKED:
        spread = [round(k * (n - 1) / (MOST_WALKED - 1)) for k in range(MOST_WALKED)]
        return [tuple(spread[i] for i in chosen) for chosen in sets(MOST_WALKED, size)]
    total = math.comb(n, size)
    step = -(-total // MOST_SETS)
    return list(islice(combinations(range(n), size), 0, None, step))


def _distinct(told: list[list[str]]) -> float:
    """Different n-grams over all n-grams, mean over n."""
    shares = []
    for n in GRAMS:
        everything = [gram for words in told for gram in _runs(words, n)]
        if everything:
            shares.append(len(set(everything)) / len(everything))
    return _mean(shares)


def _compression(told: list[list[str]]) -> float:
    """The set compressed as a whole over its texts compressed alone; at most 1."""
    texts = [" ".join(words).encode() for words in told]
    alone = sum(len(zlib.compress(text, 9)) for text in texts)
    return min(len(zlib.compress(b"\n".join(texts), 9)) / alone, 1.0)


def free_of_prompts(cells: Mapping[SamplerConfig, Mapping[int, list[float]]]) -> list[Floats]:
    """For each configuration (prompts, measures), freed of what its prompts add."""
    where = [(i, p) for i, mine in enumerate(cells.values()) for p in mine]
    if not where:
        return []
    config, prompt = (np.array(numbers, dtype=np.intp) for numbers in zip(*where, strict=True))
    value = np.array([cell for mine in cells.values() for cell in mine.values()])
    freed = np.column_stack([_freed(value[:, k], config, prompt) for k in range(value.shape[1])])
    return [freed[config == i] for i in range(len(cells))]


def _freed(value: Floats, config: Indices, prompt: Indices) -> Floats:
    """Values less their prompt's effect, by least squares (fitted in turn); NaN is left out.

    Fitted effects take some of the chance scatter with them; deviations are widened by what theory
    says of that, so that intervals stay right. One configuration alone tells of no prompt's effect.
    """
    known = ~np.isnan(value)
    config, prompt, seen = config[known], prompt[known], value[known]
    if not len(seen):
        return value
    effect = np.zeros(prompt.max() + 1)
    for _ in range(ROUNDS):
        level = _means(seen - effect[prompt], config)
        effect = _means(seen - level[config], prompt)
        effect -= effect[np.unique(prompt)].mean()
    levels, prompts = len(np.unique(config)), len(np.unique(prompt))
    free = len(seen) - levels - (prompts - 1)  # degrees of freedom that are left
    if levels < 2:
        return value
    rest = seen - effect[prompt]
    level = _means(rest, config)[config]
    freed = value.copy()
    freed[known] = level + (rest - level) * math.sqrt((len(seen) - levels) / max(free, 1))
    return freed


def _means(value: Floats, group: Indices) -> Floats:
    """The mean of each group, 0 for an empty one."""
    count = np.bincount(group)
    return np.asarray(np.bincount(group, weights=value) / np.maximum(count, 1))


def _row(config: SamplerConfig, freed: Floats, texts: int) -> ConfigDiversity:
    alike, distinct, compression, openings = (_centre(freed[:, k]) for k in range(4))
    return ConfigDiversity(
        config=config,
        diversity=over_prompts(1 - freed[:, 0]),
        overlap=alike,
        distinct=distinct,
        compression=compression,
        openings=openings,
        texts=texts,
        prompts=len(freed),
    )


def _centre(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.clip(known.mean(), 0.0, 1.0)) if len(known) else math.nan


def over_prompts(values: Floats, low: float = 0.0, high: float = 1.0) -> Estimate:
    """Mean of one value a prompt, with Student's t over prompts, kept within low and high."""
    from .intervals import half_width

    mean = float(values.mean())
    if len(values) < 2 or np.ptp(values) < SAME:  # no scatter is not the same as certainty
        return Estimate(min(max(mean, low), high), math.nan, math.nan)
    half = half_width(float(values.std(ddof=1)), len(values))
    mean = min(max(mean, low), high)
    return Estimate(mean, max(mean - half, low), min(mean + half, high))


def front(points: Mapping[str, tuple[float, float]]) -> list[str]:
    """The names that no other beats in both, the best in the first first."""
    ranked = sorted(points, key=lambda name: (-points[name][0], -points[name][1], name))
    chosen: list[str] = []
    most = -math.inf
    for name in ranked:
        if points[name][1] > most:
            chosen.append(name)
            most = points[name][1]
    return chosen
