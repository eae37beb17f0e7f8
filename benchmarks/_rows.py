"""A benchmark's answers, kept line by line as they come, so that it may be stopped at any time."""

from __future__ import annotations

import json
from pathlib import Path


def kept_rows(path: Path | None) -> list[dict]:
    """What a file holds; nothing where there is none."""
    if path is None or not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def keep(path: Path | None, rows: list[dict]) -> None:
    """Add rows to a file; do nothing without one."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
