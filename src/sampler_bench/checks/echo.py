"""Read-back: llama.cpp echoes the settings that it used; what differs was clamped or replaced.

An echo alone proves nothing (adaptive_target is echoed there, and does nothing unless it is named
in `samplers`), so it never makes a knob honoured; but a value that differs in it was not used.
Error rates: none by chance; a server that lies about itself is not found out by this probe.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..records import Json

CLOSE = 1e-5  # settings are kept as float32
ALIASES = {"max_tokens": ("n_predict", "max_tokens")}


def differences(
    sent: Mapping[str, Json], echoed: Mapping[str, Json] | None
) -> Iterator[tuple[str, Json, Json]]:
    """Yield (key, sent, used) for each setting that the server says it used otherwise."""
    for key, value in sent.items():
        for name in ALIASES.get(key, (key,)):
            if echoed is not None and name in echoed and not same(value, echoed[name]):
                yield key, value, echoed[name]


def same(sent: Json, used: Json) -> bool:
    """Whether two settings are the same number, text or list; other kinds are not compared."""
    if isinstance(sent, bool) or isinstance(used, bool):
        return bool(sent) == bool(used)
    if isinstance(sent, int | float) and isinstance(used, int | float):
        return abs(sent - used) <= CLOSE * max(1.0, abs(sent))
    if isinstance(sent, str | list) and isinstance(used, type(sent)):
        return sent == used
    return True
