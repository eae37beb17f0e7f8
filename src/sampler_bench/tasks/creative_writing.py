"""Creative writing: short stories, judged by five weighted criteria.

The prompts are used where a study file gives none. They differ in genre, person, mood and form, so
that no sampler wins by suiting one of them, and ask for about as much as fits into 512 tokens.
"""

from __future__ import annotations

from . import Criterion, Task

RUBRIC = (
    Criterion(
        "narrative_structure",
        0.30,
        "A shape that carries: a beginning that opens something, a middle that changes it, an end "
        "that follows from both. Events cause one another, and nothing contradicts what was told.",
    ),
    Criterion(
        "creativity",
        0.25,
        "An idea, turn or image that one would not have guessed from the prompt, and that belongs "
        "to this story. Stock plots, stock names and borrowed phrases count against it.",
    ),
    Criterion(
        "character_voice",
        0.20,
        "People who want something and could not be swapped for others; speech and thought that "
        "sound like them. Feelings shown in what they do rather than named.",
    ),
    Criterion(
        "prose",
        0.15,
        "Sentences under control: exact words, rhythm, clean grammar, images that fit. Neither "
        "bare summary nor ornament for its own sake.",
    ),
    Criterion(
        "engagement",
        0.10,
        "The wish to read on, and the sense at the end that it was worth it.",
    ),
)
PROMPTS = (
    "Write a short story about a ferry captain who makes the same crossing for the last time.",
    "A child finds a door in the hedge that was not there yesterday. Tell what happens, from the "
    "point of view of the child's grandmother.",
    "Write a story told in letters between two people who repair clocks in different cities.",
    "Somebody wakes up able to understand what machines say to each other. Write the first day.",
    "Write a funny story about a village that has to elect a mayor and has no candidate.",
    "A detective returns to the one case she got wrong. Write the scene in which she says so.",
)
RULES = (
    "blank",
    "refusal",
    "too-short",
    "loops",
    "wrong-script",
    "word-salad",
    "meta-commentary",
    "length-missed",
)


def build() -> Task:
    """Build the task."""
    return Task(name="creative-writing", prompts=PROMPTS, rubric=RUBRIC, rules=RULES, min_words=20)
