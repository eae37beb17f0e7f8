"""The one place where things are tried again: how often, how long, what is never tried again."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampler_bench.engines._retry import Fault, Patience, patiently

NO_WAIT = Patience(retries=3, first_seconds=0.0)


async def _run(faults: list[Fault], patience: Patience = NO_WAIT) -> tuple[str, int]:
    async def attempt() -> str:
        if faults:
            raise faults.pop(0)
        return "text"

    return await patiently(attempt, patience, seed=1)


@pytest.mark.anyio
@pytest.mark.parametrize("lost", [0, 1, 3])
async def test_lost_attempts_are_counted(lost: int) -> None:
    assert await _run([Fault("timeout", "x") for _ in range(lost)]) == ("text", lost)


@pytest.mark.anyio
async def test_patience_ends_with_the_last_fault() -> None:
    faults = [Fault("timeout", str(i)) for i in range(9)]
    with pytest.raises(Fault, match="timeout: 3") as caught:
        await _run(faults)
    assert caught.value.retries == 3
    assert len(faults) == 5


@pytest.mark.anyio
@pytest.mark.parametrize(
    "fault", [Fault("context", "x", may_pass=False), Fault("overload", "x", wait=601.0)]
)
async def test_what_will_not_pass_is_not_tried_again(fault: Fault) -> None:
    with pytest.raises(Fault) as caught:
        await _run([fault])
    assert caught.value.retries == 0


@given(attempt=st.integers(0, 40), seed=st.integers(0, 999))
def test_waits_grow_and_are_capped(attempt: int, seed: int) -> None:
    patience = Patience(first_seconds=0.5, cap_seconds=30.0)
    wait = patience.wait(attempt, random.Random(seed), None)
    longest = min(30.0, 0.5 * 2**attempt)
    assert longest / 2 <= wait <= longest


@given(asked=st.floats(0, 600), seed=st.integers(0, 999))
def test_a_servers_wish_is_obeyed(asked: float, seed: int) -> None:
    wait = Patience().wait(0, random.Random(seed), asked)
    assert asked <= wait <= asked * 1.1
