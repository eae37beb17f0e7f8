"""What single dialects say and refuse. That each is complete and neutral: `contracts/`."""

from __future__ import annotations

from typing import Any

import pytest

from sampler_bench.engines import EngineOptions, koboldcpp, ollama, openrouter
from sampler_bench.engines._dialect import speakers
from sampler_bench.errors import EngineError, SpecError
from sampler_bench.plugins import find
from sampler_bench.records import Prompt, SamplerConfig

S, N = 17, 200
CHAIN = ["penalties", "dry", "top_n_sigma", "top_k", "typ_p", "top_p", "min_p", "xtc"]


def config(**parameters: Any) -> SamplerConfig:
    return SamplerConfig.of("temperature", {"max_tokens": N, **parameters})


def say(engine: str, **parameters: Any) -> dict[str, Any]:
    said = find("engines", engine).DIALECT.express(config(**parameters), S)
    inner: dict[str, Any] = said.get("options", said.get("generation_config", said))
    return inner


@pytest.mark.parametrize(
    ("engine", "parameters", "expected"),
    [
        ("llamacpp", {"top_n_sigma": 1.5}, {"top_n_sigma": 1.5}),
        ("llamacpp", {"top_n_sigma": 0}, {"top_n_sigma": -1}),
        ("koboldcpp", {"top_n_sigma": 1.5}, {"nsigma": 1.5}),
        ("koboldcpp", {"typical_p": 0.8}, {"typical": 0.8}),
        ("koboldcpp", {"repetition_penalty": 1.1}, {"rep_pen": 1.1}),
        ("sglang", {"top_k": 40}, {"top_k": 40}),
        ("aphrodite", {"epsilon_cutoff": 0.0003}, {"epsilon_cutoff": 0.0003, "nsigma": 1000}),
        ("aphrodite", {"eta_cutoff": 0.0012}, {"eta_cutoff": 0.0012}),
        ("textgen", {"eta_cutoff": 0.0012}, {"eta_cutoff": 12.0}),
        ("tabbyapi", {"adaptive_target": 0.5}, {"adaptive_target": 0.5, "adaptive_decay": 0.9}),
        ("tabbyapi", {"dry_multiplier": 0.8, "dry_range": 64}, {"dry_range": 64}),
        ("koboldcpp", {"adaptive_target": -1}, {"adaptive_target": -1}),
        ("textgen", {"adaptive_target": -1}, {"adaptive_target": 0}),
        (
            "aphrodite",
            {"temperature": 1.0, "dynatemp_range": 0.4},
            {"dynatemp_min": 0.6, "dynatemp_max": 1.4},
        ),
        (
            "textgen",
            {"temperature": 0.5, "dynatemp_range": 1.0},
            {"dynamic_temperature": True, "dynatemp_low": 0.0, "dynatemp_high": 1.5},
        ),
        (
            "textgen",
            {"dry_sequence_breakers": ("\n", '"')},
            {"dry_sequence_breakers": '"\\n", "\\""'},
        ),
        ("aphrodite", {"temperature_order": "last"}, {"temperature_last": True}),
        ("koboldcpp", {"temperature_order": "first"}, {"sampler_order": [6, 5, 0, 1, 3, 4, 2]}),
        (
            "llamacpp",
            {"temperature_order": "first"},
            {"samplers": [*CHAIN[:2], "temperature", *CHAIN[2:]]},
        ),
        (
            "llamacpp",
            {"adaptive_target": 0.4},
            {"adaptive_target": 0.4, "samplers": [*CHAIN, "temperature", "adaptive_p"]},
        ),
        ("ollama", {"repetition_range": 64}, {"repeat_last_n": 64}),
        ("lmstudio", {"repetition_penalty": 1.1}, {"repeat_penalty": 1.1}),
        ("transformers", {"temperature": 0}, {"do_sample": False, "temperature": 1.0}),
        ("mlx-lm", {"repetition_range": 64}, {"presence_context_size": 64}),
    ],
)
def test_a_value_is_said_in_the_servers_words(
    engine: str, parameters: dict[str, Any], expected: dict[str, Any]
) -> None:
    said = say(engine, **{"temperature": 1, **parameters})
    for key, value in expected.items():
        near = pytest.approx(value) if isinstance(value, float) else value
        assert said[key] == near


