"""What users do wrong and what goes wrong: a clear message, the right exit code, no traceback."""

import json
import re
import socket
import subprocess
import sys
from importlib.util import find_spec

import pytest
from support.cli import clean_environment, failed, in_process, run
from support.judge_server import KEY, JudgeServer

from sampler_bench.cli import build_parser

DEMO = ("--model", "demo", "--max-samples", "8", "--samplers", "min_p")
OFFLINE = (*DEMO, "--judge", "offline")
GOOD = """
search_strategy: random
n_iterations: 2
samples_per_config: 1
model: demo
judge: demo
task: demo
sampler_types: [min_p]
parameter_ranges:
  min_p: {temperature: [0.7, 0.9], min_p: [0.05], max_tokens: [60]}
test_prompts: [Create a mystery]
"""

FILES = [
    ("n_iterations: 2", "n_iterations: two", "study.yaml:3: n_iterations: expected a whole number"),
    ("n_iterations: 2", "n_iterations: 0", "of at least 1, found 0"),
    ("n_iterations: 2", "n_iteration: 2", "setting 'n_iteration' is not known (did you mean"),
    ("n_iterations: 2", "n_iterations: true", "expected a whole number"),
    ("n_iterations: 2", "n_iterations: 2.5", "expected a whole number"),
    ("n_iterations: 2", "n_iterations: [2]", "expected a whole number"),
    ("n_iterations: 2", "n_iterations: 2\nn_iterations: 3", "study.yaml:4: not readable as YAML"),
    ("search_strategy: random", "search_strategy: bayesean", "did you mean 'bayesian'?"),
    ("search_strategy: random", "search_strategy: 3", "expected one of bayesian"),
    ("judge: demo", "judge: openia", "did you mean 'openai'?"),
    ("task: demo", "task: creative-writting", "did you mean 'creative-writing'?"),
    ("model: demo", "model: demmo", "model 'demmo' is not in models.yaml (did you mean 'demo'?)"),
    ("model: demo", "model: demo\nserver: localhost", "expected a URL like http://127.0.0.1:5001"),
    ("model: demo", "model: demo\nserver: 'http://127.0.0.1:70000'", "expected a URL like http"),
    ("model: demo", "model: demo\nengine: kobold", "did you mean 'koboldcpp'?"),
    ("model: demo", "model: demo\nbaseline: nukleus", "did you mean 'nucleus'?"),
    ("model: demo", "model: demo\nbaseline: min_p", "is a sampler type"),
    ("model: demo", "model: demo\nbaseline: 'min_p:min_p=7'", "expected a number from 0 to 1"),
    ("model: demo", "model: demo\nfailure_score: 11", "expected a number from 0 to 10, found 11"),
    ("model: demo", "model: demo\nmax_cost: -1", "expected a number of at least 0"),
    ("model: demo", "model: demo\nseed: -1", "expected a whole number of at least 0"),
    ("model: demo", "model: demo\nraw: 'yes'", "expected true or false"),
    ("test_prompts: [Create a mystery]", "test_prompts: no.txt", "no.txt cannot be read as a file"),
    ("sampler_types: [min_p]", "sampler_types: [min_q]", "sampler 'min_q' is not known (did you"),
    ("sampler_types: [min_p]", "sampler_types: []", "expected at least one text"),
    ("sampler_types: [min_p]", "sampler_types: [min_p, min_p]", "'min_p' is listed twice"),
    ("sampler_types: [min_p]", "sampler_types: [nucleus]", "nucleus is a preset"),
    ("temperature: [0.7, 0.9]", "temperature: []", "temperature: expected at least one value"),
    (
        "temperature: [0.7, 0.9]",
        "temperature: {low: 0.7, high: 0.9, step: .nan}",
        "expected step > 0",
    ),
    ("temperature: [0.7, 0.9]", "temperature: [0.7, 0.7]", "0.7 is listed twice"),
    (
        "temperature: [0.7, 0.9]",
        "temperature: [hot]",
        "expected a number from 0 to 10, found 'hot'",
    ),
    ("temperature: [0.7, 0.9]", "temperature: [-1]", "expected a number from 0 to 10, found -1"),
    ("temperature: [0.7, 0.9]", "temprature: [1]", "did you mean 'temperature'?"),
    ("temperature: [0.7, 0.9]", "top_p: [0.9]", "name the sampler min_p+top_p to use it"),
    ("temperature: [0.7, 0.9]", "temperature: {low: 2, high: 1}", "expected low < high"),
    ("temperature: [0.7, 0.9]", "temperature: {low: 1}", "expected low and high"),
    ("temperature: [0.7, 0.9]", "temperature: {low: 1, hi: 2}", "range key 'hi' is not known"),
    ("min_p: [0.05]", "min_p: {low: 0, high: 1, scale: log}", "a log scale needs low > 0"),
    ("min_p: [0.05]", "min_p: {low: 0.1, high: 1, scale: cubic}", "expected linear or log"),
    ("min_p: [0.05]", "min_p: {low: 0.1, high: 1, step: 0}", "expected step > 1"),
    ("min_p: [0.05]", "min_p: [1.5]", "expected a number from 0 to 1, found 1.5"),
    ("max_tokens: [60]", "max_tokens: [0]", "expected a whole number from 1"),
    ("test_prompts: [Create a mystery]", "test_prompts: []", "expected at least one text"),
    ("test_prompts: [Create a mystery]", "test_prompts: ['']", "expected a text, found ''"),
    ("test_prompts: [Create a mystery]", "test_prompts: 7", "expected a text, found 7"),
    ("parameter_ranges:", "parameter_range:", "did you mean 'parameter_ranges'?"),
    ("judge: demo", "judge: demo\nquick: {n_iterations: x}\n'", "not readable as YAML"),
    ("judge: demo", "judge: demo\n\tmodel: x", "not readable as YAML"),
    ("judge: demo", "judge: [demo", "not readable as YAML"),
]


