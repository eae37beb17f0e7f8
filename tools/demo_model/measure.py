"""Measure how the served demo model behaves under sampler settings; prints Markdown tables.

    python tools/demo_model/measure.py [--gguf FILE] [--repeats 8]

Every sampler is sent with every request, neutral unless named. Texts are scored by the recogniser.
`±` is the standard error over all texts of a cell, the same prompts in each.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx2

from sampler_bench import demo_model
from sampler_bench.engines._child import Order
from sampler_bench.engines._launch import Child
from sampler_bench.tasks._demo import WEIGHTS, rate, read, read_prompt
from sampler_bench.tasks._demo.prompts import FIXED

SLOTS = 4
CHAIN = ["top_n_sigma", "top_k", "typ_p", "top_p", "min_p", "xtc"]
ORDERS = {"last": [*CHAIN, "temperature"], "first": ["temperature", *CHAIN]}
NEUTRAL = {
    "top_k": 0,
    "top_p": 1.0,
    "min_p": 0.0,
    "typical_p": 1.0,
    "top_n_sigma": -1,
    "repeat_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "xtc_probability": 0.0,
    "dry_multiplier": 0.0,
    "dynatemp_range": 0.0,
    "mirostat": 0,
}
TRUNCATION = {
    "top_p 0.9": {"top_p": 0.9},
    "min_p 0.05": {"min_p": 0.05},
    "nsigma 1": {"top_n_sigma": 1},
}
UNKNOWN = (
    "Explain JSON to a child.",
    "Hi",
    "Describe your favourite meal in the style of a sports commentator.",
    "Two old friends meet after thirty years.",
    "What is the capital of France?",
    "Write a haiku about regret.",
    "A grandmother teaches her grandson to cheat at cards.",
    "Invent a new holiday and explain its customs in detail.",
    "She opened the envelope and her hands began to tremble. Continue.",
    "You are a helpful assistant. Write a dialogue between a barber and a judge.",
    "Schreibe eine Geschichte.",
    "asdf",
)


@dataclass(frozen=True, slots=True)
class Told:
    """One text with what the recogniser says of it."""

    prompt: str
    text: str
    tokens: int
    cut_off: bool
    score: float
    criteria: dict[str, float]


def tell(client: httpx2.Client, prompt: str, seed: int, settings: dict) -> Told:
    """Let the model answer one prompt."""
    messages = [{"role": "user", "content": prompt}]
    body = {**NEUTRAL, "max_tokens": 512, "seed": seed, "messages": messages, **settings}
    reply = client.post("/v1/chat/completions", json=body).raise_for_status().json()
    choice = reply["choices"][0]
    text = choice["message"]["content"]
    score, criteria = rate(read(text, read_prompt(prompt)))
    cut_off = choice["finish_reason"] == "length"
    return Told(prompt, text, reply["usage"]["completion_tokens"], cut_off, score, criteria)


def tell_all(
    client: httpx2.Client, prompts: Iterable[str], repeats: int, settings: dict
) -> list[Told]:
    """Let the model answer every prompt `repeats` times."""
    work = [(p, 1000 * r + i) for i, p in enumerate(prompts) for r in range(repeats)]
    with ThreadPoolExecutor(SLOTS) as pool:
        return list(pool.map(lambda w: tell(client, *w, settings), work))


def distinct3(texts: list[str]) -> float:
    """Share of distinct word triples over a set of texts; falls with the size of the set."""
    triples = [
        t for text in texts for w in [text.split()] for t in zip(w, w[1:], w[2:], strict=False)
    ]
    return len(set(triples)) / len(triples) if triples else 0.0


def row(name: str, told: list[Told]) -> str:
    """One line of the table."""
    scores = [t.score for t in told]
    error = statistics.stdev(scores) / len(scores) ** 0.5
    shares = [statistics.mean(t.criteria[k] for t in told) / 10 for k in WEIGHTS]
    cut = sum(t.cut_off for t in told) / len(told)
    cells = [
        f"{statistics.mean(scores):.2f} ± {error:.2f}",
        f"{statistics.stdev(scores):.2f}",
        *(f"{share:.2f}" for share in shares),
        f"{distinct3([t.text for t in told]):.2f}",
        f"{statistics.mean(t.tokens for t in told):.0f}",
        f"{cut:.2f}",
    ]
    return f"| {name} | {' | '.join(cells)} |"


def cells() -> Iterable[tuple[str, dict]]:
    """The settings that are tried."""
    for t in (0.1, 0.3, 0.5, 0.7, 0.8, 1.0, 1.15, 1.3, 1.6, 2.0):
        yield f"none T {t}", {"temperature": t, "samplers": ORDERS["last"]}
    for name, extra in TRUNCATION.items():
        for t in (0.8, 1.3, 1.6):
            for order, samplers in ORDERS.items():
                yield f"{name} T {t} ({order})", {"temperature": t, "samplers": samplers, **extra}


def report_lengths(client: httpx2.Client) -> None:
    """Print how long good texts are."""
    good = {"temperature": 0.7, "min_p": 0.05, "samplers": ORDERS["last"]}
    told = tell_all(client, FIXED, 40, good)
    tokens = sorted(t.tokens for t in told)
    words = sorted(len(t.text.split()) for t in told)
    print(
        f"\n{len(told)} texts at T 0.7, min_p 0.05: tokens median {statistics.median(tokens):.0f},"
    )
    print(f"1-99 % {tokens[2]}-{tokens[-3]}, max {tokens[-1]}; words median ", end="")
    print(f"{statistics.median(words):.0f}, {words[0]}-{words[-1]}; ", end="")
    print(f"cut off at 512: {sum(t.cut_off for t in told)}; ", end="")
    print(f"score {statistics.mean(t.score for t in told):.2f}, ", end="")
    print(f"sd {statistics.stdev(t.score for t in told):.2f}, min {min(t.score for t in told):.2f}")


def report_unknown(client: httpx2.Client) -> None:
    """Print how prompts fare that no training form made."""
    settings = {"temperature": 0.7, "min_p": 0.05, "samplers": ORDERS["last"]}
    told = tell_all(client, UNKNOWN, 5, settings)
    fine = sum(t.criteria["grammar"] > 9 for t in told)
    print(f"\n{len(told)} texts on {len(UNKNOWN)} prompts outside the training forms: {fine} have")
    print(
        f"over 90 % of words grammatical; mean score {statistics.mean(t.score for t in told):.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gguf", type=Path, default=demo_model.path())
    parser.add_argument("--repeats", type=int, default=8)
    args = parser.parse_args()
    child = Child.start(Order(args.gguf, slots=SLOTS, context=2048, name="demo"))
    try:
        with httpx2.Client(base_url=child.ready(60), timeout=120) as client:
            print(
                f"| setting | score | sd | {' | '.join(WEIGHTS)} | distinct-3 | tokens | cut off |"
            )
            print("|" + " --- |" * (len(WEIGHTS) + 6))
            broken = []
            for name, settings in cells():
                told = tell_all(client, FIXED, args.repeats, settings)
                broken += [(name, told)] if name == "none T 2.0" else []
                print(row(name, told), flush=True)
            for name, told in broken:
                bad = sum(t.criteria["grammar"] < 5 for t in told)
                print(f"\n{name}: {bad} of {len(told)} texts have under half their words in")
                print(f"grammatical sentences; highest score {max(t.score for t in told):.2f}")
            report_lengths(client)
            report_unknown(client)
    finally:
        child.stop()


if __name__ == "__main__":
    main()
