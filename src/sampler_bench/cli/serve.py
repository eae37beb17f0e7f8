"""`sampler-bench serve MODEL`: start a model's server and stay with it."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import UsageError

HELP = "start the server of a model: of models.yaml, of a GGUF file, or of a hub"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add(
        "model",
        help="a name of models.yaml, the path of a GGUF file, or owner/name[:Q5_K_M] of a hub",
    )
    add("--engine", choices=["koboldcpp", "llamacpp"], help="default: KoboldCpp where it is found")
    add("--koboldcpp", type=Path, metavar="PATH", help="the KoboldCpp program")
    add("--port", type=int, help="default: the model's own")
    add("--slots", type=int, help="texts written at once")
    add("--context", type=int, help="tokens of prompt and answer together, for each slot")
    add("--threads", type=int, help="CPU threads (default: one less than there are cores)")
    add("--gpu-layers", type=int, help="layers on the GPU, -1 for all (default: the model's own)")
    add("--log", type=Path, default=Path("koboldcpp.log"), help="default: koboldcpp.log")
    add("--verbose", action="store_true", help="show the server's own output here as well")


def run(args: argparse.Namespace) -> int:
    """Serve until the user stops it."""
    from ..engines._launch import spare_cores
    from ..engines._serving import Plan, serve
    from ..spec import model_or_file
    from ..spec.environment import environment
    from ._output import say

    entry = model_or_file(args.model)
    engine = args.engine or ("auto" if entry.engine == "koboldcpp" else entry.engine)
    if args.koboldcpp is not None and engine not in ("auto", "koboldcpp"):
        raise UsageError(
            f"serve: --koboldcpp is for KoboldCpp, and {engine} serves here; leave it out"
        )
    plan = Plan(
        entry.name,
        gguf=entry.gguf,
        source=entry.download,
        engine=engine,
        koboldcpp=args.koboldcpp,
        port=entry.port if args.port is None else args.port,
        slots=args.slots or entry.slots or 4,
        context=args.context or entry.context or 2048,
        threads=args.threads or spare_cores(),
        gpu_layers=entry.gpu_layers if args.gpu_layers is None else args.gpu_layers,
        log=args.log,
        verbose=args.verbose,
    )
    return serve(plan, say, environment())