@pytest.mark.parametrize(("old", "new", "message"), FILES)
def test_a_mistake_in_a_study_file_is_named(old, new, message, tmp_path, monkeypatch, capfd):
    assert old in GOOD
    (tmp_path / "study.yaml").write_text(GOOD.replace(old, new))
    done = in_process(["search", "--config", "study.yaml"], tmp_path, monkeypatch, capfd)
    assert message in failed(done, 2)
    assert [file.name for file in tmp_path.iterdir()] == ["study.yaml"], "nothing is written"


WITH_DEMO = [
    *((word, "--judge", "demo", *DEMO) for word in ("search", "plan")),
    ("benchmark", "--samplers", "nucleus", "--judge", "demo", "--model", "demo"),
    ("doctor", "--judge", "demo", "--model", "demo"),
    ("search", "--config-section", "demo"),
]
NOT_ASKED = ("--engine", "embedded", "--server", "http://a:1")
WITH_EMBEDDED = [
    *((word, *OFFLINE) for word in ("search", "plan")),
    ("benchmark", "--samplers", "nucleus", "--judge", "demo"),
    ("check",),
    ("inspect", "min_p:min_p=0.1"),
]
TORCH = "needs torch, which is not installed; run `pip install torch`"
WITH_TORCH = [(word, "--strategy", "gp", *OFFLINE) for word in ("search", "plan")]
WORDS = [
    ((), "search: there is no study file", None),
    (("search", "--config", "nowhere.yaml"), "nowhere.yaml: cannot be read", 2),
    (("search", "--config", "."), "cannot be read", 2),
    (("search", "--config-section", "quick"), "there is no section 'quick' (did you mean", 2),
    (("serch",), "there is no command 'serch' (did you mean 'search'?)", 2),
    (("search", "--iterations", "many"), "invalid int value", 2),
    (("search", "--nonsense"), "sampler-bench search has no option --nonsense\n", 2),
    (("search", "--seeds", "3"), "no option --seeds (did you mean '--seed'?)", 2),
    (("demo", "again"), "sampler-bench demo: one word too many: 'again'", 2),
    (("report", "--html", ""), "argument --html: expected a path, found an empty word", 2),
    (("search", "--output-dir", " "), "argument --output-dir: expected a path", 2),
    (("search", "--config", ""), "argument --config: expected a path", 2),
    (("export", "nucleus", "--to", "ollama", "--out", ""), "argument --out: expected a path", 2),
    (("analyze", ""), "argument file: expected a path", 2),
    (("search", "--timeout", "0"), "expected a number from 1 to 86400, found 0", 2),
    (("search", "--config", "study.yaml", "--resume", "s"), "leave out config", 2),
    (("plan", "--texts", "0", *DEMO[:2]), "--texts is 0, expected at least 1", 2),
    *(((*word, "--judge-model", "x"), "judge demo asks no model", 2) for word in WITH_DEMO),
    (("search", *OFFLINE, "--judge-model", "x"), "judge offline asks no model; leave it out", 2),
    *(((*word, *NOT_ASKED), "http://a:1 would not be asked", 2) for word in WITH_EMBEDDED),
    (("inspect", "min_p:min_p=0.1", "--latest", "--engine", "vllm"), "leave --engine out", 2),
    (("export", "--latest", "--from", "ollama", "--to", "ollama"), "--from is for a file", 2),
    (("serve", "demo", "--koboldcpp", "k", "--engine", "llamacpp"), "serves here; leave it out", 2),
    (("search", "--custom-prompts", "a \udcff story"), "is no text in UTF-8", 2),
    (("search", "--resume"), "there is no study in results; run a search first", 1),
    (("analyze",), "expected one of a results file, --latest or --study", 2),
    (("analyze", "--latest"), "there are no results in results", 1),
    (("analyze", "nowhere.json"), "nowhere.json cannot be read", 2),
    (("analyze", "--compare", "a.json", "b.json", "--export", "c.yaml"), "leave out --export", 2),
    (("analyze", "a.json", "--compare", "b.json"), "after it, and leave out a file", 2),
    (("report", "--compare", "a.json", "b.json", "--latest"), "leave out --latest", 2),
    (("report", "--compare", "a.json", "b.json", "--same-from", ".7"), "leave out --same-from", 2),
    (("inspect", "~nobody/x.json"), "there is no such file", 2),
    (("analyze", "half.json"), "half.json:1: expected a results file, found broken JSON", 2),
    (("analyze", "other.json"), "is it a results file", 2),
    (("benchmark", "--samplers", "min_p", "--model", "demo"), "min_p is a sampler type", 2),
    (("benchmark", "--samplers", "min_p:min_q=1", "--model", "demo"), "'min_q' is not known", 2),
    (("search", "--samplers", "nucleus", "--model", "demo"), "nucleus is a preset", 2),
    (("search", "--samplers", "min_p,top_p", *DEMO[:2]), "without a comma; known are", 2),
    (("search", "--samplers", "MIN_P", *DEMO[:2]), "is not known (did you mean 'min_p'?)", 2),
    (("search", "--samplers", "top_a", *DEMO[:2], "--judge", "demo"), "top_a", 2),
    (("serve", "nothing"), "model 'nothing' is not in models.yaml", 2),
    (("serve", "./nothing.gguf"), "there is no such file", 2),
    (("search", *DEMO), "set OPENAI_API_KEY in .env", 3),
    *((word, TORCH, 2) for word in WITH_TORCH),
]
WROTE = {"half.json", "other.json"}


