"""A SQLite file in the results folder: `sampler-bench.sqlite`.

WAL mode, so that several searches may run side by side in one folder and readers never wait, with
`synchronous=FULL`: a commit survives not only a killed process but a power cut. Records are kept as
ASCII JSON, which is lossless for whatever a model writes (NULs, lone surrogates). A study belongs
to one process at a time, which holds a lock on a file beside the store (`_lock`). WAL needs memory
that all share: processes of several machines must not use one folder at the same time.
"""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ..errors import StoreError
from ..records import (
    Cell,
    Completion,
    Failure,
    JsonObject,
    Score,
    Trial,
    Unscored,
    Unwritten,
)
from . import Store, StudyRow
from ._lock import FileLock, Taken, Unlockable, is_held
from ._rows import judgment_of, trial_of
from ._schema import ADDED, SCHEMA, VERSION

FILE = "sampler-bench.sqlite"
BUSY_SECONDS = 30.0
PLACE = "study = ? AND config = ? AND prompt = ? AND repeat = ? AND fresh = ?"


def open_store(folder: Path) -> Store:
    """Open the store of a results folder; make the folder where it is missing.

    The file is made when something is to be kept. Where nothing was, folders that were made for it
    go again when it is closed, unless something else lies there.

    Raises:
        StoreError: the folder cannot be made, or the file is no store of ours.
    """
    made = [place for place in (folder, *folder.parents) if not os.path.exists(place)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"results folder {folder} cannot be made: {error.strerror}; choose another --output-dir"
        ) from error
    return SqliteStore(folder / FILE, made=made)


def open_kept(folder: Path) -> Store:
    """Open the store of a results folder to read it, also where nothing may be written.

    Raises:
        StoreError: it cannot be read, or is no store of ours.
    """
    try:
        return open_store(folder)
    except StoreError as error:
        if not _denied(error.__cause__):
            raise
        return SqliteStore(folder / FILE, reading=True)


