"""What a run will take, said before it begins: configurations, texts, tokens, time and money."""

from __future__ import annotations

from dataclasses import dataclass

from ..judges import Judge
from ..search import Problem, configurations
from ..spec import StudySpec
from .choices import longest_answer

CHARACTERS_A_TOKEN = 3  # of a prompt; rather too many tokens than too few
PARALLEL_GAIN = 0.6  # several slots share one machine: each further one adds this much of the first


@dataclass(frozen=True, slots=True)
class Plan:
    """An estimate of a run.

    Attributes:
        configurations: how many will be tried; None where the strategy decides on the way.
        texts: at most, the confirmation's too, and `kept`, how many of them are there already.
        tokens: at most.
        minutes: at most, at the speed of one text alone scaled to the slots.
        dollars: for judging, about.
    """

    configurations: int | None
    texts: int
    kept: int
    tokens: int
    minutes: float
    dollars: float

    def __str__(self) -> str:
        tried = f"{self.configurations} configurations, " if self.configurations else ""
        long = self.minutes >= 1
        time = f"{self.minutes:.1f} minutes" if long else f"{60 * self.minutes:.0f} seconds"
        kept = f" ({self.kept} of them are there already)" if self.kept else ""
        return (
            f"{tried}at most {self.texts:,} texts{kept}, {self.tokens:,} tokens, "
            f"about {time}, ${self.dollars:.2f} for judging"
        )


def plan(
    spec: StudySpec,
    problem: Problem,
    judge: Judge,
    texts: int,
    speed: float,
    slots: int,
    kept: int,
    judged: float,
    spent: float = 0.0,
) -> Plan:
    """Estimate a run.

    Args:
        spec: the study.
        problem: its space and budget.
        judge: says what judging costs.
        texts: how many texts the run writes at most.
        speed: tokens a second of one text alone, as measured.
        slots: texts at once.
        kept: how many texts are there already.
        judged: how many of them by this judge too, in parts where some of a panel have.
        spent: US dollars of `max_cost` that earlier runs have used.
    """
    if spec.max_samples is not None:
        texts = max(kept, min(texts, spec.max_samples))
    left, length = max(0, texts - kept), longest_answer(spec)
    rate = speed * (1 + PARALLEL_GAIN * (slots - 1))
    minutes = left * length / rate / 60
    cost = (left + kept - judged) * judge.expected_cost(1, judged_tokens(spec))
    return Plan(
        configurations=None if spec.given else configurations(spec.search_strategy, problem),
        texts=texts,
        kept=kept,
        tokens=left * length,
        minutes=minutes if spec.max_minutes is None else min(minutes, spec.max_minutes),
        dollars=cost if spec.max_cost is None else min(cost, max(spec.max_cost - spent, 0.0)),
    )


def judged_tokens(spec: StudySpec) -> int:
    """The most tokens that a judge reads for one text: the answer, and what was asked."""
    asked = max((len(prompt.text) for prompt in spec.prompts), default=0)
    return longest_answer(spec) + asked // CHARACTERS_A_TOKEN
