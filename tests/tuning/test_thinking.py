"""A model that thinks aloud is noticed; texts that are thoughts alone count against no setting."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from support.cli import command
from support.double import LLAMACPP, Double, LlamaWriter
from support.double.applied import Applied
from support.double.writer import End, Piece
from support.scripted import completion

from sampler_bench.records import Cell, Completion, Prompt, SamplerConfig, Trial, Unwritten
from sampler_bench.store.sqlite import open_store
from sampler_bench.tuning.events import Event, Warned
from sampler_bench.tuning.thinking import LEAST, MANY, Thinking

pytestmark = pytest.mark.anyio
LIMIT = 60
STUDY = f"""
search_strategy: random
n_iterations: 20
samples_per_config: 2
judge: demo
task: demo
seed: 3
slots: 2
test_prompts: [Create a mystery, Write about AI]
sampler_types: [min_p]
parameter_ranges:
  min_p: {{temperature: [0.7, 1.0], min_p: [0.05, 0.1], max_tokens: [{LIMIT}]}}
"""
CONFIG = f"min_p:temperature=1,min_p=0.1,max_tokens={LIMIT}"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def endless() -> AsyncIterator[LlamaWriter]:
    async with LlamaWriter(slots=4, endless=True) as found:
        yield found


class Thinker:
    """A writer of whose texts everything is thoughts, or the first so many pieces."""

    def __init__(self, writer: LlamaWriter, thoughts: int = 10_000) -> None:
        self.writer, self.thoughts = writer, thoughts
        self.model, self.template, self.context = writer.model, writer.template, writer.context
        self.wrap, self.tokens = writer.wrap, writer.tokens

    async def write(self, applied: Applied, prompt: Sequence[int]) -> AsyncGenerator[Piece | End]:
        count = 0
        async for piece in self.writer.write(applied, prompt):
            count += 1
            inside = isinstance(piece, Piece) and count <= self.thoughts
            yield replace(piece, thought=True) if inside else piece


async def test_a_search_of_which_nothing_but_thoughts_comes_ends_with_what_to_do(
    endless: LlamaWriter, tmp_path: Path
) -> None:
    (tmp_path / "study.yaml").write_text(STUDY)
    thinker = Thinker(endless)
    async with Double(LLAMACPP, thinker) as server:
        words = ("search", "--config", "study.yaml", "--server", server.url, "--study", "s")
        code, out, err = await command(tmp_path, *words)
        assert (code, out) == (3, ""), err
        assert err.count(f"thinking on {server.url}: the model thinks aloud") == 1
        assert LEAST <= stopped_after(err) <= 12
        assert f"thoughts took all {LIMIT} tokens, and no answer began" in err
        assert err.count("--reasoning-budget 0") == 2
        assert "search --resume s" in err
        texts = trials_of(tmp_path)
        assert LEAST <= len([t for t in texts if t.written]) <= 16
        assert {t.written.reason for t in texts if isinstance(t.written, Unwritten)} == {"thoughts"}
        assert not any(t.failure or isinstance(t.written, Completion) for t in texts)
        (file,) = (tmp_path / "results").glob("hyper*.json")
        said = "texts nothing but thoughts came, so they are missing; switch thinking off"
        assert said in unescape(file.with_suffix(".html").read_text())
        code, out, err = await command(tmp_path, "analyze", "--study", "s")
        assert "THINKING: of" in out
        assert said in out
        thinker.thoughts = 0  # switched off at the server, the study goes on
        resumed = ("search", "--resume", "s", "--max-samples", 24)
        code, out, err = await command(tmp_path, *resumed)
        assert code == 0, err
        assert "think" not in (out + err).lower()


async def test_thoughts_before_answers_are_told_with_the_results(
    endless: LlamaWriter, tmp_path: Path
) -> None:
    (tmp_path / "study.yaml").write_text(STUDY)
    async with Double(LLAMACPP, Thinker(endless, thoughts=LIMIT // 2)) as server:
        words = ("benchmark", "--samplers", CONFIG, "--config", "study.yaml", "--study", "s")
        code, out, err = await command(tmp_path, *words, "--server", server.url)
    assert code == 0, err
    assert err.count("the model thinks aloud") == 1
    assert "THINKING: 4 of 4 texts came with thoughts, which nobody asked for, " in out
    (file,) = (tmp_path / "results").glob("full*.json")
    meta: Any = json.loads(file.read_text())["search_metadata"]
    assert meta["with_thoughts"] == 4
    assert 0.2 < meta["thoughts_share"] < 0.8
    assert "4 of 4 texts came with thoughts" in unescape(file.with_suffix(".html").read_text())


async def test_a_pilot_ends_in_the_same_way(endless: LlamaWriter, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(STUDY)
    async with Double(LLAMACPP, Thinker(endless)) as server:
        words = ("plan", "--config", "study.yaml", "--server", server.url)
        code, out, err = await command(tmp_path, *words)
    assert (code, out) == (3, ""), err
    assert LEAST <= stopped_after(err) <= MANY


def stopped_after(said: str) -> int:
    """After how many texts a run ended for thoughts, all of which were thoughts alone."""
    found = re.search(r"(\d+) of \1 texts are thoughts without an answer", said)
    assert found, said
    return int(found[1])


def trials_of(folder: Path) -> list[Trial]:
    with open_store(folder / "results") as store:
        return store.trials(store.chosen("s").id)


def text(thoughts: str = "", said: str = "", tokens: int = 80, cut: bool = True) -> Completion:
    whole = completion(setting(1.0), Prompt(0, "Write."), 1)
    return replace(whole, text=said, thoughts=thoughts, tokens=tokens, cut_off=cut)


def setting(temperature: float) -> SamplerConfig:
    return SamplerConfig.of("temperature", {"temperature": temperature})


def heard(*texts: Completion | Unwritten) -> tuple[list[Completion | Unwritten], list[str]]:
    """What is kept of texts, and what is said of them."""
    said: list[Event] = []
    thinking = Thinking(said.append)
    kept = [thinking.sorted_out(setting(1.0), one) for one in texts]
    return kept, [event.message for event in said if isinstance(event, Warned)]


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (text("Hm."), "thoughts took all 80 tokens"),
        (text("Hm.", " \n"), "thoughts took all 80 tokens"),
        (text("Hm.", cut=False), "ended with its thoughts.*or the server takes the answer for"),
    ],
)
def test_thoughts_alone_are_missing(written: Completion, why: str) -> None:
    (kept,), said = heard(written)
    assert isinstance(kept, Unwritten)
    assert kept.reason == "thoughts"
    assert re.search(why, kept.detail)
    assert "raise max_tokens" in kept.detail
    assert len(said) == 1


@pytest.mark.parametrize(
    "written",
    [
        text("Hm.", "Once."),
        text("", "Once upon a time there was a king. " * 3),
        text(""),  # perhaps the server trims what is white
        text("", "\n" * 400, tokens=200),
        text("", " \n" * 50, tokens=80),
        text("", "", tokens=3, cut=False),
        text("", "", tokens=3),
        text("", "", cut=False),
        Unwritten("timeout", "no answer"),
    ],
)
def test_all_else_stays_as_it_is(written: Completion | Unwritten) -> None:
    (kept,), _ = heard(written)
    assert kept == written


@pytest.mark.parametrize("first", [text("Hm.", "Once."), text("", "Once.", tokens=80)])
def test_a_blank_text_is_thoughts_where_its_server_has_shown_or_counted_some(
    first: Completion,
) -> None:
    newlines, elsewhere = text("", "\n" * 80), replace(text(""), server="other:")
    kept, said = heard(first, text(""), newlines, elsewhere)
    assert [isinstance(one, Unwritten) for one in kept] == [False, True, False, False]
    assert len(said) == 2  # one for each server


@pytest.mark.parametrize("blank", [text(""), text("", "\n" * 400, tokens=200)])
def test_blank_texts_alone_end_no_run(blank: Completion) -> None:
    thinking = Thinking(lambda _: None)
    for i in range(MANY):
        assert thinking.sorted_out(setting(i % 5), blank) == blank
    assert thinking.outage() is None


def test_each_server_that_thinks_is_told_once() -> None:
    here = text("Hm.", "Once.")
    _, said = heard(here, here, replace(here, server="other:"), here, text("", "Once. " * 20))
    assert [message.partition(": the")[0] for message in said] == [
        "thinking on memory:",
        "thinking on other:",
    ]
    assert "3 of the first 8 characters" in said[0]


@pytest.mark.parametrize(
    ("kept", "now", "told"),
    [
        (
            ["Hm.", "Hm.", ""],
            "",
            "2 of 3 kept texts came with thoughts, and a first one now without",
        ),
        (["", "", "Hm."], "Hm.", "1 of 3 kept texts came with thoughts, and a first one now with"),
        (["Hm.", "Hm.", ""], "Hm.", None),
        (["", ""], "", None),
        ([], "Hm.", None),
    ],
)
def test_a_server_that_thinks_otherwise_than_before_is_told(
    kept: list[str], now: str, told: str | None
) -> None:
    said: list[Event] = []
    cell = Cell(setting(1.0), 0, 0)
    lost = Trial(cell, 1, Unwritten("thoughts", "no answer began"))
    trials = [lost, *(Trial(cell, 1, text(thoughts, "Once. " * 20)) for thoughts in kept)]
    Thinking(said.append).compare(trials, text(now, "Once. " * 20))
    words = [event.message for event in said if isinstance(event, Warned)]
    assert len(words) == (told is not None)
    assert told is None or words[0].startswith(told)
    assert told is None or words[0].count("without:") == (not now)


def test_tokens_that_are_never_shown_are_told() -> None:
    _, said = heard(text("", "Once.", tokens=80))
    assert "80 tokens were counted for 5 characters" in said[0]


@pytest.mark.parametrize(
    ("alone", "settings", "answered", "ends"),
    [
        *((5, 3, 0, False), (6, 3, 0, True), (6, 3, 1, True), (6, 3, 2, False)),
        *((6, 2, 0, False), (19, 1, 0, False), (20, 1, 0, True), (20, 1, 5, False)),
        *((50, 9, 12, True), (50, 9, 13, False)),
    ],
)
def test_a_run_ends_where_nearly_nothing_is_answered(
    alone: int, settings: int, answered: int, ends: bool
) -> None:
    thinking = Thinking(lambda _: None)
    for i in range(alone):
        thinking.sorted_out(setting(i % settings), text("Hm."))
    for _ in range(answered):
        thinking.sorted_out(setting(0), text("", "Once. " * 20))
    error = thinking.outage()
    assert (error is not None) == ends
    if error is not None:
        assert f"{alone} of {alone + answered} texts are thoughts without an answer" in str(error)