def _denied(error: BaseException | None) -> bool:
    """Whether a file or folder may not be written."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest says more of the same
    return code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)


class SqliteStore(Store):
    """See the module. One connection that threads take in turns.

    Args:
        path: the file.
        reading: True opens it only to be read; it must be there.
        made: the folders that were made for it, the innermost first.
    """

    def __init__(self, path: Path, reading: bool = False, made: Sequence[Path] = ()) -> None:
        self.path, self._made = path, made
        self._turn = threading.RLock()
        self._locks: dict[int, FileLock] = {}
        self._opened: sqlite3.Connection | None = None
        if reading or os.path.exists(path):
            self._open(reading)

    @property
    def _db(self) -> sqlite3.Connection:
        """The connection, which is made with the file where there is none yet."""
        with self._turn:
            return self._opened or self._open()

    def _open(self, reading: bool = False) -> sqlite3.Connection:
        with suppress(OSError):  # which SQLite says
            if not reading:  # another process that made the folder and kept nothing removes it
                self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._translated():
            self._opened = sqlite3.connect(
                _address(self.path) if reading else self.path,
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                uri=reading,
            )
        try:
            self._see_version() if reading else self._prepare()
        except BaseException:
            self._opened.close()
            self._opened = None
            raise
        return self._opened

    def _prepare(self) -> None:
        with self._translated():
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("PRAGMA foreign_keys=ON")
        with self._writing():
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version == 0:
                for statement in filter(str.strip, SCHEMA.split(";")):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version={VERSION}")
            self._see_version()
            self._db.execute(ADDED)

    def _see_version(self) -> None:
        [(version,)] = self._rows("PRAGMA user_version")
        if version != VERSION:
            raise StoreError(
                f"{self.path} is of store version {version}, this program knows {VERSION}; "
                "use the program that wrote it, or another --output-dir"
            )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}; {_remedy(error)}") from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One atomic step."""
        with self._turn, self._translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._turn, self._translated():
            if self._opened is None and not os.path.exists(self.path):
                return []  # nothing was kept
            return self._db.execute(query, values).fetchall()

    def create_study(self, name: str, spec: JsonObject, now: float) -> StudyRow:
        self.see_free(name)
        with self._writing():
            self._db.execute(
                "INSERT INTO studies (name, spec, state, created, updated) VALUES (?,?,?,?,?)",
                (name, json.dumps(spec), "running", now, now),
            )
        row = self.study(name)
        assert row is not None
        return row

    def study(self, name: str) -> StudyRow | None:
        return next((row for row in self.studies() if row.name == name), None)

    def studies(self) -> list[StudyRow]:
        rows = self._rows("SELECT id, name, spec, state, created, updated FROM studies ORDER BY id")
        return [StudyRow(i, n, json.loads(s), st, c, u) for i, n, s, st, c, u in rows]

    def set_state(self, study: int, state: str, now: float) -> None:
        with self._writing():
            self._db.execute(
                "UPDATE studies SET state = ?, updated = ? WHERE id = ?", (state, now, study)
            )

    def set_spec(self, study: int, spec: JsonObject) -> None:
        with self._writing():
            self._db.execute("UPDATE studies SET spec = ? WHERE id = ?", (json.dumps(spec), study))

    def set_note(self, study: int, key: str, value: JsonObject) -> None:
        with self._writing():
            self._db.execute(
                "INSERT OR REPLACE INTO notes VALUES (?,?,?)", (study, key, json.dumps(value))
            )

    def note(self, study: int, key: str) -> JsonObject | None:
        rows = self._rows("SELECT value FROM notes WHERE study = ? AND key = ?", study, key)
        return json.loads(rows[0][0]) if rows else None

    def ask(self, study: int, cells: list[tuple[Cell, int]], now: float) -> None:
        with self._writing():
            query = "SELECT COALESCE(MAX(position) + 1, 0) FROM trials WHERE study = ?"
            (first,) = self._db.execute(query, (study,)).fetchone()
            for i, (cell, seed) in enumerate(cells):
                self._db.execute(
                    "INSERT INTO trials (study, position, config, prompt, repeat, fresh, seed, "
                    "asked) VALUES (?,?,?,?,?,?,?,?)",
                    (study, first + i, *_place(cell), seed, now),
                )

    def save_written(
        self,
        study: int,
        cell: Cell,
        written: Completion | Unwritten,
        failure: Failure | None,
        covariates: tuple[float, ...],
        now: float,
    ) -> None:
        values = (
            type(written).__name__,
            json.dumps(asdict(written)),
            json.dumps(asdict(failure)) if failure else None,
            json.dumps(covariates),
            now,
        )
        with self._writing():
            done = self._db.execute(
                "UPDATE trials SET kind = ?, written = ?, failure = ?, covariates = ?, saved = ? "
                f"WHERE {PLACE} AND (kind IS NULL OR kind != 'Completion')",
                (*values, study, *_place(cell)),
            )
            self._see_place(done.rowcount, study, cell)

    def save_judgment(self, study: int, cell: Cell, judgment: Score | Unscored, now: float) -> None:
        with self._writing():
            lost = self._lost(study, cell, judgment.judge)
            kept = replace(judgment, cost=judgment.cost + lost, lost=lost)
            kind, text = type(kept).__name__, json.dumps(asdict(kept))
            done = self._db.execute(
                "INSERT INTO judgments SELECT study, position, ?, ?, ?, ? FROM trials "
                f"WHERE {PLACE} ON CONFLICT DO UPDATE SET kind = excluded.kind, "
                "judgment = excluded.judgment, saved = excluded.saved WHERE kind != 'Score'",
                (judgment.judge, kind, text, now, study, *_place(cell)),
            )
            self._see_place(done.rowcount, study, cell)

    def _lost(self, study: int, cell: Cell, judge: str) -> float:
        """What a judgment that never came has cost, in US dollars."""
        query = (
            "SELECT judgment FROM judgments JOIN trials USING (study, position) "
            f"WHERE {PLACE} AND judge = ? AND judgments.kind = 'Unscored'"
        )
        rows = self._db.execute(query, (study, *_place(cell), judge)).fetchall()
        return float(json.loads(rows[0][0])["cost"]) if rows else 0.0

    def _see_place(self, changed: int, study: int, cell: Cell) -> None:
        """Nothing changed: fine where something better is kept, a defect where nothing is there."""
        if not changed:
            query = f"SELECT 1 FROM trials WHERE {PLACE}"
            if not self._db.execute(query, (study, *_place(cell))).fetchall():
                raise StoreError(f"{self.path}: {cell} was never asked for in study {study}")

    def trials(self, study: int) -> list[Trial]:
        judgments: dict[int, list[Score | Unscored]] = {}
        query = (
            "SELECT position, kind, judgment FROM judgments WHERE study = ? ORDER BY saved, judge"
        )
        for position, kind, text in self._rows(query, study):
            judgments.setdefault(position, []).append(judgment_of(kind, json.loads(text)))
        rows = self._rows(
            "SELECT position, config, prompt, repeat, fresh, seed, kind, written, failure, "
            "covariates FROM trials WHERE study = ? ORDER BY position",
            study,
        )
        return [trial_of(row, tuple(judgments.get(row[0], ()))) for row in rows]

    def vectors(self, model: str, digests: Sequence[str]) -> dict[str, tuple[float, ...]]:
        query = "SELECT vector FROM vectors WHERE model = ? AND digest = ?"
        found = {digest: self._rows(query, model, digest) for digest in digests}
        return {digest: _unpacked(rows[0][0]) for digest, rows in found.items() if rows}

    def save_vectors(self, model: str, vectors: Mapping[str, Sequence[float]]) -> None:
        with self._writing():
            for digest, vector in vectors.items():
                self._db.execute(
                    "INSERT OR REPLACE INTO vectors VALUES (?,?,?)",
                    (model, digest, struct.pack(f"<{len(vector)}f", *vector)),
                )

    def lock(self, study: int, owner: str) -> None:
        if study in self._locks:
            return
        path = self._lock_of(study)
        try:
            self._locks[study] = FileLock(path, owner)
        except Taken as taken:
            name = next((row.name for row in self.studies() if row.id == study), "")
            by = str(taken) or "another process"
            raise StoreError(
                f"study {name!r} is being run by {by}; let it finish, or stop it and go on with "
                f"--resume {name}; a study of another name may run beside it"
            ) from taken
        except Unlockable as error:
            raise StoreError(
                f"{path}: this file system has no locks ({error}), so two searches could run one "
                "study twice; choose a folder on a local disk by --output-dir"
            ) from error
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            remedy = "make room on the disk" if full else "make the folder writable"
            raise StoreError(
                f"{path} cannot be made: {error.strerror}; {remedy}, or choose another --output-dir"
            ) from error

    def is_locked(self, study: int) -> bool:
        return study in self._locks or is_held(self._lock_of(study))

    def _lock_of(self, study: int) -> Path:
        return self.path.with_name(f"{self.path.stem}.study-{study}.lock")

    def unlock(self, study: int) -> None:
        if study in self._locks:
            self._locks.pop(study).release()

    def close(self) -> None:
        for study in list(self._locks):
            self.unlock(study)
        with self._turn:
            if self._opened is not None:
                self._opened.close()
                return
            with suppress(OSError):  # something lies there
                for folder in self._made:
                    folder.rmdir()


def _address(path: Path) -> str:
    """Of a file that is only read. Without a log beside it nobody writes, so nothing is locked."""
    still = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"
    return f"{path.resolve().as_uri()}?mode=ro{still}"


def _unpacked(blob: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(blob) // 4}f", blob)


def _place(cell: Cell) -> tuple[str, int, int, int]:
    return (cell.config.text, cell.prompt, cell.repeat, int(cell.fresh))


def _remedy(error: sqlite3.Error) -> str:
    """What to do about a fault of the database."""
    words = str(error)
    remedies = {
        "full": "make room on the disk; a search goes on with --resume",
        "readonly": "make the folder writable, or choose another --output-dir",
        "unable to open": "make the folder writable, or choose another --output-dir",
        "disk I/O": "see that the disk works and has room; a search goes on with --resume",
        "not a database": "it is no store of ours; move it away, or choose another --output-dir",
        "malformed": "the file is damaged; move it away, or restore a copy",
        "locked": "another process holds it for long; wait for it; a search goes on with --resume",
    }
    return next((remedy for key, remedy in remedies.items() if key in words), "see the message")
