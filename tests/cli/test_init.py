"""`init` writes what one needs to begin, and never loses what is there."""

import pytest
from support.cli import ROOT, failed, in_process


@pytest.fixture
def init(tmp_path, monkeypatch, capfd):
    """Run it in this process: (exit code, stdout, stderr)."""
    return lambda *words: in_process(["init", *words], tmp_path, monkeypatch, capfd)


def test_writes_the_files_as_they_ship_and_a_place_for_keys(init, tmp_path):
    assert init()[0] == 0
    for name in ("hyper_search_config", "models", "samplers", "prices"):
        own = tmp_path / "backend" / "config" / f"{name}.yaml"
        assert own.read_bytes() == (ROOT / "backend" / "config" / f"{name}.yaml").read_bytes()
    assert "OPENAI_API_KEY=" in (tmp_path / ".env").read_text()


def test_replaces_files_only_when_told_to_and_keys_never(init, tmp_path):
    init()
    models, keys = tmp_path / "backend" / "config" / "models.yaml", tmp_path / ".env"
    models.write_text("mine")
    keys.write_text("OPENAI_API_KEY=sk-mine")
    assert "add --force to replace them" in failed(init(), 2)
    assert models.read_text() == "mine"
    assert init("--force")[0] == 0
    assert models.read_text() != "mine", "as they ship, not as they are here"
    assert keys.read_text() == "OPENAI_API_KEY=sk-mine"


def test_a_file_is_no_folder(init, tmp_path):
    (tmp_path / "mine").write_text("")
    assert "cannot be written: Not a directory; choose another folder" in failed(init("mine"), 1)
