"""`sampler-bench analyze`: the report of a study - finished, running, interrupted or empty."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ._options import SEVERAL, compare_alone, kept_study, one_study, shared

if TYPE_CHECKING:
    from ..tuning.kept import Kept

HELP = "analyze results: a file, or the latest study; export its best configurations"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add("file", nargs="?", type=Path, help="a results file")
    shared(parser, "--latest", "--study")
    add("--compare", **SEVERAL, metavar="FILE", help="several results files, or a pattern")
    add("--export", type=Path, metavar="FILE", help="write the best configurations as YAML")
    add("--refine", type=Path, metavar="FILE", help="write the study file of a focused search")
    shared(parser, "--output-dir", "--json")
    add("--csv", type=Path, metavar="DIR", help="write every number as CSV tables")
    add("--parquet", type=Path, metavar="DIR", help="the same as Parquet (needs pyarrow)")


def run(args: argparse.Namespace) -> int:
    """Print the report, or the comparison; export where asked to."""
    from ..exports.guide_yaml import write_best
    from ..plugins import find
    from ._files import write_atomically
    from ._output import can_show, say
    from ._search import show

    if args.compare:
        compare_alone(args, "latest", "study", "export", "refine", "csv", "parquet")
        sys.stdout.write(_compared(args.compare, args.json, not can_show(sys.stdout)))
        return 0
    one_study(args, "a results file", args.file is not None)
    kept = kept_study(args, texts=bool(args.csv or args.parquet))
    document = kept.document
    _write_tables(args, kept)
    show(document, args.json, find("reports", "terminal").report)
    if args.export is not None:
        write_atomically(args.export, write_best(document))
        say(f"exported: {args.export}")
    if args.refine is not None:
        from ..spec.refine import write_refined

        write_atomically(args.refine, write_refined(document))
        say(f"focused study file: {args.refine}; run: sampler-bench search --config {args.refine}")
    return 0


def _compared(patterns: list[str], as_json: bool, plain: bool) -> str:
    from ..reports._comparison import comparison
    from ..reports._comparison_words import compare
    from ._compared import documents_of

    documents = documents_of(patterns)
    if as_json:
        return comparison(documents).model_dump_json(indent=2) + "\n"
    return compare(documents, plain=plain)


def _write_tables(args: argparse.Namespace, kept: Kept) -> None:
    """Write the tables that are asked for; tell where the texts' own are missing."""
    from ..reports._table_files import as_csv, as_parquet
    from ..reports._tables import tables
    from ._files import write_atomically, write_bytes_atomically
    from ._output import say

    if not (args.csv or args.parquet):
        return
    found = tables(kept.document, kept.trials)
    for name, rows in found.items():
        if args.csv:
            write_atomically(args.csv / f"{name}.csv", as_csv(rows))
        if args.parquet:
            write_bytes_atomically(args.parquet / f"{name}.parquet", as_parquet(rows))
    for folder in filter(None, (args.csv, args.parquet)):
        say(f"tables: {len(found)} in {folder}")
    if not kept.trials:
        say("without trials and judgments: the study's store is not beside its results")
