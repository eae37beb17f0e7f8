"""The loop on scripted parts and a real store: what it keeps, what it asks, when it stops."""

import asyncio
import threading
import time
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from support.loopback import until
from support.loops import PROBLEM, PROMPTS, Study
from support.plain_servers import MODEL, PlainServer
from support.scripted import GOOD, ScriptedEngine, ScriptedJudge, completion

from sampler_bench.engines import EngineOptions, llamacpp
from sampler_bench.engines._pool import pool
from sampler_bench.errors import EngineError, JudgeError, SpecError
from sampler_bench.plugins import find
from sampler_bench.records import (
    FAILED,
    JUDGED,
    MISSING,
    PENDING,
    Cell,
    Completion,
    Failure,
    Prompt,
    SamplerConfig,
    Score,
    Trial,
    Unscored,
    Unwritten,
)
from sampler_bench.samplers import Listed, Range, SamplerSpace, Space
from sampler_bench.store.sqlite import SqliteStore, open_store
from sampler_bench.tuning.budget import Budget, Limits
from sampler_bench.tuning.events import Warned, Written
from sampler_bench.tuning.ledger import Ledger
from sampler_bench.tuning.parts import Pace
from sampler_bench.tuning.work import POLL_SECONDS

pytestmark = pytest.mark.anyio
HOT = 1.4


async def test_every_cell_is_written_and_judged_once(tmp_path):
    study = Study(tmp_path)
    assert await study.run() == "done"
    assert len(study.kept()) == 60
    assert set(study.engine.calls.values()) == set(study.judge.calls.values()) == {1}
    assert study.ledger.count(JUDGED) == 60


async def test_the_same_seed_asks_and_keeps_the_same_with_one_slot_and_with_eight(tmp_path):
    alone = Study(tmp_path / "alone", pace=Pace(slots=1, judging=1, lag=8, batch=4))
    many = Study(
        tmp_path / "many",
        engine=ScriptedEngine(delay=0.004, jitter=3),
        judge=ScriptedJudge(delay=0.004),
        pace=Pace(slots=8, judging=5, lag=8, batch=4),
        strategy="tpe",
    )
    alone.strategy = many.strategy
    await alone.run()
    await many.run()
    assert many.engine.most_active > 2
    assert [trial.cell for trial in alone.kept()] == [trial.cell for trial in many.kept()]
    scores = [[t.judgments[0].value for t in s.kept()] for s in (alone, many)]
    assert scores[0] == scores[1]


async def test_an_interrupted_study_goes_on_where_it_was(tmp_path):
    whole = Study(tmp_path / "whole", strategy="tpe")
    await whole.run()
    parts = Study(tmp_path / "parts", strategy="tpe")
    for limit in (7, 8, 21, 40):
        parts.limits = Limits(max_samples=limit)
        assert await parts.run() == f"{limit} texts were asked for (max_samples)"
    parts.limits = Limits()
    assert await parts.run() == "done"
    assert set(parts.engine.calls.values()) == set(parts.judge.calls.values()) == {1}
    assert len(parts.kept()) == 60


async def test_ctrl_c_finishes_what_is_in_flight_and_resume_does_the_rest(tmp_path):
    def stop_at_the_ninth(config, prompt, seed):
        if len(study.engine.calls) >= 9:
            study.stop.set()
        return completion(config, prompt, seed)

    engine = ScriptedEngine(stop_at_the_ninth, delay=0.01)
    study = Study(tmp_path, engine=engine, pace=Pace(slots=3, lag=6, batch=3))
    assert await study.run() == "interrupted"
    assert study.engine.active == 0
    done = len([trial for trial in study.kept() if trial.written])
    assert 0 < done < 60
    study.stop.clear()
    engine.answer = completion
    assert await study.run() == "done"
    assert set(study.engine.calls.values()) == {1}
    assert sum(study.judge.calls.values()) == 60


def written(server):
    return [request for request in server.posts() if "messages" in request.body]


