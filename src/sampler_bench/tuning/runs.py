"""The runs of a study: which command lines began it and went on with it, kept for its report.

A command line is not meant to hold a secret (keys come from the environment), but people paste:
names and passwords in addresses, values of key variables and what looks like a key are left out.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .. import __version__
from ..records import JsonObject
from ..reports._document import RunResult
from ..reports._words import command_line, moment

if TYPE_CHECKING:
    from ..store import Store

NOTE = "runs"
PROGRAM = "sampler-bench"
HIDDEN = "***"
# Also with an @ in the password, and in an address without a scheme.
LOGIN = re.compile(r"((?<=://)[^/\s]+|(^|(?<==))[^/\s:=]+:[^/\s]+)@")
KEY = re.compile(r"\b(?:sk|pk|hf|gsk|xai)[-_][A-Za-z0-9_-]{8,}")
KEY_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSWORD", re.IGNORECASE)
SHORTEST = 6  # characters of a value that is taken for a secret


def remember(
    store: Store, study: int, words: Sequence[str], environment: Mapping[str, str], now: float
) -> None:
    """Keep the command line of a run; nothing where there is none, as from Python.

    Args:
        store: where.
        study: whose run it is.
        words: the arguments after the program's name.
        environment: whose keys are left out.
        now: seconds since the epoch.
    """
    if not words:
        return
    run = RunResult(
        command=command_line([PROGRAM, *without_secrets(words, environment)]),
        version=__version__,
        python=f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        started=moment(now),
    )
    kept = [*recalled(store.note(study, NOTE)), run]
    store.set_note(study, NOTE, {NOTE: [one.model_dump(mode="json") for one in kept]})


def recalled(note: JsonObject | None) -> list[RunResult]:
    """The runs of a study, the first one first."""
    kept = (note or {}).get(NOTE)
    return [RunResult.model_validate(one) for one in kept] if isinstance(kept, list) else []


def without_secrets(words: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Words of a command line with whatever may be a secret replaced."""
    secrets = [
        value
        for name, value in environment.items()
        if KEY_NAMES.search(name) and len(value) >= SHORTEST
    ]
    return [_without(word, sorted(secrets, key=len, reverse=True)) for word in words]


def without_login(address: str) -> str:
    """An address with a place for the name and password that it held."""
    return LOGIN.sub(f"{HIDDEN}@", address)


def _without(word: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        word = word.replace(secret, HIDDEN)
    return KEY.sub(HIDDEN, without_login(word))
