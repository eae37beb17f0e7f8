"""What a pilot promises, in words."""

import math

from sampler_bench.analysis.prospect import Row
from sampler_bench.analysis.variance import Parts
from sampler_bench.records import Estimate
from sampler_bench.reports._plan import Pilot, report


def pilot_of(margin=0.1, for_margin=1200):
    unknown = Estimate(math.nan, math.nan, math.nan)
    row = Row(1.0, 300, Estimate(0.2, 0.15, 0.3))
    noise = Parts(*[unknown] * len(Parts.__slots__))
    return Pilot("s", 36, 0, 5, 5, 0.1, 0.0, noise, [row], margin, for_margin)


def test_texts_that_show_a_gain_are_not_sold_as_showing_that_there_is_none():
    said = report(pilot_of(), "sampler-bench search --resume s")
    assert "To show a gain of 0.1 points (the margin): 1,200 texts" in said
    assert "or that there is none" not in said
    assert "nothing is so much better ('as good') takes more" in said


def test_a_margin_of_nothing_is_never_shown():
    said = report(pilot_of(0.0, None), "sampler-bench search --resume s")
    assert "With a margin of 0 no number of texts" in said
    assert "To show that nothing" not in said