async def test_ctrl_c_begins_no_text_that_waits_for_a_slot(tmp_path):
    plain = PlainServer("llamacpp", pause=0.2)  # 4 slots
    async with plain.start() as server:
        options = EngineOptions(server=server.url, model=MODEL, timeout_seconds=3)  # not quick
        async with pool([llamacpp.build(options)]) as engine:
            await engine.check()
            study = Study(tmp_path, engine=engine, pace=Pace(slots=9, lag=20, batch=9))
            heat, length = ("temperature", Range(0.1, 2.0)), ("max_tokens", Listed((16,)))
            space = Space((SamplerSpace("temperature", (heat, length)),))
            running = asyncio.create_task(study.run(replace(PROBLEM, space=space)))
            await until(lambda: len(written(server)) == 4)
            study.stop.set()
            assert await running == "interrupted"
    assert len(written(server)) == 4
    assert len([trial for trial in study.kept() if trial.written]) == 4


async def test_a_failed_text_is_kept_counted_and_never_judged(tmp_path):
    def answer(config, prompt, seed):
        text = "" if prompt.index == 1 else completion(config, prompt, seed).text
        return Completion(text, False, 3, 5, 0.1, {}, "memory:", "script", "raw")

    study = Study(tmp_path, engine=ScriptedEngine(answer))
    await study.run()
    failed = [trial for trial in study.kept() if trial.failure]
    assert len(failed) == study.ledger.count(FAILED) == 20
    assert {trial.failure.reason for trial in failed} == {"blank"}
    assert all(not trial.judgments for trial in failed)
    assert isinstance(failed[0].failure, Failure)


async def test_a_lost_text_is_missing_never_a_number_and_tried_again_on_resume(tmp_path):
    broken = {"on": True}

    def answer(config, prompt, seed):
        if broken["on"] and prompt.index == 0:
            return Unwritten("overload", "503")
        return completion(config, prompt, seed)

    study = Study(tmp_path, engine=ScriptedEngine(answer))
    assert await study.run() == "done"
    assert study.ledger.count(MISSING) == 20
    assert study.ledger.count(FAILED) == 0
    assert len(study.ledger.table().evidence()) == 40
    broken["on"] = False
    assert await study.run() == "done"
    assert study.ledger.count(JUDGED) == 60
    assert Counter(study.engine.calls.values()) == {1: 40, 2: 20}
    assert set(study.judge.calls.values()) == {1}


async def test_an_outage_of_the_server_stops_the_run_and_blames_nobody(tmp_path):
    study = Study(tmp_path, engine=ScriptedEngine(lambda *_: Unwritten("connection", "refused")))
    with pytest.raises(EngineError, match="6 texts in a row were lost, the last one: connection"):
        await study.run()
    assert study.ledger.count(FAILED, JUDGED) == 0


async def test_the_error_that_ends_a_run_is_the_first_that_says_why(tmp_path):
    refusals = [EngineError("another model")]

    def answer(*_):
        if refusals:
            raise refusals.pop()
        return Unwritten("connection", "refused")

    study = Study(tmp_path, engine=ScriptedEngine(answer), pace=Pace(9, 1, lag=4, batch=9))
    with pytest.raises(EngineError, match="another model"):
        await study.run()
    assert study.ledger.count(MISSING) >= 6  # those in flight came to be lost


async def test_what_the_server_takes_no_more_ends_the_run_and_what_is_in_flight_is_kept(tmp_path):
    """As on OpenRouter, when a model's last provider that kept a parameter is gone."""

    class Choosy(ScriptedEngine):
        """A text is under way when another configuration is refused."""

        def __init__(self):
            super().__init__()
            self.refused = asyncio.Event()

        async def generate(self, config, prompt, seed):
            if self.active:
                self.refused.set()
                raise SpecError("top_a on openrouter: no provider keeps it")
            self.active += 1
            await self.refused.wait()
            await asyncio.sleep(0.05)
            return completion(config, prompt, seed)

    study = Study(tmp_path, engine=Choosy(), pace=Pace(2, 1, lag=4, batch=2))
    with pytest.raises(EngineError, match="no provider keeps it"):
        await study.run()
    with open_store(tmp_path) as store:
        kept = [t for t in store.trials(1) if isinstance(t.written, Completion)]
    assert len(kept) == 1


