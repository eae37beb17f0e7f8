"""Results documents made from score tables by the real path: trials, then `collect`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sampler_bench.records import (
    FAILED,
    JUDGED,
    MISSING,
    Cell,
    Completion,
    Failure,
    Score,
    ScoreTable,
    Trial,
    Unwritten,
)
from sampler_bench.reports._collect import collect
from sampler_bench.reports._document import Document
from sampler_bench.search import Problem
from sampler_bench.store import StudyRow

PROMPTS = ("Write about a lighthouse.", "Write about a storm.", "Write about bread.")
SERVER = {
    "engine": "koboldcpp",
    "url": "http://127.0.0.1:5001",
    "version": "1.115",
    "model": "a-model",
    "temperature_order": "last",
}
BEGAN = 1_704_110_400.0  # 2024-01-01T12:00:00Z
JUDGE = "openai gpt-4o-mini rubric-1"


def text_for(cell: Cell) -> str:
    """A text for a cell; every cell has its own."""
    return f"Once upon a time, on prompt {cell.prompt}, the {cell.repeat}th time, {cell.config}."


def trials_of(
    table: ScoreTable, text: Callable[[Cell], str] = text_for, cut_off: bool = False
) -> list[Trial]:
    """The trials that a table stands for."""
    return [_trial(table, i, text, cut_off) for i in range(len(table))]


def _trial(table: ScoreTable, i: int, text: Callable[[Cell], str], cut_off: bool) -> Trial:
    config = table.configs[table.config[i]]
    cell = Cell(config, int(table.prompt[i]), int(table.repeat[i]), bool(table.fresh[i]))
    seed, state = i + 1, int(table.state[i])
    if state == MISSING:
        return Trial(cell, seed, Unwritten("timeout", "no answer", 2))
    if state not in (JUDGED, FAILED):
        return Trial(cell, seed)
    written = Completion(text(cell), cut_off, 100, 12, 2.0, {}, "s", "a-model", "chat endpoint")
    if state == FAILED:
        return Trial(cell, seed, written, Failure("loops", "the same again"))
    value = float(table.score[i])
    criteria = (("creativity", value), ("prose", value))
    score = Score(JUDGE, value, criteria, cost=0.001, seconds=1.0, tokens=500, comment="fine")
    return Trial(cell, seed, written, judgments=(score,))


def study_row(n_prompts: int, name: str = "s", prompts: Sequence[str] = PROMPTS) -> StudyRow:
    """A study as the store knows it."""
    spec = {
        "search_strategy": "bayesian",
        "prompts": list(prompts[:n_prompts]),
        "failure_score": 1.0,
        "seed": 7,
        "model": "a-model",
    }
    return StudyRow(1, name, spec, "done", BEGAN, BEGAN + 60)


def document_of(
    table: ScoreTable,
    problem: Problem,
    prompts: Sequence[str] = PROMPTS,
    judges: tuple[str, ...] = (JUDGE,),
    cut_off: bool = False,
    **server: object,
) -> Document:
    """The results document of a table."""
    row = study_row(table.n_prompts, prompts=prompts)
    trials = trials_of(table, cut_off=cut_off)
    return collect(row, trials, table, problem, {**SERVER, **server}, judges)  # type: ignore[dict-item]
