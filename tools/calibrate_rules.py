"""Learn the letter trigrams of real stories, and count how often rules call good texts bad.

    python tools/calibrate_rules.py --data FOLDER [--learn]

FOLDER holds `writing_texts.parquet` (text_id, source, model, text) and `writing_scores.parquet`
(text_id, score10). A text is good if the mean of its scores lies in the upper half of its source.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from pathlib import Path
from statistics import mean, median

import pyarrow.parquet as pq

from sampler_bench.plugins import find, names
from sampler_bench.records import Prompt
from sampler_bench.rules import _words
from sampler_bench.tasks import Task

TASK = Task("plain", (), (), (), min_words=20)
PROMPT = Prompt(0, "Write a short story about discovering a hidden room in an old library.")
LEAST_TEXTS = 2  # a trigram counts if so many texts use it


def good_texts(folder: Path) -> list[tuple[str, str]]:
    """(model, text) of the texts whose mean score lies in the upper half of their source."""
    scores: dict[str, list[float]] = {}
    for row in pq.read_table(folder / "writing_scores.parquet").to_pylist():
        if row["score10"] is not None and not row["text_empty"]:
            scores.setdefault(row["text_id"], []).append(row["score10"])
    rows = [
        (r["source"], r["model"], r["text"], mean(scores[r["text_id"]]))
        for r in pq.read_table(folder / "writing_texts.parquet").to_pylist()
        if r["text_id"] in scores
    ]
    middle = {s: median(x[3] for x in rows if x[0] == s) for s in {x[0] for x in rows}}
    return [(model, text) for source, model, text, score in rows if score >= middle[source]]


def learn(texts: list[tuple[str, str]]) -> bytes:
    """One bit for each trigram that at least LEAST_TEXTS texts use."""
    counts: Counter[int] = Counter()
    for _, text in texts:
        counts.update({t for word in set(_words.words(text)) for t in _words.trigrams(word)})
    bits = bytearray(_words.BASE**3 // 8 + 1)
    for number, texts_with in counts.items():
        if texts_with >= LEAST_TEXTS:
            bits[number >> 3] |= 1 << (number & 7)
    return bytes(bits)


def broken(texts: list[tuple[str, str]], rng: random.Random) -> dict[str, list[str]]:
    """Texts that are broken on purpose, by kind."""
    some = [text for _, text in rng.sample(texts, 200)]
    return {
        "words shuffled": [" ".join(rng.sample(t.split(), len(t.split()))) for t in some],
        "pieces shuffled": [_pieces(t, rng) for t in some],
        "second half shuffled": [_half(t, rng) for t in some],
        "letters shuffled": ["".join(rng.sample(t, len(t))) for t in some],
        "one sentence, 30 times": [(t.split(". ")[0][:150] + ". ") * 30 for t in some],
        "last 12 words go on": [t[:600] + " " + " ".join(t[:600].split()[-12:] * 40) for t in some],
        "blank": ["", " \n\n", "...", "\u200b"] * 50,
    }


def _pieces(text: str, rng: random.Random) -> str:
    """Cut into pieces of 2 to 5 characters, as tokens are, and mixed."""
    pieces, i = [], 0
    while i < len(text):
        step = rng.randint(2, 5)
        pieces.append(text[i : i + step])
        i += step
    return "".join(rng.sample(pieces, len(pieces)))


def _half(text: str, rng: random.Random) -> str:
    found = text.split()
    middle = len(found) // 2
    return " ".join(found[:middle] + rng.sample(found[middle:], len(found) - middle))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--learn", action="store_true", help="write rules/_trigrams.bin")
    args = parser.parse_args()
    texts = good_texts(args.data)
    if args.learn:
        # learned on every second text; false alarms below are counted on the others
        Path(_words.__file__).with_name("_trigrams.bin").write_bytes(learn(texts[::2]))
    held_out = texts[1::2]
    alarms: dict[str, list[str]] = {}
    models = Counter(model for model, _ in held_out)
    for name in names("rules"):
        check = find("rules", name).check
        hits = [(m, t) for m, t in held_out if check(t, PROMPT, TASK)]
        alarms[name] = [m for m, _ in hits]
        print(
            f"{name}: {len(hits)} of {len(held_out)} good texts",
            Counter(alarms[name]).most_common(3),
        )
        for _, t in hits[:3]:
            print("     ", check(t, PROMPT, TASK), "|", repr(t[:90]))
    print(f"{len(models)} models")
    for kind, some in broken(held_out, random.Random(1)).items():
        caught = sum(
            any(find("rules", name).check(t, PROMPT, TASK) for name in names("rules")) for t in some
        )
        print(f"caught: {kind}: {caught} of {len(some)}")


if __name__ == "__main__":
    main()
