"""`doctor` looks at everything, tells each problem once, and names one fix for it."""

import re
import socket
import threading
from contextlib import suppress

import pytest
from support.cli import in_process
from support.embedding_server import EmbeddingServer
from support.judge_server import KEY, JudgeServer

OFFLINE = ("--judge", "offline")


@pytest.fixture
def doctor(tmp_path, monkeypatch, capfd):
    """Run it in this process: (exit code, what it says)."""

    def run(*words):
        code, out, err = in_process(["doctor", *words], tmp_path, monkeypatch, capfd)
        assert out == ""
        problems = err.count("❌")
        assert problems == err.count("fix: ")
        assert problems == int((re.search(r"(\d+) problems? found", err) or [0, 0])[1])
        return code, err

    return run


def test_a_missing_key_is_one_problem(doctor):
    code, said = doctor("--model", "demo")
    assert code == 3
    assert said.count("OPENAI_API_KEY is not set") == said.count("❌") == 1


def test_all_is_well_with_a_judge_that_answers(doctor, tmp_path):
    with JudgeServer() as judge:
        (tmp_path / ".env").write_text(f"OPENAI_API_KEY={KEY}\nOPENAI_BASE_URL={judge.url}\n")
        code, said = doctor("--model", "demo")
    assert (code, said.count("❌")) == (0, 0)
    assert "all is well" in said
    assert KEY not in said


def hang_up(holder):
    """Take every call and say nothing."""
    with suppress(OSError):  # the socket was closed
        while True:
            holder.accept()[0].close()


def test_who_holds_the_port_of_a_model_is_named(doctor):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        threading.Thread(target=hang_up, args=[holder], daemon=True).start()
        port = holder.getsockname()[1]
        code, said = doctor("--server", f"http://127.0.0.1:{port}", *OFFLINE)
    assert code == 3
    assert f"port {port} is held by this very process" in said
    assert "1 problem found" in said


def test_a_model_that_is_not_known_is_one_problem(doctor):
    code, said = doctor("--model", "lama-3.1-8b-instruct", *OFFLINE)
    assert code == 2
    assert "1 problem found" in said
    assert "did you mean 'llama-3.1-8b-instruct'?" in said


def test_a_model_that_is_to_be_fetched_says_where_from(doctor):
    code, said = doctor("--model", "llama-3.1-8b-instruct", *OFFLINE)
    assert code == 3
    assert "llama-3.1-8b-instruct, of bartowski/" in said
    assert "fix: start it: sampler-bench serve llama-3.1-8b-instruct" in said


@pytest.mark.parametrize(("behaviours", "problems"), [([], 0), ([404], 1)])
def test_the_embedding_model_of_a_study_is_asked(doctor, tmp_path, behaviours, problems):
    with EmbeddingServer(behaviours) as server:
        study = "model: demo\nsampler_types: [min_p]\ntest_prompts: [Write]\n"
        section = f"embedding: {{url: '{server.url}', model: m}}\n"
        (tmp_path / "s.yaml").write_text(study + section)
        code, said = doctor("--config", tmp_path / "s.yaml", *OFFLINE)
    assert (code, said.count("❌")) == (3 * problems, problems)
    assert "embedding: " in said
