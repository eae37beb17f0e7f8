"""Options that several commands take, each stated once, and the study that they choose."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..tuning.folder import USUAL

if TYPE_CHECKING:
    from ..tuning.kept import Kept

# One value or several after the option, which may also be given again: then they add up.
SEVERAL: dict[str, Any] = {"nargs": "+", "action": "extend"}
SHARED: dict[str, dict[str, Any]] = {
    "--model": {"help": "a model of models.yaml, or the name that the server knows it by"},
    "--config": {"type": Path, "help": "study file (default: hyper_search_config.yaml)"},
    "--config-section": {"metavar": "SECTION", "help": "section of the study file"},
    "--samples-per-config": {"type": int, "metavar": "N", "help": "texts per setting and prompt"},
    "--custom-prompts": {
        **SEVERAL,
        "metavar": "PROMPT",
        "help": "instead of the file's; a .txt file has one a line",
    },
    "--judge": {"help": "openai, offline or demo"},
    "--judge-model": {**SEVERAL, "metavar": "MODEL", "help": "several make a panel"},
    "--seed": {"type": int, "help": "makes decisions, texts and scores repeat"},
    "--output-dir": {"type": Path, "default": USUAL, "help": f"default: {USUAL}"},
    "--server": {**SEVERAL, "metavar": "URL", "help": "servers that write"},
    "--engine": {"help": "koboldcpp, llamacpp, embedded, ...; default: ask the server"},
    "--provider": {**SEVERAL, "metavar": "NAME", "help": "who writes for openrouter, nobody else"},
    "--baseline": {"metavar": "CONFIG", "help": "what the best is compared with"},
    "--slots": {"type": int, "metavar": "N", "help": "texts written at once"},
    "--timeout": {
        "type": float,
        "metavar": "SECONDS",
        "help": "longest silence of a server (default: 120)",
    },
    "--raw": {"action": "store_true", "default": None, "help": "without a chat template"},
    "--max-samples": {"type": int, "metavar": "N", "help": "at most so many texts"},
    "--max-cost": {"type": float, "metavar": "DOLLARS", "help": "at most so much for judging"},
    "--max-minutes": {"type": float, "metavar": "MINUTES", "help": "at most so long"},
    "--allow-unverified": {
        "action": "store_true",
        "help": "go on with a knob that does nothing there",
    },
    "--embedding": {
        "nargs": 2,
        "metavar": ("URL", "MODEL"),
        "help": "an embedding model that tells distinct answers",
    },
    "--same-from": {
        "type": float,
        "metavar": "SIMILARITY",
        "help": "of two answers that it calls the same (default: 0.9)",
    },
    "--latest": {"action": "store_true", "help": "the latest study, finished or not"},
    "--study": {"metavar": "NAME", "help": "a study by name"},
    "--quiet": {"action": "store_true", "help": "no progress, only the result"},
    "--json": {"action": "store_true", "help": "print the result as JSON"},
}


def shared(parser: argparse.ArgumentParser, *names: str, **instead: Any) -> None:  # noqa: ANN401
    """Add shared options in this order; `instead` replaces what is said of them, like the help."""
    for name in names:
        parser.add_argument(name, **{**SHARED[name], **instead})


def one_study(args: argparse.Namespace, other: str, named: bool, *, needed: bool = True) -> None:
    """See that a command names one study, by --latest, --study or in its own other way.

    Args:
        args: with `command`, `latest` and `study`.
        other: the other way in words, like `a results file`.
        named: whether it was named in that way.
        needed: False where none stands for the latest.

    Raises:
        UsageError: several are named, or none.
    """
    ways = sum([named, args.latest, args.study is not None])
    if ways > 1 or (needed and not ways):
        raise UsageError(f"{args.command}: expected one of {other}, --latest or --study NAME")


def kept_study(args: argparse.Namespace, *, texts: bool = True) -> Kept:
    """The study that `file`, `study` or the latest one names.

    Args:
        args: with `file`, `study` and `output_dir`.
        texts: False where a file's own numbers are enough, and no store is looked for beside it.
    """
    from ..tuning.kept import study_of_file, study_of_kept

    if args.file is None:
        return study_of_kept(args.output_dir, args.study)
    return study_of_file(args.file, texts=texts)


def compare_alone(args: argparse.Namespace, *others: str) -> None:
    """See that nothing is asked for beside `--compare`, which would be passed over.

    Raises:
        UsageError: a file or one of `others` is named too.
    """
    known = {name: getattr(args, name) for name in ("file", *others)}
    beside = [name for name, value in known.items() if value not in (None, False)]
    if beside:
        words = ["a file" if name == "file" else f"--{name.replace('_', '-')}" for name in beside]
        raise UsageError(
            f"--compare: name all results files after it, and leave out {', '.join(words)}"
        )


def embedding_of(args: argparse.Namespace) -> dict[str, object] | None:
    """The section `embedding` of a study file, as the command line states it; None where not.

    Raises:
        UsageError: a similarity is stated, and no model.
    """
    words, similarity = getattr(args, "embedding", None), getattr(args, "same_from", None)
    if words is None:
        if similarity is not None:
            raise UsageError("--same-from: expected --embedding URL MODEL beside it, found none")
        return None
    threshold = {} if similarity is None else {"threshold": similarity}
    return {"url": words[0], "model": words[1], **threshold}
