"""Every command of the guide, word for word.

Capped sizes run in the ordinary suite (16 texts a search), full sizes as `slow`. Left out, as the
docs say: the one-line key test (the SDK it was written for has changed; `doctor` answers), `cd
/path/to`, and `tail -f`, which never ends and is bounded here.
"""

import json
import re

import pytest
from ruamel.yaml import YAML

FOCUSED = "focused_minp.yaml"
RUN = "python scripts/run_hyper_search.py \\\n  --model llama-3.1-8b-instruct"
SEARCHES = [
    f"{RUN} \\\n  --config-section quick_test",
    f"{RUN} \\\n  --strategy bayesian \\\n  --iterations 50",
    "python scripts/run_hyper_search.py --model llama-3.1-8b-instruct",
    f"{RUN} \\\n  --strategy bayesian \\\n  --iterations 100 \\\n  --samples-per-config 5",
    f"{RUN} \\\n  --strategy grid \\\n  --samplers min_p \\\n  --config-section intensive_search",
    f"{RUN} \\\n  --strategy random \\\n  --iterations 50",
    f"{RUN} \\\n  --strategy bayesian \\\n  --iterations 75",
    "python scripts/run_hyper_search.py \\\n  --config custom_search.yaml \\\n"
    "  --model llama-3.1-8b-instruct",
    f"{RUN} \\\n  --strategy random \\\n  --iterations 30 \\\n  --samples-per-config 2 \\\n"
    '  --samplers min_p top_n_sigma \\\n  --custom-prompts "Write about AI" "Create a mystery"',
    f"{RUN} \\\n  --seed 42",
    f"{RUN} \\\n  --samplers min_p \\\n  --strategy random \\\n  --iterations 25",
    f"{RUN} \\\n  --samplers min_p \\\n  --strategy grid \\\n  --config {FOCUSED}",
    f"{RUN} \\\n  --strategy bayesian \\\n  --iterations 100 \\\n  --samples-per-config 4",
]
CUSTOM = """# custom_search.yaml
search_strategy: "grid"
sampler_types: ["min_p"]
parameter_ranges:
  min_p:
    temperature: [1.0, 1.1, 1.2, 1.3]
    min_p: [0.01, 0.02, 0.03]
    max_tokens: [512]
test_prompts:
  - "Your custom prompt here"
"""
EXPORTS = [
    "best_configs.yaml",
    "optimal_samplers.yaml",
    "best_samplers.yaml",
    "optimal_minp.yaml",
    "comparison_results.yaml",
]
BENCHMARK = (
    "python scripts/run_full_benchmark.py \\\n  --model llama-3.1-8b-instruct \\\n"
    '  --samplers $(cat optimal_samplers.yaml | grep -A1 "best_overall:" | tail -1)'
)
IMPORTS = """python -c "
import sys
sys.path.insert(0, 'backend')
try:
    from api.quality_api import SamplerBenchAPI
    print('✅ Backend imports working')
except ImportError as e:
    print(f'❌ Import error: {e}')
"
"""
API_TEST = """python -c "
import os
from openai import OpenAI
client = OpenAI(api_key=os.getenv('OPENAI_API_KEY'))
try:
    response = client.chat.completions.create(
        model='gpt-4o-mini',
        messages=[{'role': 'user', 'content': 'test'}],
        max_tokens=5
    )
    print('✅ OpenAI API working')
except Exception as e:
    print(f'❌ API Error: {e}')
"
"""
PARTS = [
    "🔍 HYPERPARAMETER SEARCH ANALYSIS REPORT",
    "📊 Search Overview:",
    "   Total configurations tested: ",
    "   Best overall score: ",
    "   Search timestamp: ",
    "🎯 Sampler Performance Analysis:",
    "     Configurations tested: ",
    "     Best config: {'temperature': ",
    "📊 Parameter Importance:",
    "🎯 Optimal Parameter Ranges:",
    "💡 Recommendations:",
    "   🏆 Best Overall Configuration:",
]

capped = pytest.mark.parametrize("project", [True], indirect=True, ids=["capped"])
full = pytest.mark.parametrize("project", [False], indirect=True, ids=["full"])


@capped
def test_the_guide_works_as_printed_at_capped_size(project):
    walk(project)


@full
@pytest.mark.slow
def test_the_guide_works_as_printed_at_full_size(project):
    walk(project)


