"""Fetching a model from a hub on loopback: whole, resumed, checked, refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.hub import Hub

from sampler_bench.engines._download import Source, download, models_folder
from sampler_bench.errors import EngineError

DATA = b"GGUF" + bytes(range(256)) * 12_000  # 3 MB
SPLIT = [f"big-Q8_0/m-Q8_0-{part:05d}-of-00003.gguf" for part in (1, 2, 3)]
PARTS = {name: b"GGUF" + name.encode() * 20_000 for name in SPLIT}


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
        with pytest.raises(
            EngineError, match=r"needs 1048576\.0 GiB and .* to spare, but only .* are free"
        ):
            fetch(hub, tmp_path, file="model.gguf")
        assert hub.sent == 0


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        (["only.gguf", "README.md"], "only.gguf"),
        (["m-Q8_0.gguf", "m-Q4_K_M.gguf", "m-IQ2.gguf"], "m-Q4_K_M.gguf"),
        (["m-Q4_K_M-00001-of-00002.gguf", "m-Q6_K.gguf"], "m-Q6_K.gguf"),
        ([*SPLIT, "README.md"], SPLIT[0]),
        ([*SPLIT, "m-Q8_0.gguf"], "m-Q8_0.gguf"),
        ([*SPLIT, "m-IQ2.gguf"], SPLIT[0]),
        (["mmproj-m-Q8_0.gguf", "only.gguf"], "only.gguf"),
        (["m-MMPROJ-Q4_K_M.gguf", "m-Q8_0.gguf", "m-IQ2.gguf"], "m-Q8_0.gguf"),
    ],
)
def test_the_usual_file_is_chosen(tmp_path: Path, files: list[str], chosen: str) -> None:
    with Hub(dict.fromkeys(files, b"GGUF")) as hub:
        assert fetch(hub, tmp_path)[0] == tmp_path / "owner--name" / chosen


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
        with pytest.raises(EngineError, match=r"none of them is a whole Q4_K_\. Name one as"):
            fetch(hub, tmp_path, kind="Q4_K_")
        with pytest.raises(
            EngineError, match=r"m-Q8_0.gguf; none of them is a whole Q2_K. Name one as"
        ):
            fetch(hub, tmp_path, kind="Q2_K")


@pytest.mark.parametrize("kind", ["F16", "f16"])
def test_a_quantization_is_a_whole_word(tmp_path: Path, kind: str) -> None:
    names = ("a-BF16.gguf", "b-F16.gguf", "mmproj-F16.gguf")
    with Hub(dict.fromkeys(names, b"GGUF")) as hub:
        assert fetch(hub, tmp_path, kind=kind)[0].name == "b-F16.gguf"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    words = r"file/owner--name: models cannot be kept there: Not a directory; see to it, or name"
    with Hub({"model.gguf": DATA}) as hub:
        with pytest.raises(EngineError, match=words):
            fetch(hub, tmp_path / "file", file="model.gguf")
        assert hub.sent == 0


def test_a_file_that_cannot_be_put_in_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "owner--name" / "model.gguf").mkdir(parents=True)
    words = r"owner--name: models cannot be kept there: Is a directory"
    with Hub({"model.gguf": DATA}) as hub, pytest.raises(EngineError, match=words):
        fetch(hub, tmp_path, file="model.gguf")


def test_sizes_are_said_as_they_are(tmp_path: Path) -> None:
    with Hub({"model.gguf": DATA, "tiny.gguf": b"GGUF"}) as hub:
        hub.break_after, hub.breaks = 0, 1
        _, said = fetch(hub, tmp_path, file="model.gguf")
        assert "the connection broke after 0 bytes; going on from there" in said
        _, said = fetch(hub, tmp_path, file="tiny.gguf")
        assert "tiny.gguf from owner/name (4 bytes)" in said[0]


def test_a_size_that_the_hub_does_not_tell_is_unknown(tmp_path: Path) -> None:
    with Hub(PARTS) as hub:
        hub.size = 0
        _, said = fetch(hub, tmp_path, file=SPLIT[0])
    assert said[0] == f"{SPLIT[0]}: 3 of 3 parts are to come, size unknown in all"
    assert "(size unknown)" in said[1]


@pytest.mark.parametrize("named", [{}, {"kind": "q8_0"}, {"file": SPLIT[0]}, {"file": SPLIT[1]}])
def test_all_parts_of_a_split_model_come_and_the_first_is_started_with(
    tmp_path: Path, named: dict[str, str]
) -> None:
    with Hub({**PARTS, "m-IQ2.gguf": DATA}) as hub:
        path, said = fetch(hub, tmp_path, **named)
        whole = sum(map(len, PARTS.values()))
        assert fetch(hub, tmp_path, **named) == (path, [])
        assert whole <= hub.sent < whole + 5_000  # twice the list of files
    folder = tmp_path / "owner--name"
    assert path == folder / SPLIT[0]
    assert {p.name for p in path.parent.iterdir()} == {Path(name).name for name in SPLIT}
    assert all((folder / name).read_bytes() == data for name, data in PARTS.items())
    assert said[0] == f"{SPLIT[0]}: 3 of 3 parts are to come, 2 MiB in all"
    assert [line.split()[1] for line in said if line.startswith("downloading")] == SPLIT
    assert said.count("checksum verified") == 3


def test_a_split_model_goes_on_with_the_part_and_the_byte_where_it_broke(tmp_path: Path) -> None:
    with Hub(PARTS) as hub:
        fetch(hub, tmp_path, file=SPLIT[0])
        here = tmp_path / "owner--name"
        whole = (here / SPLIT[1]).read_bytes()
        (here / SPLIT[1]).unlink()
        hub.break_after, hub.breaks, hub.refuses_parts = 300_000, 1, True
        with pytest.raises(EngineError, match="what arrived is kept, start again to go on"):
            fetch(hub, tmp_path, file=SPLIT[0])
        hub.refuses_parts, hub.sent = False, 0
        fetch(hub, tmp_path, file=SPLIT[0])
        assert (here / SPLIT[1]).read_bytes() == whole
        assert hub.ranges == ["bytes=300000-"]
        assert hub.sent == len(whole) - 300_000


def test_a_wrong_part_alone_is_removed(tmp_path: Path) -> None:
    here = tmp_path / "owner--name"
    with Hub(PARTS) as hub:
        with pytest.raises(EngineError, match=r"00002-of-00003.*expected b+; the file was removed"):
            fetch(hub, tmp_path, file=SPLIT[1], sha256="b" * 64)
        assert [(here / name).exists() for name in SPLIT] == [True, False, False]
        assert fetch(hub, tmp_path, file=SPLIT[1])[0] == here / SPLIT[0]


def test_the_disk_must_have_room_for_the_sum_of_the_parts(tmp_path: Path) -> None:
    with Hub(PARTS) as hub:
        hub.size = shutil.disk_usage(tmp_path).free // 2
        with pytest.raises(EngineError, match=r"00001-of.*00003-of.*: what is to come needs"):
            fetch(hub, tmp_path, file=SPLIT[0])
        assert hub.sent == 0


def test_a_split_model_that_lacks_a_part_is_none(tmp_path: Path) -> None:
    with Hub({SPLIT[0]: b"GGUF", SPLIT[2]: b"GGUF"}) as hub:
        with pytest.raises(EngineError, match=r"00001-of.*00003-of.*none of them is a whole Q8_0"):
            fetch(hub, tmp_path, kind="Q8_0")
        with pytest.raises(EngineError, match=r"m-Q8_0-00002-of-00003\.gguf cannot be had"):
            fetch(hub, tmp_path, file=SPLIT[0])


def test_split_models_are_told_as_one(tmp_path: Path) -> None:
    words = r"m-Q8_0-00001-of-00003\.gguf \(3 parts\), m-IQ2\.gguf; none of them is a whole Q2_K\."
    with Hub({**PARTS, "m-IQ2.gguf": DATA}) as hub, pytest.raises(EngineError, match=words):
        fetch(hub, tmp_path, kind="Q2_K")


def test_a_file_outside_of_its_folder_is_refused(tmp_path: Path) -> None:
    with Hub({"../m.gguf": DATA}) as hub, pytest.raises(EngineError, match="inside the repository"):
        fetch(hub, tmp_path)
