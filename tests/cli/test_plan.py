"""`sampler-bench plan` on the demo model: what it prints, and that a search goes on from it."""

import json
import re

import pytest
from support.cli import in_process, run

STUDY = """
model: demo
judge: demo
task: demo
n_iterations: 6
samples_per_config: 2
sampler_types: [min_p]
parameter_ranges:
  min_p: {temperature: [0.5, 1.0], min_p: [0.05, 0.2], max_tokens: [24]}
test_prompts: ["Create a mystery", "Write about AI"]
"""


@pytest.mark.slow
def test_a_pilot_is_kept_and_a_search_goes_on_from_it(tmp_path):
    (tmp_path / "study.yaml").write_text(STUDY)
    plan = ("plan", "--config", "study.yaml", "--study", "first", "--seed", "3", "--texts", "12")
    code, told, _ = run(*plan, cwd=tmp_path, timeout=600)
    assert code == 0
    assert "gain over the baseline that is seen (80 % power)" in told
    assert "Pilot: 12 texts" in told
    assert "the judge, asked twice about one text: 0.00" in told
    assert re.search(r"will show a gain of \d\.\d\d \[\d\.\d\d to \d+\.\d\d\] points", told)
    assert "Go on: sampler-bench search --resume first" in told
    code, done, said = run("search", "--resume", "first", "--json", cwd=tmp_path, timeout=600)
    assert code == 0
    assert "12 of them are there already" in said
    meta = json.loads(done)["search_metadata"]
    assert 12 < meta["texts"] <= 24
    assert meta["state"] == "done"


def test_a_pilot_of_a_few_texts_is_not_sure_of_anything(tmp_path, monkeypatch, capfd):
    (tmp_path / "study.yaml").write_text(STUDY)
    plan = ["plan", "--config", "study.yaml", "--seed", "3", "--texts", "3", "--quiet"]
    code, told, said = in_process(plan, tmp_path, monkeypatch, capfd)
    assert code == 0, said
    assert "Judged texts: 3. So few hardly tell how noisy scores are" in told
    assert told.count("not known") == 4 + 4  # of the noise, and of budgets
    assert not re.search(r"\d \[", told)
    assert "several times" not in told
    code, out, said = in_process([*plan, "--json"], tmp_path, monkeypatch, capfd)
    assert code == 0, said
    pilot = json.loads(out)
    assert pilot["noise"]["text"]["mean"] is None
    assert {row["gap"]["mean"] for row in pilot["rows"]} == {pilot["for_margin"]} == {None}
    assert pilot["minutes"] > 0
