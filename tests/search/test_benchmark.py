"""The benchmark's command runs, prints its table, and goes on where it stopped."""

import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "search.py"


def bench(*options):
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), *options],
        capture_output=True, text=True, check=True, timeout=600,
    )  # fmt: skip
    return [line.split() for line in done.stdout.splitlines()]


def test_a_small_sample_of_the_benchmark(tmp_path):
    out = str(tmp_path / "answers.jsonl")
    common = ["--families", "listed", "--runs", "2", "--budgets", "30", "60", "--out", out]
    bench(*common, "--methods", "climb")
    lines = bench(*common, "--methods", "bayesian", "climb")
    assert ["listed:", "2", "studies"] in lines
    regret = {
        (line[0], int(line[1])): float(line[3])
        for line in lines
        if line[:1] in (["bayesian"], ["climb"]) and line[1].isdigit()
    }
    assert set(regret) == {(m, t) for m in ("bayesian", "climb") for t in (30, 60)}
    assert all(0 <= value < 2 for value in regret.values())
    kept = Path(out).read_text().splitlines()
    assert len(kept) == 8, "the climb's answers were not played again"
    assert bench("--report", out) == lines
