"""What becomes of an answer: thoughts apart, cut-offs told, templates rendered, room in context."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.double import (
    KOBOLDCPP_1_102,
    KOBOLDCPP_1_115,
    OLLAMA,
    OLLAMA_2025,
    VLLM_0_8,
    CannedWriter,
    Double,
    Quirks,
)
from support.loopback import Reply, Request, as_json, chat
from support.plain_servers import CONTEXT, MODEL, PlainServer, talking

from sampler_bench.engines import EngineOptions, textgen
from sampler_bench.engines._answer import Answer
from sampler_bench.engines._templates import KNOWN, find_template
from sampler_bench.engines._thoughts import split_thoughts
from sampler_bench.errors import EngineError, SpecError
from sampler_bench.plugins import find
from sampler_bench.records import Completion, Prompt, SamplerConfig, Unwritten

PROMPT = Prompt(0, "Write about a lighthouse.")
OPTIONS = EngineOptions(model=MODEL, max_retries=1, first_wait_seconds=0.01)

ANALYSIS = "<|channel|>analysis<|message|>a plan"


def config(max_tokens: int) -> SamplerConfig:
    return SamplerConfig.of("temperature", {"temperature": 1, "max_tokens": max_tokens})


@pytest.mark.parametrize(
    ("written", "thoughts", "text"),
    [
        ("Once upon a time.", "", "Once upon a time."),
        ("<think>a plan</think>\n\nOnce.", "a plan", "Once."),
        ("\n<think>\na plan\n</think>Once.", "a plan", "Once."),
        (
            "a plan (its tag stood in the prompt)</think>Once.",
            "a plan (its tag stood in the prompt)",
            "Once.",
        ),
        ("<think>never ends", "never ends", ""),
        ("<thinking>x</thinking>Once.", "x", "Once."),
        ("He said <think> aloud.", "", "He said <think> aloud."),
        ("<seed:think>x</seed:think>Once.", "x", "Once."),
        ("[THINK]a plan[/THINK]\n\nOnce.", "a plan", "Once."),
        ("[THINK]never ends", "never ends", ""),
        ("Once [/THINK] upon a time.", "", "Once [/THINK] upon a time."),
        ("[THINK]a plan[/THINK]Once [/THINK] more.", "a plan", "Once [/THINK] more."),
        ("a plan</seed:think>Once.", "a plan", "Once."),
        ("[think]ing aloud, he said", "", "[think]ing aloud, he said"),
        ("<|channel>thought\na plan\n<channel|>Once.", "a plan", "Once."),
        ("<|channel>thought\n<channel|>Once.", "", "Once."),
        (f"{ANALYSIS}<|end|><|start|>assistant<|channel|>final<|message|>Once.", "a plan", "Once."),
        (
            f"<|start|>assistant{ANALYSIS}<|end|><|start|>assistant<|channel|>commentary"
            "<|message|>more<|end|><|start|>assistant<|channel|>final <|constrain|>text<|message|>"
            "Once.<|return|>",
            "a planmore",
            "Once.",
        ),
        (ANALYSIS, "a plan", ""),
        (f"{ANALYSIS}<|end|><|start|>assistant<|channel|>fin", "a plan", ""),
        ("<|channel|>anal", "<|channel|>anal", ""),
        ("<|channel|>final<|message|>Once.", "", "Once."),
        ("analysisWe need a plan.assistantfinalOnce.", "We need a plan.", "Once."),
        ("analysisWe need", "", "analysisWe need"),
        ("analysisOnce upon a time.", "", "analysisOnce upon a time."),
        ("analysis of a plan", "", "analysis of a plan"),
        ("Analysis: the assistantfinal", "", "Analysis: the assistantfinal"),
        ("", "", ""),
    ],
)
def test_thoughts_are_split_off(written: str, thoughts: str, text: str) -> None:
    assert split_thoughts(written) == (thoughts, text)


@given(st.text().filter(lambda t: "</" not in t and not t.lstrip().startswith(("<", "[", "a"))))
def test_texts_without_thoughts_stay_as_they_are(text: str) -> None:
    assert split_thoughts(text) == ("", text)


@pytest.mark.parametrize("name", [template.name for template in KNOWN])
def test_a_known_template_wraps_the_prompt_once(name: str) -> None:
    template = find_template(name)
    assert template is not None
    wrapped = template.render("Hello {there}")
    assert wrapped.count("Hello {there}") == 1
    assert (wrapped == "Hello {there}") == (name == "raw")
    assert template.shown == ("raw" if name == "raw" else f"template {name}")


def test_jinja_is_rendered_as_models_write_it() -> None:
    text = (
        "{{ bos_token }}{% for m in messages %}\n"
        "{% if m.role != 'user' %}{{ raise_exception('only users') }}{% endif %}\n"
        "[{{ m.content }}]{% endfor %}{% if add_generation_prompt %}>{% endif %}"
    )
    template = find_template(text)
    assert template is not None
    assert template.render("hi") == "[hi]>"
    assert template.shown == "template Jinja 0b8a948b"


def test_a_changed_jinja_text_is_another_template() -> None:
    one, other, again = (find_template("{{ messages }}" + end) for end in ("", ">", ""))
    assert one
    assert other
    assert one == again
    assert one.shown != other.shown


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("chatlm", "did you mean 'chatml'"),
        ("{% if %}", "not usable Jinja"),
        ("{{ raise_exception('no') }}", "refuses the prompt: no"),
        ("{{ ''.__class__.__mro__ }}", "cannot be rendered"),
        ("{{ messages + 1 }}", "cannot be rendered: can only concatenate list"),
        ("{{ messages[0].content | tojson(indent=[]) * [] }}", "cannot be rendered"),
        ("{{ range(10 ** 9) | list }}", "cannot be rendered: Range too big"),
        ("{{ 1 // 0 }}", "cannot be rendered: integer division or modulo by zero"),
    ],
)
def test_a_bad_template_is_refused(text: str, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        (find_template(text) or KNOWN[0]).render("hi")


def test_no_template_means_the_servers_own() -> None:
    assert find_template("") is None


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("finish", "asked", "cut"), [("stop", 4, False), ("length", 4, True), ("stop", 9, False)]
)
async def test_a_cut_off_is_told_from_an_end(finish: str, asked: int, cut: bool) -> None:
    async with talking("vllm", OPTIONS, PlainServer("vllm", finish=finish).answer) as (
        engine,
        _server,
    ):
        written = await engine.generate(config(asked), PROMPT, 1)
    assert isinstance(written, Completion)
    assert written.cut_off is cut


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("finish", "asked", "cut"), [("length", 4, True), ("word", 4, False), ("word", 40, False)]
)
@pytest.mark.parametrize("quirks", [KOBOLDCPP_1_102, KOBOLDCPP_1_115])
@pytest.mark.parametrize("template", ["", "chatml"])
async def test_koboldcpp_says_length_for_a_stop_text(
    finish: str, asked: int, cut: bool, quirks: Quirks, template: str
) -> None:
    """The text keeps its place for a while after its last word; then its end can be asked for."""
    server = PlainServer("koboldcpp", finish=finish)
    server.double.quirks = replace(quirks, lingers=0.2)
    async with talking("koboldcpp", replace(OPTIONS, template=template), server.answer) as (
        engine,
        _server,
    ):
        await engine.check()
        written = await engine.generate(config(asked), PROMPT, 1)
    assert isinstance(written, Completion)
    assert (written.cut_off, written.tokens, written.prompt_tokens) == (cut, 4, 9)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("why", "words"),
    [("limit", "after 4 of 40 tokens.*--genlimit"), ("lost", "with .failure.")],
)
async def test_a_text_that_koboldcpp_broke_off_is_none(why: str, words: str) -> None:
    """It calls both `length`: an abort (or a lower --genlimit), and a failure of its own."""
    plain = PlainServer("koboldcpp")
    plain.double.quirks = replace(plain.double.quirks, counts="whole")  # as 1.102
    plain.double.writer.why = why
    async with talking("koboldcpp", OPTIONS, plain.answer) as (engine, _server):
        written = await engine.generate(config(40), PROMPT, 1)
    assert isinstance(written, Unwritten)
    assert re.search(words, written.detail)


@pytest.mark.anyio
@pytest.mark.parametrize("template", ["", "raw"])
async def test_a_stream_that_broke_off_is_no_text_though_koboldcpp_ended_it(template: str) -> None:
    """What came is the half of it; what it says of its last text is true of the whole."""
    plain = PlainServer("koboldcpp")
    plain.double.fault = lambda _: "no_end"
    perf = {"stop_reason": 1, "last_token_count": 4, "last_seed": 1, "queue": 0, "idle": 1}

    async def answer(request: Request) -> Reply:
        asked = request.path == "/api/extra/perf"
        return as_json(perf) if asked else await plain.answer(request)

    options = replace(OPTIONS, template=template)
    async with talking("koboldcpp", options, answer) as (engine, _server):
        written = await engine.generate(config(40), PROMPT, 1)
    assert isinstance(written, Unwritten)
    assert "broke off" in written.detail


@pytest.mark.anyio
@pytest.mark.parametrize("reason", [-1, 0], ids=["failed", "aborted"])
async def test_a_text_that_koboldcpp_ended_is_no_fault_for_what_befell_the_next(
    reason: int,
) -> None:
    """Another client's text, of the same seed maybe, was broken off before it could be asked."""
    plain = PlainServer("koboldcpp")
    plain.double.quirks = replace(plain.double.quirks, counts="whole")  # as 1.102
    perf = {"stop_reason": reason, "last_token_count": 2, "last_seed": 1, "queue": 0, "idle": 1}

    async def answer(request: Request) -> Reply:
        asked = request.path == "/api/extra/perf"
        return as_json(perf) if asked else await plain.answer(request)

    async with talking("koboldcpp", OPTIONS, answer) as (engine, _server):
        written = await engine.generate(config(40), PROMPT, 1)
    assert isinstance(written, Completion)
    assert (written.cut_off, written.retries) == (False, 0)
    assert written.tokens > 2  # its own, recounted


