"""Run the command line as a user does: a process of its own in a folder of its own."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from sampler_bench.cli import main

from .judge_server import KEY

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


def failed(done, code):
    """Check what holds for every failure; return its message."""
    out, err = done[1], done[2]
    assert done[0] == code, (done[0], out[-500:], err[-2000:])
    assert "Traceback" not in out + err
    assert "defect of sampler-bench" not in err
    assert KEY not in out + err
    assert "error: " in err
    return err


async def command(folder, *words):
    """`run`, while the doubles of this event loop go on answering."""
    return await asyncio.to_thread(run, *words, cwd=folder)


def in_process(words, folder, monkeypatch, capfd):
    """Run the command line in this process, for the many mistakes that stop before anything."""
    monkeypatch.chdir(folder)
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "SAMPLER_BENCH_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SAMPLER_BENCH_CONFIG", str(ROOT / "backend" / "config"))
    try:
        code = main([*map(str, words)])
    except SystemExit as error:
        code = error.code
    captured = capfd.readouterr()
    return code, captured.out, captured.err
