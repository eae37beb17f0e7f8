"""Very many configurations: taken together, and saying much the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sampler_bench.posterior import fit_posterior, frame_of, model
from sampler_bench.posterior.evidence import collect
from sampler_bench.posterior.gathering import gather, together
from sampler_bench.records import FAILED, JUDGED, Cell, ScoreTable
from sampler_bench.samplers import Range, SamplerSpace, Space

SPACE = Space(
    (
        SamplerSpace(
            "min_p", (("temperature", Range(0.7, 1.6)), ("min_p", Range(0.005, 0.15, "log")))
        ),
        SamplerSpace("top_p", (("temperature", Range(0.6, 1.3)), ("top_p", Range(0.8, 0.99)))),
    )
)
FRAME = frame_of(SPACE, True)


def table_of(seed, n_configs, n_texts, fail=0.05):
    rng = np.random.default_rng(seed)
    configs = [SPACE.draw(rng) for _ in range(n_configs)]
    rows = []
    for k in range(n_texts):
        config = configs[k % n_configs]
        worth = 7 - 3 * (float(config.get("temperature")) - 1) ** 2
        state = FAILED if rng.random() < fail else JUDGED
        cell = Cell(config, int(rng.integers(3)), k // n_configs)
        rows.append((cell, state, worth + 0.4 * rng.normal()))
    return ScoreTable.of(rows, 3)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 30), st.integers(1, 40))
def test_nothing_is_lost_and_nobody_joins_another_sampler(seed, n_configs, most):
    evidence = collect(table_of(seed, n_configs, 3 * n_configs)).judged()
    points = FRAME.place(evidence.configs)
    groups = gather(points, evidence.total, most)
    one = together(evidence, groups)
    assert len(one.configs) == min(most, len(evidence.configs)) == len(groups.points)
    assert len(set(one.configs)) == len(one.configs)
    for name in ("count", "failed", "total"):
        assert getattr(one, name).sum() == getattr(evidence, name).sum()
    sums = [(e.count * e.mean).sum(axis=0) for e in (evidence, one)]
    np.testing.assert_allclose(*sums)
    about = [(e.squares + e.count * e.mean**2).sum(axis=0) for e in (evidence, one)]
    np.testing.assert_allclose(*about)
    if most >= 2:
        assert (groups.points.sampler[groups.group] == points.sampler).all()


def test_few_are_left_as_they_are():
    evidence = collect(table_of(1, 12, 40)).judged()
    groups = gather(FRAME.place(evidence.configs), evidence.total, 12)
    assert together(evidence, groups) is evidence


def test_taken_together_they_say_what_all_say_apart(monkeypatch):
    table = table_of(2, 420, 420)
    together_ = fit_posterior(table, FRAME, 1.0)
    assert len(together_.tried) <= model.MOST_POINTS < len(together_.evidence.configs)
    monkeypatch.setattr(model, "MOST_POINTS", 1000)
    apart = fit_posterior(table, FRAME, 1.0)
    assert len(apart.tried) == len(apart.evidence.configs) > 400
    points = FRAME.place(FRAME.pool)
    (mean, sd), (exact, exact_sd) = (p.marginal_at(points) for p in (together_, apart))
    assert np.abs(mean - exact).max() < 0.5 * exact_sd.min()
    assert sd == pytest.approx(exact_sd, rel=0.15)


def test_three_thousand_settings_are_as_quick_as_a_few_hundred():
    found = fit_posterior(table_of(3, 3000, 3000), FRAME, 1.0)
    assert len(found.evidence.configs) > 10 * len(found.tried)
    mean, _ = found.quality(found.tried)
    worth = [7 - 3 * (float(c.get("temperature")) - 1) ** 2 for c in found.tried]
    assert np.abs(mean - worth).mean() < 0.1


def test_settings_that_share_their_places_are_fewer_groups():
    """Points that are the same (here each of five eight times) leave no empty group."""
    points = FRAME.place([*FRAME.pool[:5]] * 8)
    groups = gather(points, np.arange(1.0, 41.0), 12)
    assert len(groups.points) == len(groups.heaviest) == 5
    assert np.isfinite(groups.points.common).all()
    assert set(groups.group) == set(range(5))
