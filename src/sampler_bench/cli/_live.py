"""Progress on stderr: a live table on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..records import FAILED, JUDGED, MISSING, Completion, ScoreTable, Trial
from ..tuning.events import Checked, Event, Phase, Planned, Settled, Warned, Written
from ..tuning.ledger import settle
from ._output import colour, done, say, warn

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

PLAIN_EVERY_SECONDS = 10.0
SPEED_WINDOW_SECONDS = 30.0
LEADERS = 5


class Progress:
    """Watches a run and draws it.

    Args:
        identities: asked for the judges whose scores count, once they are known.
        failure_score: what a failed text is worth, 0 to 10.
        quiet: draw nothing but warnings.
    """

    def __init__(self, failure_score: float, quiet: bool = False) -> None:
        self.failure_score, self.quiet = failure_score, quiet
        self.phase, self.total = "", 0
        self.trials: list[Trial] = []
        self.rows: list[tuple[int, float]] = []
        self.failures: Counter[str] = Counter()
        self.missing = self.kept = 0
        self.cost = 0.0
        self._tokens: deque[tuple[float, int]] = deque()
        self._began = time.monotonic()
        self._last_line = 0.0
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
            case Planned(plan):
                say(f"   plan: {plan}", quiet=self.quiet)
            case Phase(name, total):
                self._enter(name, total or 0)
            case Written(trial):
                self._count_tokens(trial)
            case Settled():
                self._settle(event)
            case Warned(message):
                warn(message)

    def _enter(self, name: str, total: int) -> None:
        self.phase, self.total = name, total
        if self._live is not None and not self._live.is_started:
            self._live.start()

    def _count_tokens(self, trial: Trial) -> None:
        if isinstance(trial.written, Completion):
            self._tokens.append((time.monotonic(), trial.written.tokens))

    def _settle(self, event: Settled) -> None:
        trial = event.trial
        self.trials.append(trial)
        judges = tuple({judgment.judge for judgment in trial.judgments})
        self.rows.append((event.state, settle(trial, judges)[1]))
        self.kept += event.kept
        self.cost += sum(judgment.cost for judgment in trial.judgments)
        if event.state == FAILED and trial.failure:
            self.failures[trial.failure.reason] += 1
            self._count_tokens(trial)
        self.missing += event.state == MISSING
        now = time.monotonic()
        if self._live is None and now - self._last_line > PLAIN_EVERY_SECONDS and not event.kept:
            self._last_line = now
            say(self.line(), quiet=self.quiet)

    def speed(self) -> float:
        """Tokens a second over the last half minute."""
        now = time.monotonic()
        while self._tokens and now - self._tokens[0][0] > SPEED_WINDOW_SECONDS:
            self._tokens.popleft()
        span = min(SPEED_WINDOW_SECONDS, now - self._began)
        return sum(tokens for _, tokens in self._tokens) / max(span, 0.1)

    def seconds_left(self) -> float | None:
        """Expected seconds to the end of the phase; None while it cannot be told."""
        fresh = len(self.trials) - self.kept
        if fresh < 3 or len(self.trials) >= self.total:
            return None
        return (time.monotonic() - self._began) / fresh * (self.total - len(self.trials))

    def line(self) -> str:
        """The state of the run in one plain line."""
        parts = [f"{self.phase} {len(self.trials)}/{max(self.total, len(self.trials))}"]
        leaders = self.leaders(1)
        if leaders:
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

    def leaders(self, n: int) -> list[tuple[str, str]]:
        """The best configurations so far: (text form, objective with its interval)."""
        rows = [
            (trial.cell, state, score)
            for trial, (state, score) in zip(self.trials, self.rows, strict=True)
            if state in (JUDGED, FAILED)
        ]
        if not rows:
            return []
        n_prompts = 1 + max(cell.prompt for cell, _, _ in rows)
        from ..analysis.summary import summarise

        ranked = summarise(ScoreTable.of(rows, n_prompts), self.failure_score)
        return [(row.config.text, interval(row)) for row in ranked[:n]]

    def draw(self) -> RenderableType:
        """The live table."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in ("leaders", "objective (95 %)"):
            table.add_column(title)
        for config, estimate in self.leaders(LEADERS):
            table.add_row(Text(config), Text(estimate))
        lines: list[RenderableType] = [Text(self.line(), style="cyan"), table]
        if self.failures:
            counts = ", ".join(f"{reason} {n}" for reason, n in self.failures.most_common())
            lines.append(Text(f"failures: {counts}", style="yellow"))
        return Group(*lines)


def clock(seconds: float) -> str:
    """`40 s`, `12 min`, `3.5 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


Watch = Callable[[Event], None]
