"""Creative writing: short stories, judged by a rubric of five weighted criteria."""

from __future__ import annotations

from . import Criterion, Task

PROMPTS = (
    "Write a short story about a clockmaker who is asked to repair a clock that runs backwards.",
    "Tell the story of a lighthouse keeper on the last night before the light is automated.",
    "Write a story in which two old friends meet by accident and one of them is lying.",
    "Write a scene in a night train where a stranger knows the narrator's childhood nickname.",
)
RUBRIC = (
    Criterion(
        "narrative_structure",
        0.30,
        "a beginning, a development and an ending that follow from one another; pace; coherence",
    ),
    Criterion(
        "creativity",
        0.25,
        "original ideas, images and turns; a premise taken somewhere that one would not expect",
    ),
    Criterion(
        "character_voice",
        0.20,
        "people who want something, speak and act like themselves; a narrator with a voice",
    ),
    Criterion(
        "prose",
        0.15,
        "clear, varied, rhythmic sentences; fitting words; no clichés, no errors",
    ),
    Criterion("engagement", 0.10, "whether one wants to read on, and remembers it"),
)
RULES = (
    "blank",
    "too-short",
    "loops",
    "wrong-script",
    "word-salad",
    "refusal",
    "meta-commentary",
    "length-missed",
)


def build() -> Task:
    """Build the task."""
    return Task("creative-writing", PROMPTS, RUBRIC, RULES, min_words=40)
