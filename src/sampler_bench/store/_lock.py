"""One process at a time: a lock that the operating system keeps on a file, and gives back itself.

It ends with the process that holds it, however that ends, so nothing stale stays. No process number
decides: two containers that share a folder have numbers of their own. What the file says of its
holder is for people. `flock` on Unix (over NFS it is a lock on the server), `msvcrt.locking` on
Windows, there on a byte far behind the text, which stays readable.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

LONGEST = 200  # characters of what a file says of its holder
FAR = 1 << 30  # Windows locks bytes, and they need not exist
TRIES = 50  # a file that its last holder removed is made anew; not for ever
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


class Taken(Exception):
    """Another process holds it; `str()` says who, as far as its file does."""


class Unlockable(Exception):
    """The file system has no locks."""


class FileLock:
    """A lock that is held from the beginning until `release`, or the end of the process.

    Args:
        path: of its file; made where it is missing. On Windows, and where the process ends without
            `release`, it stays and means nothing.
        holder: who holds it, for people.

    Raises:
        Taken: another holds it.
        Unlockable: the file system has no locks.
        OSError: the file cannot be made.
    """

    def __init__(self, path: Path, holder: str) -> None:
        self.path = path
        self._file = _locked(path)
        try:
            os.ftruncate(self._file, 0)
            os.write(self._file, holder.encode("utf-8", "replace"))
        except OSError:  # a full disk
            self.release()
            raise

    def release(self) -> None:
        """Give it back. Another may hold a new file of the same name at once."""
        if sys.platform != "win32":  # where an open file cannot be removed
            self.path.unlink(missing_ok=True)
        os.close(self._file)


def is_held(path: Path) -> bool:
    """Whether a process holds the lock of a file now."""
    try:
        file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except OSError:
        return False
    try:
        _lock(file)  # until it is closed, at once
    except (BlockingIOError, PermissionError):
        return True
    except OSError:  # no locks here
        return False
    finally:
        os.close(file)
    return False


def _locked(path: Path) -> int:
    """Open and lock the file; anew where its last holder removed it in between."""
    for _ in range(TRIES):
        file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        try:
            if _held(file, path):
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)
    raise Unlockable(f"{path.name} is another file each time it is opened")


def _held(file: int, path: Path) -> bool:
    """Lock an open file; False where its name is another file's by now."""
    try:
        _lock(file)
    except (BlockingIOError, PermissionError) as error:
        raise Taken(_told(file)) from error
    except OSError as error:
        if error.errno in NO_LOCKS:
            raise Unlockable(str(error)) from error
        raise
    return _is_still(file, path)


def _told(file: int) -> str:
    try:
        text = os.read(file, LONGEST).decode("utf-8", "replace")
    except OSError:  # some network systems keep others from reading what is locked
        return ""
    return "".join(c for c in text if c.isprintable())


def _is_still(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        os.lseek(file, FAR, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:  # how Windows says that another has it
            raise BlockingIOError(str(error)) from error
        finally:
            os.lseek(file, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
