"""Who holds a port of this machine, so that a message can name it."""

from __future__ import annotations

import os
import socket
import sys


def port_in_use(port: int) -> bool:
    """Say whether nobody could listen on a port of 127.0.0.1 now. Port 0 is always free."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":  # there it would steal the port; here it forgives TIME_WAIT
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def port_owner(port: int) -> str:
    """Name the process that listens on a port.

    Returns:
        `python3 (process 4711)`, or `another process` where the system does not tell us.
    """
    pid = _listener(port)
    if pid is None:
        return "another process"
    if pid == os.getpid():
        return f"this very process ({pid})"
    import psutil

    try:
        return f"{psutil.Process(pid).name()} (process {pid})"
    except psutil.Error:
        return f"process {pid}"


def _listener(port: int) -> int | None:
    import psutil

    try:
        connections = psutil.net_connections(kind="inet")
    except (psutil.Error, OSError):
        return None
    for found in connections:
        if found.status == psutil.CONN_LISTEN and found.laddr and found.laddr.port == port:
            return found.pid
    return None
