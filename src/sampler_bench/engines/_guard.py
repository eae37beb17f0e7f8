"""Run another program so that it ends with us, however we end.

Run as `python -P -m sampler_bench.engines._guard PARENT COMMAND...`. A program such as KoboldCpp
does not notice that whoever started it is gone. So this stands between: it holds the program, and
when stdin closes (its parent ended, killed or not) or SIGTERM comes, it ends the program with all
that it started. On Linux the kernel ends the program with the guard as well.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

from ._child import die_with

GRACE_SECONDS = 5.0
LOOK_SECONDS = 0.05


def main(parent: int, command: list[str]) -> int:
    """Run the command to its end, or ours."""
    for sign in (signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)):
        signal.signal(sign, signal.SIG_IGN)
    die_with(parent)
    own = os.getpid()
    program = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=sys.platform != "win32",
        preexec_fn=(lambda: die_with(own)) if sys.platform == "linux" else None,
    )
    leave = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: leave.set())
    threading.Thread(target=_watch_stdin, args=(leave,), daemon=True).start()
    while program.poll() is None and not leave.wait(LOOK_SECONDS):
        pass
    if program.poll() is None:
        _end(program)
    return program.wait()


def _watch_stdin(leave: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    leave.set()


def _end(program: subprocess.Popen[bytes]) -> None:
    _signal(program, signal.SIGTERM)
    try:
        program.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        _signal(program, getattr(signal, "SIGKILL", signal.SIGTERM))


def _signal(program: subprocess.Popen[bytes], sign: signal.Signals) -> None:
    """Signal the program's whole group: its binaries unpack and start another process."""
    if sys.platform == "win32":
        program.kill()
        return
    try:
        os.killpg(program.pid, sign)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
