"""Where searches keep their results where nobody says so, and how a command says another place."""

from __future__ import annotations

from pathlib import Path

USUAL = Path("results")


def named(folder: Path) -> list[str]:
    """`--output-dir` with its folder; nothing for the usual one."""
    return [] if folder == USUAL else ["--output-dir", str(folder)]