@pytest.mark.anyio
async def test_koboldcpp_counts_a_chat_with_its_wrapping_where_it_can() -> None:
    for quirks, size in ((KOBOLDCPP_1_102, 9 + 32), (KOBOLDCPP_1_115, 9)):
        plain = PlainServer("koboldcpp")
        plain.double.quirks = quirks
        async with talking("koboldcpp", OPTIONS, plain.answer) as (engine, server):
            assert await engine.count(PROMPT) == size
        wrapped = server.requests[0].body["chat_template_kwargs"]
        assert wrapped == {"enable_thinking": False}


@pytest.mark.anyio
@pytest.mark.parametrize("template", ["", "chatml"])
async def test_koboldcpp_is_told_not_to_think(template: str) -> None:
    plain = PlainServer("koboldcpp")
    plain.double.quirks = replace(KOBOLDCPP_1_115, thinking="Hm.")
    options = replace(OPTIONS, template=template)
    async with talking("koboldcpp", options, plain.answer) as (engine, _server):
        written = await engine.generate(config(40), PROMPT, 1)
    assert isinstance(written, Completion)
    assert (written.text, written.thoughts) == ("seed 1 says hello there", "")


@pytest.mark.anyio
async def test_koboldcpp_does_not_read_the_counts_of_another_text() -> None:
    async with talking("koboldcpp", OPTIONS, PlainServer("koboldcpp", pause=0.02).answer) as (
        engine,
        server,
    ):
        both = [engine.generate(config(40), PROMPT, seed) for seed in (1, 2)]
        await asyncio.gather(*both)
    asked = [request.path for request in server.requests]
    assert asked.count("/api/extra/perf") <= 1  # at most by the one that was left alone
    assert "/api/extra/tokencount" in asked


