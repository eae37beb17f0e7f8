"""Study files: what they mean, what a section inherits, and that a kept study comes back whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cli import ROOT

from sampler_bench.errors import SpecError
from sampler_bench.exports import Source
from sampler_bench.exports.guide_yaml import write as write_one
from sampler_bench.plugins import names
from sampler_bench.records import SamplerConfig
from sampler_bench.samplers import Listed, Range
from sampler_bench.spec import StudySpec, load_study
from sampler_bench.spec.presets import load_presets

DEFAULT = ROOT / "backend" / "config" / "hyper_search_config.yaml"
FILE = """
search_strategy: random
n_iterations: 7
parameter_ranges:
  min_p:
    temperature: [0.7, 1.0]
    min_p: {low: 0.01, high: 0.1, scale: log}
    max_tokens: [99]
  top_p: {top_p: 0.9}
test_prompts: [One, Two]
quick:
  n_iterations: 3
  parameter_ranges:
    min_p: {min_p: [0.05]}
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(FILE)
    return path


def dimensions(spec, sampler):
    [part] = [part for part in spec.space.samplers if part.sampler == sampler]
    return dict(part.dimensions)


def test_the_root_means_what_it_says(file):
    spec = load_study(file, None, {})
    assert (spec.search_strategy, spec.n_iterations, spec.samples_per_config) == ("random", 7, 3)
    assert [prompt.text for prompt in spec.prompts] == ["One", "Two"]
    assert dimensions(spec, "min_p") == {
        "temperature": Listed((0.7, 1)),
        "min_p": Range(0.01, 0.1, "log"),
        "max_tokens": Listed((99,)),
    }
    assert dimensions(spec, "top_p") == {"top_p": Listed((0.9,)), "max_tokens": Listed((512,))}


def test_a_sections_ranges_replace_the_samplers_and_leave_the_others(file):
    spec = load_study(file, "quick", {})
    assert spec.n_iterations == 3
    assert dimensions(spec, "min_p") == {"min_p": Listed((0.05,)), "max_tokens": Listed((512,))}
    assert dimensions(spec, "top_p")["top_p"] == Listed((0.9,))


def test_the_command_line_goes_before_the_section(file):
    spec = load_study(file, "quick", {"n_iterations": 11, "sampler_types": ["xtc"]})
    assert spec.n_iterations == 11
    assert [part.sampler for part in spec.space.samplers] == ["xtc"]


def test_a_text_file_holds_a_prompt_a_line(tmp_path, monkeypatch):
    (tmp_path / "mine.txt").write_text("Write a story.\n\n  Tell a joke. \nWrite a story.\n")
    file = tmp_path / "study.yaml"
    file.write_text(FILE.replace("[One, Two]", "[One, mine.txt]"))
    spec = load_study(file, None, {})
    assert [prompt.text for prompt in spec.prompts] == ["One", "Write a story.", "Tell a joke."]
    monkeypatch.chdir(tmp_path)
    spec = load_study(file, None, {"test_prompts": ["mine.txt"]})
    assert [prompt.text for prompt in spec.prompts] == ["Write a story.", "Tell a joke."]
    spec = load_study(file, None, {"test_prompts": ["Say what is in notes.txt"]})
    assert [prompt.text for prompt in spec.prompts] == ["Say what is in notes.txt"]
    (tmp_path / "mine.txt").write_text(" \n")
    with pytest.raises(SpecError, match=r"mine\.txt holds no prompt"):
        load_study(file, None, {})


def test_the_mark_before_a_text_file_is_no_part_of_its_first_prompt(file, tmp_path):
    (tmp_path / "mine.txt").write_text("Write a story.\nTell a joke.", encoding="utf-8-sig")
    study = file.read_text().replace("[One, Two]", "mine.txt")
    file.write_text(study, encoding="utf-8-sig")
    spec = load_study(file, None, {})
    assert [prompt.text for prompt in spec.prompts] == ["Write a story.", "Tell a joke."]


