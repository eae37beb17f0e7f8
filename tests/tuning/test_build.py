"""What a server cannot be told is found before anything is spent, wherever it stands in a space."""

from dataclasses import replace

import pytest

from sampler_bench.engines import EngineOptions, aphrodite, koboldcpp, vllm
from sampler_bench.errors import SpecError
from sampler_bench.records import SamplerConfig
from sampler_bench.samplers.plain import space_of
from sampler_bench.spec import load_study
from sampler_bench.tuning.build import build_engine, check_expressible
from sampler_bench.tuning.choices import find_model

NOWHERE = EngineOptions(server="http://127.0.0.1:1", model="m")


@pytest.mark.anyio
async def test_a_server_may_know_a_model_by_its_name_in_models_yaml(tmp_path):
    spec = load_study(None, None, {"model": "demo", "server": ["http://127.0.0.1:1"]})
    spec = replace(spec, engine="llamacpp")
    engine = await build_engine(spec, find_model(spec), "", None)
    options = engine.members[0].engine.options
    assert (options.model, options.called) == ("", "demo")


@pytest.mark.anyio
async def test_a_model_that_nobody_serves_is_not_replaced_by_the_demo_model():
    spec = load_study(None, None, {"model": "demo"})
    entry = replace(find_model(spec), name="mine", gguf=None, hub="owner/Mine-GGUF")
    with pytest.raises(SpecError, match=r"model mine: models\.yaml states no gguf, port or server"):
        await build_engine(spec, entry, "", None)


@pytest.mark.anyio
@pytest.mark.parametrize(("said", "seconds"), [({}, 120.0), ({"timeout": 900}, 900.0)])
async def test_a_study_says_how_long_a_server_may_be_silent(said, seconds):
    spec = load_study(None, None, {"server": ["http://127.0.0.1:1"], "engine": "ollama", **said})
    engine = await build_engine(spec, None, "", None)
    assert engine.members[0].engine.options.timeout_seconds == seconds


@pytest.mark.anyio
async def test_providers_are_named_to_openrouter_alone():
    asked = {"server": ["http://127.0.0.1:1"], "provider": ["together"], "model": "a/b"}
    spec = load_study(None, None, {**asked, "engine": "openrouter"})
    engine = await build_engine(spec, None, "", None)
    assert engine.members[0].engine.options.providers == ("together",)
    for other in ({**asked, "engine": "vllm"}, {"provider": "together", "model": "a/b"}):
        with pytest.raises(SpecError, match="only openrouter hands requests on to providers, and"):
            await build_engine(load_study(None, None, other), None, "", None)


@pytest.mark.parametrize("heat", [[3.0, 0.7, 1.0], [0.7, 3.0, 1.0], [0.7, 1.0, 3.0]])
def test_each_listed_value_is_looked_at(heat):
    space = space_of({"min_p": {"temperature": heat, "min_p": 0.05, "max_tokens": 64}})
    with pytest.raises(SpecError, match="temperature"):
        check_expressible(vllm.build(NOWHERE), space, None)


@pytest.mark.parametrize(("low", "high"), [(0.5, 2.5), (0.5, 2.0)])
def test_both_ends_of_a_range_are_looked_at(low, high):
    space = space_of(
        {"min_p": {"temperature": {"low": low, "high": high}, "min_p": 0.05, "max_tokens": 64}}
    )
    if high <= 2.0:
        check_expressible(vllm.build(NOWHERE), space, None)
        return
    with pytest.raises(SpecError, match="temperature"):
        check_expressible(vllm.build(NOWHERE), space, None)


@pytest.mark.parametrize("low", [0.0, 0.004])
def test_what_lies_just_inside_a_range_is_looked_at(low):
    """vLLM takes temperature 0, and replaces what is nearly 0."""
    heat = {"low": low, "high": 1.5}
    space = space_of({"temperature": {"temperature": heat, "max_tokens": 64}})
    with pytest.raises(
        SpecError, match=r"temperature=0\.00\d+ on vllm: it replaces values between"
    ):
        check_expressible(vllm.build(NOWHERE), space, None)
    heat = {"low": 0.0, "high": 1.5, "step": 0.1}
    check_expressible(
        vllm.build(NOWHERE),
        space_of({"temperature": {"temperature": heat, "max_tokens": 64}}),
        None,
    )


def test_each_step_of_a_range_is_looked_at():
    """Aphrodite has mirostat 2, and no mirostat 1."""
    mode = {"low": 0, "high": 2}
    space = space_of({"mirostat": {"temperature": 1.0, "mirostat_mode": mode, "max_tokens": 64}})
    with pytest.raises(SpecError, match="mirostat_mode=1 on aphrodite: it takes only 0, 2"):
        check_expressible(aphrodite.build(NOWHERE), space, None)


def test_a_baseline_that_cannot_be_said_is_named():
    space = space_of({"temperature": {"temperature": [0.7, 1.0], "max_tokens": 64}})
    values = {"repetition_penalty": 1.1, "repetition_slope": 3.0, "max_tokens": 64}
    baseline = SamplerConfig.of("repetition_penalty", values)
    with pytest.raises(SpecError, match=r"the baseline repetition_penalty.*repetition_slope"):
        check_expressible(koboldcpp.build(NOWHERE), space, baseline)