async def test_an_outage_of_the_judge_stops_the_run_and_keeps_the_texts(tmp_path):
    judge = ScriptedJudge(lambda text: Unscored("scripted", "nonsense", "<html>"))
    study = Study(tmp_path, judge=judge)
    with pytest.raises(JudgeError, match="6 judgments in a row were lost"):
        await study.run()
    written = sum(trial.written is not None for trial in study.kept())
    study.judge = ScriptedJudge()
    assert await study.run() == "done"
    assert sum(study.engine.calls.values()) <= 60 + study.pace.slots  # what was in flight
    assert written >= 6


async def test_money_is_a_promise_and_more_of_it_goes_on(tmp_path):
    study = Study(tmp_path, judge=ScriptedJudge(cost=0.01), limits=Limits(max_cost=0.25))
    study.pace = Pace(slots=4, judging=4, lag=8, batch=4)
    assert "max_cost" in await study.run()
    assert study.budget.spent == pytest.approx(0.25)
    study.limits = Limits(max_cost=10)
    assert await study.run() == "done"
    assert study.budget.spent == pytest.approx(0.60)
    assert set(study.judge.calls.values()) == {1}


async def test_a_run_whose_money_is_used_up_ends_also_with_many_judgments_at_once(tmp_path):
    judge = ScriptedJudge(delay=0.002, cost=0.0002)
    study = Study(tmp_path, judge=judge, pace=Pace(8, 8), limits=Limits(max_cost=0.008))
    async with asyncio.timeout(60):
        assert "max_cost" in await study.run()
    assert study.judge.calls.total() == 40


async def test_no_judgment_is_begun_after_the_stop_because_an_open_bill_was_small(tmp_path):
    """Two at .4 fill the dollar. After the stop the first one's bill is .1, which leaves room."""
    study = Study(tmp_path, pace=Pace(4, 4), limits=Limits(max_cost=1.0))
    begun, both = [], asyncio.Event()

    async def judge(identity, prompt, text):
        begun.append(text)
        first = len(begun) == 1
        if not first:
            both.set()
        await both.wait()
        await asyncio.sleep(POLL_SECONDS)  # others wait for money by then
        study.stop.set()
        await asyncio.sleep(0.05 if first else 4 * POLL_SECONDS)
        return Score(identity, 5.0, cost=0.1)

    study.judge.judge, study.estimate = judge, 0.4
    assert await study.run() == "interrupted"
    assert len(begun) == 2


async def test_a_text_that_several_judges_look_at_comes_back_once(tmp_path):
    study = Study(tmp_path, judge=ScriptedJudge(identities=("a", "b", "c")))
    await study.run()
    written = Counter(event.trial.cell for event in study.events if isinstance(event, Written))
    assert set(written.values()) == {1}
    assert len(written) == len(study.kept())


async def test_minutes_are_a_promise(tmp_path):
    study = Study(tmp_path, engine=ScriptedEngine(delay=3600), limits=Limits(max_minutes=0.5 / 60))
    began = time.monotonic()
    assert "max_minutes" in await study.run()
    assert time.monotonic() - began < 60


