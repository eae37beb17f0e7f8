"""The error tree: what can go wrong, the exit code for it, and what it means.

    SamplerBenchError           exit 1
    |-- UsageError          2    a wrong command, option or argument
    |   `-- SpecError       2    a study file, preset or configuration that cannot be used
    |-- NotReachable        3    somebody whom we need does not answer, or turns us away
    |   |-- EngineError     3    ... the server that writes
    |   `-- JudgeError      3    ... the judge that scores
    |-- StoreError          1    the results cannot be read or written
    `-- BudgetReached       4    the budget ended before there was a result (resumable)

A message has three parts: what was asked, what was found, what to do. A failed generation or an
unreadable judgment is not an error but a stored value (see `records`).
"""

from __future__ import annotations


class SamplerBenchError(Exception):
    """Anything that this package raises on purpose."""

    exit_code = 1


class UsageError(SamplerBenchError):
    """The command or an argument cannot be used as it stands."""

    exit_code = 2


class SpecError(UsageError):
    """A study file, preset or configuration that cannot be used."""


class NotReachable(SamplerBenchError):
    """A server or judge that we need does not answer, or turns us away."""

    exit_code = 3


class EngineError(NotReachable):
    """The server that writes cannot be used."""


class JudgeError(NotReachable):
    """The judge that scores cannot be used."""


class StoreError(SamplerBenchError):
    """Results cannot be read or written."""


class BudgetReached(SamplerBenchError):
    """The budget ended before there was a result; the study can be resumed."""

    exit_code = 4


def did_you_mean(word: str, known: list[str]) -> str:
    """Return " (did you mean 'x'?)" for the known word nearest to `word`, or an empty string."""
    from difflib import get_close_matches

    near = [
        *get_close_matches(word, known, n=1, cutoff=0.6),
        *get_close_matches(word.lower(), known, n=1, cutoff=0.6),
    ]
    return f" (did you mean {near[0]!r}?)" if near else ""
