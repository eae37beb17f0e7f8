"""Ask and tell: the search and the verdict for people with their own generation and scoring.

    opt = Optimizer({"min_p": {"temperature": {"low": 0.7, "high": 1.6},
                               "min_p": {"low": 0.005, "high": 0.15, "scale": "log"}}}, n_prompts=5)
    while opt.left:
        for cell in opt.ask(4):
            opt.tell(cell, my_score(cell.config.as_dict(), my_prompts[cell.prompt]))
    best = opt.recommend()

With a baseline the last fifth of the budget tries the winner beside it on fresh seeds, as long as
that can change the answer. Where nothing came of a cell, `opt.skip(cell)`. The same seed and
answers give the same questions.
An Optimizer can be pickled at any time.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, overload

from . import _given as given
from . import plugins
from ._algebra import one_thread
from .analysis.confirming import confirm, confirmation_texts, is_searched
from .errors import BudgetReached, UsageError
from .records import (
    FAILED,
    JUDGED,
    MISSING,
    PENDING,
    Cell,
    SamplerConfig,
    ScoreTable,
    Verdict,
)
from .samplers import Space, check_config
from .samplers.plain import Plain, space_of
from .search import Problem, spends

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LOWEST = 1.0  # of most scales; a failed text is worth it, unless a lower score was told
HIGHEST = 100.0  # of most scales; of one that goes beyond it nothing is known but what was told


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What an Optimizer recommends.

    Attributes:
        config: the best configuration by the model, anywhere in the space.
        mean, low, high: its expected objective over the prompts, with its 95 % interval.
        tried: whether it was ever told about.
        probability_best: how probable it is that none is better.
        equivalent: itself and the tried ones that may be as good, best first.
        simplest: the one with the fewest knobs that act that is shown to be as good.
        verdict: the comparison with the baseline, and notes in plain words.
    """

    config: SamplerConfig
    mean: float
    low: float
    high: float
    tried: bool
    probability_best: float
    equivalent: list[SamplerConfig]
    simplest: SamplerConfig | None
    verdict: Verdict


