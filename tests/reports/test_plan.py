"""What a pilot promises, in words."""

import math
from dataclasses import replace

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


def test_what_is_foretold_is_told_with_its_range():
    said = report(pilot_of(), "sampler-bench search --resume s")
    assert "will show a gain of 0.20 [0.15 to 0.30] points" in said
    assert "(the margin): 1,200 texts [675 to 2,700], 120 minutes." in said


def test_too_few_texts_foretell_nothing_and_say_how_many_do():
    few = replace(pilot_of(), texts=4, failed=1, for_margin=None)
    few = replace(few, rows=[replace(row, gap=few.noise.text) for row in few.rows])
    said = report(few, "sampler-bench search --resume s")
    assert "Judged texts: 3. So few hardly tell how noisy scores are" in said
    assert "takes 12 of them or more." in said
    assert " not known  (this study)\n" in said
    assert "will show" not in said
    assert "margin" not in said


def test_a_margin_of_nothing_is_never_shown():
    said = report(pilot_of(0.0, None), "sampler-bench search --resume s")
    assert "With a margin of 0 no number of texts" in said
    assert "To show that nothing" not in said
