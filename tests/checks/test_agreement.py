"""The tests for servers without seeds keep their error rates, and the bounds bound."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sampler_bench.checks._agreement import texts_differ, words_agree
from sampler_bench.checks._ask import Sample, collision
from sampler_bench.checks.echo import differences, same


def sample(*pieces: str) -> Sample:
    return Sample("".join(pieces), pieces, len(pieces), "length", "", {}, None)


def drawn(rng: random.Random, words: str, n: int = 24) -> list[str]:
    return [rng.choice(words) for _ in range(n)]


def test_a_knob_that_does_nothing_rarely_seems_to_act() -> None:
    """p-values of equal distributions: at most 5 % under 0.05, within three standard errors."""
    rng = random.Random(3)
    small = sum(
        words_agree(drawn(rng, "aaabcdef"), drawn(rng, "aaabcdef")) < 0.05 for _ in range(40)
    )
    assert small <= 40 * 0.05 + 3 * (40 * 0.05 * 0.95) ** 0.5


def test_a_cut_is_seen_in_first_words() -> None:
    rng = random.Random(4)
    found = [words_agree(drawn(rng, "ab"), drawn(rng, "abcdefghijkl")) for _ in range(20)]
    assert max(found) < 0.01


def test_texts_of_one_kind_rarely_seem_to_differ_and_others_always_do() -> None:
    rng = random.Random(7)

    def texts(words: str) -> list[Sample]:
        return [sample(*drawn(rng, words, 12)) for _ in range(8)]

    chances = [texts_differ(texts("aaaabcd"), texts("aaaabcd")) for _ in range(40)]
    assert sum(chance <= 0.05 for chance in chances) <= 40 * 0.05 + 3 * (40 * 0.05 * 0.95) ** 0.5
    same, other = [sample(*"once upon")] * 8, [sample(*"a time ago")] * 8
    assert texts_differ(same, same) == 1.0  # all alike: nothing speaks for a difference
    assert texts_differ(same, other) == pytest.approx(2 / 12_870)  # of the ways to part 16 texts
    assert texts_differ(same * 4, texts("abcdefgh") * 4) <= 1e-4  # too many ways to try them all


@given(st.integers(2, 6), st.integers(2, 12), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_the_collision_bound_is_a_probability_and_falls_with_length(
    texts: int, length: int, seed: int
) -> None:
    rng = random.Random(seed)
    samples = [sample(*drawn(rng, "abcdefgh", length)) for _ in range(texts)]
    longer = [sample(*s.pieces, *s.pieces) for s in samples]
    assert 0 <= collision(longer) <= collision(samples) <= 1


def test_the_collision_bound_holds_for_tokens_of_known_chance() -> None:
    """Eight equally likely tokens, twelve places: two texts are equal with 8^-12."""
    rng = random.Random(6)
    bounds = [
        collision([sample(*drawn(rng, "abcdefgh", 12)) for _ in range(4)]) for _ in range(100)
    ]
    assert sum(bound < 8.0**-12 for bound in bounds) <= 10


@pytest.mark.parametrize(
    ("sent", "used", "equal"),
    [
        (0.1, 0.10000000149011612, True),
        (1e-6, 0.1, False),
        (-1, 0, False),
        (["a"], ["b"], False),
        ("a", 3, True),
        (False, 0, True),
    ],
)
def test_the_echo_is_read_as_it_is_meant(sent: object, used: object, equal: bool) -> None:
    assert same(sent, used) is equal  # type: ignore[arg-type]
    found = list(differences({"key": sent, "other": 1}, {"key": used}))  # type: ignore[dict-item]
    assert found == ([] if equal else [("key", sent, used)])


def test_without_an_echo_nothing_differs() -> None:
    assert list(differences({"key": 1}, None)) == []
