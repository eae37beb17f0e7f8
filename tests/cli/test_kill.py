"""kill -9 at random moments, resumed each time: nothing kept is lost, nothing is paid for twice."""

import json
import random
import signal
import time

import pytest
from support.cli import run, start
from support.judge_server import JudgeServer

STUDY = """
search_strategy: random
n_iterations: {iterations}
samples_per_config: 2
model: demo
max_length: 40
task: creative-writing
sampler_types: [temperature, min_p]
parameter_ranges:
  temperature: {{temperature: {{low: 0.3, high: 0.9}}, max_tokens: [70]}}
  min_p: {{temperature: {{low: 0.3, high: 1.2}}, min_p: {{low: 0.02, high: 0.2}}, max_tokens: [70]}}
test_prompts: [Create a mystery, Write about AI]
slots: 4
seed: 7
"""
IN_FLIGHT = 8 + 4  # judgments and texts at once


def search(folder, url, *words):
    return start(
        "search",
        *words,
        "--quiet",
        cwd=folder,
        OPENAI_BASE_URL=url,
        OPENAI_API_KEY="k",
    )


@pytest.mark.parametrize(
    ("kills", "iterations"), [(4, 30), pytest.param(50, 250, marks=pytest.mark.slow)]
)
def test_a_killed_search_goes_on_and_pays_for_nothing_twice(tmp_path, kills, iterations):
    rng = random.Random(kills)
    (tmp_path / "study.yaml").write_text(STUDY.format(iterations=iterations))
    with JudgeServer() as judge:
        killed = 0
        process = search(tmp_path, judge.url, "--config", "study.yaml", "--study", "s")
        while len(judge.counts) < 3:  # the study is there, and its first texts are
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        while killed < kills:
            deadline = time.monotonic() + 3.0 * rng.random()
            while time.monotonic() < deadline and process.poll() is None:
                time.sleep(0.01)
            if process.poll() is not None:
                break
            process.send_signal(signal.SIGKILL)
            process.communicate()
            killed += 1
            process = search(tmp_path, judge.url, "--resume", "s")
        out, err = process.communicate(timeout=600)
        assert process.returncode == 0, err
        counts = dict(judge.counts)
        checks = sum(n for (_, text), n in counts.items() if text.startswith("Mara set the lamp"))
    assert killed >= 3
    code, out, err = run("analyze", "--study", "s", "--json", cwd=tmp_path)
    assert code == 0, err
    document = json.loads(out)
    meta = document["search_metadata"]
    assert meta["pending"] == meta["missing"] == 0
    assert meta["texts"] >= iterations * 4
    asked = sum(counts.values()) - checks
    assert meta["judged"] <= asked <= meta["judged"] + killed * IN_FLIGHT
