"""Our files in the tools' own hands: real parsers where a package of theirs can be had."""

import json
import random
import re

import pytest

from sampler_bench.exports import Source, export
from sampler_bench.exports._meaning import complete, rebuilt, same_meaning
from sampler_bench.plugins import find, names
from sampler_bench.records import SamplerConfig
from sampler_bench.samplers import check_config, parameter, parameter_names
from sampler_bench.samplers.acting import acts

SOURCE = Source(study="s", date="2026-11-24", score="7.1 [6 to 8]", model="m", order="last")
# docs/modelfile.mdx and api/types.go of ollama/ollama
OLLAMA = {
    *("num_ctx", "repeat_last_n", "repeat_penalty", "temperature", "seed", "stop", "num_predict"),
    *("top_k", "top_p", "min_p", "typical_p", "presence_penalty", "frequency_penalty", "num_keep"),
}
INSTRUCTION = re.compile(r"(FROM|PARAMETER|TEMPLATE|SYSTEM|ADAPTER|LICENSE|MESSAGE)\s+(.+)")


def random_config(rng: random.Random) -> SamplerConfig:
    """Any legal configuration: one to six knobs, values over where people search."""
    chosen = {"temperature": round(rng.uniform(0, 3), 3)}
    others = [name for name in parameter_names() if name != "temperature"]
    for name in rng.sample(others, rng.randint(0, 6)):
        chosen[name] = random_value(rng, name)
    families = sorted({parameter(n).sampler for n in chosen} - {"", "temperature"})
    config = SamplerConfig.of("+".join(families) or "temperature", chosen)
    check_config(config)
    return config


def random_value(rng: random.Random, name: str):
    known = parameter(name)
    if known.kind == "choice":
        return rng.choice(known.choices)
    if known.kind == "strings":
        return tuple(rng.sample(["\n", '"', ":", "*", "\\", "#", "é", " a"], rng.randint(0, 3)))
    low, high = known.search or (known.low, min(known.high, known.low + 1000))
    value = rng.uniform(low, high)
    return round(value) if known.kind == "int" else float(f"{value:.4g}")


def unnamed(config, back, said):
    """What does not come back and was not said to be lost; idle is what a lost knob governed."""
    return [
        name
        for name, value in rebuilt(complete(config)).parameters
        if name != "temperature_order"
        and back[name] != value
        and acts(name, {**back, name: value})
        and f"{name}=" not in said
        and f"{name} acts" not in said
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", names("exports"))
def test_a_thousand_configurations_come_back_or_each_loss_is_named(name):
    rng, whole = random.Random(name), 0
    room = find("exports", name)
    for _ in range(1000):
        config = random_config(rng)
        source = Source(order=rng.choice(["first", "last"]))
        text, losses = export(name, config, source)
        serious = [loss.sentence for loss in losses if loss.serious]
        back = room.read(text)
        if not serious:
            whole += 1
            assert same_meaning(config, complete(back)), (config.text, text)
            assert config.text not in text or back == config
            continue
        said = " ".join(loss.sentence for loss in losses)
        assert not unnamed(config, complete(back), said), (config.text, said)
    assert whole >= 1  # temperature alone can be said everywhere


@pytest.mark.parametrize("name", ["epsilon_cutoff", "eta_cutoff"])
@pytest.mark.parametrize(
    ("engine", "value", "written", "said"),
    [
        ("textgen", 0.0003, 3.0, []),
        ("textgen", 0.003, 30.0, ["acts as 0.00"]),
        ("", 0.0003, 3.0, ["units of 1e-4; switch it off for Aphrodite"]),
        ("aphrodite", 0.0003, 0, ["=0.0003 is lost: in SillyTavern's units of 1e-4, Aphrodite"]),
        ("aphrodite", 0.0, 0, []),
    ],
)
def test_sillytavern_hands_its_units_on_to_aphrodite(name, engine, value, written, said):
    """There any number that its sliders can say leaves one token."""
    config = SamplerConfig.of(name, {"temperature": 1, name: value, "max_tokens": 64})
    text, losses = export("sillytavern", config, Source(engine=engine, order="first"))
    assert json.loads(text)[name] == written
    found = [loss.sentence for loss in losses if name in loss.sentence]
    assert len(found) == len(said)
    assert all(part in sentence for part, sentence in zip(said, found, strict=True))
    assert [loss.serious for loss in losses if name in loss.sentence] == [bool(engine)] * len(said)


def test_a_modelfile_is_of_ollamas_grammar():
    rng = random.Random(1)
    for _ in range(200):
        text, _ = export("ollama", random_config(rng), SOURCE)
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        found = [INSTRUCTION.fullmatch(line) for line in lines]
        assert all(found), text
        assert [match.group(1) for match in found].count("FROM") == 1
        for match in found:
            if match.group(1) == "PARAMETER":
                key, value = match.group(2).split(" ", 1)
                assert key in OLLAMA
                float(value)


@pytest.mark.parametrize("name", ["textgen", "tabbyapi", "guide-yaml"])
def test_yaml_means_the_same_to_readers_of_yaml_1_1_and_1_2(name):
    """PyYAML, which these tools use, reads YAML 1.1; ruamel reads 1.2."""
    from ruamel.yaml import YAML

    old, new = YAML(typ="safe", pure=True), YAML(typ="safe", pure=True)
    old.version = (1, 1)
    rng = random.Random(2)
    for _ in range(40):
        text, _ = export(name, random_config(rng), SOURCE)
        assert old.load(text) == new.load(text), text


def test_transformers_gets_no_whole_number_where_it_demands_a_fraction():
    """As seen of 5.19: `temperature` (=2) has to be a strictly positive float."""
    config = SamplerConfig.parse("repetition_penalty:temperature=2,repetition_penalty=2")
    written, _ = export("transformers", config, SOURCE)
    assert '"temperature": 2.0' in written
    assert '"repetition_penalty": 2.0' in written


@pytest.mark.slow
def test_transformers_takes_our_generation_config_as_it_is(tmp_path):
    transformers = pytest.importorskip("transformers")
    rng = random.Random(3)
    for _ in range(300):
        config = random_config(rng)
        text, _ = export("transformers", config, SOURCE)
        (tmp_path / "generation_config.json").write_text(text)
        loaded = transformers.GenerationConfig.from_pretrained(tmp_path)
        told = json.loads(text)
        if told["do_sample"]:  # of greedy decoding it complains that the file is complete
            loaded.validate(strict=True)
        for key in ("temperature", "top_k", "top_p", "min_p", "do_sample", "repetition_penalty"):
            assert getattr(loaded, key) == told[key]


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_llama_cpp_server_runs_what_our_json_says():
    """The file as the body of a request; the server echoes the settings that it used."""
    from sampler_bench.engines import EngineOptions, embedded

    rng = random.Random(4)
    async with embedded.build(EngineOptions(slots=1, context=256)) as engine:
        for _ in range(40):
            text, _ = export("llamacpp-json", random_config(rng), SOURCE)
            told = json.loads(text)
            body = {**told, "prompt": "Once", "n_predict": 1, "max_tokens": 1}
            echoed = (await engine.http.post("/completion", body, seconds=60))[
                "generation_settings"
            ]
            for key, value in told.items():
                if key in echoed and key != "max_tokens":
                    near = isinstance(value, float)
                    assert echoed[key] == (pytest.approx(value, rel=1e-5) if near else value), key