@pytest.mark.parametrize(
    ("engine", "parameters", "message"),
    [
        (
            "ollama",
            {"top_n_sigma": 1.0},
            "top_n_sigma on ollama: not spoken there; remove it from the space or choose koboldcpp",
        ),
        ("tabbyapi", {"smoothing_factor": 0.2}, "accepted there and ignored"),
        ("tabbyapi", {"dry_range": 0}, "only values above 0"),
        ("tabbyapi", {"dry_sequence_breakers": ()}, "takes no empty list"),
        ("vllm", {"temperature_order": "last"}, "comes first there and cannot be moved"),
        ("vllm", {"temperature": 0.005}, "replaces values between 0 and 0.01"),
        ("vllm", {"top_p": 0}, "only values above 0"),
        ("sglang", {"repetition_penalty": 2.5}, "only values up to 2"),
        ("koboldcpp", {"repetition_penalty": 0.9}, "only values of at least 1"),
        ("koboldcpp", {"frequency_penalty": 0.5}, "taken for presence_penalty"),
        ("koboldcpp", {"dry_range": 0}, "only values of at least 1"),
        ("koboldcpp", {"adaptive_target": 0}, "only values above 0"),
        ("tabbyapi", {"presence_penalty": -0.5}, "only values of at least 0"),
        ("aphrodite", {"mirostat_mode": 1}, "takes only 0, 2"),
        ("aphrodite", {"dry_range": 0}, "only values above 0"),
        ("aphrodite", {"dynatemp_exponent": 0}, "only values above 0"),
        ("aphrodite", {"temperature": 2.5}, "only values up to 2"),
        ("transformers", {"epsilon_cutoff": 1}, "only values up to 0.999"),
        ("mlx-lm", {"repetition_range": 0}, "only values of at least 1"),
        ("mlx-lm", {"top_p": 0}, "only values above 0"),
        ("openai", {"temperature": 2.5}, "only values up to 2"),
        ("openai", {"min_p": 0.1}, "refused there as an unknown key"),
        ("llamacpp", {"top_k": -1}, "top_k: expected a number of at least 0|from 0 to"),
        ("llamacpp", {"minp": 0.1}, r"minp: not known \(did you mean 'min_p'\?\)"),
    ],
)
def test_what_cannot_be_said_is_refused_in_words(
    engine: str, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        say(engine, **parameters)


def test_a_remedy_names_only_engines_that_would_take_the_value() -> None:
    assert speakers("top_n_sigma")[:2] == ["koboldcpp", "llamacpp"]
    assert "koboldcpp" not in speakers("repetition_penalty", 0.9)
    assert set(speakers("epsilon_cutoff")) == {"aphrodite", "textgen", "transformers"}


def test_koboldcpp_refuses_answers_that_it_would_shorten() -> None:
    engine = koboldcpp.build(EngineOptions(server="http://127.0.0.1:1"))
    assert engine.express(config(temperature=1), S)["max_context_length"] == 2048
    from sampler_bench.engines import ServerInfo

    engine.info = ServerInfo("koboldcpp", "http://127.0.0.1:1", context=1000)
    assert engine.express(config(temperature=1), S)["max_context_length"] == 1000
    with pytest.raises(SpecError, match=r"keeps a fifth of its 1000 tokens.*at most 800"):
        engine.express(config(temperature=1, max_tokens=801), S)


def test_ollama_is_always_told_its_context() -> None:
    engine = ollama.build(EngineOptions(context=777))
    options = engine.express(config(temperature=1), S)["options"]
    assert isinstance(options, dict)
    assert options["num_ctx"] == 777


def test_openrouter_leaves_out_what_no_provider_keeps() -> None:
    engine = openrouter.build(EngineOptions(model="a/b"))
    assert "top_a" in engine.express(config(temperature=1), S)
    engine.kept = frozenset({"temperature", "top_p", "seed"})
    said = engine.express(config(temperature=1, top_p=0.9), S)
    assert said.keys() == {"temperature", "top_p", "seed", "max_tokens", "provider"}
    prompt = Prompt(0, "Write.")
    assert "reasoning" not in engine.request(config(temperature=1), prompt, S).body
    engine.kept |= {"reasoning"}
    assert engine.request(config(temperature=1), prompt, S).body["reasoning"] == {"effort": "none"}
    with pytest.raises(SpecError, match=r"min_p on openrouter: no provider of a/b keeps it"):
        engine.express(config(temperature=1, min_p=0.1), S)
    assert engine.express(config(temperature=1, min_p=0, top_k=0, top_p=0.9), S) == said


@pytest.mark.parametrize("engine", ["openai", "openrouter"])
def test_hosted_engines_want_a_model(engine: str) -> None:
    with pytest.raises(EngineError, match=f"{engine}: which model"):
        find("engines", engine).build(EngineOptions())


def test_an_unknown_server_wants_an_address() -> None:
    with pytest.raises(EngineError, match="which server"):
        find("engines", "openai-compatible").build(EngineOptions())
