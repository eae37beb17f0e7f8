"""Diversity: hand-made values, fairness between sizes, lengths and prompts, and worn phrases."""

import math
import random
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tables import GRID, problem_of

from sampler_bench.analysis.diversity import (
    across_prompts,
    front,
    grams,
    measure,
    over_prompts,
    overlap,
    sets,
)
from sampler_bench.analysis.diversity_estimate import estimated_diversity, pair_table
from sampler_bench.analysis.diversity_law import fit
from sampler_bench.analysis.phrases import recurring

A, B, C = GRID[:3]
FREE = 0.884  # diversity of 12 words from 30, drawn freely


def written(rng: random.Random, words: int, vocabulary: int) -> str:
    return " ".join(f"w{rng.randrange(vocabulary)}" for _ in range(words))


def test_equal_texts_have_no_diversity_and_strange_ones_have_all():
    same, strange = ["one two three four"] * 3, ["a b c d", "e f g h", "i j k l"]
    alike, apart = measure({A: {0: same, 1: same}, B: {0: strange, 1: strange}}).rows
    assert (alike.diversity.mean, alike.overlap, alike.openings) == (0.0, 1.0, 1.0)
    assert (apart.diversity.mean, apart.overlap, apart.openings) == (1.0, 0.0, 0.0)
    assert alike.distinct == pytest.approx(1 / 3)
    assert apart.distinct == 1.0
    assert alike.compression < apart.compression
    assert (alike.texts, alike.prompts) == (6, 2)


def test_measures_are_those_that_a_hand_works_out():
    one, two = "The cat sat down.", "the cat ran away"
    assert overlap(grams(["the", "cat", "sat", "down"]), grams(["the", "cat", "ran", "away"])) == (
        pytest.approx((2 * 2 / 8 + 2 * 1 / 6 + 0 / 4) / 3)
    )
    (row,) = measure({A: {0: [one, two]}}).rows
    assert row.overlap == pytest.approx((4 / 8 + 2 / 6) / 3)
    assert row.distinct == pytest.approx((6 / 8 + 5 / 6 + 4 / 4) / 3)
    whole = len(zlib.compress(b"the cat sat down\nthe cat ran away", 9))
    alone = len(zlib.compress(b"the cat sat down", 9)) + len(zlib.compress(b"the cat ran away", 9))
    assert row.compression == pytest.approx(whole / alone)
    assert math.isnan(row.diversity.low)


def test_only_the_beginning_counts_so_that_length_buys_nothing():
    rng = random.Random(1)
    short = [written(rng, 120, 400) for _ in range(4)]
    longer = [f"{text} {written(rng, 500, 10_000)}" for text in short]
    first, second = measure({A: {0: short}, B: {0: longer}}).rows
    assert (first.overlap, first.distinct) == (second.overlap, second.distinct)


def test_sets_of_very_many_texts_are_spread_over_them():
    found = sets(2000, 5)
    assert len(found) == len(set(found)) <= 6
    assert all(list(chosen) == sorted(set(chosen)) for chosen in found)
    assert max(max(chosen) for chosen in found) > 1900


def test_a_phrase_that_is_only_part_of_a_word_of_a_prompt_is_the_models_own():
    told = "Once Eli came in. The lamp went out."
    found = recurring({0: [told], 1: [told]}, ["Do you believe in ghosts?", "A lamp"])
    assert "Eli" in [phrase.text for phrase in found]


def test_sets_are_of_one_size_so_that_more_texts_cost_nothing():
    rng = random.Random(2)
    few = {p: [written(rng, 120, 60) for _ in range(2)] for p in range(60)}
    many = {p: [written(rng, 120, 60) for _ in range(9)] for p in range(60)}
    found = measure({A: few, B: many})
    first, second = found.rows
    assert found.size == 2
    for name in ("overlap", "distinct", "compression"):
        assert getattr(first, name) == pytest.approx(getattr(second, name), abs=0.01)
    assert measure({B: many}).size == 5


