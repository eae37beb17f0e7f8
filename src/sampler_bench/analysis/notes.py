"""What else a verdict says: what more it would take, what new prompts may bring, in plain words."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ..posterior.noise import INTERACTION, PROMPT
from ..records import PENDING, Estimate, Needed, SamplerConfig, ScoreTable, Verdict
from ..search import Problem
from .choice import CANNOT_TELL
from .confirming import SURE, confirm
from .power import POWER, Z, texts_needed
from .reading import Reading, interval, worths
from .standing import RISK, times_needed

FEWEST_PROMPTS = 8  # for an interval over new prompts
MOST_TEXTS = 20_000  # a number beyond it is no advice
LEAST_SAID = 0.05  # of the margin: less is nothing to the reader
NO_GAP = 0.1  # of the margin: no two configurations are taken to be nearer than this

UNCONFIRMED = (
    "Not confirmed on fresh seeds: worth and gain are read from the very texts by which the choice "
    "was made."
)
UNCONFIRMED_ALONE = (
    "Not confirmed on fresh seeds: the winner's worth is read from the very texts by which it was "
    "chosen."
)


def best_tried(reading: Reading) -> SamplerConfig | None:
    """The tried configuration of the space with the highest estimate; None where none is."""
    first = next(_tried_in_order(reading), None)
    return None if first is None else reading.configs[first]


def needed(reading: Reading, problem: Problem, sentence: str) -> tuple[Needed, ...]:
    """What would show a gain over the baseline, where it looks like one; what separates the two.

    More texts of two configurations cannot show that the baseline is as good: that is said of the
    whole space.
    """
    found = []
    if sentence == CANNOT_TELL and _looks_better(reading, problem.margin):
        assert reading.base is not None, "a gain is over a baseline"
        assert reading.challenger is not None, "and somebody's"
        gap, sd = reading.gain()
        found.append(_needed(reading, reading.challenger, reading.base, gap, sd))
    second = next((i for i in _tried_in_order(reading) if i), None)
    if second is not None:
        mean, sd = reading.difference(0, second)
        if abs(mean) < Z * sd:
            gap = max(abs(mean), NO_GAP * problem.margin)
            found.append(_needed(reading, 0, second, gap, sd))
    return tuple(found)


def _looks_better(reading: Reading, margin: float) -> bool:
    """Whether the gain looks more like the margin than like none."""
    if reading.base is None or reading.challenger is None:
        return False
    mean, _ = reading.gain()
    return mean > 0 and mean >= margin / 2


def _needed(reading: Reading, one: int, other: int, gap: float, error: float) -> Needed:
    variance = float(reading.belief.text_variance[one] + reading.belief.text_variance[other])
    more, alone = texts_needed(gap, variance, error), texts_needed(gap, variance)
    return Needed(reading.configs[one], reading.configs[other], gap, POWER * error, more, alone)


def _tried_in_order(reading: Reading) -> Iterator[int]:
    """The tried configurations of the space, the highest estimate first."""
    space = reading.posterior.frame.space
    for i in np.argsort(-reading.belief.mean, kind="stable"):
        if reading.tried(int(i)) and reading.configs[i] in space:
            yield int(i)


def for_new_prompts(reading: Reading, problem: Problem) -> tuple[Estimate, Estimate | None] | None:
    """Objective and gain for new prompts of the same kind; None below FEWEST_PROMPTS.

    The study's prompts are taken as drawn from such prompts: their effects, and how settings suit
    them, scatter the mean over others like them as they do that over these.
    """
    n = problem.n_prompts
    if n < FEWEST_PROMPTS:
        return None
    theta, unit = reading.posterior.theta, reading.posterior.unit
    prompt, suited = (unit**2 * math.exp(2 * theta[k]) for k in (PROMPT, INTERACTION))
    (here,) = worths(reading.posterior, reading.configs[:1])
    wider = Z * math.sqrt((prompt + suited) / n)
    below, above = (math.hypot(abs(end - here.mean), wider) for end in (here.low, here.high))
    worth = Estimate(here.mean, here.mean - below, here.mean + above)
    if reading.challenger is None:
        return worth, None
    gain, error = reading.gain()
    return worth, interval(gain, math.sqrt(error**2 + 2 * suited / n))


def saved(table: ScoreTable, problem: Problem) -> int:
    """How many of the texts kept for fresh seeds were not spent, as they could change nothing."""
    before, kept = table.fresh_before, problem.confirm
    asked = int(table.fresh.sum()) - before
    if kept is None or not 0 < asked < kept or (table.state == PENDING).any():
        return 0
    return 0 if confirm(table, problem, kept + before, 1) else kept - asked


def notes(reading: Reading, problem: Problem, found: Verdict, table: ScoreTable) -> list[str]:
    """Plain sentences for the reader.

    Args:
        reading: the joint belief.
        problem: the study.
        found: the verdict, complete but for its notes.
        table: all rows, those of the confirmation marked `fresh`.
    """
    lines, fresh = [], bool(table.fresh.any())
    if not found.tried:
        beside = f" The best tried one is {found.best_tried.text}." if found.best_tried else ""
        lines.append(
            "The best configuration was not tried: its worth is what the model expects from its "
            f"neighbours.{beside}"
        )
    lines += _another_leads(reading, found, fresh, problem.margin)
    if not _confirmed(table, found):
        lines.append(UNCONFIRMED if problem.baseline else UNCONFIRMED_ALONE)
    lines.append(_failures(reading, problem))
    if found.saved:
        lines.append(
            f"Stopped early: {found.saved} of the {problem.confirm} texts kept for fresh seeds "
            f"were not spent; with probability {SURE:.0%} or more they would not have changed "
            "this answer."
        )
    lines += _about_the_baseline(reading, problem, found)
    if found.possible:
        lines.append(
            f"Not tried, but maybe within {problem.margin:g} of the best too: "
            f"{len(found.possible)} of the {len(reading.posterior.frame.pool)} settings that stand "
            "for the space."
        )
    lines.append(_new_prompts(found, problem.n_prompts))
    return lines


def _confirmed(table: ScoreTable, found: Verdict) -> bool:
    """Whether who is compared and the baseline have texts on fresh seeds, or there is one only."""
    counted = table.take(table.fresh).evidence()
    met = {table.configs[i] for i in counted.config}
    if found.compared is None and found.best == found.baseline:
        return True
    return {found.compared or found.best, found.baseline or found.best} <= met


def _another_leads(reading: Reading, found: Verdict, fresh: bool, margin: float) -> list[str]:
    """Why the winner is not the one with the highest estimate, where it is not."""
    if found.best_tried is None or not found.tried:
        return []
    mean, sd = reading.difference(reading.configs.index(found.best_tried), 0)
    if mean <= LEAST_SAID * margin:
        return []
    ahead = interval(mean, sd)
    why = (
        "The winner was chosen before its fresh texts were written; to change it now would be to "
        "pick the luckiest."
        if fresh
        else "Where settings look alike, the choice leans to the less extreme one."
    )
    sure = "surely" if ahead.low > 0 else "which may be chance"
    return [f"By all texts {found.best_tried.text} is estimated higher, {sure}. {why}"]


def _failures(reading: Reading, problem: Problem) -> str:
    evidence = reading.posterior.evidence
    said = []
    for name, config in (("best", reading.configs[0]), ("baseline", problem.baseline)):
        if config in evidence.configs:
            i = evidence.configs.index(config)
            said.append(f"{int(evidence.failed[i])} of {int(evidence.total[i])} ({name})")
    overall = f"{int(evidence.failed.sum())} of {evidence.n_texts} (all)"
    return f"Failed texts: {', '.join([*said, overall])}."


def _about_the_baseline(reading: Reading, problem: Problem, found: Verdict) -> list[str]:
    if problem.baseline is None:
        return ["There is no baseline to compare with."]
    if problem.baseline not in reading.posterior.evidence.configs:
        return ["The baseline was not judged yet, so nothing is said about the gain."]
    if found.sentence != CANNOT_TELL:
        return []
    it = next((n for n in found.needed if n.second == problem.baseline), None)
    return [_whole_study(reading, problem, found) if it is None else _gain_to_show(it)]


def _gain_to_show(it: Needed) -> str:
    """What it would take where the gain looks like one."""
    return (
        f"As far as it has come, a gain of {points(it.visible)} points or more would be seen (with "
        f"80 % power). If it is the {points(it.gap)} that it looks, {count(it.texts, 'about ')} "
        f"more texts of {it.first.text} and the baseline would show it; if it is none, they would "
        "hardly decide, for 'as good' is said of the whole space."
    )


def _whole_study(reading: Reading, problem: Problem, found: Verdict) -> str:
    """What it would take where no gain is in sight."""
    assert reading.base is not None, "asked of a baseline only"
    if found.probability_beaten <= RISK and found.gain is not None:
        return (
            f"The gain may still be as large as {points(found.gain.high)}: too much to call the "
            f"baseline as good, within {problem.margin:g}."
        )
    times = times_needed(reading.belief, reading.base, reading.inside, problem.margin)
    more = "How many texts would decide cannot be told from these"
    if times is not None:
        texts = math.ceil(times * reading.posterior.evidence.n_texts / 10) * 10
        whole = f"a study of {count(texts, 'about ')} texts would show that none is"
        more = f"If all stays as it looks, {whole}"
    return (
        f"With a probability of {found.probability_beaten:.0%} some setting is better than the "
        f"baseline by more than {problem.margin:g}, tried or not: too much to call the baseline as "
        f"good. {more}."
    )


def _new_prompts(found: Verdict, n_prompts: int) -> str:
    worth, gain = found.new_prompts, found.gain_on_new_prompts
    if worth is None:
        return f"For new prompts: not known ({n_prompts} prompts; {FEWEST_PROMPTS} are needed)."
    more = f"; gain {_interval(gain, '+')}" if gain else ""
    return f"For new prompts of the same kind: {_interval(worth)}{more}."


def _interval(known: Estimate, sign: str = "") -> str:
    mean, low, high = (points(value, sign) for value in (known.mean, known.low, known.high))
    return f"{mean} ({low} to {high})"


def points(value: float, sign: str = "") -> str:
    """Two decimals, or two digits where scores are too small for that; `sign` "+" shows it."""
    return f"{value:{sign}.2f}" if abs(value) >= 0.01 or not value else f"{value:{sign}.2g}"


def count(texts: int, about: str = "") -> str:
    """A number of texts, in words where it is beyond what anybody would write."""
    if texts <= MOST_TEXTS:
        return f"{about}{texts}"
    return f"more than {MOST_TEXTS:,}"
