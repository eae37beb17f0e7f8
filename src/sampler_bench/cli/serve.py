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


def run(args: argparse.Namespace) -> int:
    """Serve until the user stops it."""
    from ..engines._serving import serve
    from ..spec import model_or_file
    from ._output import say

    entry = model_or_file(args.model)
    return serve(
        entry.name,
        gguf=entry.gguf,
        port=entry.port if args.port is None else args.port,
        slots=args.slots or entry.slots or 4,
        context=args.context or entry.context or 2048,
        threads=args.threads,
        gpu_layers=entry.gpu_layers,
        log=args.log,
        verbose=args.verbose,
        say=say,
    )
