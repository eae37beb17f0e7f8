"""Which value acts unasked, on a server of which the whole chance is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from sampler_bench.checks import defaults
from sampler_bench.checks._ask import Ask
from sampler_bench.engines import vllm
from sampler_bench.records import JsonObject

SERVERS = 40


@dataclass
class Sure:
    """A server whose model is so sure of itself that a little more heat seldom changes a text.

    Attributes:
        number: its seed.
        default: the temperature that acts when none is stated.
    """

    number: int
    default: float
    engine = SimpleNamespace(dialect=vllm.DIALECT, info=None)

    def takes(self, knob: str, value: float) -> bool:
        return True

    def without(self, *keys: str) -> Callable[[JsonObject], JsonObject]:
        assert keys == ("temperature",)
        return dict

    async def text(self, values: Mapping[str, Any], seed: int, tokens: int) -> SimpleNamespace:
        return self._drawn(values["temperature"], seed, tokens)

    async def send(
        self, values: Mapping[str, Any], seed: int, tokens: int, *, change: object
    ) -> SimpleNamespace:
        return self._drawn(self.default, seed, tokens)

    def _drawn(self, temperature: float, seed: int, tokens: int) -> SimpleNamespace:
        if temperature == 0:
            return SimpleNamespace(text=str(np.zeros(tokens, dtype=int)))
        p = np.exp(-1.8 * np.arange(30) / temperature)
        times = np.random.default_rng([self.number, seed]).exponential(size=(tokens, 30)) / p
        return SimpleNamespace(text=str(times.argmin(axis=1)))


async def named(server: Sure) -> tuple[float, ...]:
    return (await defaults._named(cast("Ask", server), "temperature")).values


@pytest.mark.anyio
async def test_a_value_that_is_not_usual_is_not_taken_for_its_neighbour() -> None:
    """As on vLLM with a default of 0.5, which 48 tokens cannot tell from 0.6."""
    told = [await named(Sure(i, default=0.5)) for i in range(SERVERS)]
    assert sum(0.6 in values for values in told) <= 2


@pytest.mark.anyio
async def test_a_usual_value_is_named() -> None:
    assert {await named(Sure(i, default=0.7)) for i in range(SERVERS)} == {(0.7,)}
    assert await named(Sure(1, default=0.0)) == (0.0,)  # mlx_lm.server
