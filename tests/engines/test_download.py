"""Fetching a model from a hub on loopback: whole, resumed, checked, refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.hub import Hub

from sampler_bench.engines._download import Source, download, models_folder
from sampler_bench.errors import EngineError

DATA = b"GGUF" + bytes(range(256)) * 12_000  # 3 MB


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))


def fetch(hub: Hub, folder: Path, **source: str) -> tuple[Path, list[str]]:
    said: list[str] = []
    wanted = Source("owner/name", endpoint=hub.url, **source)
    return download(wanted, folder, said.append, wait_seconds=0.001), said


def test_a_file_arrives_whole_and_checked(tmp_path: Path) -> None:
    with Hub({"model.gguf": DATA}) as hub:
        path, said = fetch(hub, tmp_path, file="model.gguf")
    assert path == tmp_path / "owner--name" / "model.gguf"
    assert path.read_bytes() == DATA
    assert said[0].startswith("downloading model.gguf from owner/name (3 MiB)")
    assert said[-1] == "checksum verified"
    assert "100 % (3 MiB)" in said


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    with Hub({"model.gguf": DATA}) as hub:
        fetch(hub, tmp_path, file="model.gguf")
        sent = hub.sent
        path, said = fetch(hub, tmp_path, file="model.gguf")
        assert hub.sent == sent
    assert (path.read_bytes(), said) == (DATA, [])


def test_a_broken_connection_is_resumed(tmp_path: Path) -> None:
    with Hub({"model.gguf": DATA}) as hub:
        hub.break_after, hub.breaks = 1_000_000, 2
        path, _ = fetch(hub, tmp_path, file="model.gguf")
        assert path.read_bytes() == DATA
        assert hub.ranges == ["bytes=1000000-", "bytes=2000000-"]
        assert hub.sent == len(DATA)


def test_what_arrived_is_kept_for_the_next_time(tmp_path: Path) -> None:
    with Hub({"model.gguf": DATA}) as hub:
        hub.break_after, hub.breaks = 1_000_000, 1
        hub.refuses_parts = True
        with pytest.raises(EngineError, match="what arrived is kept, start again to go on"):
            fetch(hub, tmp_path, file="model.gguf")
        hub.refuses_parts = False
        path, _ = fetch(hub, tmp_path, file="model.gguf")
        assert path.read_bytes() == DATA
        assert hub.ranges[-1] == "bytes=1000000-"
        assert hub.sent == len(DATA)
        assert [p.name for p in path.parent.iterdir()] == ["model.gguf"]


def test_a_hub_that_sends_no_parts_is_asked_for_the_whole(tmp_path: Path) -> None:
    with Hub({"model.gguf": DATA}) as hub:
        hub.break_after, hub.breaks, hub.ignores_ranges = 1_000_000, 1, True
        path, _ = fetch(hub, tmp_path, file="model.gguf")
        assert path.read_bytes() == DATA


@pytest.mark.parametrize("known", ["hub", "models.yaml"])
def test_a_wrong_checksum_removes_the_file(tmp_path: Path, known: str) -> None:
    with Hub({"model.gguf": DATA}) as hub:
        source = {"file": "model.gguf"}
        if known == "hub":
            hub.etag = "a" * 64
        else:
            source["sha256"] = "b" * 64
        with pytest.raises(EngineError, match=r"the checksum is .*; the file was removed"):
            fetch(hub, tmp_path, **source)
    assert not (tmp_path / "owner--name" / "model.gguf").exists()


def test_a_hub_without_checksums_is_said_so(tmp_path: Path) -> None:
    with Hub({"model.gguf": DATA}) as hub:
        hub.etag = "f" * 40
        path, said = fetch(hub, tmp_path, file="model.gguf")
    assert path.exists()
    assert "no checksum" in said[-1]


def test_no_space_is_noticed_before_the_download(tmp_path: Path) -> None:
    with Hub({"model.gguf": DATA}) as hub:
        hub.size = 2**50
        with pytest.raises(EngineError, match=r"needs 1048576\.0 GiB, but only .* are free"):
            fetch(hub, tmp_path, file="model.gguf")
        assert hub.sent == 0


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        (["only.gguf", "README.md"], "only.gguf"),
        (["m-Q8_0.gguf", "m-Q4_K_M.gguf", "m-IQ2.gguf"], "m-Q4_K_M.gguf"),
        (["m-Q4_K_M-00001-of-00002.gguf", "m-Q6_K.gguf"], "m-Q6_K.gguf"),
    ],
)
def test_the_usual_file_is_chosen(tmp_path: Path, files: list[str], chosen: str) -> None:
    with Hub(dict.fromkeys(files, b"GGUF")) as hub:
        assert fetch(hub, tmp_path)[0].name == chosen


@pytest.mark.parametrize(
    ("files", "said"),
    [(["README.md"], "has no GGUF file"), (["a.gguf", "b.gguf"], "a.gguf, b.gguf; which one?")],
)
def test_an_open_choice_is_the_users(tmp_path: Path, files: list[str], said: str) -> None:
    with Hub(dict.fromkeys(files, b"GGUF")) as hub, pytest.raises(EngineError, match=said):
        fetch(hub, tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    words = r"other\.gguf cannot be had from http"
    with Hub({"model.gguf": DATA}) as hub, pytest.raises(EngineError, match=words):
        fetch(hub, tmp_path, file="other.gguf")


def test_a_missing_hub_is_named(tmp_path: Path) -> None:
    source = Source("owner/name", "model.gguf", endpoint="http://127.0.0.1:9")
    with pytest.raises(EngineError, match=r"model\.gguf cannot be had from http://127\.0\.0\.1:9"):
        download(source, tmp_path, print)


def test_models_are_kept_where_the_user_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMPLER_BENCH_MODELS", str(tmp_path))
    assert models_folder() == tmp_path
    monkeypatch.delenv("SAMPLER_BENCH_MODELS")
    assert models_folder() == Path.home() / ".cache/sampler-bench/models"


def test_a_quantization_is_chosen(tmp_path: Path) -> None:
    files = {f"m-{kind}.gguf": b"GGUF" + kind.encode() for kind in ("Q8_0", "Q5_K_M", "Q4_K_M")}
    with Hub(files) as hub:
        assert fetch(hub, tmp_path)[0].name == "m-Q4_K_M.gguf"
        assert fetch(hub, tmp_path, kind="q5_k_m")[0].name == "m-Q5_K_M.gguf"
        with pytest.raises(EngineError, match=r"m-Q8_0.gguf; none of them is Q2_K. Name one as"):
            fetch(hub, tmp_path, kind="Q2_K")
