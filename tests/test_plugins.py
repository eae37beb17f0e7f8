import importlib

import pytest

from sampler_bench import plugins
from sampler_bench.errors import UsageError


@pytest.mark.parametrize("room", plugins.ROOMS)
def test_every_part_of_a_room_can_be_found_by_its_name(room):
    for name in plugins.names(room):
        assert importlib.import_module(plugins.find(room, name).__name__)


def test_a_dash_in_a_name_is_an_underscore_in_the_file():
    assert plugins.find("tasks", "creative-writing") is plugins.find("tasks", "creative_writing")


def test_an_unknown_part_is_named_with_what_there_is():
    with pytest.raises(UsageError) as caught:
        plugins.find("search", "bayesean")
    assert "there is no 'bayesean' (did you mean 'bayesian'?)" in str(caught.value)
    assert "grid" in str(caught.value)
