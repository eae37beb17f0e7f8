"""Several results side by side: paired on the prompts they share, ranked only where it is honest.

`comparison` works out the numbers, once for every kind of report. Scores compare only where judges,
task, objective and failure score are the same. Different models may be ranked (that is a question
people ask), and are named. Where prompts differ, only those that all share count: the winners are
then compared prompt by prompt (Student's t on the differences), and the estimates, which speak of
each study's own prompts, are not put into one list.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from statistics import fmean, stdev

from pydantic import Field

from ._document import Document, Interval, Number, Part, Result
from ._words import letters, sentence


def _objective(document: Document) -> str:
    meta = document.search_metadata
    weight = "" if meta.diversity_weight is None else f" at {meta.diversity_weight:g}"
    return f"{meta.objective}{weight}" if meta.objective == "quality+diversity" else "quality"


# Where these differ, numbers do not compare at all.
SCALES: dict[str, Callable[[Document], object]] = {
    "judges": lambda document: ", ".join(document.search_metadata.judges) or "not stated",
    "task": lambda document: document.search_metadata.spec.get("task", "not stated"),
    "objective": _objective,
    "failure score": lambda document: document.search_metadata.failure_score,
}
# Where these differ, a comparison says something about them too.
CIRCUMSTANCES: dict[str, Callable[[Document], object]] = {
    "model": lambda document: document.search_metadata.model or "not stated",
    "prompt wrapping": lambda document: ", ".join(document.search_metadata.templates),
    "temperature order": lambda document: document.search_metadata.server.get("temperature_order"),
    "server": lambda document: document.search_metadata.server.get("engine"),
    "version": lambda document: document.search_metadata.version,
}


class ComparedStudy(Part):
    """One of the studies. `name` is how it was named, `sentence` its verdict in one sentence."""

    letter: str
    name: str
    strategy: str = ""
    model: str = ""
    configurations: int = 0
    texts: int = 0
    best: str | None = None
    estimate: Interval = Interval()
    sentence: str = ""


class Difference(Part):
    """What differs between studies, by letter; `apart` where scores therefore do not compare."""

    what: str
    values: dict[str, str]
    apart: bool = False


class Pair(Part):
    """The best of `first` against the best of `second`, first minus second, in points.

    `seen` is the mean difference over the `shared` prompts, with Student's t interval over them;
    both were chosen on these texts, so it flatters whoever was searched longer. `estimated` is the
    difference of what the models believe, which corrects for that; null where prompts differ.
    """

    first: str
    second: str
    shared: int = 0
    seen: Interval = Interval()
    estimated: Interval = Interval()


class Drift(Part):
    """The same configurations in two studies of one model: a check on judge and server.

    `gap` is the mean difference as seen, first minus second, with Student's t interval over the
    configurations; where there is one, over its prompts.
    """

    first: str
    second: str
    configurations: int
    gap: Interval = Interval()


class Across(Part):
    """A configuration that won a study or was tried in several: its estimate in each, by letter."""

    config: str
    winner_of: list[str] = Field(default_factory=list)
    estimates: dict[str, Interval] = Field(default_factory=dict)
    texts: dict[str, int] = Field(default_factory=dict)


class SharedPrompt(Part):
    """A prompt that all studies share: what each study's best made of it, as seen, by letter."""

    prompt: str
    objectives: dict[str, Number] = Field(default_factory=dict)


class Ranked(Part):
    """A configuration of the common ranking, with the letter of its study."""

    letter: str
    config: str
    estimate: Interval
    failure_rate: Number = None


class Comparison(Part):
    """Several studies side by side. `ranking` is empty where `no_ranking` says why.

    `across` puts estimates side by side, and so needs the same prompts, as `ranking` does.
    """

    studies: list[ComparedStudy]
    differences: list[Difference] = Field(default_factory=list)
    shared_prompts: int = 0
    prompts: int = 0
    no_ranking: str = ""
    winners: list[Pair] = Field(default_factory=list)
    by_prompt: list[SharedPrompt] = Field(default_factory=list)
    across: list[Across] = Field(default_factory=list)
    drift: list[Drift] = Field(default_factory=list)
    ranking: list[Ranked] = Field(default_factory=list)


