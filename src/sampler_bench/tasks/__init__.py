"""WHAT IS ASKED: a task says what good means - prompts, rubric, and which rules make a failure.

A task's file offers `build() -> Task`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of a rubric. Weights of a rubric sum to 1."""

    name: str
    weight: float
    meaning: str


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked, and what counts as an answer.

    Attributes:
        name: as users write it.
        prompts: used where the study file gives none.
        rubric: what a judge looks at.
        rules: names of the rules that make a text a failure.
        min_words: an answer with fewer words is too short.
        max_words: an answer with more words grossly misses an asked-for length; None for no limit.
        cut_off_fails: True where an answer that the token limit ended is a failure.
        instructions: put before every prompt; may be empty.
    """

    name: str
    prompts: tuple[str, ...]
    rubric: tuple[Criterion, ...]
    rules: tuple[str, ...]
    min_words: int = 20
    max_words: int | None = None
    cut_off_fails: bool = False
    instructions: str = ""
