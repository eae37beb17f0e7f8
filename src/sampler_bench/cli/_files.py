"""Files that the commands write: never half, never over another run's."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path

from ..errors import StoreError


def free_name(folder: Path, stem: str, ending: str) -> Path:
    """Reserve `stem` + `ending` in a folder; `_2`, `_3`, ... where it is taken.

    Raises:
        StoreError: the folder cannot be written.
    """
    number = 1
    while True:
        name = f"{stem}{ending}" if number == 1 else f"{stem}_{number}{ending}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).open("x").close()
        except FileExistsError:
            number += 1
        except OSError as error:
            raise _cannot_write(folder / name, error) from error
        else:
            return folder / name


def write_atomically(path: Path, text: str) -> None:
    """Write a text file in one step, with LF line ends.

    Raises:
        StoreError: it cannot be written; what was there is still there.
    """
    write_bytes_atomically(path, text.encode("utf-8", "backslashreplace"))


def write_bytes_atomically(path: Path, data: bytes) -> None:
    """Write a file in one step.

    Raises:
        StoreError: it cannot be written; what was there is still there.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise _cannot_write(path, error) from error


def _cannot_write(path: Path, error: OSError) -> StoreError:
    remedy = "choose another folder"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedy = f"make room, or {remedy}"
    if path.is_dir():
        remedy = "name a file in it"
    return StoreError(f"{path} cannot be written: {error.strerror or error}; {remedy}")