@pytest.mark.parametrize(("words", "message", "code"), WORDS[1:])
def test_a_mistake_on_the_command_line_is_named(words, message, code, tmp_path, monkeypatch, capfd):
    (tmp_path / "half.json").write_text('{"search_metadata": {')
    (tmp_path / "other.json").write_text('{"name": "package"}')
    if message == TORCH and find_spec("torch"):
        pytest.skip("it is installed here")
    assert message in failed(in_process(words, tmp_path, monkeypatch, capfd), code)
    if code == 2 and message != "top_a":  # which only the engine knows
        assert {file.name for file in tmp_path.iterdir()} == WROTE, "nothing is written"


def test_an_option_that_is_given_twice_adds_up():
    """`--server A --server B` must not lose A in silence."""
    words = ["search", *("--server", "http://a", "--server", "http://b", "http://c")]
    words += ["--samplers", "min_p", "--samplers", "top_p"]
    args = build_parser(words).parse_args(words)
    assert args.server == ["http://a", "http://b", "http://c"]
    assert args.samplers == ["min_p", "top_p"]


def test_a_cost_cap_that_cannot_be_kept_is_refused(tmp_path, monkeypatch, capfd):
    (tmp_path / ".env").write_text(f"OPENAI_API_KEY={KEY}")
    text = GOOD.replace("judge: demo", "judge: openai\njudge_models: [mine]\nmax_cost: 1")
    (tmp_path / "study.yaml").write_text(text)
    done = in_process(["search", "--config", "study.yaml"], tmp_path, monkeypatch, capfd)
    assert "the price of mine is not known" in failed(done, 2)


