"""Every rule keeps the contract: one phrase or None for any text, and a stated false-alarm rate."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sampler_bench import plugins
from sampler_bench.records import Prompt

TASKS = [plugins.find("tasks", name).build() for name in plugins.names("tasks")]
WORST_RATE = 0.01  # of good texts that a rule may blame


@pytest.fixture(scope="module", params=plugins.names("rules"))
def rule(request):
    return plugins.find("rules", request.param)


@settings(max_examples=40, deadline=None)
@given(text=st.text(max_size=400), prompt=st.text(max_size=80), task=st.sampled_from(TASKS))
def test_it_answers_any_text_with_a_phrase_or_none(rule, text, prompt, task):
    found = rule.check(text, Prompt(0, prompt), task)
    assert found is None or (found and "\n" not in found)


def test_it_states_how_often_it_blames_good_texts(rule):
    blamed, looked_at = rule.FALSE_ALARMS
    assert looked_at >= 1000
    assert 0 <= blamed <= WORST_RATE * looked_at


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_task_names_rules_that_exist_and_weights_that_sum_to_one(task):
    assert set(task.rules) <= set(plugins.names("rules"))
    assert sum(criterion.weight for criterion in task.rubric) == pytest.approx(1)
    assert len(set(task.prompts)) == len(task.prompts) > 0
