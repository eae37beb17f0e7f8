"""`sampler-bench analyze`: the report of a study - finished, running, interrupted or empty."""

from __future__ import annotations

import argparse
import glob
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    from ..reports._document import Document

HELP = "analyze results: a file, or the latest study; export its best configurations"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add("file", nargs="?", type=Path, help="a results file")
    add("--latest", action="store_true", help="the latest study, finished or not")
    add("--study", metavar="NAME", help="a study by name")
    add("--compare", nargs="+", metavar="FILE", help="several results files, or a pattern")
    add("--export", type=Path, metavar="FILE", help="write the best configurations as YAML")
    add("--output-dir", type=Path, default=Path("results"), help="default: results")
    add("--json", action="store_true", help="print the results as JSON")


def run(args: argparse.Namespace) -> int:
    """Print the report, or the comparison; export where asked to."""
    from ..exports.guide_yaml import write_best
    from ..plugins import find
    from ._files import write_atomically
    from ._output import can_show, say
    from ._search import show

    if args.compare:
        sys.stdout.write(_compared(args.compare, args.json, not can_show(sys.stdout)))
        return 0
    document = _document(args)
    show(document, args.json, find("reports", "terminal").report)
    if args.export is not None:
        write_atomically(args.export, write_best(document))
        say(f"exported: {args.export}")
    return 0


def _compared(patterns: list[str], as_json: bool, plain: bool) -> str:
    from ..reports._comparison import comparison
    from ..reports._comparison_words import compare

    documents = {str(path): _read(path) for path in _matching(patterns)}
    if as_json:
        return comparison(documents).model_dump_json(indent=2) + "\n"
    return compare(documents, plain=plain)


def _read(path: Path) -> Document:
    from ..reports._document import read_document

    return read_document(path)


def _document(args: argparse.Namespace) -> Document:
    chosen = [args.file is not None, args.latest, args.study is not None]
    if sum(chosen) != 1:
        raise UsageError("analyze: expected one of a results file, --latest or --study NAME")
    if args.file is not None:
        return _read(args.file)
    from ..tuning.kept import document_of_kept

    return document_of_kept(args.output_dir, args.study)


def _matching(patterns: list[str]) -> list[Path]:
    """The files of --compare; a pattern that the shell left as it is is filled in here."""
    found = [Path(name) for pattern in patterns for name in sorted(glob.glob(pattern)) or [pattern]]
    return list(dict.fromkeys(found))