def test_texts_of_different_prompts_are_compared_however_many_a_prompt_has():
    many = {p: [(p, k) for k in range(300)] for p in range(3)}
    pairs = across_prompts(many)
    assert 150 < len(pairs) <= 200
    assert all(one[0] != other[0] for one, other in pairs)
    assert {(one[0], other[0]) for one, other in pairs} == {(0, 1), (0, 2), (1, 2)}
    assert across_prompts({0: "ab", 1: "c", 2: ""}) == [("a", "c"), ("b", "c")]
    assert across_prompts({0: "abc"}) == []


def test_prompts_that_were_met_unevenly_are_accounted_for():
    rng = random.Random(3)

    def texts(prompt: int, own: int) -> list[str]:
        """Prompts of a small vocabulary make everybody repeat himself."""
        return [written(rng, 120, 40 + 400 * prompt + own) for _ in range(3)]

    plain = {p: texts(p, 0) for p in range(2)}
    rows = {A: plain, B: {0: texts(0, 0)}, C: {1: texts(1, 0)}}
    found = {row.config: row.diversity.mean for row in measure(rows).rows}
    assert found[B] == pytest.approx(found[A], abs=0.03)
    assert found[C] == pytest.approx(found[A], abs=0.03)
    alone = {c: measure({c: mine}).rows[0].diversity.mean for c, mine in rows.items()}
    assert alone[C] - alone[B] > 0.1


def test_the_interval_covers_the_truth_over_new_prompts_as_often_as_it_says():
    rng = np.random.default_rng(4)
    inside = 0
    for _ in range(2000):
        found = over_prompts(0.6 + 0.05 * rng.standard_normal(4))
        inside += found.low <= 0.6 <= found.high
    assert inside / 2000 == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize("configs", [1, 2, 3])
def test_the_interval_of_few_configurations_is_wide_enough(configs):
    """Prompts' effects are fitted to the very values that they are taken off."""
    rng, inside = random.Random(6), 0
    for _ in range(80):
        texts = {
            c: {p: [written(rng, 12, 30) for _ in range(3)] for p in range(6)}
            for c in GRID[:configs]
        }
        seen = measure(texts).rows[0].diversity
        inside += seen.low <= FREE <= seen.high
    assert inside / 80 == pytest.approx(0.95, abs=0.08)


def test_the_model_knows_what_heat_does_where_nobody_wrote_twice():
    """Pairs at both ends of a space tell what lies between them."""
    rng = random.Random(5)

    def texts(heat: float, n: int) -> list[str]:
        return [written(rng, 120, int(30 * 6**heat)) for _ in range(n)]

    ends = [c for c in GRID if c.sampler == "min_p" and c.get("temperature") != 1.0]
    mine = {c: {p: texts(float(c.get("temperature")), 4) for p in (0, 1)} for c in ends}
    untold = next(c for c in GRID if c.sampler == "min_p" and c.get("temperature") == 1.0)
    cold, hot = ends[0], ends[-1]
    low, middle, high = estimated_diversity(mine, problem_of(), [cold, untold, hot])
    assert low.mean < middle.mean < high.mean
    truth = np.mean([measure({untold: {0: texts(1.0, 8)}}).rows[0].diversity.mean for _ in "abc"])
    assert middle.low <= truth <= middle.high


def test_no_text_stands_in_two_pairs():
    table = pair_table({A: {0: ["a"] * 5, 1: ["b"]}, B: {1: ["c", "d"]}}, 2)
    rows = [(table.configs[c], p) for c, p in zip(table.config, table.prompt, strict=True)]
    assert rows == [(A, 0), (A, 0), (B, 1)]
    assert table.score.tolist() == [0.0, 0.0, 10.0]


