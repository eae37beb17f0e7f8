"""Phrases that come back across prompts: a configuration's habits ("slop").

A phrase counts where a configuration wrote it in answer to at least two different prompts, none of
which holds it: so it is the model's own, not the task's. Phrases are 3 to 8 words with at least two
that carry meaning, or names that the texts write large within sentences. Whether a phrase is worn
out in English at large is not asked: there is no word list but a few stop words.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .diversity import LONGEST_WORD, WORD

LENGTHS = range(8, 2, -1)
MOST = 8
CARRIERS = 2  # words with meaning in a phrase
SHORT = 3  # words of up to so many letters carry none
LITTLE = frozenset(
    [
        "about",
        "after",
        "again",
        "been",
        "before",
        "being",
        "could",
        "does",
        "down",
        "each",
        "from",
        "have",
        "having",
        "here",
        "into",
        "just",
        "like",
        "more",
        "most",
        "only",
        "over",
        "same",
        "should",
        "some",
        "such",
        "than",
        "that",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "under",
        "until",
        "upon",
        "very",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "will",
        "with",
        "would",
        "your",
    ]
)
Run = tuple[str, str, str]
_END = re.compile(r"[.!?…\n\"“”]+")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+)?")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase with how many texts and how many prompts of its configuration have it."""

    text: str
    texts: int
    prompts: int


def recurring(texts: Mapping[int, Sequence[str]], prompts: Sequence[str]) -> list[Phrase]:
    """The phrases that come back across prompts, the most frequent first; `MOST` of them.

    Args:
        texts: one configuration's texts by prompt.
        prompts: what was asked; phrases of theirs are not the model's.
    """
    spoken = {prompt: list(map(_sentences, found)) for prompt, found in texts.items()}
    common = _shared(spoken)
    seen: Counter[str] = Counter()
    where: defaultdict[str, set[int]] = defaultdict(set)
    for prompt, found in texts.items():
        for text, sentences in zip(found, spoken[prompt], strict=True):
            phrases = {p for words in sentences for p in _of_sentence(words, common)}
            for phrase in phrases.union(_NAME.findall(text)):
                seen[phrase] += 1
                where[phrase].add(prompt)
    asked = " \n ".join(" ".join(_words(prompt)) for prompt in prompts)
    kept = [p for p in seen if len(where[p]) > 1 and f" {p.lower()} " not in f" {asked} "]
    ranked = sorted(kept, key=lambda p: (-seen[p], -len(where[p]), -len(p), p))
    return [Phrase(p, seen[p], len(where[p])) for p in _apart(ranked)]


def _words(text: str) -> list[str]:
    return [word[:LONGEST_WORD].lower() for word in WORD.findall(text)]


def _sentences(text: str) -> list[list[str]]:
    """The words of each sentence; phrases do not reach over its end."""
    return [_words(sentence) for sentence in _END.split(text)]


def _shared(spoken: Mapping[int, list[list[list[str]]]]) -> set[Run]:
    """Three words in a row that answers to several prompts have; longer phrases hold them."""
    first: dict[Run, int] = {}
    shared: set[Run] = set()
    for prompt, found in spoken.items():
        for run in {run for text in found for words in text for run in _runs(words)}:
            if first.setdefault(run, prompt) != prompt:
                shared.add(run)
    return shared


def _runs(words: list[str]) -> Iterator[Run]:
    return zip(words, words[1:], words[2:], strict=False)


def _of_sentence(words: list[str], common: set[Run]) -> Iterator[str]:
    """The phrases of a sentence that are made of common runs alone."""
    kept = [run in common for run in _runs(words)]
    if not any(kept):
        return
    carries = [len(word) > SHORT and word not in LITTLE for word in words]
    for n in LENGTHS:
        for k in range(len(words) - n + 1):
            if all(kept[k : k + n - 2]) and sum(carries[k : k + n]) >= CARRIERS:
                yield " ".join(words[k : k + n])


def _apart(ranked: list[str]) -> list[str]:
    """The first phrases that have no two words in a row in common."""
    chosen: list[str] = []
    taken: set[str] = set()
    for phrase in ranked:
        if len(chosen) == MOST:
            break
        pieces = _pieces(phrase.lower())
        if not pieces & taken:
            chosen.append(phrase)
            taken |= pieces
    return chosen


def _pieces(phrase: str) -> set[str]:
    words = phrase.split()
    return {" ".join(words[k : k + 2]) for k in range(max(len(words) - 1, 1))}
