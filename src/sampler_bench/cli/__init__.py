"""ONE FILE A COMMAND: each offers `HELP`, `configure(parser)` and `run(args) -> int`.

Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 server or judge not reachable, 4 budget
reached before a result (resumable), 130 interrupted (resumable). Data goes to stdout, everything
else to stderr. Command files import what is heavy inside `run`.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from .. import __version__
from ..errors import SamplerBenchError, did_you_mean

DESCRIPTION = "Find the sampler settings that make your language model write best."
EPILOG = """exit codes: 0 done, 1 failed, 2 usage or configuration, 3 server or judge not reachable,
4 budget reached before a result (resumable), 130 interrupted (resumable)"""


def commands() -> list[str]:
    """List the commands: the files of this folder."""
    folder = Path(__file__).parent
    return sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("_"))


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors say what to do next."""

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """As argparse does; but a command refuses what it does not know itself, and says so."""
        found, rest = super().parse_known_args(args, namespace)
        if rest:
            word = next((word for word in rest if word.startswith("-")), rest[0])
            if not word.startswith("-"):
                self.error(f"{self.prog}: one word too many: {word!r}")
            names = [option.removeprefix("--") for option in self._option_string_actions]
            near = did_you_mean(word.partition("=")[0].removeprefix("--"), names)
            self.error(f"{self.prog} has no option {word}" + near.replace("'", "'--", 1))
        return found, rest

    def error(self, message: str) -> NoReturn:
        """Print one line and where to look, and leave with exit code 2."""
        self.exit(2, f"error: {message}\nsee: {self.prog} --help\n")


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    _tame_streams()
    _tame_algebra()
    words = sys.argv[1:] if argv is None else argv
    parser = build_parser(words)
    if strange := next((word for word in words if not _is_text(word)), None):
        parser.error(f"{strange!r} is no text in UTF-8; see the encoding of your terminal")
    args = parser.parse_args(words)
    args.words = tuple(words)
    if args.command is None:
        parser.print_help()
        return 0
    try:
        return int(import_module(f".{args.command}", __name__).run(args))
    except SamplerBenchError as error:
        if args.debug:
            raise
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt as stopped:
        print(str(stopped) or "interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has gone, as `| head` does
        _end_output()
        return 0
    except Exception as error:
        if args.debug:
            raise
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            _end_output()
            print("error: there is no room left on the disk for what is printed", file=sys.stderr)
            return 1
        if isinstance(error, PermissionError) and error.filename is not None:
            told = "you have no right to read or change it; see to that, or choose another place"
            print(f"error: {error.filename}: {told}", file=sys.stderr)
            return 1
        print(f"error: unexpected {type(error).__name__}: {error}", file=sys.stderr)
        print("this is a defect of sampler-bench; add --debug to see where", file=sys.stderr)
        return 1


def build_parser(words: list[str]) -> Parser:
    """Build the parser; only the command that `words` name gets its options."""
    parser = Parser("sampler-bench", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("--version", action="version", version=f"sampler-bench {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND")
    wanted = next((word for word in words if not word.startswith("-")), None)
    known = commands()
    if wanted is not None and wanted not in known:
        near = did_you_mean(wanted, known)
        parser.error(f"there is no command {wanted!r}{near}; choose one of {', '.join(known)}")
    for name in known:
        command = import_module(f".{name}", __name__)
        sub = subparsers.add_parser(name, help=command.HELP, description=command.HELP)
        if name == wanted:
            sub.register("type", Path, _path)
            command.configure(sub)
            sub.add_argument("--debug", action="store_true", help="show where an error came from")
    return parser


def _path(word: str) -> Path:
    """A path that is no empty word, as an unset variable of a shell leaves one: that means here."""
    if not word.strip():
        raise argparse.ArgumentTypeError("expected a path, found an empty word")
    return Path(word)


def _is_text(word: str) -> bool:
    """False for bytes that are no text, which Python hands on as lone surrogates."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def _end_output() -> None:
    """Send what is still to be printed nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tame_algebra() -> None:
    """One thread for linear algebra, unless the user says otherwise; before numpy is loaded.

    Our matrices are small: more threads only wait for each other, spinning, and take the cores from
    the model's server (a whole demo took 36 s of CPU time with two threads, 11 s with one).
    """
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ.setdefault(name, "1")


def _tame_streams() -> None:
    """Let no character that a console cannot show end the program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