@pytest.mark.anyio
@pytest.mark.parametrize(("quirks", "least"), [(OLLAMA, 100), (OLLAMA_2025, 30)])
@pytest.mark.parametrize("template", ["", "raw"])
async def test_a_loop_that_ollama_broke_off_is_a_text(
    quirks: Quirks, least: int, template: str
) -> None:
    """Were it a lost text, settings that loop would not be blamed for it."""
    plain = PlainServer("ollama", words="ha " * 150)
    plain.double.quirks = quirks
    async with talking("ollama", replace(OPTIONS, template=template), plain.answer) as (engine, _):
        written = await engine.generate(config(400), PROMPT, 1)
    assert isinstance(written, Completion)
    assert (written.cut_off, written.retries) == (True, 0)
    assert least < written.text.count("ha") < least + 3


@pytest.mark.anyio
async def test_ollama_cuts_the_context_to_what_the_model_was_trained_for() -> None:
    for asked, context in ((2048, 2048), (10_000, CONTEXT)):
        options = replace(OPTIONS, context=asked)
        async with talking("ollama", options, PlainServer("ollama").answer) as (engine, _):
            assert (await engine.check()).context == context


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("words", "asked", "cut"),
    [
        ("says hello there.", 4, True),
        ("says hello there", 5, False),
        ("says hello there", 40, False),
    ],
)
async def test_textgen_streams_a_piece_for_each_token(words: str, asked: int, cut: bool) -> None:
    async with talking("textgen", OPTIONS, PlainServer("textgen", words).answer) as (engine, _):
        written = await engine.generate(config(asked), PROMPT, 1)
    assert isinstance(written, Completion)
    assert written.cut_off is cut


