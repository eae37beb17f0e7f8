"""Going on with a study, and what is left on the disk where nothing came of one."""

import errno
import json
import os
import shutil
import signal
import socket
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest
from support.cli import failed, in_process, start
from support.judge_server import KEY, JudgeServer

from sampler_bench.cli._search import _twice
from sampler_bench.records import Cell, Completion, SamplerConfig, Score
from sampler_bench.spec import load_study
from sampler_bench.store.sqlite import FILE, SqliteStore, open_store
from sampler_bench.tuning.budget import Ended
from sampler_bench.tuning.request import Finished, Request

JUDGE = "demo:1"
BASELINE = SamplerConfig.parse("temperature:temperature=0.9,max_tokens=60")
CONFIG = SamplerConfig.parse("min_p:temperature=0.7,min_p=0.05,max_tokens=60")
STUDY = """
model: demo
judge: demo
task: demo
sampler_types: [min_p]
parameter_ranges:
  min_p: {temperature: [0.7, 0.9], min_p: [0.05], max_tokens: [60]}
test_prompts: [Create a mystery]
"""


@pytest.fixture
def command(tmp_path, monkeypatch, capfd):
    """Run the command line in this process: (exit code, stdout, stderr)."""
    return lambda *words: in_process(words, tmp_path, monkeypatch, capfd)


def begin(folder: Path, name: str, now: float, file: str = "s.json", baseline=BASELINE) -> None:
    """A study that was killed: two texts are kept, its results file is empty."""
    (folder / "study.yaml").write_text(STUDY)
    spec = load_study(folder / "study.yaml", None, {"seed": 1})
    spec = replace(spec, baseline=baseline)
    with open_store(folder / "results") as store:
        study = store.create_study(name, spec.to_json(), now).id
        store.set_note(study, "judge", {"identities": [JUDGE]})
        store.set_note(study, "results", {"file": file, "kind": "search"})
        for seed, config in enumerate((BASELINE, CONFIG), start=1):
            cell = Cell(config, 0, 0)
            store.ask(study, [(cell, seed)], now)
            text = Completion(f"A lamp. {seed}", False, 9, 4, 0.5, {}, "http://a", "m", "raw")
            store.save_written(study, cell, text, None, (), now)
            store.save_judgment(study, cell, Score(JUDGE, 6.0 + seed), now)
    (folder / "results" / file).touch()


def test_going_on_in_a_way_that_cannot_be_leaves_the_results_that_are_there(tmp_path, command):
    begin(tmp_path, "s", 1.0)
    results = tmp_path / "results" / "s.json"
    results.write_text("{}")
    words = ("--judge", "openai", "--judge-model", "mine", "--max-cost", "1")
    (tmp_path / ".env").write_text("OPENAI_API_KEY=k")
    assert "price of mine is not known" in failed(command("search", "--resume", *words), 2)
    assert results.read_text() == "{}"


def test_a_panel_for_the_kept_judge_that_has_none_is_refused_and_not_passed_over(tmp_path, command):
    begin(tmp_path, "s", 1.0)
    said = failed(command("search", "--resume", "--judge-model", "mine"), 2)
    assert "--judge-model: the judge demo asks no model; leave it out, or" in said


@pytest.mark.parametrize("words", [("--config", "study.yaml"), ("--config-section", "x")])
def test_what_only_begins_a_study_is_refused_and_not_passed_over(words, tmp_path, command):
    begin(tmp_path, "s", 1.0)
    assert "as it is: leave out" in failed(command("search", "--resume", *words), 2)


@pytest.mark.parametrize(
    "words",
    [
        ("--engine", "vllm"),
        ("--iterations", "7"),
        ("--samplers", "top_p"),
        ("--custom-prompts", "Tell a tale"),
        ("--baseline", "temperature:temperature=0.3"),
    ],
)
def test_what_would_be_another_study_is_refused(words, tmp_path, command):
    begin(tmp_path, "s", 1.0)
    assert "leave out" in failed(command("search", "--resume", *words), 2)


def test_the_last_command_again_with_resume_goes_on(tmp_path, command):
    (tmp_path / "study.yaml").write_text(STUDY)
    words = ["--model", "demo", "--samples-per-config", "1", "--judge", "demo", "--seed", "3"]
    words += ["--samplers", "min_p", "--custom-prompts", "Create a mystery"]
    words += ["--baseline", "temperature:temperature=0.7"]
    told = command("search", "--config", "study.yaml", "--study", "s", *words)
    assert told[0] == 0
    again = command("search", *words, "--resume", "s")
    assert again[0] == 0


