"""`sampler-bench init`: write a study file and a `.env` to start from."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import UsageError

HELP = "write a study file, models.yaml, samplers.yaml, prices.yaml and .env to start from"
FILES = ("hyper_search_config.yaml", "models.yaml", "samplers.yaml", "prices.yaml")
ENVIRONMENT = """# Keys are read from here or from the environment, and never stored or shown.
OPENAI_API_KEY=sk-your-key-here
# OPENAI_BASE_URL=http://127.0.0.1:8080/v1
# SAMPLER_BENCH_SERVER_KEY=
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("folder", nargs="?", type=Path, default=Path(), help="default: here")
    parser.add_argument(
        "--force", action="store_true", help="replace files that are there, but for .env"
    )


def run(args: argparse.Namespace) -> int:
    """Write the files as they ship; refuse to replace any unless told to, and `.env` always."""
    from ..spec import shipped_folder
    from ._files import write_atomically
    from ._output import done, say

    target, keys = args.folder / "backend" / "config", args.folder / ".env"
    source = shipped_folder()
    texts = {target / name: (source / name).read_text(encoding="utf-8") for name in FILES}
    if keys.exists():
        say(f"{keys} is there already and stays as it is")
    else:
        texts[keys] = ENVIRONMENT
    there = [path for path in texts if path.exists()]
    if there and not args.force:
        names = ", ".join(map(str, there))
        raise UsageError(f"init: there are already {names}; add --force to replace them")
    for path, text in texts.items():
        write_atomically(path, text)
        done(f"wrote {path}")
    say("next: edit them, then run `sampler-bench doctor` and `sampler-bench search`")
    return 0
