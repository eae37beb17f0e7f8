"""Measure the rules on judged stories: good texts that they blame, broken ones that they miss.

    python tools/calibrate_rules.py --data FOLDER            print the tables
    python tools/calibrate_rules.py --data FOLDER --learn    learn rules/_english.npz first

FOLDER holds writing_texts, writing_scores, prompts and human_texts as parquet tables (`pip install
pyarrow`); docs/judges.md says what they are. A story is good when its mean score is in the upper
half of its source. word_salad is measured with numbers learned from other families of models than
the one that wrote the text; the shipped numbers are learned from all. Takes about five minutes.
"""

from __future__ import annotations

import argparse
import inspect
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from calibration import corruption, learn
from calibration.data import Story, load_hot, load_stories

from sampler_bench.plugins import find
from sampler_bench.records import Prompt
from sampler_bench.rules import _english as english
from sampler_bench.rules import word_salad
from sampler_bench.rules._reading import read
from sampler_bench.tasks import Task
from sampler_bench.tasks._demo import read_prompt, write
from sampler_bench.tasks.creative_writing import build

KEPT = Path(english.__file__).with_name("_english.npz")
TASK = build()
Rules = dict[str, Callable[[str, Prompt, Task], str | None]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the parquet tables")
    parser.add_argument("--learn", action="store_true", help="write rules/_english.npz")
    options = parser.parse_args()
    stories = load_stories(options.data)
    families = sorted({s.family for s in stories})
    print(f"{len(stories)} stories, {sum(s.upper for s in stories)} of them good")
    by_family, shipped = learn_all(stories, families)
    if options.learn:
        english.keep(shipped, KEPT)
        print(f"wrote {KEPT.name}: {KEPT.stat().st_size / 1000:.0f} kB")
    rules = {family: rules_with(by_family[family]) for family in families}
    show_false_alarms(stories, rules)
    show_short(stories, rules)
    show_caught(stories, rules)
    show_bands(stories, rules)
    show_others(load_hot(options.data), rules_with(shipped))
    show_speed(stories, rules_with(shipped))


def learn_all(
    stories: Sequence[Story], families: Sequence[str]
) -> tuple[dict[str, english.English], english.English]:
    """Learn once without each family, for measuring it, and once from everything."""
    rng = random.Random(0)
    spare = [*demo_stories(300), *technical()]
    tables, parts = {}, {}
    for family in families:
        others = learn.whole([s for s in stories if s.family != family])
        own = learn.whole([s for s in stories if s.family == family])
        tables[family] = learn.table([*others, *demo_stories(100)])
        known = corruption.Vocabulary.of(others, rng)
        parts[family] = learn.examples(tables[family], own, known, rng)
    whole = learn.table([*learn.whole(stories), *demo_stories(300)])
    known = corruption.Vocabulary.of(learn.whole(stories), rng)
    other = learn.examples(whole, spare, known, rng)
    weighed = {
        f: with_weights(tables[f], [*(parts[g] for g in families if g != f), other])
        for f in families
    }
    shipped = with_weights(whole, [*parts.values(), other])
    print("weights of order, gain, small, strange, 1:", shipped.weights.round(2))
    return weighed, shipped


def with_weights(table: english.English, parts: Sequence[learn.Examples]) -> english.English:
    return english.English(table.common, table.order, table.known, learn.fit_weights(parts))


def demo_stories(number: int) -> list[str]:
    """Stories of the demo language: short, simple, our own."""
    asked = find("tasks", "demo").PROMPTS
    return [write(read_prompt(asked[i % len(asked)]), random.Random(i)) for i in range(number)]


def technical() -> list[str]:
    """English of quite another kind: the longer docstrings of the standard library."""
    names = "argparse decimal typing random csv logging pickle subprocess threading doctest"
    modules = [__import__(name) for name in names.split()]
    parts = [part for module in modules for part in (module, *vars(module).values())]
    texts = [
        inspect.getdoc(part) or "" for part in parts if inspect.ismodule(part) or callable(part)
    ]
    return sorted({text for text in texts if len(text.split()) > 120})


def rules_with(learned: english.English) -> Rules:
    """All rules of the task, word_salad by the given numbers."""
    rules: Rules = {name: find("rules", name).check for name in TASK.rules}
    rules["word-salad"] = lambda text, prompt, task: word_salad.find_salad(
        read(text), prompt.text, learned
    )
    return rules


def first(text: str, prompt: str, rules: Rules) -> str | None:
    """The name of the first rule that finds fault."""
    asked = Prompt(0, prompt)
    return next((name for name, check in rules.items() if check(text, asked, TASK)), None)


def show_false_alarms(stories: Sequence[Story], rules: dict[str, Rules]) -> None:
    heading("False alarms on good stories: each rule by itself, then all together")
    kinds = {
        "upper half of its source": [s for s in stories if s.upper],
        "upper half of its model": [s for s in stories if s.upper_of_model],
        "score 5 or more": [s for s in stories if s.score >= 5],
    }
    for kind, chosen in kinds.items():
        single = Counter(n for s in chosen for n in all_found(s, rules[s.family]))
        together = [s for s in chosen if all_found(s, rules[s.family])]
        print(f"\n{kind}: {len(chosen)} texts of {len({s.model for s in chosen})} models")
        for name in TASK.rules:
            print(f"  {name:16s} {single[name]:4d}  {single[name] / len(chosen):7.2%}")
        print(f"  {'all together':16s} {len(together):4d}  {len(together) / len(chosen):7.2%}")
        for story in together[:12]:
            print(f"    {story.id} {story.score:.2f} {story.model}: ", end="")
            print("; ".join(all_found(story, rules[story.family]).values()))


def all_found(story: Story, rules: Rules) -> dict[str, str]:
    asked = Prompt(0, story.prompt)
    found = {name: check(story.text, asked, TASK) for name, check in rules.items()}
    return {name: problem for name, problem in found.items() if problem}


def show_short(stories: Sequence[Story], rules: dict[str, Rules]) -> None:
    heading("False alarms on the beginnings of good stories (length rules aside)")
    aside = ("too-short", "length-missed")
    for words in (25, 40, 60, 100, 200):
        found = Counter(
            first(
                " ".join(s.text.split(" ")[:words]),
                s.prompt,
                {n: c for n, c in rules[s.family].items() if n not in aside},
            )
            for s in stories
            if s.upper
        )
        bad = sum(n for name, n in found.items() if name)
        print(
            f"  {words:4d} words: {bad} of {found.total()} ", {k: v for k, v in found.items() if k}
        )


def show_caught(stories: Sequence[Story], rules: dict[str, Rules]) -> None:
    heading("Caught of broken texts, 300 for each kind, and by which rule first")
    rng = random.Random(7)
    chosen = rng.sample([s for s in stories if s.upper], 300)
    known = {
        f: corruption.Vocabulary.of([s.text for s in stories if s.family != f], rng) for f in rules
    }
    for name, broken in {**corruption.BROKEN, **corruption.HARD}.items():
        texts = [(broken(s.text, known[s.family], rng), s) for s in chosen]
        show(name, [first(text, s.prompt, rules[s.family]) for text, s in texts])
        short = [(" ".join(text.split(" ")[:80]), s) for text, s in texts]
        if name in list(corruption.BROKEN)[:8]:
            show(
                "  its first 80 words",
                [
                    first(t, s.prompt, {k: v for k, v in rules[s.family].items() if "len" not in k})
                    for t, s in short
                ],
            )


def show_bands(stories: Sequence[Story], rules: dict[str, Rules]) -> None:
    heading("Blamed by score of the judges")
    for low in range(1, 10):
        band = [s for s in stories if low <= s.score < low + 1]
        if band:
            show(f"{low} to {low + 1}", [first(s.text, s.prompt, rules[s.family]) for s in band])


def show_others(hot: dict[str, list[str]], rules: Rules) -> None:
    heading("Texts of other sources")
    for name, texts in sorted(hot.items()):
        show(f"human study, {name}", [first(t, "Write a creative story.", rules) for t in texts])
    show("demo language", [first(t, "Create a mystery", rules) for t in demo_stories(1000)])
    show("docstrings", [first(t, "Write documentation.", rules) for t in technical()])


def show_speed(stories: Sequence[Story], rules: Rules) -> None:
    heading("Milliseconds for all rules on a text of 500 words")
    texts = [" ".join(s.text.split(" ")[:500]) for s in stories if len(s.text.split(" ")) > 500][
        :200
    ]
    began = time.perf_counter()
    for text in texts:
        first(text, "Write a story.", rules)
    print(f"  {1000 * (time.perf_counter() - began) / len(texts):.2f}")


def show(name: str, found: Sequence[str | None]) -> None:
    caught = Counter(rule for rule in found if rule)
    print(f"  {name:36s} {caught.total():4d} of {len(found):4d}  {listed(caught.most_common())}")


def listed(pairs: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {number}" for name, number in pairs)


def heading(words: str) -> None:
    print(f"\n== {words}")


if __name__ == "__main__":
    main()
