"""The page on engines is what the engines say."""

from __future__ import annotations

import runpy
from pathlib import Path

from sampler_bench.plugins import names

ROOT = Path(__file__).parents[2]


def test_the_generated_table_is_up_to_date() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "engine_table.py"))
    page = (ROOT / "docs" / "engines.md").read_text(encoding="utf-8")
    assert tool["updated"](page) == page, "run `python tools/engine_table.py`"


def test_every_engine_is_on_the_page() -> None:
    page = (ROOT / "docs" / "engines.md").read_text(encoding="utf-8")
    assert [name for name in names("engines") if f"`{name}`" not in page] == []
