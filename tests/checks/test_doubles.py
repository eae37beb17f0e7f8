"""The live check on servers that misbehave: what is true of each is found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.double import (
    APHRODITE_V2,
    KOBOLDCPP_1_76,
    KOBOLDCPP_1_115,
    LLAMA_CPP_PYTHON,
    LLAMACPP,
    LLAMACPP_SHARED,
    OLLAMA,
    OPENAI,
    OPENROUTER,
    TABBYAPI,
    TABBYAPI_FORCING,
    TABBYAPI_OLD,
    USUAL,
    VLLM,
    VLLM_CUTTING,
    Double,
    LlamaWriter,
    Quirks,
)
from support.double.quirks import Endpoint, Key

from sampler_bench.checks import Report, check
from sampler_bench.engines import EngineOptions
from sampler_bench.plugins import find
from sampler_bench.samplers import parameter

pytestmark = pytest.mark.anyio


async def checked(
    quirks: Quirks, writer: LlamaWriter, engine: str, *knobs: str, **how: Any
) -> Report:
    """Check a double; `template` and `ranges` and `thorough` as given, its chance by `seed`."""
    template, seed = how.pop("template", ""), how.pop("seed", 1)
    async with Double(quirks, writer, seed=seed) as server:
        options = EngineOptions(server=server.url, template=template, max_retries=1)
        async with find("engines", engine).build(options) as built:
            return await check(built, knobs or None, **{"thorough": False, **how})


def says(report: Report) -> dict[str, str]:
    return {finding.knob: finding.says for finding in report.findings}


def reading(quirks: Quirks, **keys: Key | None) -> Quirks:
    """The server with some keys read otherwise, or not at all (None)."""

    def changed(endpoint: Endpoint) -> Endpoint:
        kept = {**endpoint.keys, **{k: v for k, v in keys.items() if v is not None}}
        gone = {k for k, v in keys.items() if v is None}
        return replace(endpoint, keys={k: v for k, v in kept.items() if k not in gone})

    return replace(quirks, endpoints=tuple(map(changed, quirks.endpoints)))


@pytest.mark.parametrize("template", ["", "raw"])
async def test_an_old_koboldcpp_is_found_out(writer: LlamaWriter, template: str) -> None:
    knobs = ("temperature", "top_n_sigma", "min_p", "top_p", "top_k", "xtc_probability")
    report = await checked(
        KOBOLDCPP_1_76, writer, "koboldcpp", *knobs, template=template, thorough=True
    )
    expected = dict.fromkeys((*knobs, "max_tokens"), "honoured")
    assert says(report) == {**expected, "top_n_sigma": "ignored"}
    assert report.defaults is not None
    acting = {default.key: default.values for default in report.defaults}
    assert acting == {"temperature": (0.7,), "top_k": (100.0,), "top_p": (0.92,)}
    facts = {fact.what: fact.found for fact in report.facts}
    other = "`seed`" if template else "`sampler_seed`"
    assert facts["seed's name"] == f"{other} is not its name"
    assert facts["temperature order"] == "temperature acts last"


async def test_a_new_koboldcpp_honours_what_the_old_one_ignores(writer: LlamaWriter) -> None:
    report = await checked(KOBOLDCPP_1_115, writer, "koboldcpp", "top_n_sigma", "adaptive_target")
    assert set(says(report).values()) == {"honoured"}


async def test_the_wrong_engines_words_are_found_out_and_the_right_ones_named(
    writer: LlamaWriter,
) -> None:
    """llama.cpp's words to KoboldCpp: the trap that made published tables wrong."""
    quirks = replace(KOBOLDCPP_1_115, asked={**LLAMACPP.asked, **KOBOLDCPP_1_115.asked})
    report = await checked(quirks, writer, "llamacpp", "top_n_sigma", "typical_p", "min_p")
    assert says(report) == {"min_p": "honoured", "top_n_sigma": "ignored", "typical_p": "ignored"}
    remedies = {finding.knob: finding.remedy for finding in report.findings}
    assert "this server calls it `nsigma`" in remedies["top_n_sigma"]
    assert "this server calls it `typical`" in remedies["typical_p"]


