"""The report prints the commands of a study; they ask for the same again and hold no secret."""

import json
import re
import shlex
import sys
from html import unescape
from pathlib import Path

import pytest
from support.cli import in_process
from support.documents import document_of
from support.tables import problem_of, table_of

from sampler_bench.cli._search import how_to_go_on
from sampler_bench.reports._document import RunResult
from sampler_bench.reports._saying import Sayings
from sampler_bench.reports._words import command_line
from sampler_bench.reports.html import report
from sampler_bench.spec import load_study
from sampler_bench.tuning.request import Request
from sampler_bench.tuning.runs import without_secrets

STUDY = """
model: demo
judge: demo
task: demo
sampler_types: [min_p]
search_strategy: random
n_iterations: 3
samples_per_config: 1
parameter_ranges:
  min_p: {temperature: [0.7, 0.9, 1.1], min_p: [0.05], max_tokens: [24]}
test_prompts: [Create a mystery]
"""
COMMAND = re.compile(r'<pre tabindex="0" id="command"><code>(.*?)</code>', re.DOTALL)


@pytest.fixture
def command(tmp_path, monkeypatch, capfd):
    """Run the command line in this process: (exit code, stdout, stderr)."""
    (tmp_path / "my study.yaml").write_text(STUDY)
    return lambda *words: in_process(words, tmp_path, monkeypatch, capfd)


def printed(folder):
    """The commands that the page of the only study in a folder prints."""
    [page] = (folder / "results").glob("*.html")
    return unescape(COMMAND.search(page.read_text(encoding="utf-8"))[1]).splitlines()


def texts_of(document):
    """What a study found, without its clock and name."""
    return [(row["config"], row["scores"], row["failures"]) for row in document["all_results"]]


@pytest.mark.slow
def test_the_printed_command_asks_for_the_same_again(command, tmp_path):
    asked = ("search", "--config", "my study.yaml", "--quiet", "--json", "--slots", "1")
    code, out, err = command(*asked)
    assert code == 0, err
    first = json.loads(out)
    [said] = printed(tmp_path)
    words = shlex.split(said)
    seed = first["search_metadata"]["seed"]
    assert words == ["sampler-bench", *asked, "--seed", str(seed)]
    assert [run["command"] for run in first["search_metadata"]["runs"]] == [
        command_line(["sampler-bench", *asked])
    ]
    code, out, err = command(*words[1:], "--output-dir", "again")
    assert code == 0, err
    assert texts_of(json.loads(out)) == texts_of(first)


def test_every_run_of_a_study_is_printed_in_its_order(command, tmp_path):
    begin = ("search", "--config", "my study.yaml", "--seed", "5", "--max-samples", "2", "--quiet")
    assert command(*begin)[0] == 0
    code, out, err = command("search", "--resume", "--max-samples", "4", "--quiet", "--json")
    assert code == 0, err
    assert printed(tmp_path) == [
        command_line(["sampler-bench", *begin]),
        "sampler-bench search --resume --max-samples 4 --quiet --json",
    ]
    runs = json.loads(out)["search_metadata"]["runs"]
    assert all(run["version"] and run["python"] and run["started"] for run in runs)


def test_no_secret_is_kept_with_a_command():
    environment = {"OPENAI_API_KEY": "abc-very-secret", "PATH": "/usr/bin", "MY_TOKEN": ""}
    words = [
        "search",
        "--server",
        "http://me:p@ss@10.0.0.1:5001",
        "--server=me:p@ss@10.0.0.1:5001",
        "--custom-prompts",
        "mail a@b.org: use abc-very-secret here",
        "sk-proj-0123456789abcdef",
        "/usr/bin",
    ]
    assert without_secrets(words, environment) == [
        "search",
        "--server",
        "http://***@10.0.0.1:5001",
        "--server=***@10.0.0.1:5001",
        "--custom-prompts",
        "mail a@b.org: use *** here",
        "***",
        "/usr/bin",
    ]


def test_a_password_in_an_address_is_not_kept_with_the_study(tmp_path):
    (tmp_path / "s.yaml").write_text(STUDY)
    spec = load_study(tmp_path / "s.yaml", None, {"server": ["http://me:pass@10.0.0.1:5001"]})
    assert spec.to_json()["server"] == ["http://10.0.0.1:5001"]
    assert spec.server == ("http://me:pass@10.0.0.1:5001",)
    said = how_to_go_on(Request(spec, Path("results"), "s", Path("s.json"), {}))
    assert "--resume s --server" in said
    assert "http://***@10.0.0.1:5001" in said
    assert "pass@" not in said


def test_a_command_is_quoted_as_its_console_reads_it(monkeypatch):
    words = ["sampler-bench", "--output-dir", "C:\\my studies"]
    monkeypatch.setattr(sys, "platform", "win32")
    assert command_line(words) == 'sampler-bench --output-dir "C:\\my studies"'
    monkeypatch.setattr(sys, "platform", "linux")
    assert command_line(words) == "sampler-bench --output-dir 'C:\\my studies'"


def test_what_is_not_known_of_a_command_is_said():
    document = document_of(table_of(lambda c: 5.0), problem_of())
    assert "which one is not known" in report(document).html
    runs = [RunResult(command="sampler-bench search --study x\u202e")]
    meta = document.search_metadata.model_copy(update={"runs": runs})
    say = Sayings(document.model_copy(update={"search_metadata": meta}))
    assert say.commands == ["sampler-bench search --study x\u202e --seed 7"]
    assert "The study's name must be free" in say.commands_note
    went_on = RunResult(command="sampler-bench search --resume x")
    later = document.search_metadata.model_copy(update={"runs": [went_on]})
    say = Sayings(document.model_copy(update={"search_metadata": later}))
    assert say.commands == []
    assert "which one is not known" in say.commands_note
    html = report(document.model_copy(update={"search_metadata": meta})).html
    assert "<code>sampler-bench search --study x? --seed 7</code>" in html
