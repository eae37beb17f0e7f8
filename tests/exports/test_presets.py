"""A user's present preset as the baseline: any tool's file, and what a silent one means there."""

import json

import pytest

from sampler_bench.errors import SpecError
from sampler_bench.exports import Source, export, import_config, read_preset
from sampler_bench.plugins import names
from sampler_bench.records import SamplerConfig
from sampler_bench.spec import load_study, resolve_config

PLAIN = SamplerConfig.parse("min_p:temperature=1.2,min_p=0.02,max_tokens=512")
STUDY = """
model: demo
judge: demo
task: demo
sampler_types: [min_p]
"""


def lmstudio(**values):
    fields = [{"key": f"llm.prediction.{key}", "value": value} for key, value in values.items()]
    return json.dumps({"identifier": "@local:x", "operation": {"fields": fields}})


# Files as the tools themselves write them, by hand: with what they leave out.
FILES = {
    "llamacpp": (
        "./llama-server -m m.gguf -c 8192 --temp 0.7 --top-nsigma 1.5",
        "min_p+top_k+top_n_sigma+top_p:temperature=0.7,min_p=0.05,top_k=40,top_n_sigma=1.5,top_p=0.95",
    ),
    "ollama": (
        'FROM llama3\nparameter temperature 0.7\nPARAMETER stop "<|eot|>"\nPARAMETER top_k 0\n',
        "top_p:temperature=0.7,top_p=0.9",
    ),
    "koboldcpp": (
        '{"model": "m.gguf", "gendefaults": "{\\"min_p\\": 0.1, \\"top_p\\": 1}"}',
        "min_p+top_k:temperature=0.7,min_p=0.1,top_k=100",
    ),
    "transformers": (
        '{"do_sample": true, "temperature": 0.6, "top_p": 0.9, "eos_token_id": [1, 2]}',
        "top_k+top_p:temperature=0.6,top_k=50,top_p=0.9",
    ),
    "vllm": ('{"temperature": 0.6, "top_p": 0.9, "top_k": -1}', "top_p:temperature=0.6,top_p=0.9"),
    "textgen": (
        "min_p: 0.02\nxtc_probability: 0.5\n",
        "min_p+xtc:temperature=1,min_p=0.02,xtc_probability=0.5",
    ),
    "tabbyapi": (
        "temperature:\n  override: 0.9\n  force: true\nrepetition_penalty:\n  override: 1.1\n"
        "penalty_range:\n  override: -1\nstop:\n  override: []\n",
        "repetition_penalty:temperature=0.9,repetition_penalty=1.1,repetition_range=1000000",
    ),
    "lmstudio": (
        lmstudio(
            temperature=0.8,
            minPSampling={"checked": True, "value": 0.1},
            topPSampling={"checked": False, "value": 0.9},
        ),
        "min_p:temperature=0.8,min_p=0.1",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_what_a_file_leaves_out_is_what_its_tool_does_then(name):
    text, wanted = FILES[name]
    assert import_config(text) == (name, SamplerConfig.parse(wanted))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            '{"do_sample": false, "temperature": 0.7, "repetition_penalty": 1.05}',
            (
                "transformers",
                "repetition_penalty+top_k:temperature=0,repetition_penalty=1.05,top_k=50",
            ),
        ),
        (
            '{"temperature": 0.7, "repetition_penalty": 1, "max_new_tokens": 64}',
            ("vllm", "temperature:temperature=0.7,max_tokens=64"),
        ),
        (
            '{"temperature": 0.7, "repetition_penalty": 1, "transformers_version": "4.51.0"}',
            ("vllm", "temperature:temperature=0.7"),
        ),
        (
            '{"temperature": 0.7, "repetition_penalty": 1, "max_tokens": 64}',
            ("sglang", "temperature:temperature=0.7,max_tokens=64"),
        ),
    ],
)
def test_a_models_generation_config_is_no_request(text, wanted):
    found = import_config(text)
    assert (found[0], found[1].text) == wanted


@pytest.mark.parametrize("name", ["transformers", "vllm"])
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("min_p:temperature=0,min_p=0.1,max_tokens=300", None),
        (
            "top_n_sigma:temperature=1.5,top_n_sigma=1,max_tokens=300",
            "temperature:temperature=1.5,max_tokens=300",  # what the file can say
        ),
    ],
)
def test_a_generation_config_of_ours_is_read_by_its_own_format(name, text, wanted):
    written, _ = export(name, SamplerConfig.parse(text), Source())
    found = import_config(written)
    assert (found[0], found[1].text) == (name, wanted or text)


@pytest.mark.parametrize("name", names("exports"))
def test_every_format_can_be_the_baseline_of_a_study(name, tmp_path):
    text, losses = export(name, PLAIN, Source(order="last"))
    path = tmp_path / "mine.json"
    path.write_text(text)
    if any(loss.serious and "min_p" in loss.sentence for loss in losses):
        return
    found = load_study(None, None, {"baseline": str(path), "model": "demo"}).baseline
    assert found.get("min_p") == 0.02
    assert found.get("temperature") == 1.2


def test_a_study_file_names_a_preset_beside_it(tmp_path, monkeypatch):
    folder = tmp_path / "studies"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    (folder / "mine.json").write_text('{"temp": 0.9, "rep_pen": 1, "typical": 1, "min_p": 0.07}')
    (folder / "study.yaml").write_text(STUDY + "baseline: mine.json\n")
    found = load_study(folder / "study.yaml", None, {}).baseline
    assert found == SamplerConfig.parse("min_p:temperature=0.9,min_p=0.07")


def test_the_best_of_a_results_file_is_taken_too(tmp_path):
    from support.documents import document_of
    from support.tables import problem_of, table_of

    document = document_of(table_of(lambda c: c.get("temperature")), problem_of())
    (tmp_path / "r.json").write_text(document.text())
    assert read_preset(tmp_path / "r.json") == (
        "results",
        SamplerConfig.parse(document.best_configuration.config),
    )


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (
            "nowhere.json",
            "preset file nowhere.json: there is no such file; expected a file, a",
        ),
        ("sub/nowhere", "there is no such file"),
        (
            "odd.json",
            "odd.json: this is no preset that sampler-bench knows; it was tried as",
        ),
        ("bytes.json", "expected a preset as text, found other bytes"),
        ("hot.yaml", "temperature: expected a number"),
        ("folder.yaml", "there is no such file"),
        ("C:\\presets\\mine.json", "there is no such file"),
        ("nukleus", "preset 'nukleus' is not in samplers.yaml (did you mean 'nucleus'?)"),
    ],
)
def test_messages_name_what_was_tried(word, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "odd.json").write_text('{"name": "package"}')
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00\x01")
    (tmp_path / "hot.yaml").write_text("temperature: 400\nmin_p: 0.1\n")
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(SpecError) as caught:
        resolve_config(word)
    assert said in str(caught.value)


def test_a_mistake_in_a_study_files_baseline_has_its_line(tmp_path):
    (tmp_path / "study.yaml").write_text(STUDY + "baseline: none.json\n")
    with pytest.raises(SpecError, match=r"study\.yaml:6: baseline: preset file .*none\.json"):
        load_study(tmp_path / "study.yaml", None, {})


def test_a_file_that_no_ending_tells_is_found_by_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").write_text(FILES["ollama"][0])
    assert resolve_config("mine").text == FILES["ollama"][1]
