"""Banks: what is measured stays as it is; what a server does not tell keeps its mass."""

import numpy as np
import pytest

from sampler_bench.records import SamplerConfig
from sampler_bench.samplers.bank import Bank, ranks
from sampler_bench.samplers.effect import describe, differences, effects

CONFIGS = [
    SamplerConfig.parse(text)
    for text in (
        "temperature:temperature=0.7",
        "temperature:temperature=1.5",
        "top_p:temperature=1.3,top_p=0.9",
        "min_p:temperature=1.6,min_p=0.02",
        "top_n_sigma:temperature=1.2,top_n_sigma=1",
        "typical_p:temperature=1,typical_p=0.8",
    )
]


def zipf(vocabulary: int = 4000, contexts: int = 12, seed: int = 1) -> np.ndarray:
    """Log-probabilities that fall as a power law, with some noise, in no order."""
    rng = np.random.default_rng(seed)
    slope = rng.uniform(1.2, 4, (contexts, 1))
    logits = -slope * np.log(np.arange(1, vocabulary + 1) + rng.uniform(0, 3, (contexts, 1)))
    logits = logits + rng.normal(0, 0.3, logits.shape)
    logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return rng.permuted(logits, axis=1)


def test_a_compact_bank_has_the_same_mass_and_nearly_the_same_effects():
    whole = Bank.of(zipf())
    small = whole.compact()
    assert len(small.count) < 90
    assert small.count.sum() == 4000
    np.testing.assert_allclose(small.mass.sum(axis=1), 1)
    np.testing.assert_allclose(small.logprobs[:, :24], whole.logprobs[:, :24])
    exact, near = effects(CONFIGS, True, whole), effects(CONFIGS, True, small)
    np.testing.assert_allclose(near, exact, atol=0.03)


def test_compacting_twice_changes_nothing():
    small = Bank.of(zipf()).compact()
    again = small.compact()
    np.testing.assert_array_equal(again.count, small.count)
    np.testing.assert_allclose(again.logprobs, small.logprobs)


def test_what_a_server_does_not_tell_keeps_its_mass_and_falls():
    logprobs = -np.sort(-zipf(), axis=1)
    told = Bank.of(logprobs[:, :20], vocabulary=4000)
    assert told.known == 20
    assert told.count.sum() == 4000
    np.testing.assert_allclose(told.mass.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(told.logprobs[:, :20], logprobs[:, :20])
    assert (np.diff(told.logprobs[:, 20:], axis=1) <= 0).all()
    assert (told.logprobs[:, 20] <= told.logprobs[:, 19] + 1e-9).all()


def test_twenty_tokens_say_nearly_what_the_whole_vocabulary_says():
    logprobs = -np.sort(-zipf(), axis=1)
    whole = effects(CONFIGS, True, Bank.of(logprobs))
    told = effects(CONFIGS, True, Bank.of(logprobs[:, :20], vocabulary=4000))
    np.testing.assert_allclose(told[:, 0], whole[:, 0], atol=0.25)
    np.testing.assert_allclose(told[:, 1], whole[:, 1], atol=0.03)


def test_what_is_estimated_is_said():
    logprobs = -np.sort(-zipf(), axis=1)
    bank = Bank.of(logprobs[:, :20], vocabulary=4000)
    hot, cut = describe(
        [CONFIGS[1], SamplerConfig.parse("top_k:temperature=1,top_k=20")], True, bank
    )
    assert hot.beyond > 0.1
    assert cut.beyond == 0
    assert describe(CONFIGS[:1], True, Bank.of(logprobs))[0].beyond == 0


def test_all_tokens_told_needs_no_estimate():
    assert Bank.of(zipf(), vocabulary=4000).known is None
    assert Bank.of(zipf(), vocabulary=None).known is None


def test_ranks_cover_a_vocabulary_once():
    for size in (60, 2048, 151_936):
        _, sizes = ranks(size)
        assert sizes.sum() == size
        assert (sizes >= 1).all()


def test_the_full_record_of_an_effect():
    p = np.array([[0.4, 0.2, 0.1, 0.1, 0.08, 0.06, 0.04, 0.02]])
    bank = Bank.of(np.log(p))
    (found,) = describe([SamplerConfig.parse("min_p:temperature=1,min_p=0.14")], True, bank)
    left = p[0, :6] / p[0, :6].sum()  # 0.06 is at least 0.14 x 0.4
    assert found.candidates == 6
    assert found.kept == pytest.approx(0.94)
    assert found.away == pytest.approx(left[5])
    assert found.tail == 0, "the first five have 88 %: the sixth still belongs to the nucleus"
    assert found.unlikely == 0
    assert found.entropy == pytest.approx(-(left * np.log(left)).sum())
    assert found.not_computed == ()


def test_xtc_is_an_expectation_and_memory_is_not_computed():
    bank = Bank.of(np.log(np.array([[0.5, 0.3, 0.15, 0.05]])))
    texts = ("xtc:xtc_probability=0.25,xtc_threshold=0.1", "dry:dry_multiplier=0.8",
             "dry:dry_multiplier=0")  # fmt: skip
    xtc, dry, neutral = describe([SamplerConfig.parse(text) for text in texts], True, bank)
    assert xtc.candidates == pytest.approx(0.75 * 4 + 0.25 * 2)
    assert xtc.kept == pytest.approx(0.75 + 0.25 * 0.2)
    assert dry.not_computed == ("dry_multiplier",)
    assert neutral.not_computed == ()
    assert dry.entropy == neutral.entropy


def test_differences_are_total_variations():
    p = np.array([[0.5, 0.3, 0.2], [0.9, 0.06, 0.04]])
    texts = ("temperature:temperature=1", "top_k:top_k=2", "top_k:top_k=1", "top_p:top_p=1")
    found = differences([SamplerConfig.parse(text) for text in texts], True, Bank.of(np.log(p)))
    assert found[0, 1] == pytest.approx((0.2 + 0.04) / 2)
    assert found[0, 2] == pytest.approx((0.5 + 0.1) / 2)
    assert found[0, 3] == pytest.approx(0)
    np.testing.assert_allclose(found, found.T)
