"""models.yaml as it ships, and the ways to name a model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ruamel.yaml import YAML
from support.cli import ROOT

from sampler_bench.engines import EngineOptions
from sampler_bench.errors import SpecError
from sampler_bench.plugins import find
from sampler_bench.records import SamplerConfig
from sampler_bench.spec import load_model, load_study, model_or_file
from sampler_bench.tuning.choices import choose_baseline

MODELS = YAML(typ="safe").load(ROOT / "backend" / "config" / "models.yaml")["models"]
SHIPPED = [name for name in MODELS if name != "demo"]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_entry_says_where_it_was_read(name: str) -> None:
    entry = load_model(name)
    assert entry.hub
    assert entry.size.endswith(("GB", "MB"))
    assert entry.licence
    for page in (entry.source, entry.baseline_source):
        assert urlsplit(page).scheme == "https"


def test_models_do_not_share_a_port() -> None:
    ports = [load_model(name).port for name in SHIPPED]
    assert len(set(ports)) == len(ports)
    assert 0 not in ports


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("engine", ["koboldcpp", "llamacpp"])
def test_a_makers_settings_are_the_baseline(name: str, engine: str) -> None:
    entry = load_model(name)
    chosen = choose_baseline(load_study(None, None, {"model": name}), entry)
    wanted = entry.baseline.as_dict() if entry.baseline else {"temperature": 1.0}
    assert {**chosen.as_dict(), "max_tokens": 512} == {**wanted, "max_tokens": 512}
    options = EngineOptions(server="http://127.0.0.1:1")
    find("engines", engine).build(options).express(chosen, seed=1)  # raises where it cannot


@pytest.mark.parametrize(
    ("lengths", "longest"),
    [([200, 800, 400], 800), ([100, 400], 400), ({"low": 100, "high": 600}, 600), (512, 512)],
)
def test_a_baseline_may_write_as_long_as_its_longest_rival(lengths: object, longest: int) -> None:
    ranges = {
        "min_p": {"temperature": [1.0], "min_p": [0.05], "max_tokens": lengths},
        "top_p": {"temperature": [1.0], "top_p": [0.9], "max_tokens": 90},
    }
    keys = {"parameter_ranges": ranges, "sampler_types": ["top_p", "min_p"]}
    spec = load_study(None, None, keys)
    assert choose_baseline(spec, None).get("max_tokens") == longest
    stated = replace(spec, baseline=SamplerConfig.parse("temperature:temperature=1,max_tokens=64"))
    assert choose_baseline(stated, None).get("max_tokens") == 64


def test_a_model_that_may_think_has_the_settings_of_one_that_does_not() -> None:
    """Thinking is switched off wherever a server can."""
    baseline = load_model("qwen3-4b").baseline
    assert baseline is not None
    assert baseline.as_dict() == {"temperature": 0.7, "top_k": 20, "top_p": 0.8}


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.gguf"
    file.write_bytes(b"GGUF")
    entry = model_or_file(str(file))
    assert (entry.name, entry.gguf, entry.port) == ("mine", file, 5001)


@pytest.mark.parametrize(
    ("word", "name", "file", "kind"),
    [
        ("owner/Model-3B-GGUF", "Model-3B", "", ""),
        ("owner/Model-3B-GGUF:Q5_K_M", "Model-3B", "", "Q5_K_M"),
        ("owner/Model-3B", "Model-3B", "", ""),
    ],
)
def test_a_model_of_a_hub(word: str, name: str, file: str, kind: str) -> None:
    entry = model_or_file(word)
    assert (entry.name, entry.hub) == (name, word.partition(":")[0])
    assert (entry.file, entry.kind) == (file, kind)
    assert entry.download is not None


@pytest.mark.parametrize("word", ["no/such.gguf", "a/b/c", "./owner/name"])
def test_a_path_that_is_not_there_is_no_hub(word: str) -> None:
    with pytest.raises(SpecError, match="there is no such file; give a path, a name of"):
        model_or_file(word)


def test_a_hubs_file_by_name() -> None:
    entry = model_or_file("owner/Model-GGUF:Model-Q6_K.gguf")
    assert (entry.hub, entry.file, entry.kind) == ("owner/Model-GGUF", "Model-Q6_K.gguf", "")
    split = model_or_file("owner/Model-GGUF:Q8_0/Model-Q8_0-00001-of-00003.gguf")
    assert split.file == "Q8_0/Model-Q8_0-00001-of-00003.gguf"