def test_after_an_outage_the_results_so_far_are_written(tmp_path, command):
    (tmp_path / "study.yaml").write_text(STUDY.replace("judge: demo", "judge: openai"))
    words = ("search", "--config", "study.yaml", "--study", "s", "--samples-per-config", "9")
    with JudgeServer(["ok"] * 5, always="401") as judge:
        (tmp_path / ".env").write_text(f"OPENAI_API_KEY={KEY}\nOPENAI_BASE_URL={judge.url}\n")
        said = failed(command(*words), 3)
    assert "what is finished is kept; go on with: sampler-bench search --resume s" in said
    [file] = (tmp_path / "results").glob("*.json")
    meta = json.loads(file.read_text())["search_metadata"]
    assert (meta["state"], meta["judged"]) == ("failed", 4)  # the fifth answer was the check's
    assert file.with_suffix(".html").stat().st_size


def test_what_changed_when_a_study_went_on_stays_changed(tmp_path, command):
    """The command that it prints goes on with the same judge and the same promise."""
    (tmp_path / "study.yaml").write_text(STUDY)
    first = ("search", "--config", "study.yaml", "--study", "s", "--max-samples", "2")
    assert command(*first)[0] == 0
    with JudgeServer() as judge:
        (tmp_path / ".env").write_text(f"OPENAI_API_KEY={KEY}\nOPENAI_BASE_URL={judge.url}\n")
        other = ("--judge", "openai", "--judge-model", "mine", "--max-samples", "2")
        code, _, said = command("search", "--resume", "s", *other)
        assert code == 0, said
        assert "2 kept texts are judged anew, by openai:mine:" in said
        assert "; so far by demo:" in said
        go_on = said.splitlines()[-1].split()
        assert go_on == ["sampler-bench", "search", "--resume", "s", "--max-samples", "4"]
        asked = len(judge.requests)
        code, out, said = command(*go_on[1:4], "--json")
    assert code == 0, said
    assert "2 texts were asked for (max_samples)" in said
    assert "at most 2 texts (2 of them are there already)" in said
    assert json.loads(out)["search_metadata"]["judges"][0].startswith("openai:mine:")
    assert "judged anew" not in said
    assert len(judge.requests) == asked + 1  # the check's


GOES_ON = {
    None: [],
    "max_minutes": [],
    "max_samples": ["--max-samples", "16"],
    "max_cost": ["--max-cost", "4"],
}


@pytest.mark.parametrize("limit", GOES_ON)
def test_the_limit_that_is_raised_is_the_one_that_ended_the_run_whatever_was_said(limit, tmp_path):
    """All three are stated, and what is said of one may name another."""
    (tmp_path / "study.yaml").write_text(STUDY)
    limits = {"max_samples": 8, "max_cost": 2.0, "max_minutes": 5.0}
    spec = replace(load_study(tmp_path / "study.yaml", None, {"seed": 1}), **limits)
    request = Request(spec, tmp_path, "s", tmp_path / "s.json", {})
    said = " or ".join(name for name in limits if name != limit)
    finished = Finished(Ended(said, limit), request, SimpleNamespace(trials=[]))
    assert _twice(finished) == GOES_ON[limit]


def test_the_minutes_of_one_run_are_not_those_of_the_next(tmp_path, command):
    (tmp_path / "study.yaml").write_text(STUDY)
    assert command("search", "--config", "study.yaml", "--study", "s")[0] == 0
    code, _, said = command("search", "--resume", "s", "--max-minutes", "0.0001")
    assert code == 0, said
    assert "0.0001 minutes are over" in said
    assert said.endswith("   sampler-bench search --resume s --max-minutes 0.0001\n")
    code, out, said = command("search", "--resume", "s", "--json")
    assert (code, json.loads(out)["search_metadata"]["state"]) == (0, "done"), said


def test_where_no_minutes_are_allowed_the_next_run_is_told_to_take_some(tmp_path, command):
    (tmp_path / "study.yaml").write_text(STUDY)
    begun = ("search", "--config", "study.yaml", "--study", "s")
    for words in (begun, ("search", "--resume", "s")):
        said = failed(command(*words, "--max-minutes", "0"), 4)
        assert said.endswith("go on with: sampler-bench search --resume s --max-minutes 10\n")
    assert command("search", "--resume", "s", "--max-minutes", "10")[0] == 0