@pytest.mark.parametrize(
    ("pieces", "recount", "end", "cut"),
    [
        (100, 88, ".", True),  # as many as were asked for, whatever a recount finds
        (97, 88, " a", True),
        (97, 88, ".", False),
        (92, 91, " a", False),  # ended without a full stop, as a poem may
        (60, 91, " a", True),  # pieces were joined: nobody knows, and it looks cut
        (60, 91, ".", False),
        (60, 80, " a", False),
    ],
)
def test_textgen_says_stop_where_a_recount_fell_short(
    pieces: int, recount: int, end: str, cut: bool
) -> None:
    engine = textgen.build(OPTIONS)
    asked = engine.request(config(100), PROMPT, 1)
    answer = Answer([" a"] * (pieces - 1) + [end], finish="stop", tokens=recount)
    assert engine.cut_off(asked, answer) is cut


@pytest.mark.anyio
@pytest.mark.parametrize("engine", ["koboldcpp", "ollama"])
async def test_a_server_that_trims_prompts_is_not_given_the_chance(engine: str) -> None:
    """KoboldCpp's tokens can be counted before, Ollama's are told after."""
    options, room = replace(OPTIONS, context=28), 28  # 9 for the prompt, 20 for the answer
    plain = PlainServer(engine, context=room)
    async with talking(engine, options, plain.answer) as (built, _server):
        await built.check()
        written = await built.generate(config(20), PROMPT, 1)
    assert isinstance(written, Unwritten)
    assert (written.reason, written.retries) == ("context", 0)
    assert "do not fit the context of 28 tokens" in written.detail


@pytest.mark.anyio
@pytest.mark.parametrize("engine", ["llamacpp", "vllm", "koboldcpp"])
async def test_what_does_not_fit_is_refused_before_the_run(engine: str) -> None:
    async with talking(engine, OPTIONS, PlainServer(engine).answer) as (built, _server):
        await built.check()
        await built.fit([PROMPT], CONTEXT - 100)
        with pytest.raises(SpecError, match=r"prompt 1 at .*do not fit the context of 4096"):
            await built.fit([PROMPT], CONTEXT - 8)


