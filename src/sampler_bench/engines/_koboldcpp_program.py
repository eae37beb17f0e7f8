"""Find KoboldCpp on this machine, and say the command line that serves a model with it.

Source of the options: `koboldcpp.py` of version 1.102. There is no package to depend on: people
download one file, a binary or the script.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from ..errors import EngineError
from ._child import Order

QUEUE = 32  # requests that it lets wait before it says 503
PROGRAMS = (
    *("koboldcpp", "koboldcpp-linux-x64", "koboldcpp-linux-x64-nocuda", "koboldcpp-mac-arm64"),
    *("koboldcpp.exe", "koboldcpp-nocuda.exe", "koboldcpp.py"),
)
HOW_TO_GET = (
    "download it from the releases page of LostRuins/koboldcpp, and name it with KOBOLDCPP=PATH "
    "or put it on PATH"
)


def find_koboldcpp(path: Path | None, environment: Mapping[str, str]) -> list[str] | None:
    """Find KoboldCpp: the path given, the `KOBOLDCPP` variable, then PATH.

    Returns:
        The command that starts it, or None where there is none.

    Raises:
        EngineError: the path or the variable names a file that is not there.
    """
    named = path or (Path(environment["KOBOLDCPP"]) if environment.get("KOBOLDCPP") else None)
    if named is not None:
        named = named.expanduser()
        if not named.is_file():
            raise EngineError(f"KoboldCpp {named}: there is no such file; {HOW_TO_GET}")
        return _runnable(named)
    for program in PROGRAMS:
        if found := shutil.which(program, path=environment.get("PATH", "")):
            return _runnable(Path(found))
    return None


def kobold_command(program: list[str], order: Order) -> list[str]:
    """The command line that serves a model."""
    return [
        *program,
        *("--model", str(order.gguf), "--host", "127.0.0.1", "--port", str(order.port)),
        *("--contextsize", str(order.context), "--gpulayers", str(order.gpu_layers)),
        *("--threads", str(order.threads), "--multiuser", str(QUEUE), "--skiplauncher"),
        *(() if order.verbose else ("--quiet",)),
    ]


def _runnable(program: Path) -> list[str]:
    return [sys.executable, str(program)] if program.suffix == ".py" else [str(program)]
