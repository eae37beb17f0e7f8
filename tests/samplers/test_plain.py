"""A space in plain words: read, or refused with what was expected."""

import numpy as np
import pytest

from sampler_bench.errors import UsageError
from sampler_bench.samplers import Listed, Range
from sampler_bench.samplers.plain import space_of

SPACE = {
    "min_p": {
        "temperature": {"low": 0.7, "high": 1.6},
        "min_p": {"low": 0.005, "high": 0.15, "scale": "log"},
    },
    "top_k": {"temperature": [0.7, 1.0, 1.3], "top_k": {"low": 5, "high": 100}, "max_tokens": 64},
}


def test_reads_a_space_in_plain_words():
    space = space_of(SPACE)
    assert dict(space.samplers[0].dimensions)["min_p"] == Range(0.005, 0.15, "log")
    top_k = dict(space.samplers[1].dimensions)
    assert top_k["top_k"] == Range(5, 100, integer=True)
    assert top_k["max_tokens"] == Listed((64,))


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({}, "at least one sampler"),
        ({"min_p": {}}, "space.min_p: expected at least one parameter"),
        ({"minp": {"min_p": [0.1]}}, "did you mean 'min_p'"),
        ({"min_p": {"top_p": [0.9]}}, "top_p is no parameter of min_p"),
        ({"min_p": {"min_p": [2.0]}}, "expected a number from 0 to 1"),
        ({"min_p": {"min_p": []}}, "space.min_p.min_p: expected at least one value"),
        ({"min_p": {"min_p": {"low": 0.1}}}, "expected numbers low and high"),
        ({"min_p": {"min_p": {"low": 0.1, "high": 0.2, "scale": "sqrt"}}}, "linear or log"),
        ({"min_p": {"min_p": {"low": 0.1, "hihg": 0.2}}}, "'hihg' is not one of"),
        ({"min_p": {"min_p": {"low": 0.2, "high": 0.1}}}, "expected low < high"),
    ],
)
def test_says_what_is_wrong_with_a_space(space, message):
    with pytest.raises(UsageError, match=message):
        space_of(space)


def test_takes_numbers_of_numpy():
    space = space_of(
        {
            "top_k": {"temperature": np.float32(1.0), "top_k": np.array([20, 40])},
            "min_p": {"temperature": {"low": np.float64(0.5), "high": np.int64(2)},
                      "min_p": [np.float64(0.05), np.float64(0.1)]},
        }
    )  # fmt: skip
    assert space.samplers[0].dimensions[1][1] == Listed((20, 40))
    assert [type(v) for v in space.samplers[0].dimensions[1][1].values] == [int, int]
    assert space.samplers[1].dimensions[0][1] == Range(0.5, 2)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (["min_p"], r"space: expected a mapping of samplers.*found \['min_p'\]"),
        ("min_p", "space: expected a mapping of samplers"),
        (None, "space: expected a mapping of samplers"),
        ({1: {"min_p": [0.1]}}, "space: expected a mapping of samplers"),
        ({"min_p": ["min_p"]}, "space.min_p: expected a mapping of parameters"),
        ({"min_p": {1: [0.1]}}, "parameter 1: expected a word"),
        ({"min_p": {"min_p": None}}, "space.min_p.min_p: expected a value, a list"),
        ({"min_p": {"min_p": [None]}}, "space.min_p.min_p: expected a number or a word"),
        ({"min_p": {"min_p": np.ones((2, 2))}}, r"each value, found \(1.0, 1.0\)"),
        ({"min_p": {"min_p": [{"low": 0.1}]}}, "each value, found {'low': 0.1}"),
    ],
)
def test_says_what_is_wrong_with_the_form_of_a_space(space, message):
    with pytest.raises(UsageError, match=message):
        space_of(space)