async def test_another_judge_scores_kept_texts_without_writing_them_again(tmp_path):
    study = Study(tmp_path)
    await study.run()
    first = {trial.cell: trial.judgments[0].value for trial in study.kept()}
    study.judge = ScriptedJudge(lambda text: 3.0, identities=("other-a", "other-b"))
    assert await study.run() == "done"
    assert set(study.engine.calls.values()) == {1}
    assert set(study.ledger.table().score) == {3.0}
    for trial in study.kept():
        assert [j.value for j in trial.judgments if j.judge == "scripted"] == [first[trial.cell]]


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (1, "at the token limit; raise max_tokens"),
        (0.2, "at 20% of max_tokens: lift the limit that the server has itself"),
    ],
)
async def test_cut_off_texts_raise_a_warning_once(tmp_path, share, told):
    def answer(config, prompt, seed):
        whole, tokens = completion(config, prompt, seed), round(share * config.get("max_tokens"))
        return Completion(whole.text, prompt.index == 0, tokens, 5, 0.1, {}, "memory:", "s", "raw")

    limit = ("max_tokens", Listed((400,)))
    heat = SamplerSpace("temperature", (("temperature", Range(0.1, 2.0)), limit))
    study = Study(tmp_path, engine=ScriptedEngine(answer))
    await study.run(replace(PROBLEM, space=Space((heat,))))
    warnings = [event.message for event in study.events if isinstance(event, Warned)]
    assert len(warnings) == 1
    assert f"of the first 20 texts were cut off {told}" in warnings[0]


async def test_texts_by_several_providers_raise_a_warning_once(tmp_path):
    def answer(config, prompt, seed):
        who = {"provider": "Together" if prompt.index else "DeepInfra"}
        return replace(completion(config, prompt, seed), echoed=who)

    study = Study(tmp_path, engine=ScriptedEngine(answer))
    await study.run()
    [said] = [event.message for event in study.events if isinstance(event, Warned)]
    assert "more than one provider (DeepInfra, Together)" in said


async def test_a_wrong_key_stops_at_once(tmp_path):
    class Refused(ScriptedJudge):
        async def judge(self, identity, prompt, text):
            raise JudgeError("the judge turns us away: 401")

    with pytest.raises(JudgeError, match="401"):
        await Study(tmp_path, judge=Refused()).run()


async def test_what_was_paid_for_when_the_judge_turned_us_away_is_kept(tmp_path):
    class Closing(ScriptedJudge):
        """Two judgments are under way when a third is refused."""

        def __init__(self):
            super().__init__()
            self.waiting, self.refused = 0, asyncio.Event()

        async def judge(self, identity, prompt, text):
            if self.waiting == 2:
                self.refused.set()
                raise JudgeError("the judge turns us away: 401")
            self.waiting += 1
            await self.refused.wait()
            await asyncio.sleep(0.05)
            return await super().judge(identity, prompt, text)

    study = Study(tmp_path, judge=Closing(), pace=Pace(slots=4, judging=4, lag=8, batch=4))
    with pytest.raises(JudgeError, match="401"):
        await study.run()
    assert sum(study.judge.calls.values()) == 2
    assert sum(bool(trial.judgments) for trial in study.kept()) == 2


async def test_a_cell_is_never_asked_twice():
    ledger = Ledger([], ("a",), 1)
    cell = Cell(SamplerConfig.of("temperature", {"temperature": 1}), 0, 0)
    ledger.add(cell, 1)
    with pytest.raises(AssertionError, match="asked for twice"):
        ledger.add(cell, 1)


async def test_a_strategy_that_thinks_does_not_hold_up_the_texts(tmp_path):
    seen = threading.Event()

    class Thinking:
        def ask(self, table, problem, n, rng):
            if len(table):  # goes on only when texts were written while it thinks
                assert seen.wait(30)
            return find("search", "random").ask(table, problem, n, rng)

    class Telling(ScriptedEngine):
        async def generate(self, config, prompt, seed):
            written = await super().generate(config, prompt, seed)
            asyncio.get_running_loop().call_later(0.01, seen.set)
            return written

    study = Study(tmp_path, engine=Telling())
    study.strategy = Thinking()
    assert await study.run() == "done"