@pytest.mark.parametrize("random", ["chance", pytest.param("second", marks=pytest.mark.slow)])
async def test_a_server_without_seeds_does_not_fool_the_probes(
    writer: LlamaWriter, random: str
) -> None:
    """With random seeds from the clock's second, all texts of a second are the same: not greedy."""
    quirks = replace(KOBOLDCPP_1_76, seed="never", random=random)
    report = await checked(quirks, writer, "koboldcpp", "top_n_sigma", "min_p")
    assert report.seed.says == "ignored"
    assert says(report) == {"min_p": "honoured", "top_n_sigma": "ignored"}


async def test_where_temperature_acts_is_seen(writer: LlamaWriter) -> None:
    assert (await checked(VLLM, writer, "vllm", "temperature", "top_p")).order == "first"
    assert (await checked(OLLAMA, writer, "ollama", "temperature", "top_p")).order == "last"


async def test_a_clamped_knob_is_found_by_its_texts_and_by_the_echo(writer: LlamaWriter) -> None:
    capped = Key("temperature", 1.0, 0, 1.2, out="clamp")
    quirks = reading(VLLM, temperature=capped)
    report = await checked(quirks, writer, "vllm", "temperature", ranges={"temperature": (0.1, 2)})
    assert says(report) == {"temperature": "clamped"}
    assert "stops acting before 2" in report.findings[0].evidence
    report = await checked(quirks, writer, "vllm", "temperature", ranges={"temperature": (0.1, 1)})
    assert says(report) == {"temperature": "honoured"}
    floor = reading(LLAMACPP, top_p=Key("top_p", 0.95, 0.1, 1, out="clamp"))
    report = await checked(floor, writer, "llamacpp", "top_p")
    assert says(report) == {"top_p": "clamped"}
    assert "sent 1e-06, the server says that it used 0.1" in report.findings[0].evidence


@pytest.mark.parametrize(
    ("knob", "key", "low", "high"),
    [
        ("xtc_probability", "xtc_probability", 0, 0.3),
        ("xtc_threshold", "xtc_threshold", 0, 0.1),
        ("dry_multiplier", "dry_multiplier", 0, 0.2),
        ("repetition_penalty", "rep_pen", 0, 1.05),
        ("mirostat_tau", "mirostat_tau", 0, 3),
        ("smoothing_factor", "smoothing_factor", 0, 0.1),
        ("dynatemp_range", "dynatemp_range", 0, 0.3),
        ("presence_penalty", "presence_penalty", -0.2, 0.2),
        ("top_n_sigma", "nsigma", 0, 1),
        ("top_p", "top_p", 0, 0.9),
    ],
)
async def test_a_clamp_within_the_range_is_found_and_none_where_none_is(
    writer: LlamaWriter, knob: str, key: str, low: float, high: float
) -> None:
    ranges = {knob: parameter(knob).search}
    plain = await checked(KOBOLDCPP_1_115, writer, "koboldcpp", knob, ranges=ranges)
    assert says(plain) == {knob: "honoured"}
    assert plain.requests <= 12
    was = KOBOLDCPP_1_115.endpoints[-1].keys[key]
    tight = reading(KOBOLDCPP_1_115, **{key: replace(was, low=low, high=high, out="clamp")})
    report = await checked(tight, writer, "koboldcpp", knob, ranges=ranges)
    assert says(report) == {knob: "clamped"}
    assert report.findings[0].remedy.startswith("end its range before")


