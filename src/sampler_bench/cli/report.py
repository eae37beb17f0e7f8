"""`sampler-bench report`: a study as a page to look at, in one file that needs no network."""

from __future__ import annotations

import argparse
from pathlib import Path

from ._options import kept_study, one_study, shared

HELP = "write a study's page: verdict, pictures, its texts side by side, presets to copy"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add("file", nargs="?", type=Path, help="a results file; default: the latest study")
    shared(parser, "--latest", "--study")
    add("--html", type=Path, metavar="OUT", help="the page; default: beside the results file")
    add("--open", action="store_true", help="open the page in the browser")
    shared(parser, "--output-dir")


def run(args: argparse.Namespace) -> int:
    """Write the page, print its path, and open it where asked to."""
    import webbrowser

    from ._output import say
    from ._page import write_page

    one_study(args, "a results file", args.file is not None, needed=False)
    kept = kept_study(args)
    page = args.html or kept.file.with_suffix(".html")
    beside = write_page(page, kept.document, kept.trials)
    print(page)
    if beside is not None:
        say(f"texts that have no room in the page: {beside}")
    if not kept.trials:
        say("the page has no texts: the study's store is not beside its results")
    if args.open and not webbrowser.open(page.resolve().as_uri()):
        say(f"no browser could be started; open {page} yourself")
    return 0
