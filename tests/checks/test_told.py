"""What `check` says besides knobs: the template, the seed's error rate, and its exit code."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from support.cli import run
from support.double import KOBOLDCPP_1_115, LLAMACPP, VLLM, CannedWriter, Double, LlamaWriter
from support.double.applied import Applied
from support.double.writer import End, Piece

from sampler_bench.checks import Fact, Finding, Report, order, seeds, wrapping
from sampler_bench.checks._ask import Ask, Sample
from sampler_bench.cli.check import _chance, exit_code
from sampler_bench.engines import EngineOptions
from sampler_bench.plugins import find

pytestmark = pytest.mark.anyio
STUDY = """
search_strategy: random
n_iterations: 1
samples_per_config: 1
judge: demo
task: demo
template: alpaca
test_prompts: [Create a mystery]
sampler_types: [min_p]
parameter_ranges:
  min_p: {temperature: [1.0], min_p: [0.05, 0.1], max_tokens: [40]}
"""


OWN = "<|user|>{{ messages[0].content }}<|assistant|>"  # of the demo model


@pytest.mark.parametrize(
    ("engine", "template", "fine", "words"),
    [
        ("llamacpp", "", True, "the server's own, at its chat endpoint (/v1/chat/completions)"),
        ("llamacpp", "raw", True, "none: prompts are sent as they are, to /v1/completions"),
        ("llamacpp", OWN, True, ", which is the model's own, filled in"),
        ("llamacpp", "alpaca", False, "alpaca is not the model's own, which makes '<|user|>Hel"),
        ("vllm", "alpaca", True, "whether it is the model's own, this server does not tell"),
    ],
)
async def test_what_wraps_prompts_is_said(
    writer: LlamaWriter, engine: str, template: str, fine: bool, words: str
) -> None:
    quirks = {"llamacpp": LLAMACPP, "vllm": VLLM}[engine]
    async with Double(quirks, writer) as server:
        options = EngineOptions(server=server.url, template=template)
        async with find("engines", engine).build(options) as built:
            await built.check()
            fact = wrapping.fact(built)
    assert (fact.what, fact.fine) == ("template", fine)
    assert words in fact.found


async def test_the_models_own_template_with_thinking_off_is_its_own_too() -> None:
    """As Qwen3's, which then puts empty thoughts before the answer."""

    @dataclass
    class Qwen(CannedWriter):
        async def wrap(self, messages: Sequence[Any]) -> str:
            return f"<|im_start|>user\n{messages[0]['content']}<|im_end|>\n<|im_start|>assistant\n"

    class Server(Double):
        async def answer(self, request: Any) -> Any:
            reply = await super().answer(request)
            if request.path == "/apply-template" and request.body.get("chat_template_kwargs"):
                wrapped = json.loads(reply.parts[0])["prompt"] + "<think>\n\n</think>\n\n"
                return replace(reply, parts=[json.dumps({"prompt": wrapped}).encode()])
            return reply

    jinja = (
        "<|im_start|>user\n{{ messages[0].content }}<|im_end|>\n<|im_start|>assistant\n"
        "{% if not enable_thinking %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}"
    )
    for template in ("chatml", jinja):
        async with Server(LLAMACPP, Qwen()) as server:
            options = EngineOptions(server=server.url, template=template)
            async with find("engines", "llamacpp").build(options) as built:
                assert (await built.check()).details["template_is_own"] is True


async def test_another_template_is_told_by_search_and_check(
    writer: LlamaWriter, tmp_path: Path
) -> None:
    (tmp_path / "study.yaml").write_text(STUDY)
    said = "template alpaca is not the model's own"
    async with Double(LLAMACPP, writer) as server:
        words = ("--config", "study.yaml", "--server", server.url)
        code, out, err = await asyncio.to_thread(run, "search", *words, cwd=tmp_path)
        assert code == 0, err
        assert f"template on {server.url}: {said}" in err
        assert f"TEMPLATE: {said}" in out
        names = ("--samplers", "min_p", "--quiet")
        code, out, err = await asyncio.to_thread(run, "check", *words, *names, cwd=tmp_path)
    assert code == 0, err
    assert f"! template: {said}" in out.replace("⚠️ ", "! ")


