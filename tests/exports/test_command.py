"""`sampler-bench export` as users type it: what is written, what is said, what is refused."""

import json
from pathlib import Path

import pytest
from support.documents import document_of
from support.tables import BASELINE, problem_of, table_of

from sampler_bench.cli import main
from sampler_bench.exports import Source, export, read_preset
from sampler_bench.exports.guide_yaml import write_best
from sampler_bench.plugins import names
from sampler_bench.records import SamplerConfig
from sampler_bench.reports._document import Document


def hot(config):
    return 6.0 + config.get("temperature") + 0.2 * (config.sampler == "min_p")


@pytest.fixture(scope="module")
def written():
    return document_of(table_of(hot, each=4), problem_of()).text()


@pytest.fixture
def results(written, tmp_path, monkeypatch):
    """A results file in the working folder; its name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.json").write_text(written)
    return "r.json"


def document(results):
    return json.loads(Path(results).read_text())


def run(capsys, *words):
    code = main(["export", *map(str, words)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_lists_every_format_with_what_it_is_for(capsys):
    code, out, _ = run(capsys, "--list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == names("exports")
    assert "SillyTavern" in out


def test_prints_the_preset_alone_so_that_it_can_be_piped(results, capsys):
    code, out, err = run(capsys, results, "--to", "sillytavern")
    best = document(results)["best_configuration"]
    assert code == 0
    assert json.loads(out)["temp"] == best["parameters"]["temperature"]
    assert best["config"] in err


@pytest.mark.parametrize("name", names("exports"))
def test_a_results_file_becomes_every_format_and_back(name, results, capsys, tmp_path):
    best = document(results)["best_configuration"]["config"]
    code, out, err = run(capsys, results, "--to", name, "--out", tmp_path / "preset")
    assert (code, out) == (0, "")
    assert "written to" in err
    if "is lost" not in err and name not in ("textgen", "openai"):
        assert read_preset(tmp_path / "preset")[1].text == best


def test_carries_study_score_interval_and_date(results, capsys):
    note = json.loads(run(capsys, results, "--to", "sillytavern")[1])["sampler_bench"]
    estimate = document(results)["best_configuration"]["estimate"]
    told = f"{estimate['mean']:.3f} [{estimate['low']:.3f} to {estimate['high']:.3f}]"
    assert (note["score"], note["study"]) == (told, "s")
    assert note["date"] == "2024-01-01T12:01:00Z"


def test_the_file_of_the_best_says_whose_score_it_tells_and_what_it_was_held_against(results):
    found = Document.model_validate(document(results))
    told = f"; against the baseline: {found.verdict.sentence}.\n"
    assert told in write_best(found)


@pytest.mark.parametrize("name", names("exports"))
@pytest.mark.parametrize("order", ["first", "last", "unknown"])
def test_the_file_of_the_best_gives_the_presets_that_its_study_gives(
    name, order, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    found = document_of(table_of(hot), problem_of(), engine="vllm", temperature_order=order)
    Path("r.json").write_text(found.text())
    assert main(["analyze", "r.json", "--export", "best.yaml"]) == 0
    assert main(["export", "r.json", "--to", "guide-yaml", "--out", "one.yaml"]) == 0
    capsys.readouterr()
    wanted = run(capsys, "r.json", "--to", name)
    assert run(capsys, "best.yaml", "--to", name) == wanted
    assert run(capsys, "one.yaml", "--to", name) == wanted


@pytest.mark.parametrize(
    ("old", "new"),
    [("min_p=0.1", "min_p=0.05"), ("order: first", "order: sideways"), ("order: ", "odour: ")],
)
def test_where_temperature_acted_is_not_taken_from_a_file_that_was_changed(
    old, new, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    config = SamplerConfig.parse("min_p:temperature=1.2,min_p=0.1,max_tokens=64")
    text, _ = export("guide-yaml", config, Source(study="s", order="first"))
    comments, best = text.split("best_overall:")
    best, comments = best.replace(old, new), comments.replace(f"_{old}", f"_{new}")
    Path("best.yaml").write_text(f"{comments}best_overall:{best}")
    told = "Where temperature acted is not known; last is written."
    assert told in run(capsys, "best.yaml", "--to", "llamacpp")[2]
    for ending in (b"\n", b"\r\n"):
        Path("best.yaml").write_bytes(text.encode().replace(b"\n", ending))
        assert told not in run(capsys, "best.yaml", "--to", "llamacpp")[2]


def test_says_what_is_lost_and_strict_refuses_and_writes_nothing(results, capsys, tmp_path):
    code, _, err = run(capsys, results, "--to", "vllm", "--out", tmp_path / "soft")
    assert code == 0
    assert "cannot be moved, but this was tuned with temperature last" in err
    code, out, err = run(capsys, results, "--to", "vllm", "--strict", "--out", tmp_path / "hard")
    assert (code, out) == (2, "")
    assert "cannot be exported to vllm without loss" in err
    assert not (tmp_path / "hard").exists()


@pytest.mark.parametrize("which", ["simplest", "baseline", "2", "top_p"])
def test_other_configurations_of_a_study_can_be_chosen(which, results, capsys):
    found = document(results)
    wanted = {
        "simplest": found["verdict"]["simplest"],
        "baseline": BASELINE.text,
        "2": found["all_results"][1]["config"],
        "top_p": next(r["config"] for r in found["all_results"] if r["sampler_type"] == "top_p"),
    }
    code, out, _ = run(capsys, results, "--to", "guide-yaml", "--choose", which)
    assert code == 0
    assert f"best_overall:\n  {wanted[which]}\n" in out
    row = next(r for r in found["all_results"] if r["config"] == wanted[which])
    assert f"{row['estimate']['mean']:.3f}" in out


def test_another_tools_preset_is_turned_into_a_third(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.json").write_text('{"temp": 0.9, "rep_pen": 1, "typical": 1, "min_p": 0.07}')
    code, out, _ = run(capsys, "mine.json", "--to", "ollama")
    assert code == 0
    assert "PARAMETER min_p 0.07\n" in out
    assert "PARAMETER temperature 0.9\n" in out


def test_a_configuration_and_a_presets_name_are_taken(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = "min_p:temperature=1.2,min_p=0.02,max_tokens=512"
    assert f"# configuration: {text}\n" in run(capsys, text, "--to", "llamacpp")[1]
    assert json.loads(run(capsys, "nucleus", "--to", "llamacpp-json")[1])["top_p"] < 1


MISTAKES = [
    (("r.json",), "expected --to FORMAT"),
    (("--to", "ollama"), "expected one of a configuration, a file, --latest or --study"),
    (("r.json", "--latest", "--to", "ollama"), "expected one of"),
    (("r.json", "--to", "sillytaven"), "there is no 'sillytaven' (did you mean 'sillytavern'?)"),
    (("none.json", "--to", "ollama"), "none.json: there is no such file"),
    (("min_p:min_q=1", "--to", "ollama"), "'min_q' is not known"),
    (("r.json", "--to", "ollama", "--choose", "worst"), "there is no 'worst' to export; choose"),
    (("r.json", "--to", "ollama", "--choose", "0"), "there is no '0' to export"),
    (("nucleus", "--to", "ollama", "--choose", "2"), "--choose is for results"),
    (("odd.json", "--to", "ollama"), "no preset that sampler-bench knows; it was tried as guide-"),
    (
        ("hot.json", "--to", "ollama"),
        "this sillytavern-kobold preset holds a value that cannot be used: temperature: expected",
    ),
    (("odd.json", "--from", "textgen", "--to", "ollama"), "odd.json: preset: expected YAML"),
    (("--latest", "--to", "ollama"), "there are no results in results"),
]


@pytest.mark.parametrize(("words", "message"), MISTAKES)
def test_mistakes_are_named(words, message, results, tmp_path, capsys):
    (tmp_path / "odd.json").write_text('{"name": "package"}')
    (tmp_path / "hot.json").write_text('{"temp": -3, "rep_pen": 1, "typical": 1}')
    code, out, err = run(capsys, *words)
    assert code in (1, 2)
    assert out == ""
    assert message in err


def test_a_study_without_a_result_has_nothing_to_export(tmp_path, monkeypatch, capsys):
    from support.tables import awkward_tables

    monkeypatch.chdir(tmp_path)
    empty = document_of(awkward_tables()["empty"], problem_of())
    (tmp_path / "r.json").write_text(empty.text())
    code, _, err = run(capsys, "r.json", "--to", "ollama")
    assert code == 2
    assert "s: nothing was judged yet, so there is nothing to export" in err


def test_where_every_text_failed_an_export_leaves_the_file_as_it_was(tmp_path, monkeypatch, capsys):
    from support.tables import awkward_tables

    monkeypatch.chdir(tmp_path)
    failed = document_of(awkward_tables()["all failed"], problem_of())
    (tmp_path / "r.json").write_text(failed.text())
    (tmp_path / "best.yaml").write_text("mine")
    assert main(["analyze", "r.json", "--export", "best.yaml"]) == 2
    assert "nothing to export: all 13 texts failed by rule" in capsys.readouterr().err
    assert (tmp_path / "best.yaml").read_text() == "mine"


def test_configurations_parse_back(results):
    assert SamplerConfig.parse(document(results)["best_configuration"]["config"])
