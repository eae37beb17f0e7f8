import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampler_bench.errors import SpecError
from sampler_bench.samplers import Listed, Range, SamplerSpace, Space

linear = st.builds(
    lambda low, width, step: Range(low, low + width, "linear", step),
    st.floats(0, 5),
    st.floats(0.01, 10),
    st.none() | st.floats(0.05, 3),
)
logarithmic = st.builds(
    lambda low, ratio, step: Range(low, low * ratio, "log", step),
    st.floats(1e-4, 5),
    st.floats(1.1, 100),
    st.none() | st.floats(1.05, 4),
)
whole = st.builds(
    lambda low, width: Range(low, low + width, integer=True), st.integers(0, 50), st.integers(1, 50)
)
listed = st.lists(st.floats(0, 10), min_size=1, max_size=6, unique=True).map(
    lambda values: Listed(tuple(values))
)
dimensions = linear | logarithmic | whole | listed
spaces = st.lists(dimensions, min_size=1, max_size=3).map(
    lambda ds: SamplerSpace("min_p", tuple((f"knob_{i}", d) for i, d in enumerate(ds)))
)


@given(spaces, st.integers(0, 2**32))
def test_what_is_drawn_lies_in_the_space(space, seed):
    rng = np.random.default_rng(seed)
    for _ in range(5):
        assert space.draw(rng) in space


@given(spaces)
def test_a_grid_has_every_point_once_and_all_lie_in_the_space(space):
    size = space.size()
    if size is None:
        with pytest.raises(SpecError, match="a grid cannot walk a continuous range"):
            list(space.grid())
    elif size < 2000:
        points = list(space.grid())
        assert len(points) == len(set(points)) == size
        assert all(point in space for point in points)


@given(linear | logarithmic, st.floats(0, 1))
def test_a_fraction_comes_back(dimension, fraction):
    value = float(dimension.at(fraction))
    assert dimension.low <= value <= dimension.high
    if (dimension.high - dimension.low) / dimension.high > 0.1:
        assert math.isclose(dimension.fraction(value), fraction, abs_tol=0.02)


def test_a_log_scale_draws_as_often_from_each_decade():
    dimension = Range(0.001, 1.0, "log")
    rng = np.random.default_rng(0)
    drawn = [float(dimension.draw(rng)) for _ in range(3000)]
    shares = [sum(10**-k <= v < 10 ** (1 - k) for v in drawn) / 3000 for k in (1, 2, 3)]
    assert all(abs(share - 1 / 3) < 0.04 for share in shares)


def test_steps_are_tidy_and_reach_the_end():
    assert Range(0.7, 1.3, step=0.1).listed() == (0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3)
    assert Range(0.01, 0.16, "log", step=2).listed() == (0.01, 0.02, 0.04, 0.08, 0.16)
    assert Range(1, 4, integer=True).listed() == (1, 2, 3, 4)


@pytest.mark.parametrize(
    "arguments", [(2, 1), (1, 1), (0, 1, "log"), (0, 1, "linear", 0), (1, 2, "log", 1)]
)
def test_an_impossible_range_is_refused(arguments):
    with pytest.raises(SpecError, match="range"):
        Range(*arguments)


def test_a_space_of_several_samplers_walks_them_in_order():
    space = Space(
        (
            SamplerSpace("top_p", (("temperature", Listed((1, 2))), ("top_p", Listed((0.9,))))),
            SamplerSpace("min_p", (("min_p", Listed((0.1, 0.2))),)),
        )
    )
    assert [config.text for config in space.grid()] == [
        "top_p:temperature=1,top_p=0.9",
        "top_p:temperature=2,top_p=0.9",
        "min_p:min_p=0.1",
        "min_p:min_p=0.2",
    ]
    assert space.size() == 4
    assert space.of("min_p") is space.samplers[1]
    assert space.of("xtc") is None


@given(st.integers(0, 200_000), st.sampled_from(["linear", "log"]), st.booleans())
def test_whole_numbers_lie_in_their_range_as_they_are_listed(value, scale, as_float):
    dimension = Range(3, 131_072, scale, integer=True)
    number = float(value) if as_float else value
    assert (number in dimension) == (3 <= value <= 131_072)
    assert value + 0.5 not in dimension
    assert math.nan not in dimension
    assert math.inf not in dimension


def test_steps_finer_than_four_digits_are_steps():
    assert Range(0.9, 0.905, step=0.00125).listed() == (0.9, 0.90125, 0.9025, 0.90375, 0.905)
    assert Range(1000.0, 1001.0, step=0.5).listed() == (1000.0, 1000.5, 1001.0)


def test_whole_numbers_of_a_log_scale_do_not_count_alike():
    assert Range(1, 1000, "log", integer=True).evenly() is None
    assert Range(1, 1000, integer=True).evenly() == tuple(range(1, 1001))
    assert Range(1, 16, "log", step=2, integer=True).evenly() == (1, 2, 4, 8, 16)
    assert Listed((3, 1)).evenly() == (3, 1)
