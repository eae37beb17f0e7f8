"""Where a knob stops acting, on servers of which the whole chance is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from sampler_bench.checks import Finding, clamps
from sampler_bench.checks._ask import Ask
from sampler_bench.engines import vllm

ACTS = Finding("top_k", "honoured", "one text at its extreme", "extreme")
SERVERS = 60


@dataclass
class Racing:
    """A server that draws as vLLM does: each token its own time, and the first one wins.

    What is cut changes nothing for those that stay. Its model is sure of itself: the next token's
    probability falls with its rank, to the power of -1.2, at the highest temperature.
    """

    number: int
    most: int = 50_000
    hot: float = 2.0
    seeded: bool = True
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    engine = SimpleNamespace(dialect=vllm.DIALECT)

    async def text(self, values: Mapping[str, Any], seed: int, tokens: int = 12) -> SimpleNamespace:
        p = np.arange(1, 2001) ** -1.2
        times = np.random.default_rng([self.number, seed]).exponential(size=(tokens, 2000)) / p
        cut = min(int(values.get("top_k", self.most)), self.most)
        return SimpleNamespace(text=str(times[:, :cut].argmin(axis=1)), echoed=None)


async def probed(server: Racing) -> Finding:
    return await clamps.probe(cast("Ask", server), ACTS)


@pytest.mark.anyio
async def test_candidates_that_are_seldom_drawn_are_no_clamp() -> None:
    """A fifth less of 200 candidates leaves most short texts as they are: vLLM was slandered."""
    told = [(await probed(Racing(i))).says for i in range(SERVERS)]
    assert told.count("clamped") <= 1


@pytest.mark.anyio
async def test_candidates_that_never_come_are_a_clamp() -> None:
    for i in range(SERVERS):
        found = await probed(Racing(i, most=90))
        assert (found.says, found.remedy) == ("clamped", "end its range before 200")
