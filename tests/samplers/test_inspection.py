"""Configurations side by side, on distributions small enough to count by hand."""

import numpy as np
import pytest

from sampler_bench.records import SamplerConfig
from sampler_bench.samplers.bank import Bank, builtin
from sampler_bench.samplers.inspection import inspect

P = np.array([[0.5, 0.2, 0.12, 0.08, 0.06, 0.04], [0.94, 0.02, 0.01, 0.01, 0.01, 0.01]])
BANK = Bank.of(np.log(P))


def look(*texts, bank=BANK, last=True):
    return inspect([SamplerConfig.parse(text) for text in texts], bank, last)


def test_what_is_left_and_cut_by_rank():
    found = look("top_k:temperature=1,top_k=2")
    assert found.ranks == ("1", "2", "3", "4 to 5", "6")
    np.testing.assert_allclose(found.written[0], [0.72, 0.11, 0.065, 0.08, 0.025])
    np.testing.assert_allclose(found.written[1, 2:], 0)
    np.testing.assert_allclose(found.written.sum(axis=1), 1)
    np.testing.assert_allclose(found.cut[1], [0, 0, 0.065, 0.08, 0.025])
    np.testing.assert_allclose(found.cut[0], 0)


def test_places_go_from_the_surest_to_the_most_open():
    found = look("temperature:temperature=2")
    assert (np.diff(found.choices[0]) >= 0).all()
    assert (found.choices[1] > found.choices[0]).all(), "heat flattens every place"
    entropy = float(-(P[0] * np.log(P[0])).sum())
    assert found.choices[0, 1] == pytest.approx(np.exp(entropy))
    assert look("top_k:top_k=1").choices[1] == pytest.approx([1, 1])


def test_what_is_practically_the_same_is_said():
    found = look(
        "top_p:temperature=1,top_p=0.9",
        "top_k:temperature=1,top_k=1",
        "top_p:temperature=1,top_p=0.91",
        "temperature:temperature=1.01",
        "temperature:temperature=1.02",
        bank=builtin(),
    )
    assert found.same() == [(1, 3), (4, 5)]
    np.testing.assert_allclose(found.apart, found.apart.T, atol=1e-12)


def test_few_unlikely_tokens_keep_configurations_apart():
    p = np.array([[0.6, 0.36] + [0.04 / 40] * 40])
    texts = "temperature:temperature=1", "temperature:temperature=1.05"
    found = look(*texts, bank=Bank.of(np.log(p)))
    assert found.apart[1, 2] < 0.02
    assert found.effects[1].unlikely == pytest.approx(0.04)
    assert found.effects[2].unlikely - found.effects[1].unlikely > 0.002
    assert found.same() == []


def test_knobs_that_are_not_computed_keep_configurations_apart():
    found = look(
        "dry:temperature=1,dry_multiplier=0.8",
        "dry:temperature=1,dry_multiplier=0",
        "dry:temperature=1,dry_multiplier=0.8,dry_base=2",
        "dry:temperature=1.0,dry_multiplier=0.8,max_tokens=9",
    )
    assert found.apart[1, 2] == 0
    assert found.same() == [(1, 4)]
