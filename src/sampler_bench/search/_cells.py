"""What strategies share: which cells are due, in which order, and what a configuration is worth.

Each configuration gets `samples_per_config` texts on each prompt, prompts in turn, so that what has
been seen of a configuration is balanced over prompts at every moment. A cell that was asked for
counts as asked, whatever came of it: the loop itself tries missing ones again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

from ..records import FAILED, JUDGED, PENDING, Cell, SamplerConfig, ScoreTable

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from . import Problem

TRIES = 200  # draws before a finite space is walked for what is left


def next_repeats(table: ScoreTable) -> Counter[tuple[SamplerConfig, int]]:
    """The next free repeat of each (configuration, prompt) of the search phase."""
    return _by_cell(table, _free(table))


def used_and_gaps(
    table: ScoreTable,
) -> tuple[Counter[tuple[SamplerConfig, int]], Counter[tuple[SamplerConfig, int]]]:
    """How many texts of each (configuration, prompt) the search phase has asked for.

    And how many repeats lie unused before the next free one, as repeats of one's own may leave.
    """
    used = _used(table)
    return _by_cell(table, used), _by_cell(table, _free(table) - used)


def _by_cell(table: ScoreTable, numbers: NDArray[np.intp]) -> Counter[tuple[SamplerConfig, int]]:
    return Counter(
        {
            (table.configs[config], int(prompt)): int(numbers[config, prompt])
            for config, prompt in zip(*numbers.nonzero(), strict=True)
        }
    )


def _used(table: ScoreTable) -> NDArray[np.intp]:
    """(n_configs, n_prompts) how many texts the search phase has asked for."""
    import numpy as np

    used = np.zeros((len(table.configs), table.n_prompts), dtype=np.intp)
    rows = ~table.fresh
    np.add.at(used, (table.config[rows], table.prompt[rows]), 1)
    return used


def _free(table: ScoreTable) -> NDArray[np.intp]:
    """(n_configs, n_prompts) the next free repeat of the search phase, above all that are used."""
    import numpy as np

    free = np.zeros((len(table.configs), table.n_prompts), dtype=np.intp)
    rows = ~table.fresh
    np.maximum.at(free, (table.config[rows], table.prompt[rows]), table.repeat[rows] + 1)
    return free


def begun(table: ScoreTable, problem: Problem) -> list[SamplerConfig]:
    """The baseline, and the configurations of the space that the search phase has asked for.

    In the order of their first row. Texts of one's own may be of others: those are left at that.
    """
    order = dict.fromkeys(table.config[~table.fresh].tolist())
    inside = (table.configs[i] for i in order if table.configs[i] in problem.space)
    return list(dict.fromkeys([*with_baseline(problem), *inside]))


def due(configs: Iterable[SamplerConfig], table: ScoreTable, problem: Problem) -> list[Cell]:
    """The cells of `configs` that fixed replication has not asked for yet, in order."""
    number = {config: i for i, config in enumerate(table.configs)}
    new = [0] * problem.n_prompts
    used, free = [*_used(table).tolist(), new], [*_free(table).tolist(), new]
    least = [min(row) for row in used]
    cells = []
    for config in configs:
        row = number.get(config, -1)
        if least[row] < problem.samples_per_config:  # most have all of theirs, in a long study
            cells += _missing(config, used[row], free[row], problem)
    return cells


def _missing(
    config: SamplerConfig, used: list[int], free: list[int], problem: Problem
) -> list[Cell]:
    return [
        Cell(config, prompt, repeat - used[prompt] + free[prompt])
        for repeat in range(problem.samples_per_config)
        for prompt in range(problem.n_prompts)
        if repeat >= used[prompt]
    ]


def with_baseline(problem: Problem) -> list[SamplerConfig]:
    """The baseline, if the study has one."""
    return [] if problem.baseline is None else [problem.baseline]


def one_after_another(
    table: ScoreTable,
    problem: Problem,
    n: int,
    propose: Callable[[ScoreTable], SamplerConfig | None],
) -> list[Cell]:
    """Finish what was begun, then begin configurations that `propose` names, up to n_iterations.

    `propose` is called with the table, PENDING rows of this very call included; it returns a
    configuration that is not in the table, or None when there is none left.
    """
    known = begun(table, problem)
    cells = due(known, table, problem)[:n]
    own = len(known) - len(with_baseline(problem))
    while len(cells) < n and own < problem.n_iterations:
        config = propose(with_pending(table, cells))
        if config is None:
            break
        cells += islice(due([config], table, problem), n - len(cells))
        own += 1
    return cells


def with_pending(table: ScoreTable, cells: list[Cell]) -> ScoreTable:
    """The table with `cells` asked for as well."""
    import numpy as np

    if not cells:
        return table
    more = ScoreTable.of([(cell, PENDING, 0.0) for cell in cells], table.n_prompts)
    index = {config: i for i, config in enumerate(table.configs)}
    names = [index.setdefault(config, len(index)) for config in more.configs]
    numbers = np.array(names, dtype=np.intp)[more.config]
    blank = np.full((len(cells), table.covariates.shape[1]), np.nan)
    return ScoreTable(
        tuple(index),
        np.concatenate([table.config, numbers]),
        np.concatenate([table.prompt, more.prompt]),
        np.concatenate([table.repeat, more.repeat]),
        np.concatenate([table.state, more.state]),
        np.concatenate([table.score, more.score]),
        np.concatenate([table.fresh, more.fresh]),
        np.concatenate([table.covariates, blank]),
        table.n_prompts,
    )


def draw_new(
    problem: Problem, taken: Iterable[SamplerConfig], rng: np.random.Generator
) -> SamplerConfig | None:
    """Draw a configuration that is not in `taken`; None where the space has no other."""
    known = set(taken)
    for _ in range(TRIES):
        config = problem.space.draw(rng)
        if config not in known:
            return config
    if problem.space.size() is None:
        return None  # a range so narrow that its few values are all taken
    left = [config for config in problem.space.grid() if config not in known]
    return left[int(rng.integers(len(left)))] if left else None


def objective(table: ScoreTable, index: int, failure_score: float) -> float | None:
    """The mean over the known texts of a configuration, failures at their worth; None if none."""
    mine = (table.config == index) & ~table.fresh
    judged = mine & (table.state == JUDGED)
    failed = int((mine & (table.state == FAILED)).sum())
    count = int(judged.sum()) + failed
    if not count:
        return None
    return float((table.score[judged].sum() + failed * failure_score) / count)