async def test_an_echo_shows_a_clamp_of_what_no_short_text_shows(writer: LlamaWriter) -> None:
    was = LLAMACPP.endpoints[0].keys["dry_penalty_last_n"]
    tight = reading(LLAMACPP, dry_penalty_last_n=replace(was, high=2000, out="clamp"))
    report = await checked(tight, writer, "llamacpp", "dry_range")
    assert says(report) == {"dry_range": "clamped"}
    assert report.findings[0].remedy == "end its range at 2000"
    report = await checked(KOBOLDCPP_1_115, writer, "koboldcpp", "dry_range")
    assert report.findings[0].evidence.endswith(
        "whether it is clamped within its range was not looked at"
    )


async def test_a_forced_knob_does_nothing_and_the_others_are_still_told(
    writer: LlamaWriter,
) -> None:
    quirks = replace(KOBOLDCPP_1_115, forced={"top_p": 0.9})
    report = await checked(quirks, writer, "koboldcpp", "top_p", "min_p", "xtc_probability")
    assert says(report) == {"min_p": "honoured", "top_p": "ignored", "xtc_probability": "honoured"}


async def test_where_nothing_varies_nothing_is_told(writer: LlamaWriter) -> None:
    quirks = replace(KOBOLDCPP_1_115, forced={"top_k": 1})
    report = await checked(quirks, writer, "koboldcpp", "top_p", "min_p")
    assert says(report) == {"min_p": "cannot tell", "top_p": "cannot tell"}
    assert report.seed.says == "cannot tell"


async def test_thoughts_and_missing_ends_are_seen(writer: LlamaWriter) -> None:
    quirks = replace(LLAMACPP, thinking="Hm, let me see.", think_key="")
    report = await checked(quirks, writer, "llamacpp", "min_p", thorough=True)
    facts = {fact.what: fact for fact in report.facts}
    assert not facts["thinking"].fine
    assert facts["end of text"].fine
    quirks = replace(LLAMACPP, forced={"min_p": 1.0, "rep_pen": 0.5, "rep_range": 64})
    report = await checked(quirks, writer, "llamacpp", "top_k", thorough=True)
    assert not {fact.what: fact for fact in report.facts}["end of text"].fine


async def test_a_limit_of_the_servers_own_is_no_end(writer: LlamaWriter) -> None:
    """As on vLLM with max_new_tokens in --override-generation-config."""
    report = await checked(VLLM_CUTTING, writer, "vllm", "top_k", thorough=True)
    fact = {fact.what: fact for fact in report.facts}["end of text"]
    assert not fact.fine
    assert "cut off after 40 tokens where 256 were allowed" in fact.found


async def test_a_token_limit_under_a_wrong_name_is_found_out(writer: LlamaWriter) -> None:
    ends = tuple(replace(end, tokens="another") for end in KOBOLDCPP_1_76.endpoints)
    quirks = replace(KOBOLDCPP_1_76, endpoints=ends)
    report = await checked(quirks, writer, "koboldcpp", "min_p", thorough=True)
    assert says(report) == {"min_p": "honoured", "max_tokens": "ignored"}


async def test_what_a_server_says_that_it_forces_is_told(writer: LlamaWriter) -> None:
    report = await checked(TABBYAPI_FORCING, writer, "tabbyapi", "min_p", "top_p")
    assert says(report) == {"min_p": "ignored", "top_p": "honoured"}
    forced = "the server forces banned_strings = ['a tapestry of'], min_p = 0.2"
    assert [f.found for f in report.facts if not f.fine] == [forced]


async def test_penalties_that_greedy_texts_do_not_show_are_found_all_the_same(
    writer: LlamaWriter,
) -> None:
    """A TabbyAPI of before July 2026: at temperature 0 it drops its penalties."""
    knobs = ("repetition_penalty", "frequency_penalty", "dry_multiplier")
    report = await checked(TABBYAPI_OLD, writer, "tabbyapi", *knobs)
    first, second = (f.false_honoured for f in report.findings if f.says == "honoured")
    assert first == second < 1  # by all repeats of the check, not by those that had come so far
    assert says(report) == {**dict.fromkeys(knobs[:2], "honoured"), "dry_multiplier": "ignored"}


