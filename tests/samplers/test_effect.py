"""What a configuration does to a distribution, against plain loops over tokens."""

import numpy as np
import pytest

from sampler_bench.records import SamplerConfig
from sampler_bench.samplers.bank import Bank, builtin
from sampler_bench.samplers.effect import effects

P = np.array([[0.5, 0.2, 0.12, 0.08, 0.06, 0.04], [0.3, 0.25, 0.2, 0.15, 0.07, 0.03]])
BANK = Bank.of(np.log(P))


def entropy(p):
    p = np.asarray(p, dtype=float)
    p = p[p > 0] / p.sum()
    return float(-(p * np.log(p)).sum())


def measure(text, last=True):
    return effects([SamplerConfig.parse(text)], last, BANK)[0]


def heated(p, temperature):
    q = np.asarray(p) ** (1 / temperature)
    return q / q.sum()


KEPT = {
    "top_k:top_k=2": [2, 2],
    "top_k:top_k=0": [6, 6],
    "top_p:top_p=0.7": [2, 3],  # 0.5 + 0.2 = 0.7 is reached with two tokens
    "top_p:top_p=1": [6, 6],
    "min_p:min_p=0.3": [2, 4],
    "top_a:top_a=0.5": [2, 5],  # at least 0.125 and 0.045
    "epsilon_cutoff:epsilon_cutoff=0.1": [3, 4],
    "top_n_sigma:top_n_sigma=0": [6, 6],
}


@pytest.mark.parametrize("text", KEPT)
def test_truncation_keeps_what_it_says(text):
    expected = np.mean([entropy(row[:k]) for row, k in zip(P, KEPT[text], strict=True)])
    assert measure(text)[0] == pytest.approx(expected, abs=1e-9)


def test_top_n_sigma_counts_standard_deviations_of_logits():
    logits = np.log(P)
    kept = logits >= logits.max(axis=1, keepdims=True) - 1.2 * logits.std(axis=1, keepdims=True)
    expected = np.mean([entropy(row[k]) for row, k in zip(P, kept, strict=True)])
    assert measure("top_n_sigma:top_n_sigma=1.2")[0] == pytest.approx(expected)


def test_typical_p_prefers_tokens_of_expected_surprise():
    expected = []
    for row in P:
        order = np.argsort(np.abs(-np.log(row) - entropy(row)), kind="stable")
        mass = np.cumsum(row[order])
        kept = order[: int(np.searchsorted(mass, 0.6 - 1e-12)) + 1]
        expected.append(entropy(row[kept]))
    assert measure("typical_p:typical_p=0.6")[0] == pytest.approx(np.mean(expected))


def test_temperature_acts_first_or_last():
    text = "min_p:temperature=2,min_p=0.3"
    last = np.mean([entropy(heated(row[:k], 2)) for row, k in zip(P, [2, 4], strict=True)])
    hot = [heated(row, 2) for row in P]
    first = np.mean([entropy(row[row >= 0.3 * row[0]]) for row in hot])
    assert measure(text, last=True)[0] == pytest.approx(last)
    assert measure(text, last=False)[0] == pytest.approx(first)
    stated = text + ",temperature_order=first"
    assert measure(stated, last=True)[0] == pytest.approx(first), "a stated order wins"


def test_xtc_removes_all_top_choices_but_the_least():
    text = "xtc:xtc_probability=0.5,xtc_threshold=0.1"
    kept = [row[k:] / row[k:].sum() for row, k in zip(P, [2, 3], strict=True)]
    mixed = [0.5 * row + 0.5 * np.concatenate([np.zeros(k), rest])
             for row, k, rest in zip(P, [2, 3], kept, strict=True)]  # fmt: skip
    assert measure(text)[0] == pytest.approx(np.mean([entropy(m) for m in mixed]))


def test_tail_is_what_is_left_outside_the_nucleus():
    bank = Bank(BANK.logprobs, BANK.count, nucleus=0.85)  # four tokens of both rows
    tail = effects([SamplerConfig.parse("temperature:temperature=1")], True, bank)[0, 1]
    assert tail == pytest.approx(0.1)
    assert measure("top_k:top_k=2")[1] == 0.0
    assert measure("temperature:temperature=3")[1] > measure("temperature:temperature=1")[1]


def test_greedy_decoding_has_no_entropy():
    assert measure("temperature:temperature=0") == pytest.approx([0, 0], abs=1e-5)
    assert measure("top_k:top_k=1") == pytest.approx([0, 0], abs=1e-9)


def test_every_knob_at_neutral_changes_nothing():
    plain = measure("temperature:temperature=1")
    neutral = (
        "top_k+top_p+min_p+top_a+tfs+typical_p+epsilon_cutoff+eta_cutoff+top_n_sigma+dynatemp+smoothing"
        ":top_k=0,top_p=1,min_p=0,top_a=0,tfs=1,typical_p=1,epsilon_cutoff=0,eta_cutoff=0,"
        "top_n_sigma=0,dynatemp_range=0,smoothing_factor=0"
    )
    assert measure(neutral) == pytest.approx(plain)
    assert measure("dry:dry_multiplier=0.8,max_tokens=64") == pytest.approx(plain)


def test_dynamic_temperature_and_smoothing_move_entropy():
    plain = measure("temperature:temperature=1")[0]
    assert measure("smoothing:smoothing_factor=1")[0] < plain
    assert measure("dynatemp:dynatemp_range=0.9")[0] != pytest.approx(plain, abs=1e-3)


def test_many_at_once_are_each_as_alone():
    rng = np.random.default_rng(0)
    configs = [
        SamplerConfig.of(s, {"temperature": rng.uniform(0.5, 2), s: rng.uniform(0.05, 0.9)})
        for s in ("min_p", "top_p", "tfs", "top_a", "eta_cutoff") * 12
    ]
    together = effects(configs)
    alone = np.array([effects([c])[0] for c in configs])
    np.testing.assert_allclose(together, alone, rtol=1e-12)


def test_the_builtin_bank_is_a_set_of_distributions():
    bank = builtin()
    mass = (bank.count * np.exp(bank.logprobs)).sum(axis=1)
    np.testing.assert_allclose(mass, 1)
    assert bank.count.sum() == 2000
    assert (np.diff(bank.logprobs, axis=1) <= 0).all()
    tops = np.exp(bank.logprobs[:, 0])
    assert tops.min() < 0.1
    assert tops.max() > 0.9


def test_a_measured_bank_may_come_in_any_order_with_gaps():
    shuffled = np.log(P)[:, ::-1].copy()
    wide = np.concatenate([shuffled, np.full((2, 3), np.nan)], axis=1)
    config = SamplerConfig.parse("top_p:temperature=1.3,top_p=0.8")
    assert effects([config], True, Bank.of(wide)) == pytest.approx(effects([config], True, BANK))
