"""One thread for linear algebra where it is called from a program of somebody else's.

Our matrices are small: several threads wait for each other, spinning. 150 texts with an Optimizer
took 33 s with two threads and 8 s with one. The command line says the same before numpy is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


_turn = Lock()


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold the process's linear algebra to one thread for a while.

    The number is the whole process's: only who comes first changes it and sets it back.
    """
    if not _turn.acquire(blocking=False):
        yield
        return
    try:
        with _libraries().limit(limits=1, user_api="blas"):
            yield
    finally:
        _turn.release()


@lru_cache(maxsize=1)
def _libraries() -> ThreadpoolController:
    import scipy.linalg  # noqa: F401  # its own library is to be found too
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
