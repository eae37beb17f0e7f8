"""Random studies, for laws that hold for all of them."""

import random

from support.documents import document_of, trials_of
from support.tables import BASELINE, GRID, problem_of

from sampler_bench.records import FAILED, JUDGED, MISSING, Cell, ScoreTable


def random_study(seed):
    """A small study with all kinds of outcomes, and numbers of all sizes."""
    rng = random.Random(seed)
    rows = []
    for config in rng.sample([BASELINE, *GRID], rng.randint(1, 8)):
        for k in range(rng.randint(1, 5)):
            state = rng.choices([JUDGED, FAILED, MISSING], [8, 1, 1])[0]
            score = rng.choice([rng.uniform(0, 10), 0.0, 10.0, 10 ** rng.uniform(-7, 0)])
            rows.append((Cell(config, k % 2, k // 2, fresh=k > 3), state, score))
    table = ScoreTable.of(rows, 2)
    return document_of(table, problem_of()), trials_of(table)
