"""`sampler-bench report`: a study as a page to look at, in one file that needs no network."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    from ..tuning.kept import Kept

HELP = "write a study's page: verdict, pictures, its texts side by side, presets to copy"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add("file", nargs="?", type=Path, help="a results file; default: the latest study")
    add("--latest", action="store_true", help="the latest study, finished or not")
    add("--study", metavar="NAME", help="a study by name")
    add("--html", type=Path, metavar="OUT", help="the page; default: beside the results file")
    add("--open", action="store_true", help="open the page in the browser")
    add("--output-dir", type=Path, default=Path("results"), help="default: results")


def run(args: argparse.Namespace) -> int:
    """Write the page, print its path, and open it where asked to."""
    import webbrowser

    from ._output import say
    from ._page import write_page

    kept = _kept(args)
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


def _kept(args: argparse.Namespace) -> Kept:
    from ..tuning.kept import study_of_file, study_of_kept

    if (args.file is not None) + args.latest + (args.study is not None) > 1:
        raise UsageError("report: expected one of a results file, --latest or --study NAME")
    if args.file is None:
        return study_of_kept(args.output_dir, args.study)
    return study_of_file(args.file)
