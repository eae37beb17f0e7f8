import pytest

from sampler_bench import samplers
from sampler_bench.errors import SpecError
from sampler_bench.records import SamplerConfig


@pytest.mark.parametrize("name", samplers.parameter_names())
def test_a_parameter_is_what_its_file_says(name):
    knob = samplers.parameter(name)
    assert knob.name == name
    assert knob.meaning
    if knob.neutral is not None:
        assert knob.problem(knob.neutral) is None
    if knob.search is not None:
        low, high = knob.search
        assert low < high
        assert knob.problem(int(low) if knob.kind == "int" else low) is None
        assert knob.problem(int(high) if knob.kind == "int" else high) is None
        assert knob.scale == "linear" or low > 0


def test_every_sampler_that_the_issue_names_can_be_searched():
    named = (
        "temperature top_k top_p min_p top_n_sigma typical_p xtc dry mirostat dynatemp smoothing"
    )
    assert set(named.split()) <= set(samplers.sampler_names())
    for sampler in named.split():
        assert any(samplers.parameter(n).search for n in samplers.parameters_of(sampler))


def test_a_sampler_has_its_own_parameters_and_the_common_ones():
    assert samplers.parameters_of("min_p+xtc") == (
        "min_p",
        "xtc_probability",
        "xtc_threshold",
        "temperature",
        "temperature_order",
        "max_tokens",
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("min_q:min_p=0.1", "sampler 'min_q' is not known (did you mean 'min_p'?)"),
        ("min_p+min_p:min_p=0.1", "names a part twice"),
        ("min_p:top_p=0.1", "top_p is no parameter of min_p; name the sampler min_p+top_p"),
        ("min_p:temprature=1", "'temprature' is not known (did you mean 'temperature'?)"),
        ("min_p:min_p=1.5", "min_p is 1.5, expected a number from 0 to 1"),
        ("min_p:max_tokens=1.5", "max_tokens is 1.5, expected a whole number from 1 to 1e+06"),
        ("min_p:min_p=high", "min_p is 'high', expected a number from 0 to 1"),
        ("min_p:temperature_order=middle", "expected one of first, last"),
        ("dry:dry_sequence_breakers=3", "expected a list of texts"),
    ],
)
def test_an_illegal_configuration_says_what_was_expected(text, complaint):
    with pytest.raises(SpecError) as caught:
        samplers.check_config(SamplerConfig.parse(text))
    assert complaint in str(caught.value)


def test_an_unknown_parameter_is_named():
    with pytest.raises(SpecError, match="parameter 'top_q' is not known"):
        samplers.parameter("top_q")
