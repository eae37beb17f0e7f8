"""Score tables with a planted truth, and awkward ones, for tests of what reads tables."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sampler_bench.records import FAILED, JUDGED, MISSING, PENDING, Cell, SamplerConfig, ScoreTable
from sampler_bench.samplers import Listed, SamplerSpace, Space
from sampler_bench.search import Problem

SPACE = Space(
    (
        SamplerSpace(
            "min_p",
            (
                ("temperature", Listed((0.8, 1.0, 1.2))),
                ("min_p", Listed((0.02, 0.05, 0.1))),
                ("max_tokens", Listed((512,))),
            ),
        ),
        SamplerSpace(
            "top_p",
            (
                ("temperature", Listed((0.7, 1.0))),
                ("top_p", Listed((0.9, 0.95))),
                ("max_tokens", Listed((512,))),
            ),
        ),
    )
)
GRID = tuple(SPACE.grid())
BASELINE = SamplerConfig.parse("temperature:temperature=1,max_tokens=512")


def problem_of(n_prompts: int = 2, **changes: object) -> Problem:
    """A problem over the small space."""
    usual = {"space": SPACE, "n_prompts": n_prompts, "budget": 100, "baseline": BASELINE}
    return Problem(**{**usual, **changes})  # type: ignore[arg-type]


def table_of(
    worth: Callable[[SamplerConfig], float],
    each: int = 4,
    n_prompts: int = 2,
    noise: float = 0.3,
    seed: int = 0,
    fresh: int = 0,
) -> ScoreTable:
    """Every configuration and the baseline; worth under 0 is a failure."""
    rng, rows = np.random.default_rng(seed), []
    for config in [BASELINE, *GRID]:
        for k in range(each + fresh):
            score = worth(config) + noise * rng.normal()
            cell = Cell(config, k % n_prompts, k // n_prompts, fresh=k >= each)
            rows.append((cell, JUDGED if score >= 0 else FAILED, min(score, 10.0)))
    return ScoreTable.of(rows, n_prompts)


def awkward_tables(n_prompts: int = 2) -> dict[str, ScoreTable]:
    """Tables with as little in them as a study may ever have."""
    one = [Cell(GRID[0], k % n_prompts, k) for k in range(4)]
    many = [Cell(config, 0, 0) for config in GRID]
    return {
        "empty": ScoreTable.of([], n_prompts),
        "one text": ScoreTable.of([(one[0], JUDGED, 5.0)], n_prompts),
        "one configuration": ScoreTable.of([(c, JUDGED, 5.0) for c in one], n_prompts),
        "all failed": ScoreTable.of([(c, FAILED, 0.0) for c in many], n_prompts),
        "all missing": ScoreTable.of([(c, MISSING, 0.0) for c in many], n_prompts),
        "all pending": ScoreTable.of([(c, PENDING, 0.0) for c in many], n_prompts),
        "all alike": ScoreTable.of([(c, JUDGED, 7.0) for c in many], n_prompts),
        "one judged": ScoreTable.of(
            [(many[0], JUDGED, 3.0)] + [(c, MISSING, 0.0) for c in many[1:]], n_prompts
        ),
    }


def rows_of(table: ScoreTable) -> list[tuple[Cell, int, float]]:
    """The rows that a table was made of."""
    return [
        (
            Cell(
                table.configs[table.config[i]],
                int(table.prompt[i]),
                int(table.repeat[i]),
                bool(table.fresh[i]),
            ),
            int(table.state[i]),
            float(table.score[i]),
        )
        for i in range(len(table))
    ]


def with_rows(table: ScoreTable, more: list[tuple[Cell, int, float]]) -> ScoreTable:
    """A table with more rows at its end."""
    return ScoreTable.of([*rows_of(table), *more], table.n_prompts)
