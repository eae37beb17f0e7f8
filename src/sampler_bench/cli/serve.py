"""`sampler-bench serve MODEL`: start a model's server and stay with it."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "start the server of a model of models.yaml, or of a GGUF file"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add("model", help="a model of models.yaml, or the path of a GGUF file")
    add("--port", type=int, help="default: the model's own")
    add("--slots", type=int, help="texts written at once")
    add("--context", type=int, help="tokens of prompt and answer together, for each slot")
    add("--threads", type=int, default=1, help="CPU threads (default: 1)")
    add("--log", type=Path, default=Path("koboldcpp.log"), help="default: koboldcpp.log")
    add("--verbose", action="store_true", help="show the server's own output here as well")
