"""Which process owns a study, and whether it still runs."""

from __future__ import annotations

import sys


def alive(pid: int, start: float) -> bool:
    """Say whether the process that started then still runs; its pid may be another's by now."""
    import psutil

    try:
        return abs(started(pid) - start) < 1.5
    except psutil.Error:
        return False


def started(pid: int) -> float:
    """When a process started, in seconds.

    On Linux since boot: there the time of day is made of that and the clock, so that a clock that
    is set while a study runs would make its owner another process.
    """
    import psutil

    born = psutil.Process(pid).create_time()
    return born - psutil.boot_time() if sys.platform == "linux" else born
