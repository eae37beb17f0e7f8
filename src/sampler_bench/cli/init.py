"""`sampler-bench init`: write a study file and a `.env` to start from."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import UsageError

HELP = "write a study file, models.yaml, samplers.yaml and .env to start from"
FILES = ("hyper_search_config.yaml", "models.yaml", "samplers.yaml", "prices.yaml")
ENVIRONMENT = """# Keys are read from here or from the environment, and never stored or shown.
OPENAI_API_KEY=sk-your-key-here
# OPENAI_BASE_URL=http://127.0.0.1:8080/v1
# SAMPLER_BENCH_SERVER_KEY=
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("folder", nargs="?", type=Path, default=Path(), help="default: here")
    parser.add_argument("--force", action="store_true", help="replace files that are there")


def run(args: argparse.Namespace) -> int:
    """Write the files; refuse to replace any unless told to."""
    from ..spec import config_folder
    from ._output import done, say

    target = args.folder / "backend" / "config"
    source = config_folder()
    texts = {target / name: (source / name).read_text(encoding="utf-8") for name in FILES}
    texts[args.folder / ".env"] = ENVIRONMENT
    there = [path for path in texts if path.exists()]
    if there and not args.force:
        names = ", ".join(map(str, there))
        raise UsageError(f"init: {names} is there already; add --force to replace it")
    for path, text in texts.items():
        write(path, text)
        done(f"wrote {path}")
    say("next: edit them, then run `sampler-bench doctor` and `sampler-bench search`")
    return 0


def write(path: Path, text: str) -> None:
    """Write a text file and the folders above it.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
