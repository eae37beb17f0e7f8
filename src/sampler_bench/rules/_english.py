"""How much a stretch of text reads like English: word order, small words, known words. Not a rule.

Words become classes: the commonest ones themselves, all others by ending or capital letter, marks
by kind. A table learned from judged stories says how many bits of information each class carries
about the next one. Running prose stands far above the same words in any other order, whatever its
topic; heat brings the two together. Four numbers for each stretch go into one logistic score:

    order    mean information between neighbours, in bits; prose 0.5 to 2, shuffled words below 0
    gain     order minus its expectation over all orders of the same words; prose above 1.2
    small    share of the commonest words among the words; prose 0.3 to 0.6, random words near 0
    strange  share of the words that are neither known nor capitalised; prose below 0.1

Only for English: callers ask `language` first. Learned by `tools/calibrate_rules.py --learn` from
the better half of public judged stories and from stories of our demo language: numbers, no texts.
Cannot see grammatical nonsense whose every pair of words is usual.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

COMMONEST = 160
STRETCH = 100  # tokens
FEATURES = ("order", "gain", "small", "strange")
BITS_A_WORD = 12
_PROBES = 5
_STEP = 16.0  # steps of the stored table to a bit
_ENDINGS = ("ing", "ed", "ly", "'s", "s", "er", "tion", "y", "e")
_CAPITAL, _ENDING, _PLAIN = 0, 1, 1 + len(_ENDINGS)
_KINDS = {
    **dict.fromkeys(",;:", 12),
    **dict.fromkeys(".!?…", 13),
    **dict.fromkeys("\"“”«»„'‘’", 14),
    **dict.fromkeys("-–—", 15),
    **dict.fromkeys("*#", 17),
}
_NUMBER, _LINE, _MARK = 11, 16, 18
CLASSES = COMMONEST + 19
_OPENS = frozenset(".!?…\"“”«»„*#:\n-–—'‘’(")  # a capital letter after these says nothing


@dataclass(frozen=True, slots=True)
class English:
    """The learned numbers.

    Attributes:
        common: the commonest words and their class.
        order: (CLASSES, CLASSES) bits of information of a class about the next one.
        known: a Bloom filter of words seen in two stories or more (Bloom 1970).
        weights: of the four features and of 1, in the log-odds of being broken.
    """

    common: Mapping[str, int]
    order: Floats
    known: bytes
    weights: Floats

    def features(self, tokens: Sequence[str]) -> Floats:
        """Measure a text stretch by stretch.

        Args:
            tokens: of a `Reading`.

        Returns:
            (n_stretches, 4) the four features; of equal stretches of about `STRETCH` tokens, at
            least one. Without two tokens there is none: (0, 4).
        """
        if len(tokens) < 2:
            return np.zeros((0, len(FEATURES)))
        classes, strange = self.classify(tokens)
        information = self.order[classes[:-1], classes[1:]]
        number = max(1, round(len(tokens) / STRETCH))
        edges = np.linspace(0, len(tokens), number + 1).astype(int)
        rows = [
            self._stretch(classes[a:b], strange[a:b], information[a : b - 1])
            for a, b in pairwise(edges)
        ]
        return np.array(rows)

    def salad(self, tokens: Sequence[str]) -> Floats:
        """(n_stretches,) log-odds that a stretch is broken; prose below -1, mostly below -4."""
        odds: Floats = self.features(tokens) @ self.weights[:-1] + self.weights[-1]
        return odds

    def classify(self, tokens: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """(n,) class of each token, and (n,) whether it is a strange word."""
        numbers, strange, before = [], [], "."
        for token in tokens:
            first = token[0]
            if first.isalpha():
                word = token.lower().replace("’", "'")
                named = first.isupper()
                strange.append(not named and word not in self.common and not self.knows(word))
                place = self.common.get(word)
                inside = named and before not in _OPENS
                numbers.append(_by_form(word, inside) if place is None else place)
            else:
                strange.append(False)
                numbers.append(_by_mark(first))
            before = first
        return np.array(numbers, dtype=np.intp), np.array(strange, dtype=np.bool_)

    def knows(self, word: str) -> bool:
        """Say whether a lower-case word was seen; wrongly yes for 1 in 300 others."""
        return all(self.known[bit >> 3] >> (bit & 7) & 1 for bit in _bits(word, len(self.known)))

    def _stretch(
        self, classes: NDArray[np.intp], strange: NDArray[np.bool_], information: Floats
    ) -> tuple[float, float, float, float]:
        words = max(1, int((classes < COMMONEST + _NUMBER).sum()))
        share = np.bincount(classes, minlength=CLASSES) / len(classes)
        order = float(information.mean()) if len(information) else 0.0
        expected = float(share @ self.order @ share)
        small = float(share[:COMMONEST].sum()) * len(classes) / words
        return order, order - expected, small, float(strange.sum()) / words


def _by_form(word: str, inside: bool) -> int:
    if inside:
        return COMMONEST + _CAPITAL
    for i, ending in enumerate(_ENDINGS):
        if word.endswith(ending):
            return COMMONEST + _ENDING + i
    return COMMONEST + _PLAIN


def _by_mark(first: str) -> int:
    if first == "\n":
        return COMMONEST + _LINE
    return COMMONEST + (_NUMBER if first.isdigit() else _KINDS.get(first, _MARK))


@lru_cache(maxsize=1 << 16)
def _bits(word: str, size: int) -> tuple[int, ...]:
    """The bits of a word in a filter of so many bytes (double hashing, Kirsch 2008)."""
    code = word.encode("utf-8", "replace")
    first, second = crc32(code), crc32(code, 0x9E3779B9) | 1
    return tuple((first + i * second) % (8 * size) for i in range(_PROBES))


def bloom(words: Iterable[str]) -> bytes:
    """A filter that knows these words."""
    distinct = set(words)
    filled = bytearray(max(8, BITS_A_WORD * len(distinct) // 8))
    for word in distinct:
        for bit in _bits(word, len(filled)):
            filled[bit >> 3] |= 1 << (bit & 7)
    return bytes(filled)


@lru_cache(maxsize=1)
def english() -> English:
    """The numbers that come with the package."""
    with np.load(Path(__file__).with_name("_english.npz")) as kept:
        return English(
            common={word: i for i, word in enumerate(str(kept["common"]).split())},
            order=kept["order"].astype(np.float64) / _STEP,
            known=kept["known"].tobytes(),
            weights=kept["weights"],
        )


def keep(learned: English, path: Path) -> None:
    """Write learned numbers to a file that `english` reads."""
    np.savez_compressed(
        path,
        common=np.array(" ".join(sorted(learned.common, key=lambda w: learned.common[w]))),
        order=np.round(learned.order * _STEP).clip(-127, 127).astype(np.int8),
        known=np.frombuffer(learned.known, dtype=np.uint8),
        weights=learned.weights,
    )