async def test_what_came_is_kept_when_the_time_is_over(tmp_path):
    class Slow(ScriptedJudge):
        async def judge(self, identity, prompt, text):
            await asyncio.sleep(3600)

    study = Study(tmp_path, judge=Slow(), limits=Limits(max_minutes=0.3 / 60))
    study.pace = replace(study.pace, grace_seconds=0.1)
    assert "max_minutes" in await study.run()
    assert sum(study.engine.calls.values()) == sum(
        trial.written is not None for trial in study.kept()
    )


class Paid(ScriptedJudge):
    """Takes its time, and takes the money when it is asked."""

    def __init__(self, seconds):
        super().__init__(cost=0.01)
        self.seconds, self.asked = seconds, asyncio.Event()

    async def judge(self, identity, prompt, text):
        self.asked.set()
        self.calls[identity, text] += 1
        await asyncio.sleep(self.seconds)
        return Score(identity, 5.0, cost=self.cost)


async def test_judgments_under_way_are_waited_for_when_the_time_is_over_and_texts_are_not(tmp_path):
    def slow_at_the_ninth(config, prompt, seed):
        engine.delay = 3600.0 if len(engine.calls) >= 8 else 0.0
        return completion(config, prompt, seed)

    engine = ScriptedEngine(slow_at_the_ninth)
    study = Study(tmp_path, engine, Paid(0.4), limits=Limits(max_minutes=1 / 60))
    study.pace = Pace(slots=2, judging=4, lag=12, batch=12)
    began = time.monotonic()
    assert "max_minutes" in await study.run()
    assert time.monotonic() - began < 60
    assert sum(study.judge.calls.values()) == sum(bool(t.judgments) for t in study.kept()) > 4


async def test_a_judgment_whose_answer_was_not_waited_for_counts_as_paid_and_not_as_asked(tmp_path):
    study = Study(tmp_path, judge=Paid(3600), pace=Pace(slots=4, judging=4, lag=8, batch=4))
    running = asyncio.create_task(study.run())
    await study.judge.asked.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    asked = sum(study.judge.calls.values())
    lost = [judgment for trial in study.kept() for judgment in trial.judgments]
    assert [judgment.reason for judgment in lost] == ["interrupted"] * asked
    told = Ledger(study.kept(), ("scripted",), len(PROMPTS), forget=False)
    assert told.count(MISSING) == 0, "nobody failed"
    study.limits, study.judge.seconds = Limits(max_cost=10), 0
    assert await study.run() == "done"
    assert study.budget.spent == pytest.approx(0.01 * (60 + asked))
    after = Budget(Limits(), 0.0, time.monotonic)
    after.recall(study.kept(), 0.5)
    assert after.spent == pytest.approx(study.budget.spent + 0.5)
    assert after.price == pytest.approx(0.01), "of one judgment, not of all that a text has cost"


async def test_a_text_that_is_broken_off_has_the_time_to_close_its_connection(tmp_path):
    closed = []

    class Closing(ScriptedEngine):
        async def generate(self, config, prompt, seed):
            try:
                await asyncio.sleep(3600)
            finally:
                await asyncio.sleep(0.6)
                closed.append(prompt)

    study = Study(tmp_path, Closing(), limits=Limits(max_minutes=0.3 / 60))
    assert "max_minutes" in await study.run()
    assert len(closed) == 1


async def test_nothing_goes_on_after_a_ctrl_c_while_results_are_kept(tmp_path, monkeypatch):
    go_on, keeping, loop = threading.Event(), asyncio.Event(), asyncio.get_running_loop()

    def slowly(*judgment):
        loop.call_soon_threadsafe(keeping.set)
        go_on.wait(30)

    monkeypatch.setattr(SqliteStore, "save_judgment", slowly)
    others = asyncio.all_tasks()
    study = Study(tmp_path, pace=Pace(slots=4, judging=4, lag=8, batch=4))
    running = asyncio.create_task(study.run())
    await keeping.wait()
    await asyncio.sleep(0.1)  # more come meanwhile
    for _ in range(2):
        running.cancel()
        await asyncio.sleep(0.1)
    assert running.cancelled()
    assert asyncio.all_tasks() == others
    go_on.set()


