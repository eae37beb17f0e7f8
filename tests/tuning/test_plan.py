"""The plan that is printed before anything is spent."""

from dataclasses import replace

import pytest
from support.scripted import ScriptedJudge
from support.tables import SPACE, problem_of

from sampler_bench.records import Prompt
from sampler_bench.spec import StudySpec
from sampler_bench.tuning.plan import judged_tokens, plan

SPEC = StudySpec(SPACE, (Prompt(0, "Write."), Prompt(1, "Sing.")))


def minutes(slots, judged=20, spent=0.0, **changes):
    judge = ScriptedJudge(cost=0.01)
    return plan(replace(SPEC, **changes), problem_of(), judge, 100, 50.0, slots, 20, judged, spent)


def test_as_many_texts_at_once_as_the_server_writes_take_less_time():
    alone = minutes(1).minutes
    assert alone == pytest.approx(80 * 512 / 50 / 60)
    assert minutes(4).minutes == pytest.approx(alone / 2.8)
    assert minutes(16).minutes < minutes(4).minutes


def test_budgets_bound_what_is_planned():
    assert minutes(1, max_samples=30).texts == 30
    assert minutes(1, max_minutes=2).minutes == 2
    assert minutes(1, max_cost=0.1).dollars == 0.1
    assert minutes(1, max_cost=0.1, spent=0.04).dollars == pytest.approx(0.06)
    assert minutes(1, max_cost=0.1, spent=0.2).dollars == 0
    assert minutes(1).dollars == pytest.approx(0.8)


def test_kept_texts_that_this_judge_has_not_seen_are_on_its_bill():
    assert minutes(1, judged=5).dollars == pytest.approx(0.95)
    assert minutes(1, judged=19.5, max_samples=10).dollars == pytest.approx(0.005)
    assert minutes(1, judged=5).minutes == minutes(1).minutes


def test_a_judge_reads_the_prompt_as_well():
    """A long prompt makes each judgment dearer, and money is set aside by this number."""
    long = replace(SPEC, prompts=(Prompt(0, "word " * 3000),))
    assert judged_tokens(long) >= judged_tokens(SPEC) + 4000
