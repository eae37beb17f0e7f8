"""A benchmark tries what it is given, and what it compares with."""

from sampler_bench.cli.benchmark import tried
from sampler_bench.records import SamplerConfig

ONE, OTHER = (SamplerConfig.parse(f"min_p:min_p={p},max_tokens=99") for p in (0.02, 0.1))
SHORT = SamplerConfig.parse("top_p:top_p=0.9")


def test_the_first_is_the_baseline_where_none_is_named():
    assert tried([ONE, OTHER, ONE], None, 512) == ((ONE, OTHER), ONE)


def test_a_baseline_that_is_not_among_them_is_tried_as_well():
    whole = SamplerConfig.parse("top_p:top_p=0.9,max_tokens=512")
    assert tried([ONE], SHORT, 512) == ((ONE, whole), whole)
    assert tried([SHORT, ONE], whole, 512) == ((whole, ONE), whole)
