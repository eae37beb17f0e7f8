"""`sampler-bench search`: run a search, or go on with one."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "search for the sampler settings that make a model write best"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options: the guide's first, then ours."""
    add = parser.add_argument
    add("--model", help="a model of models.yaml, or the name that the server knows it by")
    add("--config", type=Path, help="study file (default: backend/config/hyper_search_config.yaml)")
    add("--config-section", metavar="SECTION", help="section of the study file, like quick_test")
    add("--strategy", help="grid, random, bayesian, ...")
    add("--iterations", type=int, metavar="N", help="configurations to try; a grid ignores it")
    add("--samples-per-config", type=int, metavar="N", help="texts per configuration and prompt")
    add("--samplers", nargs="+", metavar="TYPE", help="sampler types to search, like min_p top_p")
    add("--custom-prompts", nargs="+", metavar="PROMPT", help="prompts instead of the file's")
    add("--judge", help="openai, offline or demo")
    add("--judge-model", nargs="+", metavar="MODEL", help="judge model; several make a panel")
    add("--seed", type=int, help="makes decisions, texts and scores repeat")
    add("--output-dir", type=Path, default=Path("results"), help="default: results")
    add("--server", nargs="+", metavar="URL", help="servers that write; default: the model's own")
    add("--engine", help="koboldcpp, llamacpp, embedded, ...; default: ask the server")
    add("--baseline", metavar="CONFIG", help="your present settings: a preset or a text form")
    add("--slots", type=int, metavar="N", help="texts written at once")
    add("--raw", action="store_true", default=None, help="send prompts without a chat template")
    add("--max-samples", type=int, metavar="N", help="at most so many texts")
    add("--max-cost", type=float, metavar="DOLLARS", help="at most so much for judging")
    add("--max-minutes", type=float, metavar="MINUTES", help="at most so long")
    add("--objective", metavar="WHAT", help="quality (default), quality+diversity or front")
    add("--diversity-weight", type=float, metavar="SHARE", help="of diversity, 0 to 1")
    add("--study", metavar="NAME", help="name this study")
    add("--resume", nargs="?", const="", metavar="NAME", help="go on (default: the latest study)")
    add("--allow-unverified", action="store_true", help="go on with a knob that does nothing there")
    add("--quiet", action="store_true", help="no progress, only the result")
    add("--json", action="store_true", help="print the results as JSON")


def run(args: argparse.Namespace) -> int:
    """Run the search and report."""
    from ._search import search

    return search(args)
