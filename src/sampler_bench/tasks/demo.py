"""The demo task: short stories of the demo language, which the demo model writes.

What good means here is what the recogniser measures (`_demo.scoring`), and nothing more.
"""

from __future__ import annotations

from . import Criterion, Task
from ._demo import MEANINGS, WEIGHTS

PROMPTS = (
    "Write a short story about discovering a hidden room in an old library.",
    "Create a story where the protagonist can hear other people's thoughts.",
    "Write about AI",
    "Create a mystery",
)
RULES = ("blank", "too-short", "loops", "word-salad")


def build() -> Task:
    """Build the task."""
    rubric = tuple(Criterion(name, weight, MEANINGS[name]) for name, weight in WEIGHTS.items())
    return Task(name="demo", prompts=PROMPTS, rubric=rubric, rules=RULES, min_words=20)
