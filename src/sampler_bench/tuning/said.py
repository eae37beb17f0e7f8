"""A study goes on only where its configurations are still said as they were.

Between two versions of this program an engine may have learnt better how its server is told a
configuration: another unit, a key that was left out, thinking switched off. The texts that are kept
were written by the old words, and new ones would not compare. Each text is kept with what was sent
for it; that is held against what would be sent now for its configuration and seed. Not seen is what
`sent` does not hold: where a request goes, and the keys of `Wire.chat_extra`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from .. import __version__
from ..engines import Engine
from ..errors import SpecError
from ..records import Completion, Json, Trial
from ..store import Store
from . import runs

ABSENT = object()
LONGEST = 80  # characters of a value that is shown


def hold_to_words(store: Store, study: str, engine: Engine) -> None:
    """See that a study's kept texts were asked for as they would be asked for now.

    Call after `engine.check`: what an engine says may depend on what its server told.

    Raises:
        SpecError: they were not; names the first key that differs, and what to do.
    """
    if (row := store.study(study)) is None:
        return
    for trial in store.trials(row.id):
        if isinstance(trial.written, Completion) and (how := _changed(engine, trial)):
            older = _version(store, row.id)
            raise SpecError(
                f"study {study!r} cannot go on with this version of sampler-bench ({__version__}), "
                f"which asks otherwise for {trial.cell.config.text}: {how}; new texts would not "
                "compare with the kept ones. Start a study of another name (--study NAME), or go "
                f"on with the version that wrote them{older}"
            )


def _changed(engine: Engine, trial: Trial) -> str:
    """What is said otherwise now for a kept text, in words; empty where nothing is."""
    assert isinstance(trial.written, Completion)
    try:
        now = engine.express(trial.cell.config, trial.seed)
    except SpecError as error:
        return f"nothing is sent any more ({str(error).partition(';')[0]})"
    here = dict(_flat(engine.lasting(now)))
    there = dict(_flat(engine.lasting(trial.written.sent)))
    for key in (*here, *there):
        a, b = here.get(key, ABSENT), there.get(key, ABSENT)
        if a != b:
            return f"{key} is {_shown(a)} now and was {_shown(b)}"
    return ""


def _flat(said: Mapping[str, Json], above: str = "") -> Iterator[tuple[str, Json]]:
    """Keys, those of objects inside joined by dots, with their values."""
    for key, value in said.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _shown(value: object) -> str:
    if value is ABSENT:
        return "not sent"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _version(store: Store, study: int) -> str:
    """The version of the last run, where it is known to be another."""
    ran = runs.recalled(store.note(study, runs.NOTE))
    return f" ({ran[-1].version})" if ran and ran[-1].version != __version__ else ""