@dataclass
class Clock(CannedWriter):
    """The same text for all who ask within a second, or another one for each."""

    texts: list[int] = field(default_factory=list)

    async def write(self, applied: Applied, prompt: Sequence[int]) -> AsyncGenerator[Piece | End]:
        which = self.texts.pop(0)
        for i in range(12):
            yield Piece(f" word{which}-{i}")
        yield End("limit", 12, len(prompt))


@pytest.mark.parametrize(
    ("texts", "low", "high", "shown"),
    [([1, 2, 3, 4], 1.0, 1.0, "not known"), ([1, 1, 1, 1, 2], 1e-30, 1e-9, "e-")],
)
async def test_a_dead_seed_has_the_error_rate_that_is_known(
    texts: list[int], low: float, high: float, shown: str
) -> None:
    async with Double(KOBOLDCPP_1_115, Clock(texts=texts)) as server:
        options = EngineOptions(server=server.url)
        async with find("engines", "koboldcpp").build(options) as built:
            await built.check()
            found = await seeds.probe(Ask(built))
    assert found.says == "ignored"
    assert low <= found.false_ignored <= high
    assert shown in _chance(found)


def report(seed: str, *knobs: str, fine: bool = True) -> Report:
    found = tuple(Finding(f"knob{i}", says, "") for i, says in enumerate(knobs))  # type: ignore[arg-type]
    facts = (Fact("thinking", "the model thinks aloud", fine=fine),)
    who = ("llamacpp", "http://x", "", "m", 0, 1, "chat endpoint")
    told = Finding("seed", seed, "")  # type: ignore[arg-type]
    return Report(*who, told, "last", found, None, facts, 1, 1.0)


class Later(Ask):
    """A server whose texts are those of the clock's second."""

    async def send(self, *_: Any, **__: Any) -> Sample:
        return sampled("later")


def sampled(text: str) -> Sample:
    return Sample(text, tuple(text), len(text), "stop", "", {}, None)


@pytest.mark.parametrize(
    ("key", "says", "told"),
    [
        ("seed", "ignored", "`seed` does nothing: texts asked for within one second are the same"),
        ("", "not spoken", "there is no seed there: texts asked for within one second are the"),
    ],
)
async def test_a_clock_is_told_from_a_seed_with_or_without_a_name(
    key: str, says: str, told: str
) -> None:
    ask = Later(find("engines", "embedded").build(EngineOptions()))
    finding = await seeds._stuck(ask, key, sampled("first"))
    assert finding.says == says
    assert finding.evidence.startswith(told)


@pytest.mark.parametrize(
    ("knobs", "matters"),
    [
        (("temperature", "min_p"), True),
        (("temperature", "xtc_probability"), True),
        (("temperature", "presence_penalty"), False),
        (("temperature", "temperature_order"), False),
        (("min_p", "top_p"), False),
    ],
)
def test_the_order_matters_where_something_cuts(knobs: tuple[str, ...], matters: bool) -> None:
    assert order.matters(knobs) is matters


@pytest.mark.parametrize(
    ("seed", "knobs", "named", "all_of_them"),
    [
        ("honoured", ("honoured", "clamped", "honoured differently"), 0, 0),
        ("ignored", ("honoured",), 0, 1),
        ("cannot tell", ("honoured",), 0, 1),
        ("not spoken", ("honoured",), 0, 0),
        ("honoured", ("honoured", "not spoken"), 1, 0),
        ("honoured", ("honoured", "ignored"), 1, 1),
        ("honoured", ("honoured", "cannot tell"), 1, 1),
    ],
)
def test_what_scripts_are_told(
    seed: str, knobs: tuple[str, ...], named: int, all_of_them: int
) -> None:
    for fine in (True, False):
        assert exit_code(report(seed, *knobs, fine=fine), named=True) == named
        assert exit_code(report(seed, *knobs, fine=fine), named=False) == all_of_them


def test_the_help_says_what_the_exit_codes_are(tmp_path: Path) -> None:
    code, out, _ = run("check", "--help", cwd=tmp_path)
    words = " ".join(out.split())
    assert code == 0
    assert (
        "0 all that was asked for works: the knobs of --samplers, or without it every knob" in words
    )
    assert "changes no exit code" in words
