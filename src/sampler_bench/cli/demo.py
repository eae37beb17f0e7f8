"""`sampler-bench demo`: a finished search on the built-in model, without key, GPU or server."""

from __future__ import annotations

import argparse

from ._options import shared

HELP = "run a whole search on the built-in demo model; needs no key, GPU or server"
LIMITS = (
    "A demo shows the method, not your model: the texts come from a tiny model of a toy language "
    "and are scored by that language's grammar; these settings do not carry over to other models."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    shared(parser, "--seed", default=1, help="default: 1")
    parser.add_argument("--strategy", default="bayesian", help="default: bayesian")
    shared(parser, "--output-dir", "--quiet", "--json")


def run(args: argparse.Namespace) -> int:
    """Search over the demo section of the default study file, judged by the demo judge."""
    from ._output import say
    from ._search import search

    for name in ("config", "model", "study", "resume"):
        setattr(args, name, None)
    args.config_section = "demo"
    say(LIMITS, quiet=args.quiet)
    return search(args)