def comparison(documents: Mapping[str, Document]) -> Comparison:
    """Compare several results, by the names of their files."""
    named = letters(len(documents))
    lettered = dict(zip(named, documents.values(), strict=True))
    prompts = [frozenset(d.search_metadata.prompts) for d in lettered.values()]
    found = Comparison(
        studies=[_study(*it) for it in zip(named, documents, documents.values(), strict=True)],
        differences=_differences(lettered),
        shared_prompts=len(frozenset.intersection(*prompts)) if prompts else 0,
        prompts=len(frozenset().union(*prompts)),
    )
    apart = [difference.what for difference in found.differences if difference.apart]
    if apart:
        differ = "differs" if len(apart) == 1 and apart[0] != "judges" else "differ"
        reason = f"{' and '.join(apart)} {differ}, so scores do not compare"
        return found.model_copy(update={"no_ranking": reason})
    if not found.shared_prompts and found.prompts:
        return found.model_copy(update={"no_ranking": "no prompt is shared by all"})
    same = len(set(prompts)) == 1
    changes = {
        "winners": _winners(lettered, same),
        "by_prompt": _by_prompt(lettered),
        "across": _across(lettered) if same else [],
        "drift": _drift(lettered),
        "no_ranking": "" if same else "estimates speak of different prompts",
        "ranking": _ranking(lettered) if same else [],
    }
    return found.model_copy(update=changes)


def _study(letter: str, name: str, document: Document) -> ComparedStudy:
    meta, best = document.search_metadata, document.best_configuration
    return ComparedStudy(
        letter=letter,
        name=name,
        strategy=meta.strategy,
        model=meta.model,
        configurations=meta.total_configurations,
        texts=meta.texts,
        best=best.config if best else None,
        estimate=best.estimate if best else Interval(),
        sentence=sentence(document) if best else "",
    )


def _differences(documents: Mapping[str, Document]) -> list[Difference]:
    found = []
    for what, read in {**SCALES, **CIRCUMSTANCES}.items():
        values = {letter: str(read(document)) for letter, document in documents.items()}
        if len(set(values.values())) > 1:
            found.append(Difference(what=what, values=values, apart=what in SCALES))
    return found


def _winners(documents: Mapping[str, Document], same_prompts: bool) -> list[Pair]:
    """The best of each against the best of every other, on the prompts that both answered."""
    best = {letter: d.best_configuration for letter, d in documents.items()}
    pairs = []
    for a, b in combinations(documents, 2):
        first, second = best[a], best[b]
        if first is None or second is None:
            continue
        gain, shared = paired(documents[a], first, documents[b], second)
        pairs.append(
            Pair(
                first=a,
                second=b,
                shared=shared,
                seen=gain or Interval(),
                estimated=_minus(first.estimate, second.estimate) if same_prompts else Interval(),
            )
        )
    return pairs


def _minus(one: Interval, other: Interval) -> Interval:
    """The difference of two independent estimates (MOVER; Zou and Donner 2008)."""
    if one.mean is None or other.mean is None:
        return Interval()
    mean = one.mean - other.mean
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return Interval(mean=mean)
    low = mean - math.hypot(one.mean - one.low, other.high - other.mean)
    high = mean + math.hypot(one.high - one.mean, other.mean - other.low)
    return Interval(mean=mean, low=low, high=high)


def paired(
    one: Document, first: Result, two: Document, second: Result
) -> tuple[Interval | None, int]:
    """The difference of two seen objectives over shared prompts, first minus second.

    Returns:
        Mean difference with Student's t interval over prompts (no bounds for one prompt; None for
        none), and how many prompts were shared.
    """
    left, right = _by_text(one, first), _by_text(two, second)
    shared = sorted(left.keys() & right.keys())
    gaps = [left[text] - right[text] for text in shared]
    return (_mean_of(gaps) if gaps else None), len(gaps)


