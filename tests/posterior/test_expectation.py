"""What a search expects: all of it in a usual space, a part of it in a narrow one."""

from dataclasses import replace

import numpy as np
import pytest

from sampler_bench.posterior import MODERATE, NEUTRAL, frame_of, steering
from sampler_bench.samplers.plain import space_of


def frame(low, high):
    return frame_of(space_of({"temperature": {"temperature": {"low": low, "high": high}}}), True)


def test_nothing_is_expected_where_the_score_is_not_about_quality():
    assert steering(False, frame(0.5, 2.0)) == replace(NEUTRAL, steady=0.0, absent=0.1, unsure=None)


def test_a_usual_space_loses_all_of_it():
    assert steering(True, frame(0.5, 2.0)) == MODERATE


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.3), (1.0, 1.05), (0.6, 0.65)])
def test_a_narrow_space_loses_what_a_usual_one_loses_over_as_much(low, high):
    narrow = frame(low, high)
    found = steering(True, narrow)
    part = np.array(found.loss) / MODERATE.loss
    assert (part < 1.0).all()
    assert part == pytest.approx(narrow.width / (1.8, 0.36))
    assert np.array(found.sd) / MODERATE.sd == pytest.approx(part)


def test_a_model_that_is_surer_makes_no_space_narrow():
    space = space_of({"temperature": {"temperature": {"low": 0.5, "high": 2.0}}})
    sure = 4.0 * np.log(np.random.default_rng(0).dirichlet(np.full(50, 0.05), 20) + 1e-12)
    assert steering(True, frame_of(space, True, {"logprobs": sure})) == MODERATE


def test_one_setting_alone_expects_nothing():
    alone = frame_of(space_of({"top_p": {"temperature": 1.0, "top_p": 0.9}}), True)
    assert np.array(steering(True, alone).loss) == pytest.approx(0.0, abs=1e-8)
