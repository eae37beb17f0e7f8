"""The demo language: writer and reader are compiled from the same templates and must agree."""

from __future__ import annotations

import statistics
import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sampler_bench.tasks._demo import COLOUR_BITS, WEIGHTS, rate, read, read_prompt, write
from sampler_bench.tasks._demo.beats import BEATS
from sampler_bench.tasks._demo.prompts import draw_prompt
from sampler_bench.tasks._demo.reader import match, split
from sampler_bench.tasks._demo.template import TEMPLATES
from sampler_bench.tasks._demo.worlds import WORLDS

GUIDE = {
    "Write a short story about discovering a hidden room in an old library.": "library",
    "Create a story where the protagonist can hear other people's thoughts.": "thoughts",
    "Your custom prompt here": "page",
    "Write about AI": "machine",
    "Create a mystery": "mystery",
}
SEEDS = st.integers(0, 2**32)


def _story(seed: int, prompt: str | None = None) -> tuple[str, str]:
    rng = Random(seed)
    prompt = draw_prompt(rng) if prompt is None else prompt
    return prompt, write(read_prompt(prompt), rng)


def _criteria(text: str, prompt: str) -> dict[str, float]:
    return rate(read(text, read_prompt(prompt)))[1]


@settings(max_examples=200, deadline=None)
@given(SEEDS)
def test_every_story_is_recognised_whole(seed: int) -> None:
    prompt, story = _story(seed)
    reading = read(story, read_prompt(prompt))
    assert [u.text for u in reading.units if u.template is None] == []
    assert reading.consistency == reading.order == reading.topic == 1
    assert reading.ended
    assert reading.world == read_prompt(prompt).world


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_a_sentence_has_one_reading(seed: int) -> None:
    for sentence in split(_story(seed)[1]):
        assert sum(bool(t.pattern.fullmatch(sentence)) for t in TEMPLATES) == 1, sentence


def test_the_language_is_as_large_as_it_says() -> None:
    assert len(TEMPLATES) >= 240
    assert len({t.stage for t in TEMPLATES}) == len(BEATS) == 18
    assert len(WORLDS) == 15
    stories = [_story(seed)[1] for seed in range(300)]
    words = [len(story.split()) for story in stories]
    assert 150 < statistics.mean(words) < 190
    assert min(words) > 80
    assert max(words) < 250
    assert len(set(stories)) == 300


def test_the_ceiling_and_the_colour_of_its_own_stories() -> None:
    pairs = [_story(seed) for seed in range(300)]
    readings = [read(story, read_prompt(prompt)) for prompt, story in pairs]
    values = [rate(reading)[0] for reading in readings]
    assert 9.9 < statistics.mean(values) < 10
    assert min(values) > 9.5
    assert statistics.mean(r.bits for r in readings) == pytest.approx(COLOUR_BITS, abs=0.15)
    assert sum(WEIGHTS.values()) == pytest.approx(1)


@pytest.mark.parametrize(("prompt", "world"), GUIDE.items())
def test_the_prompts_of_the_guide_have_worlds_of_their_own(prompt: str, world: str) -> None:
    asked = read_prompt(prompt)
    assert (asked.world, asked.stated) == (world, True)
    assert read(_story(1, prompt)[1], asked).world == world


def test_topics_ask_for_their_own_world() -> None:
    wrong = [(w.name, t) for w in WORLDS for t in w.topics if read_prompt(t).world != w.name]
    assert wrong == []
    assert read_prompt("Explain JSON to me.").stated is False


def test_details_of_a_prompt_are_told() -> None:
    prompt = "Write about pirates. The hero is called Yara. The hero is an umbrella maker."
    asked = read_prompt(prompt)
    assert (asked.world, asked.hero, asked.role) == ("sea", "Yara", "umbrella maker")
    story = _story(3, prompt)[1]
    assert "Yara" in story
    assert "umbrella maker" in story
    assert _criteria(story.replace("Yara", "Nora"), prompt)["topic"] == pytest.approx(20 / 3)


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_each_kind_of_damage_lowers_its_criterion(seed: int) -> None:
    prompt, story = _story(seed, "Write about AI")
    sentences = split(story)
    whole = _criteria(story, prompt)
    assert _criteria(" ".join(sentences[:-1]), prompt)["ending"] == 0
    assert _criteria(" ".join(reversed(sentences)), prompt)["order"] < whole["order"] - 3
    assert _criteria(" ".join([*sentences[:5], *sentences]), prompt)["novelty"] < whole["novelty"]
    assert _criteria(story, "Create a mystery")["topic"] == 0
    half = [s if i % 2 else s[::-1] for i, s in enumerate(sentences)]
    assert _criteria(" ".join(half), prompt)["grammar"] < 8
    other = split(_story(seed + 1, "Create a mystery")[1])
    mixed = " ".join(sentences[:6] + other[6:])
    assert _criteria(mixed, prompt)["consistency"] < whole["consistency"]


def test_the_commonest_words_alone_are_dull() -> None:
    class Cold(Random):
        def choices(self, population, weights=None, **_):  # type: ignore[no-untyped-def]
            return [max(zip(weights, population, strict=True), key=lambda pair: pair[0])[1]]

    prompt = "Write about AI"
    dull = write(read_prompt(prompt), Cold(1))
    reading = read(dull, read_prompt(prompt))
    assert reading.grammar == 1
    assert reading.bits < 0.8 * COLOUR_BITS
    assert rate(reading)[0] < 9.6


@given(st.text(max_size=2000), st.text(max_size=200))
def test_any_text_can_be_read(text: str, prompt: str) -> None:
    value, criteria = rate(read(text, read_prompt(prompt)))
    assert 0 <= value <= 10
    assert all(0 <= c <= 10 for c in criteria.values())


@pytest.mark.parametrize("text", ["", "   \n", "asdf qwer zxcv", "The " * 300, "\x00\ufffd"])
def test_noise_scores_nothing(text: str) -> None:
    assert rate(read(text, read_prompt("Write about AI")))[0] == 0


@pytest.mark.parametrize(
    "text",
    [
        " " * 1_000_000,
        ". " * 500_000,
        "a" * 1_000_000,
        '"' * 1_000_000,
        "He searched the " * 60_000,
        "".join(f"He looked behind the {i}. " for i in range(38_000)),
    ],
    ids=["spaces", "dots", "one word", "quotes", "no end", "near misses"],
)
def test_a_megabyte_is_read_in_seconds(text: str) -> None:
    start = time.process_time()
    assert read(text, read_prompt("Write about AI")).grammar == 0
    assert time.process_time() - start < 5


def test_white_space_and_paragraphs_do_not_matter() -> None:
    prompt, story = _story(7)
    asked = read_prompt(prompt)
    assert rate(read(story.replace(". ", ".\n\n"), asked)) == rate(read(story, asked))


def test_a_reading_says_what_each_sentence_states() -> None:
    unit = match("He always carried a silver key.")
    assert unit.template is not None
    assert unit.facts == {"gender": {"m"}, "keep": {"silver key"}}
    assert match("He always carried an silver key.").template is None
