"""The benchmark's command runs and prints its table."""

import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "search.py"


def test_a_small_sample_of_the_benchmark():
    command = [
        sys.executable,
        str(BENCHMARK),
        "--families",
        "listed",
        "--methods",
        "bayesian",
        "climb",
    ]
    done = subprocess.run(
        [*command, "--runs", "2", "--budgets", "30", "60"],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["listed:", "2", "studies"] in lines
    table = {
        (line[0], line[1]): float(line[2])
        for line in lines
        if line[:1] in (["bayesian"], ["climb"])
    }
    assert {name for name, _ in table} == {"bayesian", "climb"}
    assert all(0 <= regret < 2 for regret in table.values())
