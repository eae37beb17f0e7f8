"""`sampler-bench export`: a configuration as a preset file that another tool loads."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__
from ..errors import UsageError
from ._options import one_study, shared

if TYPE_CHECKING:
    from ..exports import Source
    from ..records import SamplerConfig
    from ..reports._document import Document

HEAD = 10_000  # bytes in which a file of our own says where it comes from
HELP = "write a configuration as a preset that another tool loads: --to sillytavern, ollama, ..."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add(
        "what",
        nargs="?",
        metavar="CONFIG|FILE",
        help="a configuration, a preset's name, a results file, or another tool's preset",
    )
    shared(parser, "--latest", "--study")
    add("--to", metavar="FORMAT", help="the format; --list shows them")
    add("--out", type=Path, metavar="PATH", help="default: print it")
    add("--strict", action="store_true", help="refuse where the format loses something")
    add(
        "--choose",
        default="best",
        metavar="WHICH",
        help="of a study: best, simplest, baseline, a rank like 2, a sampler type (default: best)",
    )
    add("--from", dest="read_as", metavar="FORMAT", help="the format of FILE; default: try all")
    add("--list", action="store_true", help="list the formats")
    shared(parser, "--output-dir")


def run(args: argparse.Namespace) -> int:
    """Say what will be lost, then write."""
    from ..exports import export
    from ._files import write_atomically
    from ._output import done, say, warn

    if args.list:
        sys.stdout.write(listing())
        return 0
    if args.to is None:
        raise UsageError("export: expected --to FORMAT; `sampler-bench export --list` shows them")
    config, source = _found(args)
    text, losses = export(args.to, config, source, args.strict)
    for loss in losses:
        warn(loss.sentence)
    if args.out is None:
        say(f"{config.text} as {args.to}:")
        sys.stdout.write(text)
        return 0
    write_atomically(args.out, text)
    done(f"{config.text} written to {args.out} as {args.to}")
    say(f"   {_about(args.to)}")
    return 0


def listing() -> str:
    """One line for each format."""
    from ..plugins import names

    known = names("exports")
    width = max(map(len, known))
    return "".join(f"{name:<{width}}  {_about(name)}\n" for name in known)


def _about(name: str) -> str:
    from ..plugins import find

    return str(find("exports", name).ABOUT)


def _found(args: argparse.Namespace) -> tuple[SamplerConfig, Source]:
    """The configuration that is meant, and where it comes from.

    Raises:
        UsageError: none or several are named, or it is not there.
    """
    one_study(args, "a configuration, a file", args.what is not None)
    if args.what is None:
        if args.read_as is not None:
            raise UsageError("export: --from is for a file of another tool; a study needs none")
        from ..tuning.kept import study_of_kept

        return _of_study(study_of_kept(args.output_dir, args.study).document, args.choose)
    path = Path(os.path.expanduser(args.what))
    if os.path.isfile(path) and args.read_as is None and _is_results(path):
        from ..reports._document import read_document

        return _of_study(read_document(path), args.choose)
    if args.choose != "best":
        raise UsageError("export: --choose is for results; here there is one configuration only")
    return _single(args.what, path, args.read_as)


def _is_results(path: Path) -> bool:
    with path.open("rb") as file:
        return b'"search_metadata"' in file.read(1000)


def _of_study(document: Document, which: str) -> tuple[SamplerConfig, Source]:
    from ..exports._chosen import choose

    return choose(document, which)


def _single(word: str, path: Path, read_as: str | None) -> tuple[SamplerConfig, Source]:
    from ..exports import Source, read_preset
    from ..spec import resolve_config

    config = resolve_config(word) if read_as is None else read_preset(path, read_as)[1]
    return config, _stated(path, config) or Source(version=__version__)


def _stated(path: Path, config: SamplerConfig) -> Source | None:
    """Where a study's best comes from that stands in a file of our own; None for any other."""
    from ..exports.guide_yaml import source_in

    if not os.path.isfile(path):
        return None
    with path.open("rb") as file:
        return source_in(file.read(HEAD).decode("utf-8", "replace"), config)