async def test_a_ledger_knows_what_is_written_and_what_is_left_to_judge():
    config = SamplerConfig.of("temperature", {"temperature": 1})
    text, a, b = completion(config, Prompt(0, "x"), 1), Score("a", 5), Score("b", 5)
    blank = Failure("blank", "")
    trials = [
        Trial(Cell(config, 0, 0), 1, text, None, (a, b)),
        Trial(Cell(config, 0, 1), 1, text, None, (b,)),
        Trial(Cell(config, 0, 2), 1, text, None, (Unscored("a", "timeout", ""),)),
        Trial(Cell(config, 0, 3), 1, text, blank),
        Trial(Cell(config, 0, 4), 1, Unwritten("timeout", "")),
        Trial(Cell(config, 0, 5), 1),
    ]
    assert Ledger(trials, ("a", "b"), 1).kept_texts() == (4, 2.5)
    assert Ledger(trials, ("a",), 1).kept_texts() == (4, 2)
    assert Ledger(trials, ("a",), 1).judged_by_others() == ["b"]
    assert Ledger(trials, ("new",), 1).judged_by_others() == ["a, b", "b"]


async def test_a_ledger_drops_what_the_store_has_and_shows_the_same_table():
    configs = [SamplerConfig.of("temperature", {"temperature": t}) for t in (1, 2)]
    cells = [Cell(config, prompt, 0) for config in configs for prompt in range(70)]
    texts = Ledger([], ("a",), 70, texts=True)
    lean = Ledger([], ("a",), 70)
    for k, cell in enumerate(cells):
        for ledger in (texts, lean):
            ledger.add(cell, 1)
            if k % 7:
                written = completion(cell.config, Prompt(cell.prompt, "x"), 1)
                score = Score("a", k % 10)
                ledger.update(Trial(cell, 1, written, None, (score,), (float(k), 1.0)))
    assert texts.text(1).startswith(GOOD)
    with pytest.raises(AssertionError, match="told to drop"):
        lean.text(1)
    assert len(lean.unsettled()) == 20
    assert lean.settled_prefix() == 0
    table = lean.table(visible=100)
    assert len(table) == 140
    assert table.state[100:].tolist() == [PENDING] * 40
    assert np.isnan(table.score[100:]).all()
    assert np.isnan(table.covariates[100:]).all()
    assert table.covariates[99].tolist() == [99.0, 1.0]
    assert table.configs[table.config[75]] == cells[75].config
    assert table.prompt[75] == cells[75].prompt


async def test_settings_under_which_thoughts_run_on_are_not_blamed_and_end_no_study(tmp_path):
    def hot_thinks(config, prompt, seed):
        written = completion(config, prompt, seed)
        if config.get("temperature") < HOT:
            return written
        return replace(written, text="", thoughts="Hm.", cut_off=True)

    study = Study(tmp_path, engine=ScriptedEngine(hot_thinks))
    assert await study.run() == "done"
    hot = [trial for trial in study.kept() if trial.cell.config.get("temperature") >= HOT]
    assert 6 < len(hot) < 60
    assert {trial.written.reason for trial in hot} == {"thoughts"}
    assert study.ledger.count(MISSING) == len(hot)
    assert study.ledger.count(FAILED) == 0
    warned = [event.message for event in study.events if isinstance(event, Warned)]
    assert len(warned) == 1
    assert "the model thinks aloud" in warned[0]


async def test_an_empty_text_without_thoughts_is_the_settings_failure(tmp_path):
    def blank(config, prompt, seed):
        return replace(completion(config, prompt, seed), text="", tokens=1)

    study = Study(tmp_path, engine=ScriptedEngine(blank))
    assert await study.run() == "done"
    assert study.ledger.count(FAILED) == 60