@pytest.mark.parametrize(
    ("quirks", "engine", "found"),
    [
        (LLAMACPP, "llamacpp", "before sampling: the model's own"),
        (replace(LLAMACPP, logprobs="post"), "llamacpp", "after sampling: what was cut is not"),
        (VLLM, "vllm", "before sampling: the model's own"),
        (replace(VLLM, logprobs="none"), "vllm", "none told there"),
        (OLLAMA, "ollama", "before sampling: the model's own"),
    ],
)
async def test_what_the_logprobs_are_is_seen(
    writer: LlamaWriter, quirks: Quirks, engine: str, found: str
) -> None:
    report = await checked(quirks, writer, engine, "top_k", thorough=True)
    assert {fact.what: fact.found for fact in report.facts}["logprobs"].startswith(found)


async def test_a_follower_of_a_dead_knob_is_not_asked_for(writer: LlamaWriter) -> None:
    quirks = reading(KOBOLDCPP_1_76, dry_multiplier=None)
    report = await checked(quirks, writer, "koboldcpp", "dry_multiplier", "dry_base", "dry_range")
    assert set(says(report).values()) == {"ignored"}
    evidence = {finding.knob: finding.evidence for finding in report.findings}
    assert evidence["dry_base"] == "it acts only with dry_multiplier, which is ignored"
    assert report.requests < 20


async def test_a_server_that_does_not_repeat_itself_is_not_trusted(writer: LlamaWriter) -> None:
    """Every text by chance, whatever the seed: that one changes says nothing."""
    quirks = reading(replace(LLAMACPP, seed="never", echoes=False), presence_penalty=None)
    report = await checked(quirks, writer, "llamacpp", "presence_penalty", "top_k")
    assert says(report) == {"presence_penalty": "ignored", "top_k": "honoured"}


@pytest.mark.parametrize(
    ("knob", "key"),
    [
        ("frequency_penalty", "frequency_penalty"),
        ("repetition_range", "penalty_range"),
        ("xtc_probability", "xtc_probability"),
        ("dry_multiplier", "dry_multiplier"),
        ("adaptive_target", "adaptive_target"),
    ],
)
async def test_without_seeds_what_acts_and_what_does_not_is_told_all_the_same(
    writer: LlamaWriter, knob: str, key: str
) -> None:
    """TabbyAPI, which has none; the draws are those of the double's seed."""
    deaf = reading(TABBYAPI, **{key: None})
    assert says(await checked(TABBYAPI, writer, "tabbyapi", knob, seed=2)) == {knob: "honoured"}
    report = await checked(deaf, writer, "tabbyapi", knob, seed=2)
    assert says(report) == {knob: "ignored"}
    greedy = report.findings[0].by == "greedy"  # of other texts no bound is known
    assert report.findings[0].false_ignored == (pytest.approx(1e-4) if greedy else 1.0)


@pytest.mark.parametrize(("quirks", "engine"), [(OPENAI, "openai"), (OPENROUTER, "openrouter")])
async def test_a_server_that_refuses_unknown_keys_is_checked_all_the_same(
    writer: LlamaWriter, quirks: Quirks, engine: str
) -> None:
    """Other names of a knob and of the seed are tried there too, and turned down."""
    deaf = reading(quirks, top_p=None)
    deaf = replace(deaf, also=(*deaf.also, "top_p"))
    async with Double(deaf, writer, model="m") as server:
        options = EngineOptions(server=server.url, model="m", api_key="k", max_retries=1)
        async with find("engines", engine).build(options) as built:
            report = await check(built, ["top_p", "temperature"])
    assert says(report) == {"top_p": "ignored", "temperature": "honoured", "max_tokens": "honoured"}
    assert {f.what: f.found for f in report.facts}["seed's name"].endswith("not its name")


