"""The rules: each on what it is for, on what it must leave alone, and on any text at all."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sampler_bench.plugins import find, names
from sampler_bench.records import Completion, Prompt
from sampler_bench.rules import look
from sampler_bench.rules._reading import read
from sampler_bench.rules.length_missed import asked_length
from sampler_bench.rules.loops import repeated_share, turns_at_end
from sampler_bench.tasks._demo import read_prompt, write
from sampler_bench.tasks.creative_writing import build as creative_writing
from sampler_bench.tasks.demo import PROMPTS
from sampler_bench.tasks.demo import build as demo

TASK = creative_writing()
PROMPT = Prompt(0, "Write a short story about a ferry captain.")
STORY = (
    "Nora had steered the ferry for thirty years, and on the last morning the river was so low "
    "that the gulls stood in it. She let the boy from the ticket office hold the wheel. Past the "
    "bend, where the old mill had been, he asked whether she was sad. She said that she had been "
    "sad about it in April, when the letter came, and that one could not be sad twice about the "
    "same letter. On the far bank a woman with a bicycle waved, late as she had been every day. "
    "They turned back for her. Nobody on the boat complained, and when the ramp came down Nora "
    "took the fare, counted it, and then gave it back."
)
HOT = (
    "cur farm sailor that Marta, a shy queen went, had always been at home rail ye sevenF herring. "
    "Anna had monas stone larger Near reckoned with a bell. Barleyvelyidy begix crow. She asked a "
    "conductor behind the minould shop companion was warmon mouth. udith feltred, a til, won arit "
    "dining hopewell who of plank the the over mirrored twelf nor at quaint gold sang by under it."
)


def fault(name, text, prompt=PROMPT, task=TASK):
    return find("rules", name).check(text, prompt, task)


def faults(text, prompt=PROMPT, cut_off=False, task=TASK):
    found = look(Completion(text, cut_off, 100, 10, 1.0, {}, "s", "m", "raw"), prompt, task)
    return found.reason if found else None


def test_a_story_is_no_failure():
    assert faults(STORY) is None


@pytest.mark.parametrize("seed", range(40))
def test_stories_of_the_demo_language_are_no_failures(seed):
    prompt = Prompt(0, PROMPTS[seed % len(PROMPTS)])
    assert faults(write(read_prompt(prompt.text), random.Random(seed)), prompt, task=demo()) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "blank"),
        (" \n\t\u200b\ufeff", "blank"),
        ("The end.", "too_short"),
        ("I'm sorry, but I can't write that story for you.", "refusal"),
        ("As an AI, I am not able to write about this. " * 2, "refusal"),
        (STORY + " and the river" * 60, "loops"),
        (STORY + " " + "no" * 80, "loops"),
        ((STORY + " ") * 6, "loops"),
        (STORY + "a" * 400, "loops"),
        ("我们在河上走了三十年。水很低，天很冷。船长想起从前。她没有说话。", "wrong_script"),
        (HOT, "word_salad"),
        (" ".join(sorted(STORY.split())), "word_salad"),
        ("\ufffd\ufffd " + STORY.replace("e", "\ufffd"), "word_salad"),
    ],
)
def test_names_what_is_wrong(text, reason):
    assert faults(text) == reason


def test_talk_about_the_task_is_a_failure_only_where_it_is_much_of_the_text():
    talk = "Sure, here is a short story that I have written for your prompt. "
    after = "Let me know if you want me to change the story. Word count: 350 words. "
    assert fault("meta-commentary", talk + STORY) is None
    assert "about the task" in fault("meta-commentary", talk + "She left. He stayed. " + after)


def test_a_refusal_in_a_story_is_a_story():
    quoted = f"\"I'm sorry, but I can't help you,\" said the captain. {STORY}"
    assert faults(quoted) is None


def test_a_cut_off_text_is_not_blamed_for_its_length():
    asked = Prompt(0, "Write a story of 900 words.")
    assert faults(STORY, asked) == "length_missed"
    assert faults(STORY, asked, cut_off=True) is None
    assert faults("Nora had steered the", cut_off=True) is None


@pytest.mark.parametrize(
    ("prompt", "length"),
    [
        ("Write 300-400 words.", (300, 400)),
        ("a 1,000-word story", (1000, 1000)),
        ("at most two hundred words", (0, 200)),
        ("at least 500 words", (500, float("inf"))),
        ("in three words", None),
        ("Write about a man of few words.", None),
        ("Schreibe 250 Wörter", (250, 250)),
        ("no more than 200 words", (0, 200)),
        ("not more than 200 words", (0, 200)),
        ("Do not write more\nthan 200 words.", (0, 200)),
        ("It must not be over 200 words.", (0, 200)),
        ("Don't go over 200 words.", (0, 200)),
        ("no longer than 200 words", (0, 200)),
        ("without exceeding 200 words", (0, 200)),
        ("Fewer than 200 words, please.", (0, 200)),
        ("Cover 200 words.", (200, 200)),
        ("more than 200 words", (200, float("inf"))),
        ("no fewer than 200 words", (200, float("inf"))),
        ("not less than 200 words", (200, float("inf"))),
        ("sixteen hundred words", (1600, 1600)),
        ("nineteen to a table, fourteen hundred words", (1400, 1400)),
    ],
)
def test_reads_the_length_asked_for(prompt, length):
    assert asked_length(prompt) == length


def test_another_language_is_expected_where_the_prompt_asks_for_it():
    russian = "Паром шёл через реку в последний раз, и капитан молчала. " * 2
    assert fault("wrong-script", russian) is not None
    assert fault("wrong-script", russian, Prompt(0, "Write a story in Russian.")) is None
    german = "Das Schiff fuhr zum letzten Mal über den Fluss, und niemand an Bord sagte ein Wort. "
    assert fault("word-salad", german * 3, Prompt(0, "Schreibe eine Geschichte.")) is None


@given(st.lists(st.sampled_from("abc"), max_size=60))
def test_the_repeated_end_is_the_longest_there_is(words):
    length, period = turns_at_end(words)
    ends = [
        (n, p)
        for p in range(1, len(words) + 1)
        for n in range(4 * p, len(words) + 1)
        if n > 1 and words[len(words) - n : -p] == words[len(words) - n + p :]
    ]
    assert length == max((n for n, _ in ends), default=0)
    assert not ends or (length, period) in ends


@given(st.lists(st.sampled_from("ab"), max_size=40))
def test_repeated_share_counts_each_word_once(words):
    covered = set()
    for i in range(len(words) - 2):
        if any(words[j : j + 3] == words[i : i + 3] for j in range(i)):
            covered |= {i, i + 1, i + 2}
    assert repeated_share(words, run=3) == pytest.approx(len(covered) / max(1, len(words)))


@pytest.mark.parametrize("name", names("rules"))
def test_every_rule_says_how_often_it_blamed_good_texts(name):
    blamed, looked_at = find("rules", name).FALSE_ALARMS
    assert looked_at >= 1000
    assert blamed / looked_at < 0.01


@pytest.mark.parametrize("name", names("rules"))
@settings(max_examples=80, deadline=None)
@given(text=st.text(max_size=300), prompt=st.text(max_size=80))
def test_any_text_is_looked_at_without_a_crash(name, text, prompt):
    found = fault(name, text, Prompt(0, prompt))
    assert found is None or found


@pytest.mark.parametrize("piece", ["a", "no ", "I can't ", "12 words ", '"', "\x1b[", "字", "é́"])
def test_a_megabyte_takes_no_longer_than_a_megabyte(piece):
    """Linear in the text: no pattern runs away. 1 MB in seconds, not minutes."""
    text = piece * (1_000_000 // len(piece))
    began = time.perf_counter()
    for name in names("rules"):
        fault(name, text)
    assert time.perf_counter() - began < 30


def test_terminal_codes_and_invisible_characters_do_not_count():
    assert read("\x1b[31mred\x1b[0m \u202eand\u200b blue").words == ("red", "and", "blue")