def test_a_file_that_is_no_text_is_named(tmp_path, monkeypatch, capfd):
    (tmp_path / "study.yaml").write_bytes(b"\xff\xfe\x00")
    done = in_process(["search", "--config", "study.yaml"], tmp_path, monkeypatch, capfd)
    assert "expected a text file in UTF-8" in failed(done, 2)


def test_an_env_file_that_is_no_text_is_named(tmp_path, monkeypatch, capfd):
    """As PowerShell's `>` writes it."""
    (tmp_path / ".env").write_bytes("OPENAI_API_KEY=k".encode("utf-16"))
    done = in_process(["search", *DEMO], tmp_path, monkeypatch, capfd)
    assert ".env: expected a text file in UTF-8" in failed(done, 2)


def test_nobody_listens_at_the_servers_port(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = run("search", "--server", url, "--judge", "offline", cwd=tmp_path)
    assert url in failed(done, 3)


def test_a_store_that_is_no_store_is_named(tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "sampler-bench.sqlite").write_text("hello " * 1000)
    assert "not a database" in failed(run("search", *OFFLINE, cwd=tmp_path), 1)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "results").write_text("a file")
    assert "choose another --output-dir" in failed(run("search", *OFFLINE, cwd=tmp_path), 1)


LATER_FAULTS = ("429", "html", "cut", "eleven")
FAULTS = [
    ("401", 3, "the key is refused"),
    ("403", 3, "the key is refused"),
    ("404", 3, "there is no such model"),
    ("nonsense", 3, "no way of asking gives the JSON"),
    ("half", 3, "no way of asking gives the JSON"),
]


@pytest.mark.parametrize(("fault", "code", "message"), FAULTS)
def test_a_judge_that_is_no_use_stops_before_anything_is_written(
    fault, code, message, tmp_path, monkeypatch, capfd
):
    with JudgeServer(always=fault) as judge:
        (tmp_path / ".env").write_text(f"OPENAI_API_KEY={KEY}\nOPENAI_BASE_URL={judge.url}\n")
        done = in_process(["search", *DEMO], tmp_path, monkeypatch, capfd)
    assert message in failed(done, code)
    kept = b"".join(p.read_bytes() for p in (tmp_path / "results").iterdir())
    assert KEY.encode() not in kept


@pytest.mark.parametrize(
    "fault",
    ["500", "nonsense", *(pytest.param(f, marks=pytest.mark.slow) for f in LATER_FAULTS)],
)
def test_a_judge_that_stumbles_costs_no_configuration_anything(fault, tmp_path, monkeypatch, capfd):
    with JudgeServer(["ok", "ok", fault]) as judge:
        (tmp_path / ".env").write_text(f"OPENAI_API_KEY={KEY}\nOPENAI_BASE_URL={judge.url}\n")
        words = ["search", *DEMO, "--json", "--quiet"]
        done = in_process(words, tmp_path, monkeypatch, capfd)
    assert done[0] == 0, done[2]
    document = json.loads(done[1])
    assert document["search_metadata"]["texts"] == 8
    assert document["search_metadata"]["missing"] == 0
    assert KEY not in done[1] + done[2]


def test_a_full_disk_is_named_and_what_was_kept_is_kept(tmp_path):
    script = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from sampler_bench.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    words = ["search", "--model", "demo", "--judge", "offline", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert re.search(
        r"error: .*sqlite.*(full|disk I/O).*; a search goes on with --resume", done.stderr
    )
    code, out, err = run("analyze", "--latest", cwd=tmp_path)
    assert code == 0, err
    assert "judged" in out