@pytest.mark.parametrize(
    ("engine", "most"),
    [
        *(("koboldcpp", 150), ("vllm", 60), ("tabbyapi", 150), ("llamacpp", 150)),
        *(pytest.param(name, 150, marks=pytest.mark.slow) for name in ("textgen", "aphrodite")),
    ],
)
async def test_all_knobs_cost_few_short_requests(
    writer: LlamaWriter, engine: str, most: int
) -> None:
    report = await checked(USUAL[engine], writer, engine, thorough=True)
    assert report.requests < most
    assert report.order == ("last" if engine in ("koboldcpp", "llamacpp") else "first")
    doubtful = {f.knob for f in report.findings if f.says == "cannot tell"}
    assert doubtful <= ({"adaptive_decay"} if engine == "tabbyapi" else set())  # it has no seed


@pytest.mark.slow
@pytest.mark.parametrize("quirks", [TABBYAPI_OLD, TABBYAPI_FORCING])
async def test_servers_without_seeds_that_ignore_or_force_cost_as_little(
    writer: LlamaWriter, quirks: Quirks
) -> None:
    assert (await checked(quirks, writer, "tabbyapi", thorough=True)).requests < 150


async def test_an_order_that_moves_temperature_past_some_cuts_only_is_honoured(
    writer: LlamaWriter,
) -> None:
    """Aphrodite's min_p, top_k and top_p come last; `temperature_last` moves past the rest."""
    report = await checked(USUAL["aphrodite"], writer, "aphrodite", "temperature_order")
    assert says(report) == {"temperature_order": "honoured"}


async def test_samplers_that_an_aphrodite_reads_and_drops_are_found_out(
    writer: LlamaWriter,
) -> None:
    report = await checked(APHRODITE_V2, writer, "aphrodite", "top_n_sigma", "typical_p", "min_p")
    assert says(report) == {"min_p": "honoured", "top_n_sigma": "ignored", "typical_p": "ignored"}


async def test_a_shared_context_too_small_for_all_leaves_only_batching_untold() -> None:
    """Four prompts and texts of 48 tokens need 350 tokens of 256: all four are lost."""
    async with (
        LlamaWriter(slots=4, context=256) as writer,
        Double(LLAMACPP_SHARED, writer, pause=0.001) as server,
        find("engines", "llamacpp").build(EngineOptions(server=server.url, max_retries=0)) as built,
    ):
        report = await check(built, ("min_p",))
    assert says(report)["min_p"] == "honoured"
    facts = {fact.what: fact for fact in report.facts}
    assert "Context size has been exceeded" in facts["batching"].found
    assert not facts["batching"].fine


async def test_logprobs_of_raw_texts_are_asked_for_in_the_servers_word(writer: LlamaWriter) -> None:
    """llama.cpp's `n_probs`, which we state as 0, overrules its alias `logprobs` there."""
    report = await checked(LLAMACPP, writer, "llamacpp", "min_p", template="raw", thorough=True)
    told = {fact.what: fact.found for fact in report.facts}["logprobs"]
    assert told == "before sampling: the model's own"


@pytest.mark.parametrize("template", ["", "raw"])
async def test_a_penalty_by_another_name_is_said_and_its_default_found(
    writer: LlamaWriter, template: str
) -> None:
    """llama-cpp-python punishes repetition unless `repeat_penalty` is said; as seen of 0.3.36."""
    how = {"template": template, "thorough": True}
    report = await checked(LLAMA_CPP_PYTHON, writer, "openai-compatible", "min_p", **how)
    assert report.defaults is not None
    acting = {default.knob: default.values for default in report.defaults}
    assert acting["repetition_penalty"] == (1.1,)
    told = {fact.what: fact.found for fact in report.facts}["logprobs"]
    assert told == "before sampling: the model's own"
    report = await checked(LLAMA_CPP_PYTHON, writer, "openai-compatible", "repetition_penalty")
    assert says(report)["repetition_penalty"] == "honoured"
