"""A user's folder: scripts, backend, .env, venv; a model server on its own port; a judge."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.cli import ROOT, clean_environment
from support.judge_server import KEY, JudgeServer

MODEL = "llama-3.1-8b-instruct"
CAP = 16  # texts of a search in the ordinary suite


class Project:
    """Runs the guide's commands, word for word, with bash in the folder."""

    def __init__(self, folder: Path, judge: JudgeServer, capped: bool) -> None:
        self.folder, self.judge, self.capped = folder, judge, capped

    def cap(self, study_file: Path) -> None:
        """Let a study file's searches end early, where sizes are capped."""
        if self.capped:
            study_file.write_text(f"max_samples: {CAP}\n" + study_file.read_text())

    def bash(self, command: str, timeout: float = 900) -> str:
        """Run a command in the activated environment; return stdout; it must exit with 0."""
        done = self.attempt(command, timeout)
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        assert KEY not in done.stdout + done.stderr
        return done.stdout

    def attempt(self, command: str, timeout: float = 900) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["bash", "-c", f"source venv/bin/activate\n{command}"],
            cwd=self.folder,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def results(self, pattern: str = "hyper_search_*.json") -> list[Path]:
        return sorted((self.folder / "results").glob(pattern), key=os.path.getmtime)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def lay_out(folder: Path, judge_url: str, port: int, capped: bool) -> None:
    """Copy what a user has, point the guide's model at the demo GGUF, and fill in `.env`."""
    for name in ("scripts", "backend"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("requirements.txt", "constraints.txt", ".env.example"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "venv").symlink_to(Path(sys.prefix))
    models = folder / "backend" / "config" / "models.yaml"
    text = models.read_text()
    entry = re.search(rf"  {re.escape(MODEL)}:\n(?:    .*\n|\n)*", text)[0]
    ours = (
        f"  {MODEL}:\n    engine: koboldcpp\n    gguf: demo\n    port: {port}\n    context: 1024\n"
    )
    models.write_text(text.replace(entry, ours))
    secrets = (folder / ".env.example").read_text().replace("sk-your-key-here", KEY)
    (folder / ".env").write_text(f"{secrets}\nOPENAI_BASE_URL={judge_url}\n")
    if capped:
        config = folder / "backend" / "config" / "hyper_search_config.yaml"
        config.write_text(f"max_samples: {CAP}\n" + config.read_text().replace("[512]", "[160]"))


@pytest.fixture(scope="module")
def project(request, tmp_path_factory):
    """The folder with a running server; `request.param` is True for capped sizes."""
    folder, port = tmp_path_factory.mktemp("guide"), free_port()
    with JudgeServer() as judge:
        lay_out(folder, judge.url, port, request.param)
        command = f"./scripts/start_model_server.sh {MODEL} --verbose"
        with (folder / "server.out").open("w") as output:
            server = subprocess.Popen(
                ["bash", "-c", f"source venv/bin/activate\nexec {command}"],
                cwd=folder,
                env=clean_environment(PYTHONUNBUFFERED="1"),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_for(folder / "server.out", "Loading complete", server)
            yield Project(folder, judge, request.param)
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(20)


def wait_for(file: Path, words: str, server: subprocess.Popen) -> None:
    for _ in range(600):
        if words in file.read_text():
            return
        assert server.poll() is None, file.read_text()
        time.sleep(0.1)
    raise AssertionError(f"no {words!r} in {file.read_text()}")