def _mean_of(gaps: Sequence[float]) -> Interval:
    """The mean of differences with Student's t interval; without bounds where there is one."""
    from ..analysis.intervals import half_width

    mean = fmean(gaps)
    if len(gaps) < 2:
        return Interval(mean=mean)
    half = half_width(stdev(gaps), len(gaps))
    return Interval(mean=mean, low=mean - half, high=mean + half)


def _by_text(document: Document, result: Result) -> dict[str, float]:
    """Seen objective of a configuration by prompt text."""
    prompts = document.search_metadata.prompts
    return {
        prompts[seen.prompt]: seen.objective
        for seen in result.by_prompt
        if seen.objective is not None and seen.prompt < len(prompts)
    }


def _by_prompt(documents: Mapping[str, Document]) -> list[SharedPrompt]:
    """What the winners made of the prompts that all studies share, in the first study's order."""
    worth = {
        letter: _by_text(document, document.best_configuration)
        for letter, document in documents.items()
        if document.best_configuration is not None
    }
    asked = [document.search_metadata.prompts for document in documents.values()]
    shared = [text for text in asked[0] if all(text in prompts for prompts in asked)]
    return [
        SharedPrompt(prompt=text, objectives={a: w[text] for a, w in worth.items() if text in w})
        for text in dict.fromkeys(shared)
        if any(text in seen for seen in worth.values())
    ]


def _across(documents: Mapping[str, Document]) -> list[Across]:
    """The winners by letter, then what several studies tried, the best of these first."""
    rows: dict[str, Across] = {}
    for letter, document in documents.items():
        best = document.best_configuration
        if best is not None:
            row = rows.setdefault(best.config, Across(config=best.config))
            row.winner_of.append(letter)
            row.estimates[letter], row.texts[letter] = best.estimate, best.sample_count
    winners = list(rows)
    for letter, document in documents.items():
        for result in document.all_results:
            if result.estimate.mean is not None and (result.sample_count or result.config in rows):
                row = rows.setdefault(result.config, Across(config=result.config))
                row.estimates[letter], row.texts[letter] = result.estimate, result.sample_count
    shared = [row for row in rows.values() if len(row.estimates) > 1 and not row.winner_of]
    shared.sort(key=lambda row: (-fmean(e.mean or 0.0 for e in row.estimates.values()), row.config))
    found = [*(rows[config] for config in winners), *shared]
    return [_in_order(row, documents) for row in found]


def _in_order(row: Across, letters: Iterable[str]) -> Across:
    """A row with its studies in the order of their letters."""
    known = [letter for letter in letters if letter in row.estimates]
    changes = {
        "estimates": {letter: row.estimates[letter] for letter in known},
        "texts": {letter: row.texts[letter] for letter in known},
    }
    return row.model_copy(update=changes)


def _drift(documents: Mapping[str, Document]) -> list[Drift]:
    lines = []
    for a, b in combinations(documents, 2):
        one, two = documents[a], documents[b]
        if one.search_metadata.model != two.search_metadata.model:
            continue
        found = {r.config: r for r in two.all_results}
        common = [(r, found[r.config]) for r in one.all_results if r.config in found]
        gaps = [gap for r, s in common if (gap := paired(one, r, two, s)[0]) is not None]
        if gaps:
            gap = (
                gaps[0]
                if len(gaps) == 1
                else _mean_of([g.mean for g in gaps if g.mean is not None])
            )
            lines.append(Drift(first=a, second=b, configurations=len(gaps), gap=gap))
    return lines


def _ranking(documents: Mapping[str, Document]) -> list[Ranked]:
    """All configurations of all studies, best estimate first."""
    rows = [
        Ranked(
            letter=letter,
            config=result.config,
            estimate=result.estimate,
            failure_rate=result.failure_rate,
        )
        for letter, document in documents.items()
        for result in document.all_results
        if result.estimate.mean is not None and result.sample_count
    ]
    return sorted(rows, key=lambda row: (-(row.estimate.mean or 0.0), row.letter, row.config))
