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
from .search import Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LOWEST = 1.0  # of most scales; a failed text is worth it, unless a lower score was told


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
        seed: of all decisions.
        baseline: what the winner is compared with: a configuration or its text form.
        margin: differences up to this much count as none, in the units of the scores.
        budget: texts that will be told about, those of the confirmation included.
        confirm: how many of them are kept for winner and baseline on fresh seeds (`cell.fresh`);
            None for a fifth with a baseline and none without, 0 for none.
        features: a model fingerprint, `{"logprobs": (n_contexts, n_tokens)}`; with `"count"`
            (n_tokens,) where a column stands for several tokens.
        failure_score: what a failed text is worth, in the units of the scores; None for 1, or the
            lowest score that was told where that is lower. Give it where failures matter.
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
        counts = {"n_prompts": n_prompts, "budget": budget, "batch": batch}
        for name, number in {**counts, "samples_per_config": samples_per_config}.items():
            if number < 1:
                raise UsageError(f"Optimizer: {name} is {number}, expected at least 1")
        if seed < 0:
            raise UsageError(f"Optimizer: seed is {seed}, expected at least 0")
        if confirm is not None and not 0 <= confirm < budget:
            raise UsageError(
                f"Optimizer: confirm is {confirm}, expected 0 or more and less than {budget}"
            )
        if not 0 <= margin < math.inf:
            raise UsageError(f"Optimizer: margin is {margin}, expected 0 or more")
        if failure_score is not None and not math.isfinite(failure_score):
            raise UsageError(f"Optimizer: failure_score is {failure_score}, expected a number")
        self.strategy, self.seed, self.batch = strategy, seed, batch
        plugins.find("search", strategy)
        if isinstance(baseline, str):
            baseline = SamplerConfig.parse(baseline)
        if baseline is not None:
            check_config(baseline)
        kept = confirmation_texts(budget) if baseline is not None else 0
        kept = kept if confirm is None else confirm
        self.problem = Problem(
            space=space if isinstance(space, Space) else space_of(space),
            n_prompts=n_prompts,
            budget=budget - kept,
            n_iterations=max(1, (budget - kept) // (n_prompts * samples_per_config)),
            samples_per_config=samples_per_config,
            baseline=baseline,
            failure_score=LOWEST if failure_score is None else failure_score,
            margin=margin,
            temperature_last=temperature_last,
            features=None if features is None else _checked(features),
            confirm=kept or None,
            moderate=moderate,
        )
        self._told_failure_score = failure_score is not None
        self._cells: dict[Cell, tuple[int, float, tuple[float, ...]]] = {}
        self._covariates: tuple[str, ...] = ()
        self._chosen: deque[Cell] = deque()  # and not handed out yet
        self._tried_all = False

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take up what was pickled, by an older version too."""
        older = {"batch": 4, "_chosen": deque(), "_tried_all": False, "_told_failure_score": True}
        self.__dict__.update(older | state)
        known = (f.name for f in fields(Problem) if hasattr(self.problem, f.name))
        self.problem = Problem(**{name: getattr(self.problem, name) for name in known})

    @property
    def left(self) -> int:
        """How many texts of the budget have not been asked for; 0 where all there is was tried."""
        return 0 if self._tried_all else max(0, self._budget - len(self._cells))

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
        count = 1 if n is None else n
        cells = self._hand_out(count)
        if len(cells) < count:
            self._choose(max(count - len(cells), self.batch))
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
        if self._tried_all and any(cell.fresh for cell in self._cells):
            return f"more texts would not change the answer, which stands after {asked} of {budget}"
        if self._tried_all:
            return f"{self.strategy} has tried all that it tries, with {asked} of {budget} texts"
        return f"{self._under_way} cells are under way: tell about each, or skip it"

    def _hand_out(self, count: int) -> list[Cell]:
        cells: list[Cell] = []
        while self._chosen and self.left and len(cells) < count:
            cell = self._chosen.popleft()
            if cell not in self._cells:  # or it was told about unasked
                self._cells[cell] = (PENDING, 0.0, ())
                cells.append(cell)
        return cells

    def _choose(self, count: int) -> None:
        import numpy as np

        count = min(count, self.left)
        if count <= 0:
            return
        rng = np.random.default_rng([self.seed, len(self._cells)])
        strategy = plugins.find("search", self.strategy)
        with one_thread():
            table, problem = self.table(), self._problem()
            room = min(count, problem.budget - int((~table.fresh).sum()))
            cells = strategy.ask(table, problem, room, rng) if room > 0 else []
            if not cells and problem.confirm and is_searched(table):
                cells = confirm(table, problem, problem.confirm, count)
        self._chosen.extend(cells)
        self._tried_all = not cells and not self._under_way

    def _problem(self) -> Problem:
        """The problem, with what a failed text is worth beside the scores so far."""
        if self._told_failure_score:
            return self.problem
        told = (score for state, score, _ in self._cells.values() if state == JUDGED)
        return replace(self.problem, failure_score=min([LOWEST, *told]))

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
            covariates: free numbers about the text, the same names each time.

        Raises:
            UsageError: neither or both of score and failure, a score that is not finite, a cell
                that is none or was told about before, or covariates of other names than before.
        """
        if (score is None) == (failure is None):
            raise UsageError("Optimizer.tell: expected a score or a failure, one of the two")
        if score is not None and not _is_finite(score):
            raise UsageError(f"Optimizer.tell: score is {score!r}, expected a finite number")
        free = self._in_order(covariates or {})
        state = FAILED if score is None else JUDGED
        self._keep(cell, (state, float(score or 0.0), free))

    def skip(self, cell: Cell) -> None:
        """Say that nothing came of a cell (a fault, never evidence); its text stays spent.

        Raises:
            UsageError: the cell is none, or was told about before.
        """
        self._keep(cell, (MISSING, 0.0, ()))

    def _keep(self, cell: Cell, answer: tuple[int, float, tuple[float, ...]]) -> None:
        if not isinstance(cell, Cell):
            raise UsageError(f"Optimizer.tell: {cell!r} is no cell; tell what `ask` returned")
        if not 0 <= cell.prompt < self.problem.n_prompts:
            raise UsageError(
                f"Optimizer.tell: prompt {cell.prompt}, expected 0 to {self.problem.n_prompts - 1}"
            )
        if cell not in self._cells:
            check_config(cell.config)
        elif self._cells[cell][0] in (JUDGED, FAILED):
            raise UsageError(
                f"Optimizer.tell: {cell.config.text}, prompt {cell.prompt}, repeat {cell.repeat} "
                "was told about before. A cell is one text: ask for another; for several texts of "
                "your own give each its repeat, Cell(config, prompt, repeat)"
            )
        self._cells[cell] = answer
        self._tried_all = False

    def _in_order(self, covariates: Mapping[str, float]) -> tuple[float, ...]:
        """Covariates by name, so that a column of the evidence is one and the same number."""
        names = tuple(sorted(covariates))
        if names and self._covariates and names != self._covariates:
            known = ", ".join(self._covariates)
            raise UsageError(
                f"Optimizer.tell: covariates {', '.join(names)}; they were {known}: give the same "
                "each time"
            )
        self._covariates = names or self._covariates
        return tuple(float(covariates[name]) for name in names)

    def table(self) -> ScoreTable:
        """All that was asked and told, as a score table."""
        rows = [(cell, state, score) for cell, (state, score, _) in self._cells.items()]
        free = [covariates for _, _, covariates in self._cells.values()]
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


def _is_finite(score: object) -> bool:
    try:
        return math.isfinite(score)  # type: ignore[arg-type]
    except TypeError:
        return False


def _checked(
    features: Mapping[str, NDArray[np.float64]],
) -> Mapping[str, NDArray[np.float64]]:
    """A fingerprint as it is, if it is one.

    Raises:
        UsageError: other names, or shapes that do not fit each other.
    """
    import numpy as np

    if "logprobs" not in features or not set(features) <= {"logprobs", "count"}:
        names = ", ".join(map(repr, features)) or "nothing"
        raise UsageError(f"Optimizer: features has {names}, expected 'logprobs' and maybe 'count'")
    shape = np.shape(features["logprobs"])
    if len(shape) != 2 or not all(shape):
        raise UsageError(
            f"Optimizer: features' logprobs has the shape {shape}, expected (n_contexts, n_tokens)"
        )
    if "count" in features and np.shape(features["count"]) != shape[1:]:
        raise UsageError(
            f"Optimizer: features' count has the shape {np.shape(features['count'])}, expected "
            f"{shape[1:]}, one for each column of logprobs"
        )
    return features