@pytest.mark.parametrize(
    "word", ["p.csv", "p.TSV", "p.json", "p.jsonl", "p.md", "p.yaml", "p.yml", "p.docx", "folder/"]
)
def test_the_name_of_another_file_is_no_prompt(word, file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(SpecError, match=r"is the name of a file or folder; prompts come as words"):
        load_study(file, None, {"test_prompts": [word]})
    sentences = [
        f"Write about {word}",
        "Tell me of node.js",
        "What is a folder?",
        "~",
        "/",
        "folder",
    ]
    spec = load_study(file, None, {"test_prompts": sentences})
    assert [prompt.text for prompt in spec.prompts] == sentences


def test_a_mapping_with_a_known_setting_is_a_section_whatever_its_name(tmp_path):
    file = tmp_path / "study.yaml"
    file.write_text(FILE + "modell:\n  n_iterations: 4\n")
    assert load_study(file, "modell", {}).n_iterations == 4


def test_the_default_file_has_the_sizes_that_the_guide_promises():
    quick = load_study(DEFAULT, "quick_test", {})
    assert 10 <= quick.n_iterations <= 20
    assert load_study(DEFAULT, None, {}).n_iterations == 50
    intensive = load_study(DEFAULT, "intensive_search", {})
    assert intensive.search_strategy == "grid"
    assert intensive.space.size() > 50


@given(
    strategy=st.sampled_from(names("search")),
    seed=st.none() | st.integers(0, 2**31),
    margin=st.floats(0, 10),
    baseline=st.none() | st.just(SamplerConfig.parse("top_p:temperature=0.7,top_p=0.9")),
    server=st.lists(st.just("http://127.0.0.1:5001"), max_size=1),
)
def test_a_kept_study_comes_back_whole(strategy, seed, margin, baseline, server):
    spec = load_study(DEFAULT, None, {})
    from dataclasses import replace

    changed = replace(
        spec,
        search_strategy=strategy,
        seed=seed,
        margin=margin,
        baseline=baseline,
        server=tuple(server),
        given=(baseline,) if baseline else (),
    )
    assert StudySpec.from_json(changed.to_json()) == changed


BREAKERS = "dry: {dry_multiplier: [0.8], dry_sequence_breakers: %s}"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r'["\n", ":", "The end"]', [("\n", ":", "The end")]),
        (r'[["\n", ":"], ["*"]]', [("\n", ":"), ("*",)]),
    ],
)
def test_a_list_of_texts_is_one_value_and_a_list_of_lists_several(tmp_path, written, meant):
    path = tmp_path / "study.yaml"
    path.write_text(f"parameter_ranges:\n  {BREAKERS % written}\ntest_prompts: [One]\n")
    found = dimensions(load_study(path, None, {}), "dry")["dry_sequence_breakers"]
    assert found == Listed(tuple(meant))


@pytest.mark.parametrize("written", ["5", "abc", "null", "true", '["", "a"]', "[[5]]"])
def test_what_is_no_list_of_texts_is_named(tmp_path, written):
    path = tmp_path / "study.yaml"
    path.write_text(f"parameter_ranges:\n  {BREAKERS % written}\ntest_prompts: [One]\n")
    with pytest.raises(SpecError, match=r"study.yaml:2: .*dry_sequence_breakers.*a list of texts"):
        load_study(path, None, {})


def test_an_exported_preset_with_texts_can_be_pasted_into_samplers_yaml(tmp_path, monkeypatch):
    config = SamplerConfig.of("dry", {"dry_multiplier": 0.8, "dry_sequence_breakers": ("\n", "“")})
    written = write_one(config, Source())
    (tmp_path / "samplers.yaml").write_text("presets:\n" + written.partition("presets:\n")[2])
    monkeypatch.setenv("SAMPLER_BENCH_CONFIG", str(tmp_path))
    assert load_presets() == {"best_dry": config}


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(FILE, encoding="utf-8-sig")
    assert load_study(path, None, {}).n_iterations == 7