def test_the_law_is_found_again_from_pairs_that_follow_it():
    rng = np.random.default_rng(3)
    floors, rates = [], []
    for _ in range(40):
        entropy = rng.choice([0.35, 0.6, 0.8, 1.6], 30)
        truth = 0.92 * (1 - np.exp(-2.3 * entropy))
        law = fit(entropy, truth + 0.06 * rng.standard_normal(30), 0.11)
        floors.append(law.floor)
        rates.append(np.exp(law.log_rate))
    assert np.mean(floors) == pytest.approx(0.09, abs=0.02)  # between what is seen and the prior
    assert np.mean(rates) == pytest.approx(2.4, abs=0.2)


def test_the_law_is_surer_where_pairs_were_seen():
    entropy = np.repeat([0.6, 0.8], 20)
    law = fit(entropy, 0.92 * (1 - np.exp(-2.3 * entropy)), 0.1)
    near, far = law.variance(np.array([0.7, 0.2]))
    assert near < far
    assert np.all(np.diff(law.at(np.linspace(0, 3, 50))) > 0)
    assert law.at(np.array([0.0])) == pytest.approx(0)


def test_texts_that_are_all_the_same_make_a_law_too():
    law = fit(np.full(4, 0.5), np.zeros(4), 1.0)
    assert 0 <= law.at(np.array([0.5]))[0] < 0.1
    same = {A: {p: ["one and the same"] * 4 for p in (0, 1)}}
    [found] = estimated_diversity(same, problem_of(), [A])
    assert found.low == 0


def test_heat_is_known_to_vary_texts_where_no_hot_one_was_written():
    """Pairs of one cold setting, at the baseline and nowhere else, still order the rest by heat."""
    rng = random.Random(9)
    mine = {A: {p: [written(rng, 120, 60) for _ in range(6)] for p in (0, 1)}}
    cool, hot = (
        c
        for c in GRID
        if c.sampler == "min_p" and c.get("min_p") == 0.1 and c.get("temperature") != 1.0
    )
    low, high = estimated_diversity(mine, problem_of(), [cool, hot])
    assert low.mean < high.mean
    assert high.high - high.low > 0.05


def test_the_front_holds_whom_nobody_beats_in_both():
    points = {"a": (9.0, 0.2), "b": (8.0, 0.5), "c": (7.0, 0.4), "d": (9.0, 0.1), "e": (1.0, 0.6)}
    assert front(points) == ["a", "b", "e"]
    assert front({}) == []


hostile = st.one_of(
    st.text(max_size=80),
    st.sampled_from(["", "\x00", "\x1b[2J\u202e", "<script>" * 9, "word " * 40_000, "x" * 10**6]),
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.integers(0, 3), st.lists(hostile, max_size=4), max_size=3), st.randoms())
def test_any_texts_are_measured_within_bounds_and_in_any_order(texts, rng):
    found = measure({A: texts, B: {0: ["a b c", "a b d"]}})
    for row in found.rows:
        for value in (row.diversity.mean, row.overlap, row.distinct, row.compression):
            assert math.isnan(value) or 0.0 <= value <= 1.0
    turned = {p: rng.sample(mine, len(mine)) for p, mine in reversed(texts.items())}
    again = measure({A: turned, B: {0: ["a b c", "a b d"]}})
    for one, other in zip(found.rows, again.rows, strict=True):
        assert one.diversity.mean == pytest.approx(other.diversity.mean)


def test_lists_what_comes_back_across_prompts_and_is_not_the_prompts_own():
    texts = {
        0: ["In the old library, shivers ran down her spine, and Elara ran."],
        1: ["The old library was dark. Then shivers ran down her spine, as Elara knew they would."],
        2: ["Nothing of the kind."],
    }
    found = recurring(texts, ["Write about the old library."])
    assert [(p.text, p.texts, p.prompts) for p in found] == [
        ("shivers ran down her spine", 2, 2),
        ("Elara", 2, 2),
    ]
    assert recurring({0: texts[0] * 5}, ["x"]) == []


def test_long_phrases_are_listed_once():
    long = "never looked back towards the burning mountain castle"
    found = recurring({p: [f"{long}. And {p}."] for p in range(3)}, ["x"])
    assert len(found) == 1
    assert found[0].text in long
