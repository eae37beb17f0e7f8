"""`sampler-bench inspect`, as a user runs it."""

import json

from support.cli import failed, in_process, run

A, B = "min_p:temperature=1.2,min_p=0.02", "top_p:temperature=1,top_p=0.9"


def test_without_a_study_the_built_in_bank_stands_in_and_says_so(tmp_path):
    code, out, err = run("inspect", A, B, "--html", "page.html", cwd=tmp_path)
    assert (code, err) == (0, "page: page.html\n")
    assert "the built-in bank" in out
    assert A in out
    assert A in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["page.html"], "no results folder is made"


def test_a_study_lends_its_fingerprint(tmp_path):
    done = run("search", "--model", "demo", "--judge", "demo", "--max-samples", "8",
               "--samplers", "min_p", "--quiet", cwd=tmp_path)  # fmt: skip
    assert done[0] == 0, done[2]
    code, out, err = run("inspect", A, "--latest", "--json", cwd=tmp_path)
    assert code == 0, err
    found = json.loads(out)
    assert "the whole vocabulary of 2048" in found["source"]
    assert found["temperature_order"] == "last"
    model, mine = found["configurations"]
    assert mine["config"] == A
    assert mine["candidates"] < model["candidates"] == 2048
    assert abs(sum(mine["written"].values()) - 1) < 1e-6
    code, report, _ = run("analyze", "--latest", cwd=tmp_path)
    assert "Model's fingerprint: 96 places of 4 texts" in report


def test_a_model_is_looked_at_now(tmp_path):
    code, out, err = run("inspect", A, "--model", "demo", "--order", "first", cwd=tmp_path)
    assert code == 0, err
    assert "the whole vocabulary of 2048" in out
    assert "Temperature acts first" in out


BOTH = "min_p+top_p:temperature=1.5,min_p=0.05,top_p=0.8"


def test_the_order_is_that_of_the_engine_that_is_named(tmp_path, monkeypatch, capfd):
    def found(*words):
        code, out, err = in_process(
            ["inspect", BOTH, "--json", *words], tmp_path, monkeypatch, capfd
        )
        assert code == 0, err
        told = json.loads(out)
        steps = [step for step in told["order"] if step in ("temperature", "min_p", "top_p")]
        candidates = round(told["configurations"][1]["candidates"], 1)
        return told["temperature_order"], steps, candidates, told["order_known"]

    assert found() == ("last", ["top_p", "min_p", "temperature"], 11.8, True)
    assert found("--order", "first")[:3] == ("first", ["temperature", "top_p", "min_p"], 39.0)
    assert found("--engine", "vllm") == ("first", ["temperature", "min_p", "top_p"], 22.3, True)
    assert found("--engine", "openai")[2:] == (11.8, False)


def test_whose_order_it_is_is_said_and_where_that_is_a_guess(tmp_path, monkeypatch, capfd):
    for config, words, line in (
        (BOTH, [], "top_p, min_p, temperature, as in llama.cpp (--engine names another)."),
        (BOTH, ["--engine", "vllm"], "temperature, min_p, top_p, as in vllm."),
        (A, ["--engine", "openai"], "not known of openai; as in llama.cpp: min_p, temperature."),
        (BOTH, ["--engine", "lmstudio"], "not known of lmstudio; as in llama.cpp: top_p, min_p, "
         "temperature; numbers may be off where truncations act together."),
    ):  # fmt: skip
        done = in_process(["inspect", config, *words], tmp_path, monkeypatch, capfd)
        assert f"Order of samplers: {line}\n" in done[1], done


def test_where_temperature_acts_is_no_fact_where_nobody_knows(tmp_path, monkeypatch, capfd):
    """An engine from outside may be no server with a dialect of ours at all."""
    (tmp_path / "outside.py").write_text("def build(options): ...\n")
    (tmp_path / "outside-1.dist-info").mkdir()
    (tmp_path / "outside-1.dist-info" / "METADATA").write_text("Name: outside\nVersion: 1\n")
    points = "[sampler_bench.engines]\noutside = outside\n"
    (tmp_path / "outside-1.dist-info" / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(tmp_path)

    def told(*words):
        code, out, err = in_process(["inspect", A, *words], tmp_path, monkeypatch, capfd)
        assert code == 0, err
        return out

    for engine in ("lmstudio", "outside"):
        line = f"Temperature acts last (assumed; not known of {engine}), unless a configuration"
        assert line in told("--engine", engine, "--html", "page.html")
        assert line in (tmp_path / "page.html").read_text(encoding="utf-8")
        assert "Temperature acts first, unless" in told("--engine", engine, "--order", "first")
        assert json.loads(told("--engine", engine, "--json"))["temperature_order_known"] is False
    for words in ([], ["--engine", "mlx_lm"]):
        assert "Temperature acts last, unless" in told(*words)
        assert json.loads(told(*words, "--json"))["temperature_order_known"] is True


def test_mistakes_are_named(tmp_path, monkeypatch, capfd):
    for words, code, message in (
        (["nonsense:x=1"], 2, "is not known"),
        ([A, "--latest", "--study", "s"], 2, "expected one of"),
        ([A, "--engine", "vlm"], 2, "did you mean"),
        ([A, "--latest"], 1, "run a search first"),
        ([A, "--server", "http://127.0.0.1:9"], 3, "127.0.0.1:9"),
    ):
        done = in_process(["inspect", *words], tmp_path, monkeypatch, capfd)
        assert message in failed(done, code)
