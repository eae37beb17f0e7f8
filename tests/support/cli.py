"""Run the command line as a user does: a process of its own in a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def clean_environment(**extra):
    """The environment without any key or setting of ours, with `extra`."""
    ours = ("OPENAI_", "SAMPLER_BENCH_", "KOBOLDCPP")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    return {**kept, "PYTHONUTF8": "1", "NO_COLOR": "1", "OMP_NUM_THREADS": "1", **extra}


def start(*words, cwd, **extra):
    """Start `sampler-bench WORDS...` without waiting."""
    return subprocess.Popen(
        [sys.executable, "-m", "sampler_bench", *map(str, words)],
        cwd=cwd,
        env=clean_environment(**extra),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*words, cwd, timeout=120, **extra):
    """Run `sampler-bench WORDS...` to its end: (exit code, stdout, stderr)."""
    process = start(*words, cwd=cwd, **extra)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return process.returncode, out, err