def test_a_name_that_is_taken_is_found_before_anybody_is_asked(tmp_path, command):
    begin(tmp_path, "s", 1.0)
    nobody = ("--server", "http://127.0.0.1:9", "--judge", "offline")
    said = failed(command("search", "--study", "s", *nobody), 1)
    assert "a study 's' is there already; go on with it by --resume s" in said
    assert [p.name for p in (tmp_path / "results").glob("*.json")] == ["s.json"]


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("firts", " (did you mean 'first'?)"),
        ("FIRST", " (did you mean 'first'?)"),
        ("run_1", " (run_1.json has the results of 'first')"),
        ("results/run_1.json", " (run_1.json has the results of 'first')"),
        ("nothing like it", ""),
    ],
)
def test_a_study_by_a_wrong_name_is_told_the_right_one(word, near, tmp_path, command):
    begin(tmp_path, "first", 1.0, "run_1.json")
    for words in (("search", "--resume"), ("analyze", "--study")):
        assert f"there is no study {word!r}{near}; there are: first" in failed(
            command(*words, word), 1
        )
    said = failed(command("report", "first"), 2)
    assert said.endswith("No such file or directory; for a study by name: --study first\n")


def test_who_comes_second_to_a_name_leaves_no_empty_results(tmp_path, command, monkeypatch):
    """Both saw the name free; the other made the study first."""
    begin(tmp_path, "twin", 1.0)
    monkeypatch.setattr(SqliteStore, "see_free", lambda self, name: None)
    failed(command("search", "--config", "study.yaml", "--study", "twin"), 2)
    assert [p.name for p in (tmp_path / "results").glob("*.json")] == ["s.json"]


def test_a_lock_for_which_the_disk_has_no_room_is_told_as_that(tmp_path, command, monkeypatch):
    def no_room(path, owner):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sampler_bench.store.sqlite.FileLock", no_room)
    (tmp_path / "study.yaml").write_text(STUDY)
    said = failed(command("search", "--config", "study.yaml"), 1)
    assert "No space left on device; make room on the disk, or choose another" in said


def test_a_search_that_nobody_serves_leaves_nothing(tmp_path, command):
    nobody = ("--server", "http://127.0.0.1:9", "--judge", "offline")
    failed(command("search", *nobody), 3)
    assert not (tmp_path / "results").exists()
    begin(tmp_path, "s", 1.0)
    before = {path: path.read_bytes() for path in (tmp_path / "results").iterdir()}
    failed(command("search", *nobody), 3)
    assert {path: path.read_bytes() for path in (tmp_path / "results").iterdir()} == before