class Optimizer:
    """Says what to try next, is told what came of it, and recommends.

    Args:
        space: for each sampler its parameters: one value, a list of values, or a range
            `{"low": .., "high": .., "scale": "linear" | "log", "step": ..}`; or a `Space`.
        n_prompts: how many prompts there are; a cell names one by its number from 0.
        strategy: the name of a strategy.
        seed: of what a strategy draws; `bayesian` and `grid` draw nothing.
        baseline: what the winner is compared with: a configuration or its text form.
        margin: differences up to this much count as none, in the units of the scores.
        budget: texts that will be told about, those of the confirmation included.
        confirm: how many of them are kept for winner and baseline on fresh seeds (`cell.fresh`);
            None for a fifth with a baseline and none without, 0 for none.
        features: a model fingerprint, `{"logprobs": (n_contexts, n_tokens)}`; with `"count"`
            (n_tokens,) where a column stands for several tokens, then most probable first.
        failure_score: what a failed text is worth, in the units of the scores; None for 1, or the
            lowest score that was told where that is lower, or any is above 100. Give it where
            failures matter.
        samples_per_config: texts for each configuration and prompt; `bayesian` and `halving`
            need none.
        temperature_last: where your server applies temperature.
        moderate: whether moderate settings are expected to be better than extreme ones until texts
            say otherwise; False where your score is not about quality.
        batch: how many cells are chosen at a time; `ask` hands them out one by one. 1 lets every
            score count for the very next cell and takes four times as long as 4.

    Raises:
        UsageError: something cannot be used; the message says what was expected.
    """

    def __init__(
        self,
        space: Space | Plain,
        n_prompts: int = 1,
        strategy: str = "bayesian",
        seed: int = 0,
        *,
        baseline: SamplerConfig | str | None = None,
        margin: float = 0.1,
        budget: int = 300,
        confirm: int | None = None,
        features: Mapping[str, NDArray[np.float64]] | None = None,
        failure_score: float | None = None,
        samples_per_config: int = 3,
        temperature_last: bool = True,
        moderate: bool = True,
        batch: int = 4,
    ) -> None:
        self.strategy, self.seed = str(strategy), given.whole("Optimizer: seed", seed, 0, math.inf)
        self.batch = given.whole("Optimizer: batch", batch)
        plugins.find("search", self.strategy)
        budget = given.whole("Optimizer: budget", budget)
        n_prompts = given.whole("Optimizer: n_prompts", n_prompts, most=given.MOST_PROMPTS)
        samples = given.whole("Optimizer: samples_per_config", samples_per_config)
        margin = given.number("Optimizer: margin", margin)
        if margin < 0:
            raise UsageError(f"Optimizer: margin is {margin:g}, expected 0 or more")
        if baseline is not None:
            baseline = given.configuration("Optimizer: baseline", baseline)
            check_config(baseline)
        if confirm is None:
            kept = confirmation_texts(budget) if baseline is not None else 0
        else:
            kept = given.whole("Optimizer: confirm", confirm, 0, budget - 1)
        if failure_score is not None:
            failure_score = given.number("Optimizer: failure_score", failure_score)
        space = space if isinstance(space, Space) else space_of(space)
        if spends(self.strategy) == "space":
            given.see_walkable(self.strategy, space)
        self.problem = Problem(
            space=space,
            n_prompts=n_prompts,
            budget=budget - kept,
            n_iterations=max(1, (budget - kept) // (n_prompts * samples)),
            samples_per_config=samples,
            baseline=baseline,
            failure_score=LOWEST if failure_score is None else failure_score,
            margin=margin,
            temperature_last=given.yes_or_no("Optimizer: temperature_last", temperature_last),
            features=None if features is None else given.fingerprint(features),
            confirm=kept or None,
            moderate=given.yes_or_no("Optimizer: moderate", moderate),
        )
        self._told_failure_score = failure_score is not None
        self._cells: dict[Cell, tuple[int, float, tuple[float, ...]]] = {}
        self._covariates: tuple[str, ...] = ()
        self._chosen: deque[Cell] = deque()  # and not handed out yet
        self._ahead: tuple[int, list[Cell]] | None = None  # how many were wished for, what is next
        self._wished = self.batch  # as many as the last `ask` chose

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take up what was pickled, by an older version too."""
        lacking = {"batch": 4, "_chosen": deque(), "_told_failure_score": True, "_ahead": None}
        lacking["_wished"] = state.get("batch", 4)
        self.__dict__.update(lacking | state)
        known = (f.name for f in fields(Problem) if hasattr(self.problem, f.name))
        self.problem = Problem(**{name: getattr(self.problem, name) for name in known})

    @property
    def left(self) -> int:
        """How many texts of the budget have not been asked for; 0 where there are none to ask for.

        To know that, it chooses the next cells where nothing is under way; `ask` hands them out.
        """
        waiting = self._under_way or any(cell not in self._cells for cell in self._chosen)
        return self._unasked if waiting or self._next(self._wished) else 0

    @property
    def _unasked(self) -> int:
        return max(0, self._budget - len(self._cells))

    @property
    def _budget(self) -> int:
        return self.problem.budget + (self.problem.confirm or 0)

    @property
    def _under_way(self) -> int:
        return sum(state == PENDING for state, _, _ in self._cells.values())

    @overload
    def ask(self) -> Cell: ...
    @overload
    def ask(self, n: int) -> list[Cell]: ...
    def ask(self, n: int | None = None) -> Cell | list[Cell]:
        """Return the next cell, or the next `n` cells (fewer where there are no more).

        A cell has `.config` (with `.sampler`, `.parameters`, `.as_dict()`), `.prompt` and
        `.repeat`; `.fresh` marks the confirmation, whose texts need seeds that no earlier one had.
        Several may be under way at a time; tell about them in any order. There are none while
        `halving` awaits a round's last cells, and the confirmation the search's last: tell about
        each, or skip it.

        Raises:
            BudgetReached: a single cell was asked for, and there is none.
        """
        count = 1 if n is None else given.whole("Optimizer.ask: n", n, 0)
        cells = self._hand_out(count)
        if len(cells) < count:
            self._wished = max(count - len(cells), self.batch)
            self._chosen.extend(self._next(self._wished))
            cells += self._hand_out(count - len(cells))
        if n is not None:
            return cells
        if not cells:
            raise BudgetReached(f"Optimizer: {self._why_none()}")
        return cells[0]

    def _why_none(self) -> str:
        asked, budget = len(self._cells), self._budget
        if asked >= budget:
            return f"all {budget} texts were asked for; make a new one with a larger budget"
        if self._under_way:
            return f"{self._under_way} cells are under way: tell about each, or skip it"
        fresh = sum(cell.fresh for cell in self._cells)
        if fresh and fresh >= (self.problem.confirm or 0):
            return f"the search is through, and all {fresh} texts kept for fresh seeds are used"
        if fresh:
            return f"more texts would not change the answer, which stands after {asked} of {budget}"
        return f"{self.strategy} has tried all that it tries, with {asked} of {budget} texts"

    def _hand_out(self, count: int) -> list[Cell]:
        cells: list[Cell] = []
        while self._chosen and self._unasked and len(cells) < count:
            cell = self._chosen.popleft()
            if cell not in self._cells:  # or it was told about unasked
                self._cells[cell], self._ahead = (PENDING, 0.0, ()), None
                cells.append(cell)
        return cells

    def _next(self, count: int) -> list[Cell]:
        """The next `count` cells by all that is known, fewer where there are no more.

        They are remembered until a cell is handed out or told about.
        """
        count = min(count, self._unasked)
        wished, cells = self._ahead or (0, [])
        if len(cells) == wished < count:
            cells = self._choose(count)
            self._ahead = (count, cells)
        return cells[:count]

    def _choose(self, count: int) -> list[Cell]:
        import numpy as np

        rng = np.random.default_rng([self.seed, len(self._cells)])
        strategy = plugins.find("search", self.strategy)
        with one_thread():
            table, problem = self.table(), self._problem()
            room = min(count, problem.budget - int((~table.fresh).sum()))
            cells = strategy.ask(table, problem, room, rng) if room > 0 else []
            if not cells and problem.confirm and is_searched(table):
                cells = confirm(table, problem, problem.confirm, count)
        return list(cells)

    def _problem(self) -> Problem:
        """The problem, with what a failed text is worth beside the scores so far."""
        if self._told_failure_score:
            return self.problem
        told = [score for state, score, _ in self._cells.values() if state == JUDGED] or [LOWEST]
        usual = LOWEST if max(told) <= HIGHEST else math.inf
        return replace(self.problem, failure_score=min(usual, *told))

    def tell(
        self,
        cell: Cell,
        score: float | None = None,
        *,
        failure: str | None = None,
        covariates: Mapping[str, float] | None = None,
    ) -> None:
        """Say what came of a cell; where nothing came of it, `skip` it.

        Args:
            cell: one that `ask` returned, or one of your own earlier texts.
            score: higher is better, on any scale.
            failure: why the text is bad by rule, instead of a score.
            covariates: free numbers about the text, the same names each time; NaN where one is
                not known.

        Raises:
            UsageError: neither or both of score and failure, a score that is no finite number, a
                cell that is none or was told about before, or covariates that are no numbers or of
                other names than before. Nothing is changed then.
        """
        if (score is None) == (failure is None):
            raise UsageError("Optimizer.tell: expected a score or a failure, one of the two")
        if failure is not None and not isinstance(failure, str):
            raise UsageError(f"Optimizer.tell: failure is {failure!r}, expected why, in words")
        worth = 0.0 if score is None else given.number("Optimizer.tell: score", score)
        free = given.covariates({} if covariates is None else covariates, self._covariates)
        self._keep(cell, (FAILED if score is None else JUDGED, worth, tuple(free.values())))
        self._covariates = tuple(free) or self._covariates

    def skip(self, cell: Cell) -> None:
        """Say that nothing came of a cell (a fault, never evidence); its text stays spent.

        Raises:
            UsageError: the cell is none, or was told about before.
        """
        self._keep(cell, (MISSING, 0.0, ()))

    def _keep(self, cell: Cell, answer: tuple[int, float, tuple[float, ...]]) -> None:
        cell = given.cell(cell, self.problem.n_prompts)
        if cell not in self._cells:
            check_config(cell.config)
            self._chosen.clear()  # they were chosen without it, and might take the confirmation's
        elif self._cells[cell][0] in (JUDGED, FAILED):
            raise UsageError(
                f"Optimizer: {cell.config.text}, prompt {cell.prompt}, repeat {cell.repeat} "
                "was told about before. A cell is one text: ask for another; for several texts of "
                "your own give each its repeat, Cell(config, prompt, repeat)"
            )
        self._cells[cell], self._ahead = answer, None

    def table(self) -> ScoreTable:
        """All that was asked and told, as a score table."""
        # The confirmation's last, though a text of one's own may have come after them.
        known = sorted(self._cells.items(), key=lambda told: told[0].fresh)
        rows = [(cell, state, score) for cell, (state, score, _) in known]
        free = [covariates for _, (_, _, covariates) in known]
        return ScoreTable.of(rows, self.problem.n_prompts, free)

    def recommend(self) -> Recommendation:
        """Recommend the best configuration by all that was told."""
        from .analysis.verdict import verdict

        with one_thread():
            found = verdict(self.table(), self._problem())
        return Recommendation(
            config=found.best,
            mean=found.objective.mean,
            low=found.objective.low,
            high=found.objective.high,
            tried=found.tried,
            probability_best=found.probability_best,
            equivalent=list(found.equivalent),
            simplest=found.simplest,
            verdict=found,
        )
