"""WHAT TO TRY NEXT: strategies, pure functions of the score table. They see scores, never servers.

A strategy's file offers `ask(table, problem, n, rng) -> list[Cell]`: up to `n` cells to try next,
fewer at the end, none when it is done. `table` holds every cell asked so far, those not yet known
as PENDING; a strategy must not ask for the same (configuration, prompt, repeat) twice. It decides
by its arguments alone, so that the same evidence and seed give the same answer. The file states
`SPENDS` too, which of its bounds ends it: see `Spends`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from ..plugins import find
from ..records import Cell, SamplerConfig, ScoreTable
from ..samplers import Space
from ..samplers.order import LLAMACPP, Chain

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

# What a strategy's texts are spent on: `samples_per_config` on each prompt for every configuration
# of the `space`, or for `n_iterations` of them; or the `budget` of texts, where it is worth most.
Spends: TypeAlias = Literal["space", "iterations", "budget"]


@dataclass(frozen=True, slots=True)
class Problem:
    """What a strategy may know besides the evidence.

    Attributes:
        space: what may vary.
        n_prompts: how many prompts there are.
        budget: judged texts that the search may use.
        n_iterations: configurations that a fixed-replication strategy tries; grid ignores it.
        samples_per_config: texts for each configuration and prompt, for fixed replication.
        baseline: what the winner is compared with; in every study from the start.
        failure_score: what a failed text is worth in the objective.
        margin: differences up to this many points count as none.
        temperature_last: where the server applies temperature, for what a configuration does.
        chain: in which order its samplers act, for the same.
        features: next-token log-probabilities of the model (the fingerprint), None for the bank.
        moderate: whether moderate settings are expected to be better than extreme ones while
            searching and in choosing the winner; never in what is claimed.
        confirm: texts kept for the confirmation on fresh seeds; None where there is none.
    """

    space: Space
    n_prompts: int
    budget: int
    n_iterations: int = 50
    samples_per_config: int = 3
    baseline: SamplerConfig | None = None
    failure_score: float = 1.0
    margin: float = 0.1
    temperature_last: bool = True
    chain: Chain = LLAMACPP
    features: Mapping[str, NDArray[np.float64]] | None = field(default=None, compare=False)
    moderate: bool = True
    confirm: int | None = None


class Strategy(Protocol):
    """The contract of a strategy's file (a module satisfies it)."""

    def ask(
        self, table: ScoreTable, problem: Problem, n: int, rng: np.random.Generator
    ) -> list[Cell]:
        """Return up to `n` cells to try next; an empty list when the strategy is done."""
        ...


def spends(name: str) -> Spends:
    """What a strategy's texts are spent on, by its name; the budget, where it does not say."""
    found: Spends = getattr(find("search", name), "SPENDS", "budget")
    return found


def configurations(name: str, problem: Problem) -> int | None:
    """How many configurations a strategy tries beside the baseline; None where it decides itself.

    None also for a whole space that is continuous.
    """
    on, size = spends(name), problem.space.size()
    base = problem.baseline
    if size is not None and base is not None and base in problem.space:
        size -= 1
    if on == "iterations":
        return problem.n_iterations if size is None else min(problem.n_iterations, size)
    return size if on == "space" else None
