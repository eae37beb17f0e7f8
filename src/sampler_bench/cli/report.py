"""`sampler-bench report`: a study as a page to look at, in one file that needs no network."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import StoreError, UsageError
from ._options import SEVERAL, compare_alone, embedding_of, kept_study, one_study, shared

HELP = "write a study's page: verdict, pictures, its texts side by side, presets to copy"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add("file", nargs="?", type=Path, help="a results file; default: the latest study")
    shared(parser, "--latest", "--study")
    add("--compare", **SEVERAL, metavar="FILE", help="one page of several results files")
    add("--html", type=Path, metavar="OUT", help="the page; default: beside the results")
    shared(parser, "--embedding", "--same-from")
    add("--open", action="store_true", help="open the page in the browser")
    shared(parser, "--output-dir")


def run(args: argparse.Namespace) -> int:
    """Write the page, print its path, and open it where asked to."""
    page = _of_several(args) if args.compare else _of_one(args)
    print(page)
    if args.open:
        _open(page)
    return 0


def _of_one(args: argparse.Namespace) -> Path:
    """Write the page of a study."""
    from ._embedding import embedded
    from ._output import say
    from ._page import write_page

    one_study(args, "a results file", args.file is not None, needed=False)
    kept = kept_study(args)
    if (wanted := embedding_of(args)) is not None:
        kept = embedded(kept, wanted)
    page: Path = args.html or kept.file.with_suffix(".html")
    with _or_elsewhere(args):
        beside = write_page(page, kept.document, kept.trials)
    if beside is not None:
        say(f"texts that have no room in the page: {beside}")
    meta = kept.document.search_metadata
    if not (meta.written or meta.texts):  # earlier files count no written ones
        say("the page has no texts: none was written yet")
    elif not kept.trials:
        say("the page has no texts: the study's store is not beside its results")
    return page


def _of_several(args: argparse.Namespace) -> Path:
    """Write the page of a comparison; without `--html` under a name that is still free."""
    from ..reports._comparison import comparison
    from ..reports._comparison_page import comparison_page
    from ._compared import documents_of
    from ._files import free_name, write_atomically

    compare_alone(args, "latest", "study", "embedding", "same_from")
    documents = documents_of(args.compare)
    if len(documents) < 2:
        raise UsageError(
            f"report --compare: expected two or more results files, found {', '.join(documents)}; "
            "for the page of one study: sampler-bench report FILE"
        )
    text = comparison_page(comparison(documents))
    folder = Path(next(iter(documents))).parent
    with _or_elsewhere(args):
        page: Path = args.html or free_name(folder, "comparison", ".html")
        write_atomically(page, text)
    return page


@contextmanager
def _or_elsewhere(args: argparse.Namespace) -> Iterator[None]:
    """Where a page cannot be written, say how to name another place for it.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        yield
    except StoreError as error:
        if args.html is not None:
            raise
        raise StoreError(f"{error} for the page with --html OUT") from error


def _open(page: Path) -> None:
    import webbrowser

    from ._output import say

    if not webbrowser.open(page.resolve().as_uri()):
        say(f"no browser could be started; open {page} yourself")
