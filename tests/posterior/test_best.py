"""Neighbours of good settings: a step of each knob."""

from sampler_bench.posterior import fit_posterior, frame_of
from sampler_bench.posterior.best import neighbours
from sampler_bench.records import SamplerConfig, ScoreTable
from sampler_bench.samplers import Listed, Range, SamplerSpace, Space


def test_neighbours_of_a_wide_range_of_whole_numbers_are_worth_a_step():
    wide = SamplerSpace(
        "top_k", (("top_k", Range(0, 131_072, integer=True)), ("temperature", Listed((0.7, 1.0))))
    )
    model = fit_posterior(ScoreTable.of([], 1), frame_of(Space((wide,)), True), 1.0)
    here = SamplerConfig.parse("top_k:top_k=65536,temperature=0.7")
    near = [config.as_dict() for config in neighbours(model, [here])]
    assert {n["top_k"] for n in near} == {65536, *(round(131_072 * k / 24) for k in (11, 13))}
    assert [n["temperature"] for n in near if n["top_k"] == 65536] == [1.0]


def test_neighbours_of_small_whole_numbers_on_a_log_scale_are_the_next_ones():
    part = SamplerSpace("top_k", (("top_k", Range(1, 1000, "log", integer=True)),))
    model = fit_posterior(ScoreTable.of([], 1), frame_of(Space((part,)), True), 1.0)
    near = {
        here: [
            c.get("top_k") for c in neighbours(model, [SamplerConfig.of("top_k", {"top_k": here})])
        ]
        for here in (1, 2, 30, 1000)
    }
    assert near == {1: [2], 2: [1, 3], 30: [24, 42], 1000: [750]}
