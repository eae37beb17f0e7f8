"""Which knobs act: those away from neutral, where what governs them is too."""

import pytest

from sampler_bench.records import SamplerConfig
from sampler_bench.samplers import parameter, parameter_names
from sampler_bench.samplers.acting import acting, acts, knobs


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("min_p:temperature=1,min_p=0.05,max_tokens=64", {"min_p": 0.0}),
        ("temperature:temperature=1", {}),
        (
            "min_p+xtc:temperature=0.8,min_p=0,xtc_probability=0.5",
            ["temperature", "xtc_probability"],
        ),
        ("xtc:temperature=1,xtc_probability=0,xtc_threshold=0.05", {}),
        ("xtc:xtc_probability=0.5,xtc_threshold=0.05", ["xtc_probability", "xtc_threshold"]),
        ("dry:temperature=1.2,dry_multiplier=0,dry_base=2,dry_range=512", ["temperature"]),
        ("repetition_penalty:presence_penalty=0.5,repetition_range=64", None),
    ],
)
def test_a_knob_acts_where_it_is_away_from_neutral_and_its_governor_too(text, found):
    config = SamplerConfig.parse(text)
    wanted = list(config.as_dict()) if found is None else list(found)
    assert sorted(knobs(config)) == sorted(wanted)
    assert all(knobs(config)[name] == parameter(name).neutral for name in wanted)


def test_order_and_length_act_where_they_are_stated():
    config = SamplerConfig.parse("min_p:temperature=1,temperature_order=last,max_tokens=64")
    assert acting(config) == {"temperature_order": "last", "max_tokens": 64}


@pytest.mark.parametrize("name", parameter_names())
def test_governors_are_parameters_that_act_by_themselves(name):
    for governor in parameter(name).governors:
        assert not parameter(governor).governors
        assert parameter(governor).neutral is not None
    assert not acts(name, {name: parameter(name).neutral})
