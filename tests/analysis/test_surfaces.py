"""Slices of the posterior: what was planted shows, at the tried points and between them."""

import numpy as np
import pytest
from support.tables import BASELINE, awkward_tables, problem_of, table_of

from sampler_bench.analysis.power import Z
from sampler_bench.analysis.reading import posterior_of
from sampler_bench.analysis.surfaces import slices
from sampler_bench.records import JUDGED, Cell, SamplerConfig, ScoreTable
from sampler_bench.samplers import Listed, Range, SamplerSpace, Space


def warm(config):
    return 6.0 + config.get("temperature")


def test_every_sampler_has_its_surfaces_then_its_curves():
    found = slices(table_of(warm), problem_of())
    named = [(s.sampler, tuple(axis.name for axis in s.axes)) for s in found]
    assert named == [
        ("min_p", ("temperature", "min_p")),
        ("top_p", ("temperature", "top_p")),
        ("min_p", ("temperature",)),
        ("min_p", ("min_p",)),
        ("top_p", ("temperature",)),
        ("top_p", ("top_p",)),
    ]
    for one in found:
        assert one.mean.shape == tuple(len(axis.values) for axis in reversed(one.axes))
        assert (one.low <= one.mean).all()
        assert (one.mean <= one.high).all()
        assert ("max_tokens", 512) in one.held


def test_what_was_planted_shows():
    found = slices(table_of(warm, each=8), problem_of())
    surface, curve = found[0], found[2]
    assert surface.mean[:, -1].mean() > surface.mean[:, 0].mean() + 0.2
    assert curve.mean[-1] > curve.mean[0] + 0.2


def test_points_are_the_posteriors_own():
    table, problem = table_of(warm), problem_of()
    surface = slices(table, problem)[0]
    x, y = (axis.values for axis in surface.axes)
    at = {"temperature": 1.2, "min_p": 0.05, "max_tokens": 512}
    place = y.index(0.05), x.index(1.2)
    posterior = posterior_of(table, problem)
    mean, below, above = posterior.sides([SamplerConfig.of("min_p", at)])
    assert surface.mean[place] == pytest.approx(mean[0])
    assert surface.low[place] == pytest.approx(mean[0] - Z * below[0])
    assert surface.high[place] == pytest.approx(mean[0] + Z * above[0])


@pytest.mark.parametrize("kind", awkward_tables())
def test_little_evidence_breaks_nothing(kind):
    for one in slices(awkward_tables()[kind], problem_of()):
        assert np.isfinite(one.mean).all()
        assert np.isfinite(one.high).all()


def test_words_ranges_and_whole_numbers_are_axes():
    part = SamplerSpace(
        "top_k",
        (
            ("temperature", Range(0.5, 1.5)),
            ("top_k", Range(10, 100, scale="log", integer=True)),
            ("temperature_order", Listed(("first", "last"))),
            ("max_tokens", Listed((512,))),
        ),
    )
    space = Space((part,))
    configs = [part.draw(np.random.default_rng(k)) for k in range(12)]
    table = ScoreTable.of([(Cell(c, 0, 0), JUDGED, 7.0) for c in [BASELINE, *configs]], 1)
    found = slices(table, problem_of(1, space=space))
    axes = {axis.name: axis for one in found for axis in one.axes}
    assert axes["temperature_order"].values == ("first", "last")
    assert axes["top_k"].log
    assert all(isinstance(value, int) for value in axes["top_k"].values)