def test_the_first_ctrl_c_ends_a_search_that_still_asks_who_is_there(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        words = ("--server", url, "--engine", "koboldcpp", "--judge", "offline")
        search = start("search", *words, cwd=tmp_path)
        silent.settimeout(60)
        with silent.accept()[0]:
            search.send_signal(signal.SIGINT)
            _, said = search.communicate(timeout=60)
    assert search.returncode == 130
    assert "stopping" not in said
    assert said.endswith("interrupted; no text was written yet\n")
    assert not (tmp_path / "results").exists()


def test_a_killed_search_is_reported_and_compared_by_its_empty_file(tmp_path, command):
    begin(tmp_path, "a", 1.0, "a.json")
    begin(tmp_path, "b", 2.0, "b.json")
    code, out, err = command("analyze", "results/a.json", "--json")
    assert code == 0, err
    meta = json.loads(out)["search_metadata"]
    assert (meta["judged"], meta["state"]) == (2, "interrupted")
    with open_store(tmp_path / "results") as store:
        store.lock(store.chosen("a").id, "me")
        running = json.loads(command("analyze", "results/a.json", "--json")[1])
    assert running["search_metadata"]["state"] == "running"
    code, out, err = command("analyze", "--compare", "results/*.json")
    assert code == 0, err
    assert out.count("📊") == 2


@pytest.mark.parametrize("words", [("analyze",), ("report",), ("analyze", "--json")])
def test_a_study_without_judged_texts_does_not_spoil_a_comparison(tmp_path, command, words):
    begin(tmp_path, "a", 1.0, "a.json")
    begin(tmp_path, "b", 2.0, "b.json")
    results = tmp_path / "results"
    with open_store(results) as store:  # one stopped before its first text, one without a store
        spec = load_study(tmp_path / "study.yaml", None, {"seed": 1})
        none = store.create_study("none", spec.to_json(), 3.0)
        store.set_note(none.id, "results", {"file": "none.json", "kind": "search"})
    for name in ("none.json", "empty.json"):
        (results / name).touch()
    code, out, err = command(*words, "--compare", "results/*.json")
    assert code == 0, err
    assert "judges" not in out
    assert "None" not in out
    for name in ("none.json", "empty.json"):
        assert err.count(f"{name}: left out, no text of it was judged yet\n") == 1
    few = ("results/a.json", "results/none.json", "results/empty.json")
    said = failed(command(*words, "--compare", *few), 2)
    assert "expected two or more studies with judged texts, found 1: results/a.json" in said
    said = failed(command("analyze", "--compare", "results/none.json"), 2)
    assert "found 0: none" in said


def test_a_page_without_texts_says_why(tmp_path, command):
    with open_store(tmp_path / "results") as store:
        spec = load_study(None, "demo", {"seed": 1})
        store.create_study("s", spec.to_json(), 1.0)
    code, _, said = command("report", "--study", "s")
    assert code == 0, said
    assert "the page has no texts: none was written yet" in said


def test_a_store_that_cannot_be_read_is_told_and_leaves_the_page_with_its_texts(tmp_path, command):
    begin(tmp_path, "s", 1.0)
    results, page = (tmp_path / "results" / name for name in ("s.json", "s.html"))
    results.write_text(command("analyze", "results/s.json", "--json")[1])
    code, _, said = command("report", "results/s.json")
    assert code == 0
    assert "no texts" not in said
    before = page.read_bytes()
    (tmp_path / "results" / FILE).write_bytes(b"not a store" * 99)
    assert "move it away" in failed(command("report", "results/s.json"), 1)
    assert page.read_bytes() == before
    (tmp_path / "results" / FILE).unlink()
    assert "store is not beside its results" in command("report", "results/s.json")[2]


@pytest.mark.skipif(os.name == "nt", reason="folders have other rights there")
def test_a_study_in_a_folder_that_may_not_be_written_is_reported_with_its_texts(monkeypatch, capfd):
    def command(*words):
        return in_process(words, name, monkeypatch, capfd)

    with TemporaryDirectory() as name:
        begin(Path(name), "s", 1.0)
        results = Path(name, "results")
        (results / "s.json").write_text(command("analyze", results / "s.json", "--json")[1])
        shutil.copy(results / "s.json", results / "t.json")
        page = Path(name, "s.html")
        words = ("report", results / "s.json", "--html", page)
        command(*words)  # Python's own files may be root's alone: they are read here
        page.unlink()
        with read_only(results):
            code, _, said = command(*words)
            beside = command(*words[:2])
            compared = command("report", "--compare", results / "s.json", results / "t.json")
        assert code == 0, said
        assert "no texts" not in said
        for refused in (beside, compared):
            assert "choose another folder for the page with --html OUT" in failed(refused, 1)
        monkeypatch.undo()  # leave the folder before it goes


@pytest.mark.skipif(os.name == "nt", reason="folders have other rights there")
@pytest.mark.parametrize(
    "words", [("analyze", "--latest"), ("report",), ("analyze", "results/s.json"), ("search",)]
)
def test_a_results_folder_that_may_not_be_read_is_no_defect(words, monkeypatch, capfd):
    with TemporaryDirectory() as name:
        begin(Path(name), "s", 1.0)
        words = (*words, "--resume") if words == ("search",) else words
        in_process(("analyze", "--latest"), name, monkeypatch, capfd)  # reads Python's own files
        with read_only(Path(name, "results"), 0o000):
            done = in_process(words, name, monkeypatch, capfd)
        assert "you have no right to read or change it" in failed(done, 1)
        monkeypatch.undo()


@contextmanager
def read_only(folder, mode=0o555):
    """A folder that may not be written meanwhile, not even by root; or another `mode`."""
    user = os.geteuid()
    folder.parent.chmod(0o777)
    for path in (*folder.iterdir(), folder):
        path.chmod(mode)
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o755)


def test_the_latest_study_is_the_one_begun_last_whatever_the_clock_said(tmp_path, command):
    begin(tmp_path, "first", 2e9, "a.json")
    begin(tmp_path, "second", 1e9, "b.json")
    code, out, err = command("analyze", "--latest", "--json")
    assert code == 0, err
    assert json.loads(out)["search_metadata"]["study"] == "second"


def test_a_study_keeps_its_baseline_when_models_yaml_changes(tmp_path, command):
    """Its model may be gone from there altogether: results need no server."""
    begin(tmp_path, "s", 1.0)
    with open_store(tmp_path / "results") as store:
        spec = store.study("s").spec
        store.create_study("t", {**spec, "model": "gone-since"}, 2.0)
    code, out, err = command("analyze", "--study", "t", "--json")
    assert code == 0, err
    code, out, err = command("analyze", "--study", "s", "--json")
    assert json.loads(out)["verdict"]["baseline"] == BASELINE.text


def test_studies_that_are_not_there_are_named_alike_by_every_command(tmp_path, command):
    begin(tmp_path, "s", 1.0)
    for words in (
        ("search", "--resume", "t"),
        ("analyze", "--study", "t"),
        ("report", "--study", "t"),
        ("export", "--study", "t", "--to", "ollama"),
        ("inspect", "min_p:min_p=0.1", "--study", "t"),
    ):
        assert "there is no study 't'; there are: s" in failed(command(*words), 1)
