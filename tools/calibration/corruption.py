"""Ways of breaking a good text, each like one that heat or a bad setting breaks texts in."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

FOREIGN = [
    "но",
    "что",
    "это",
    "的",
    "是",
    "了",
    "我们",
    "を",
    "です",
    "ein",
    "für",
    "être",
    "ção",
    "ñ",
    "ния",
    "ель",
    "여",
    "다",
    "ال",
    "من",
    "ść",
    "ów",
    "ğı",
    "ör",
]
CODE = [
    "();",
    "{",
    "}",
    "=>",
    "</",
    "://",
    "_id",
    "$",
    "\\n",
    "[]",
    "::",
    "@",
    ".com",
    "&&",
    "nbsp",
    "%",
    "|",
    "~",
    "^",
]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a hot model draws from: words of other stories, and pieces of them."""

    words: tuple[str, ...]
    pieces: tuple[str, ...]

    @classmethod
    def of(cls, texts: Sequence[str], rng: random.Random) -> Vocabulary:
        seen = Counter(word for text in texts for word in set(text.split()) if word.isalpha())
        words = tuple(sorted(seen))
        pieces = []
        for word in words:
            if len(word) > 5:
                cut = rng.randint(2, len(word) - 2)
                pieces += [word[:cut], word[cut:]]
        return cls(words, tuple(pieces))


def hot(text: str, keep: float, known: Vocabulary, rng: random.Random, start: float = 0.0) -> str:
    """Replace each word with probability 1 - keep, from a share `start` of the text onwards.

    By another word (.55), a piece of one (.25), a piece of another language or of code (.1 each);
    pieces mostly stick to the word before them.
    """
    words = text.split(" ")
    first = int(len(words) * start)
    out = words[:first]
    for word in words[first:]:
        if rng.random() < keep:
            out.append(word)
            continue
        kind = rng.random()
        if kind < 0.55:
            out.append(rng.choice(known.words))
            continue
        pool: Sequence[str] = known.pieces if kind < 0.8 else FOREIGN if kind < 0.9 else CODE
        piece = rng.choice(pool)
        if out and rng.random() < 0.6:
            out[-1] += piece
        else:
            out.append(piece)
    return " ".join(out)


def shuffled(text: str, share: float, rng: random.Random) -> str:
    """Let a share of the words change places with each other."""
    words = text.split(" ")
    places = [i for i in range(len(words)) if rng.random() < share]
    moved = rng.sample(places, len(places))
    out = list(words)
    for here, there in zip(places, moved, strict=True):
        out[here] = words[there]
    return " ".join(out)


def pieces_only(text: str, known: Vocabulary, rng: random.Random) -> str:
    """As many pieces of words as the text has words, half of them stuck together."""
    number = len(text.split())
    return "".join(
        (" " if rng.random() < 0.45 else "") + rng.choice(known.pieces) for _ in range(number)
    )


def looping(text: str, words: int, rng: random.Random) -> str:
    """Stay in a passage of so many words from somewhere in the middle to the end."""
    said = text.split(" ")
    start = rng.randint(len(said) // 4, len(said) // 2)
    passage = said[start : start + words]
    return " ".join(said[: start + words] + passage * (1 + (len(said) - start) // words))


def wild_bytes(text: str, known: Vocabulary, rng: random.Random) -> str:
    """Letters of any script in any order, as many as the text has words."""
    ranges = ((0x61, 0x7A), (0x430, 0x44F), (0x4E00, 0x9000), (0x621, 0x64A), (0xAC00, 0xD700))
    draw = lambda: "".join(chr(rng.randint(*rng.choice(ranges))) for _ in range(rng.randint(1, 7)))
    return " ".join(draw() for _ in text.split())


Break = Callable[[str, Vocabulary, random.Random], str]
BROKEN: dict[str, Break] = {
    "hot: no word kept": lambda t, v, r: hot(t, 0.0, v, r),
    "hot: 30 % kept": lambda t, v, r: hot(t, 0.3, v, r),
    "hot: 50 % kept": lambda t, v, r: hot(t, 0.5, v, r),
    "hot: 60 % kept": lambda t, v, r: hot(t, 0.6, v, r),
    "hot from the middle on, 30 % kept": lambda t, v, r: hot(t, 0.3, v, r, 0.5),
    "all words shuffled": lambda t, v, r: shuffled(t, 1.0, r),
    "60 % of the words shuffled": lambda t, v, r: shuffled(t, 0.6, r),
    "pieces of words": pieces_only,
    "letters of any script": wild_bytes,
    "a loop of 3 words": lambda t, v, r: looping(t, 3, r),
    "a loop of 20 words": lambda t, v, r: looping(t, 20, r),
    "a loop of 60 words": lambda t, v, r: looping(t, 60, r),
    "blank": lambda t, v, r: " \n\u200b\n ",
}
HARD: dict[str, Break] = {  # what still reads well enough to be judged: not learned from
    "hot: 70 % kept": lambda t, v, r: hot(t, 0.7, v, r),
    "hot: 80 % kept": lambda t, v, r: hot(t, 0.8, v, r),
    "hot: 90 % kept": lambda t, v, r: hot(t, 0.9, v, r),
    "40 % of the words shuffled": lambda t, v, r: shuffled(t, 0.4, r),
}
LEARNED_FROM = (
    "hot: no word kept",
    "hot: 30 % kept",
    "hot: 50 % kept",
    "all words shuffled",
    "60 % of the words shuffled",
    "pieces of words",
)