@pytest.mark.anyio
async def test_a_full_context_is_no_text() -> None:
    def answer(request: Request) -> Reply:
        if request.method == "GET":
            return as_json({"data": [{"id": MODEL, "max_model_len": 20}]})
        return chat("once upon a time", finish="length", tokens=13)

    async with talking("openai-compatible", OPTIONS, answer) as (engine, _server):
        await engine.check()
        written = await engine.generate(config(50), PROMPT, 1)
    assert isinstance(written, Unwritten)
    assert written.reason == "context"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("engine", "asked", "words"),
    [
        (
            "koboldcpp",
            {"/api/extra/version": {"result": "Other"}},
            "does not answer like KoboldCpp",
        ),
        ("koboldcpp", {"/api/v1/model": {"result": "inactive"}}, "no text model is loaded"),
        (
            "koboldcpp",
            {"/api/v1/model": {"result": "koboldcpp/protected-model"}},
            "asks for its password; put the right one into SAMPLER_BENCH_SERVER_KEY",
        ),
        ("llamacpp", {"/props": {"x": 1}}, "not that of a llama.cpp server"),
        ("ollama", {"/api/tags": {"models": []}}, "no model 'plain-model'; it has none"),
        ("openrouter", {"/v1/models": {"data": []}}, "lists no model 'plain-model'"),
    ],
)
async def test_a_server_that_is_not_what_was_said_is_refused(
    engine: str, asked: dict[str, Any], words: str
) -> None:
    plain = PlainServer(engine)

    async def answer(request: Request) -> Reply:
        path = request.path.partition("?")[0]
        return as_json(asked[path]) if path in asked else await plain.answer(request)

    async with talking(engine, OPTIONS, answer) as (built, _server):
        with pytest.raises(EngineError, match=words):
            await built.check()


LISTED = {"data": [{"id": "first"}, {"id": "mine"}]}
LOADED = [{"id": n, "type": "llm", "state": "loaded"} for n in ("first", "mine")]


@pytest.mark.anyio
@pytest.mark.parametrize("called", ["mine", "unknown"])
@pytest.mark.parametrize(
    ("engine", "path", "told"),
    [
        ("vllm", "/v1/models", LISTED),
        ("openai-compatible", "/v1/models", LISTED),
        ("lmstudio", "/api/v0/models", {"data": LOADED}),
        ("mlx-lm", "/v1/models", LISTED),
        ("transformers", "/v1/models", LISTED),
        ("lemonade", "/v1/models", LISTED),
        ("ollama", "/api/tags", {"models": [{"name": "first"}, {"name": "mine:latest"}]}),
    ],
)
async def test_a_model_that_is_listed_by_its_name_of_models_yaml_is_taken(
    engine: str, path: str, told: object, called: str
) -> None:
    """That name is not the server's: one that is not listed is no reason to refuse."""
    plain, options = PlainServer(engine), replace(OPTIONS, model="", called=called)

    async def answer(request: Request) -> Reply:
        return as_json(told) if request.path == path else await plain.answer(request)

    async with talking(engine, options, answer) as (built, _server):
        if called == "mine":
            assert (await built.check()).model.startswith("mine")
        elif engine == "transformers":
            with pytest.raises(EngineError, match="name the one that writes with --model"):
                await built.check()
        else:
            assert not (await built.check()).model.startswith("mine")


@pytest.mark.anyio
async def test_a_vllm_of_before_summer_2025_takes_a_knob_that_is_off() -> None:
    """It says no to top_k 0; newer ones take -1 as well."""
    async with Double(VLLM_0_8, CannedWriter()) as server:
        engine = find("engines", "vllm").build(EngineOptions(server=server.url, max_retries=0))
        async with engine:
            written = await engine.generate(config(50), PROMPT, 1)
    assert isinstance(written, Completion)
    assert server.applied[0].knobs["top_k"] == 0


@pytest.mark.anyio
async def test_openrouter_notes_who_answered() -> None:
    async with talking("openrouter", OPTIONS, PlainServer("openrouter").answer) as (engine, server):
        await engine.check()
        assert len(server.requests) == 1  # the list of all models is long
        written = await engine.generate(config(50), PROMPT, 1)
    assert isinstance(written, Completion)
    assert written.echoed == {"provider": "Somebody"}
