"""The demo model's measured surface: the table is sound, and studies on it are fair."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def parts():
    """The benchmark's own modules, which import each other by plain names."""
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import _sweep_study
        import sweep
    finally:
        sys.path.remove(str(BENCHMARKS))
    return sweep, _sweep_study


def test_the_committed_table_adds_up(parts):
    sweep, _ = parts
    lines = sweep.read(sweep.TABLE)
    assert len({line.config for line in lines}) == 209
    assert len(lines) == 209 * len(sweep.PROMPTS)
    for line in lines:
        judged = line.texts - line.failed
        assert line.texts == sweep.BLOCK * line.blocks
        assert 0 <= line.score <= 10 * judged
        assert line.square * judged >= line.score**2 * (1 - 1e-4), "the squares hold the mean"
        assert 0 <= line.distinct <= line.blocks
        assert line.tokens <= sweep.MAX_TOKENS * line.texts


def test_a_table_goes_on_where_it_stopped(parts, tmp_path):
    sweep, _ = parts
    path = tmp_path / "sweep.csv"
    lines = sweep.read(path)
    first = sweep.due(lines)
    assert len(first) == len(lines), "nothing is there yet: every line has its turn"
    for line in first[:40]:
        line.blocks, line.texts, line.score, line.square = 1, 4, 36.5, 333.2
    sweep.keep(path, lines)
    again = sweep.read(path)
    assert [vars_of(line) for line in again] == [vars_of(line) for line in lines]
    left = {(line.config, line.prompt) for line in sweep.due(again)}
    assert left == {(line.config, line.prompt) for line in first[40:]}


def vars_of(line):
    return tuple(getattr(line, name) for name in type(line).__slots__)


def test_far_configurations_get_fewer_texts(parts):
    sweep, _ = parts
    lines = [sweep.Line(f"temperature:temperature={t}", p) for t in (1, 2, 3) for p in range(4)]
    scores = {"1": 9.5, "2": 9.0, "3": 4.0}
    for line in lines:
        mean = scores[line.config[-1]]
        line.blocks, line.texts, line.score, line.square = 6, 24, 24 * mean, 24 * mean**2
    assert {line.config[-1] for line in sweep.due(lines)} == {"1"}


def test_studies_on_it_have_a_truth_that_repeats_and_varies(parts):
    _, study = parts
    surface = study.Surface("last")
    one, again, other = surface.study(1), surface.study(1), surface.study(2)
    truth = one.truth(surface.configs)
    np.testing.assert_array_equal(truth, again.truth(surface.configs))
    assert np.abs(truth - other.truth(surface.configs)).max() > 0.01
    assert one.best == truth.max() <= 10
    assert one.truth([one.baseline])[0] < one.best - 0.2, "temperature 1 alone is known to be worse"
    assert surface.space.size() == len(surface.configs)
    seen = np.array([surface.study(k).truth(surface.configs) for k in range(20)]).mean(axis=0)
    good = surface.mean > 9
    assert np.abs(seen - surface.mean)[good].mean() < 0.06, "truths lie about what was measured"


def test_the_committed_fingerprint_is_the_demo_models(parts):
    _, study = parts
    features = study.fingerprint()
    assert features["count"].sum() == 2048
    mass = (features["count"] * np.exp(features["logprobs"])).sum(axis=1)
    np.testing.assert_allclose(mass, 1, atol=1e-3)


def test_the_comparison_with_and_without_runs():
    command = [sys.executable, str(BENCHMARKS / "fingerprint.py"), "--runs", "1", "--budgets", "15"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=200)
    assert "all: gain in regret by the fingerprint" in done.stdout
    assert "   15 texts: " in done.stdout
    assert "4 studies" in done.stdout
