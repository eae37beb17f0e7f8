"""Progress on stderr: a live table on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..records import MISSING, Cell, Completion, Estimate, ScoreTable, Trial
from ..tuning.events import Checked, Event, Phase, Planned, Settled, Warned, Written
from ._output import colour, done, say, warn

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

    from ..search import Problem

PLAIN_EVERY_SECONDS = 10.0
SPEED_WINDOW_SECONDS = 30.0
LEADERS = 5


class Progress:
    """Watches a run and draws it.

    Args:
        quiet: draw nothing but warnings.
        now: a monotonic clock in seconds.
    """

    def __init__(self, quiet: bool = False, now: Callable[[], float] = time.monotonic) -> None:
        self.quiet, self._now = quiet, now
        self.phase, self.total = "", 0
        self.settled = self.missing = self.kept = 0
        self.rows: list[tuple[Cell, int, float]] = []
        self.failures: Counter[str] = Counter()
        self.cost = 0.0
        self._problem: Problem | None = None
        self._leaders: list[tuple[str, str]] = []
        self._next_fit = 0.0
        self._fitting = False
        self._tokens: deque[tuple[float, int]] = deque()
        self._writes_since: float | None = None
        self._last_line = self._now()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if not self.quiet and colour(sys.stderr):
            from rich.console import Console
            from rich.live import Live

            console = Console(stderr=True)
            self._live = Live(
                get_renderable=self.draw, console=console, refresh_per_second=4, transient=True
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None and self._live.is_started:
            self._live.stop()

    def __call__(self, event: Event) -> None:
        """Take in an event of the loop."""
        match event:
            case Checked(what, line):
                done(f"{what}: {line}", quiet=self.quiet)
            case Planned(plan, problem):
                self._problem = problem
                self.total = plan.texts
                say(f"   plan: {plan}", quiet=self.quiet)
            case Phase(name):
                self._enter(name)
            case Written(trial):
                self._count_tokens(trial)
            case Settled():
                self._settle(event)
            case Warned(message):
                warn(message)

    def _enter(self, name: str) -> None:
        self.phase = name
        if self._writes_since is None:
            self._writes_since = self._now()
        if self._live is not None and not self._live.is_started:
            self._live.start()

    def _count_tokens(self, trial: Trial) -> None:
        if isinstance(trial.written, Completion):
            self._tokens.append((self._now(), trial.written.tokens))

    def _settle(self, event: Settled) -> None:
        trial, state = event.trial, event.state
        self.settled += 1
        self.kept += event.kept
        self.missing += state == MISSING
        self.cost += sum(judgment.cost for judgment in trial.judgments)
        if state != MISSING:
            self.rows.append((trial.cell, state, event.score))
        if trial.failure:
            self.failures[trial.failure.reason] += 1
            if not event.kept:  # those were written long ago
                self._count_tokens(trial)
        if self._live is None and not self.quiet and not event.kept:
            self._say_now_and_then()

    def _say_now_and_then(self) -> None:
        self.leaders()  # so that they are known when the line is due
        now = self._now()
        if now - self._last_line > PLAIN_EVERY_SECONDS:
            self._last_line = now
            say(self.line())

    def speed(self) -> float:
        """Tokens a second over the last half minute."""
        now = self._now()
        while self._tokens and now - self._tokens[0][0] > SPEED_WINDOW_SECONDS:
            self._tokens.popleft()
        span = min(SPEED_WINDOW_SECONDS, self._seconds_of_writing())
        return sum(tokens for _, tokens in self._tokens) / max(span, 0.1)

    def seconds_left(self) -> float | None:
        """Expected seconds until all planned texts are there; None while it cannot be told."""
        fresh = self.settled - self.kept
        if fresh < 3 or self.settled >= self.total:
            return None
        return self._seconds_of_writing() / fresh * (self.total - self.settled)

    def _seconds_of_writing(self) -> float:
        """Since the first phase began: checks and fingerprint write no texts of the study."""
        return 0.0 if self._writes_since is None else self._now() - self._writes_since

    def line(self, best: bool = True) -> str:
        """The state of the run in one plain line, with the best so far or without."""
        parts = [f"{self.phase} {self.settled}/{max(self.total, self.settled)}"]
        leaders = self.leaders()
        if leaders and best:
            parts.append(f"best so far {leaders[0][1]} {leaders[0][0]}")
        if self.failures:
            parts.append(f"failed {sum(self.failures.values())}")
        if self.missing:
            parts.append(f"missing {self.missing}")
        parts.append(f"{self.speed():.0f} tokens/s")
        if self.cost:
            parts.append(f"${self.cost:.4f}")
        left = self.seconds_left()
        if left is not None:
            parts.append(f"about {clock(left)} left")
        return " | ".join(parts)

    def leaders(self) -> list[tuple[str, str]]:
        """The best configurations so far: (text form, estimated objective with its interval).

        Fitting the model takes a while for large studies. So it is done in a thread, where no text
        waits for it, and at most so often that it costs a twentieth of the time.
        """
        due = self._now() >= self._next_fit
        if due and not self._fitting and self.rows and self._problem is not None:
            self._fitting = True
            table = ScoreTable.of(list(self.rows), self._problem.n_prompts)
            Thread(target=self._fit, args=(table, self._problem), daemon=True).start()
        return self._leaders

    def _fit(self, table: ScoreTable, problem: Problem) -> None:
        from ..analysis.summary import summarise

        began = self._now()
        try:
            ranked = [row for row in summarise(table, problem) if row.texts][:LEADERS]
            self._leaders = [(row.config.text, interval(row.estimate)) for row in ranked]
        finally:
            now = self._now()
            self._next_fit = now + max(1.0, 20 * (now - began))
            self._fitting = False

    def draw(self) -> RenderableType:
        """The live table."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in ("leaders", "objective (95 %)"):
            table.add_column(title)
        for config, estimate in self.leaders():
            table.add_row(Text(config), Text(estimate))
        lines: list[RenderableType] = [Text(self.line(best=False), style="cyan"), table]
        if self.failures:
            counts = ", ".join(f"{reason} {n}" for reason, n in self.failures.most_common())
            lines.append(Text(f"failures: {counts}", style="yellow"))
        return Group(*lines)


def interval(estimate: Estimate) -> str:
    """`7.12 [6.80 to 7.44]`."""
    from ..analysis.intervals import on_the_scale

    estimate = on_the_scale(estimate)
    return f"{estimate.mean:.2f} [{estimate.low:.2f} to {estimate.high:.2f}]"


def clock(seconds: float) -> str:
    """`40 s`, `12 min`, `3.5 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