def walk(project):
    """The guide from top to bottom."""
    (project.folder / "custom_search.yaml").write_text(CUSTOM)
    for command in SEARCHES:
        if FOCUSED in command:
            focus(project)
        before = set(project.results())
        out = project.bash(command)
        check_report(out)
        [new] = set(project.results()) - before
        check_results(json.loads(new.read_text()), new)
    check_analysis(project)
    check_exports(project)
    check_benchmark(project)
    check_the_rest(project)


def focus(project):
    """The tutorial's second step, and "edit config with discovered ranges": a command of ours."""
    analyze = "python scripts/analyze_hyper_search.py --latest"
    check_report(project.bash(f"{analyze} --refine {FOCUSED}"))
    file = project.folder / FOCUSED
    loaded = YAML(typ="safe").load(file)
    assert (loaded["search_strategy"], loaded["sampler_types"]) == ("grid", ["min_p"])
    assert set(loaded["parameter_ranges"]["min_p"]) == {"temperature", "min_p", "max_tokens"}
    project.cap(file)


def check_report(text):
    """The guide's five parts, in its order and layout."""
    places = [text.find(part) for part in PARTS]
    assert -1 not in places, PARTS[places.index(-1)]
    assert places == sorted(places)


def check_results(document, path):
    """The keys of the guide's results files."""
    assert re.fullmatch(r"hyper_search_[a-z]+_\d{8}_\d{6}(_\d+)?\.json", path.name)
    assert document["search_metadata"]["state"] in ("done", "budget")
    assert document["best_configuration"]["parameters"]
    for result in document["all_results"]:
        assert {"parameters", "mean", "std", "scores", "sampler_type"} <= set(result)
        assert {"sample_count", "evaluation_time"} <= set(result)
        assert all(0 <= score <= 10 for score in result["scores"])
    judged = sum(len(result["scores"]) for result in document["all_results"])
    assert judged == document["search_metadata"]["judged"] > 0


def check_analysis(project):
    check_report(project.bash("python scripts/analyze_hyper_search.py --latest"))
    oldest = project.results()[0]
    check_report(project.bash(f"python scripts/analyze_hyper_search.py {oldest}"))
    comparison = project.bash(
        "python scripts/analyze_hyper_search.py --compare results/hyper_search_*.json"
    )
    assert comparison.count("📊") == len(project.results())
    assert "prompts: 0 shared by all, of " in comparison


def check_exports(project):
    for name in EXPORTS:
        project.bash(f"python scripts/analyze_hyper_search.py --latest --export {name}")
        raw = (project.folder / name).read_bytes()
        assert b"\r" not in raw
        lines = raw.decode().splitlines()
        [place] = [i for i, line in enumerate(lines) if "best_overall:" in line]
        value = lines[place + 1].strip()
        assert re.fullmatch(r"[A-Za-z0-9_.+=:,;-]+", value)
        loaded = YAML(typ="safe").load(raw)
        assert loaded["best_overall"] == value
        assert set(loaded) == {"best_overall", "best_by_sampler", "presets"}
    assert (project.folder / "results" / "best_configs.yaml").is_file()


def check_benchmark(project):
    out = project.bash(BENCHMARK)
    text = YAML(typ="safe").load(project.folder / "optimal_samplers.yaml")["best_overall"]
    assert text in out
    assert project.results("full_benchmark_*.json")
    presets = YAML(typ="safe").load(project.folder / "optimal_samplers.yaml")["presets"]
    samplers = project.folder / "backend" / "config" / "samplers.yaml"
    pasted = (project.folder / "optimal_samplers.yaml").read_text().partition("presets:\n")[2]
    samplers.write_text(samplers.read_text().rstrip() + "\n" + pasted)
    name = next(iter(presets))
    out = project.bash(
        f"python scripts/run_full_benchmark.py --model llama-3.1-8b-instruct --samplers {name}"
    )
    assert "HYPERPARAMETER" in out


def check_the_rest(project):
    assert "✅ Backend imports working" in project.bash(IMPORTS)
    port = re.search(r"port: (\d+)", (project.folder / "backend/config/models.yaml").read_text())
    assert "LISTEN" in project.bash(f"ss -ltn | grep {port[1]} || lsof -i :{port[1]}")
    assert project.bash("timeout 2 tail -f koboldcpp.log || true") is not None
    assert (project.folder / "koboldcpp.log").stat().st_size > 0
    exported = f"set -a; source .env; set +a\n{API_TEST}"
    assert "✅ OpenAI API working" in project.bash(exported)
    again = project.attempt("./scripts/start_model_server.sh llama-3.1-8b-instruct", timeout=30)
    assert again.returncode == 0, again.stderr  # the same model is served already: reused
    assert "Loading complete" in (project.folder / "server.out").read_text()
