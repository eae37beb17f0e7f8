"""`sampler-bench search`: run a search, or go on with one."""

from __future__ import annotations

import argparse

from ._options import SEVERAL, shared

HELP = "search for the sampler settings that make a model write best"


GO_ON = "go on (default: the latest study)"


def configure(parser: argparse.ArgumentParser, go_on: str = GO_ON) -> None:
    """Add the options: the guide's first, then ours; `go_on` is the help of --resume."""
    add = parser.add_argument
    shared(parser, "--model", "--config")
    shared(parser, "--config-section", help="section of the study file, like quick_test")
    add("--strategy", help="grid, random, bayesian, ...")
    add("--iterations", type=int, metavar="N", help="configurations to try; a grid ignores it")
    shared(parser, "--samples-per-config")
    add("--samplers", **SEVERAL, metavar="TYPE", help="sampler types to search, like min_p top_p")
    shared(parser, "--custom-prompts", "--judge", "--judge-model", "--seed", "--output-dir")
    shared(parser, "--server", help="servers that write; default: the model's own")
    shared(parser, "--engine", "--provider")
    shared(parser, "--baseline", help="your present settings: a preset, a text form or a file")
    shared(parser, "--slots", "--timeout", "--raw")
    shared(parser, "--max-samples", "--max-cost", "--max-minutes")
    add("--objective", metavar="WHAT", help="quality (default), quality+diversity or front")
    add("--diversity-weight", type=float, metavar="SHARE", help="of diversity, 0 to 1")
    shared(parser, "--embedding", "--same-from")
    shared(parser, "--study", help="name this study")
    add("--resume", nargs="?", const="", metavar="NAME", help=go_on)
    shared(parser, "--allow-unverified", "--quiet", "--json")


def run(args: argparse.Namespace) -> int:
    """Run the search and report."""
    from ._search import search

    return search(args)
