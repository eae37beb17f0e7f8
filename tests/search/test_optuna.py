"""A score table as an Optuna study: values, encodings, both kinds of space."""

import numpy as np
import pytest
from optuna.samplers import TPESampler

from sampler_bench.records import FAILED, JUDGED, MISSING, PENDING, Cell, ScoreTable
from sampler_bench.samplers import Listed, Range, SamplerSpace, Space
from sampler_bench.search import Problem, _optuna
from sampler_bench.search._cells import objective

SPACE = Space(
    (
        SamplerSpace(
            "min_p", (("temperature", Range(0.7, 1.6)), ("min_p", Range(0.005, 0.15, "log")))
        ),
        SamplerSpace(
            "top_k",
            (
                ("temperature", Listed((1.3, 0.7, 1.0))),
                ("top_k", Range(5, 100, integer=True)),
                ("temperature_order", Listed(("first", "last"))),
            ),
        ),
    )
)
PROBLEM = Problem(SPACE, 2, 60, n_iterations=15, samples_per_config=1, failure_score=1.0)


@pytest.mark.parametrize("flat", [False, True])
def test_configurations_go_to_optuna_and_back(flat):
    import optuna

    rng = np.random.default_rng(0)
    encode = _optuna._encode_flat if flat else _optuna._encode
    suggest = _optuna._suggest_flat if flat else _optuna._suggest
    study = optuna.create_study()
    for _ in range(30):
        config = SPACE.draw(rng)
        params, distributions = encode(config, PROBLEM)
        study.enqueue_trial(params)
        trial = study.ask()
        found = suggest(trial, PROBLEM)
        assert set(params) >= set(trial.params)
        assert all(d._contains(d.to_internal_repr(params[n])) for n, d in distributions.items())
        if flat:
            assert found.sampler == config.sampler
            for name, value in config.parameters:
                assert found.get(name) == pytest.approx(value) if isinstance(value, float) else True
        else:
            assert found == config


@pytest.mark.parametrize("flat", [False, True])
def test_asks_for_new_configurations_of_the_space(flat):
    rows = []
    while True:
        table = ScoreTable.of(rows, 2)
        rng = np.random.default_rng(len(rows))
        cells = _optuna.ask_with(lambda seed: TPESampler(seed=seed), table, PROBLEM, 4, rng, flat)
        if not cells:
            break
        rows += [(c, JUDGED, -abs(float(c.config.get("temperature")) - 1)) for c in cells]
    configs = {cell.config for cell, _, _ in rows}
    assert len(configs) == 15
    assert all(config in SPACE for config in configs)


def test_a_trials_value_is_the_objective_of_what_is_known():
    config = SPACE.draw(np.random.default_rng(0))
    states = [(JUDGED, 7.0), (JUDGED, 8.0), (FAILED, 0.0), (MISSING, 0.0), (PENDING, 0.0)]
    rows = [(Cell(config, 0, k), state, score) for k, (state, score) in enumerate(states)]
    assert objective(ScoreTable.of(rows, 2), 0, 1.0) == pytest.approx(16 / 3)
    assert objective(ScoreTable.of(rows[3:], 2), 0, 1.0) is None
