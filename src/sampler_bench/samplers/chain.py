"""The chain of a server's samplers, computed on a bank of distributions.

Which steps act when is each server's own (`order.Chain`). llama.cpp's was compared with the
probabilities that its own server gives after sampling (`tests/engines/test_chain.py`), the others'
with their doubles (`tests/engines/test_orders.py`). Knobs with a memory (penalties, DRY, mirostat,
adaptive) are left out: what they do depends on the text so far.

XTC acts by chance: probabilities are the expectation over whether it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..records import SamplerConfig
from . import _steps as steps
from .bank import Bank
from .order import LLAMACPP, SMOOTHING, TEMPERATURE, XTC, Chain

if TYPE_CHECKING:
    from ._steps import Floats, Knobs

CHUNK = 1_000_000  # numbers held at once


@dataclass(frozen=True, slots=True, eq=False)
class Final:
    """What the chain makes of a bank, for some configurations.

    Attributes:
        probability: (n, n_contexts, n_tokens) of each single token in the end.
        kept: the same shape: the probability that the token is a candidate at all.
    """

    probability: Floats
    kept: Floats


def final(
    configs: Sequence[SamplerConfig],
    bank: Bank,
    temperature_last: bool = True,
    chain: Chain = LLAMACPP,
) -> Iterator[tuple[list[int], Final]]:
    """Compute what is left of a bank after each configuration, a few at a time.

    Args:
        configs: any configurations; knobs with a memory are left out.
        bank: distributions before sampling.
        temperature_last: where temperature acts if a configuration does not say so.
        chain: in which order the server's samplers act; a knob without a place there is left out.

    Yields:
        Which configurations, by number, and what is left of the bank after them.
    """
    placed = chain.placed()
    groups: dict[tuple[bool, frozenset[str]], list[int]] = {}
    for i, config in enumerate(configs):
        order = config.get("temperature_order") or ("last" if temperature_last else "first")
        groups.setdefault((order == "last", frozenset(config.as_dict())), []).append(i)
    size = max(1, CHUNK // bank.logprobs.size)
    for (last, names), members in groups.items():
        for start in range(0, len(members), size):
            part = members[start : start + size]
            knobs = _knobs([configs[i] for i in part], names & placed)
            yield part, _run(bank, len(part), knobs, chain, last)


def _knobs(configs: Sequence[SamplerConfig], names: frozenset[str]) -> Knobs:
    table = {name: [config.as_dict()[name] for config in configs] for name in names}
    return {k: np.array(v, dtype=np.float64)[:, None, None] for k, v in table.items()}


def _run(bank: Bank, n: int, knobs: Knobs, chain: Chain, last: bool) -> Final:
    """Take the steps on what is left where XTC does not act, and, after it, where it does too."""
    logits = np.broadcast_to(bank.logprobs, (n, *bank.logprobs.shape))
    left: list[Floats] = [logits]
    for step in chain.steps(last):
        if step == XTC:
            if "xtc_probability" in knobs:
                left.append(steps.xtc(left[0], bank.count, knobs))
        elif step == TEMPERATURE:
            masked = steps.masked(left[0], bank, knobs) if last and chain.lists_masked else 0.0
            left = [steps.temperature(it, bank.count, knobs, masked) for it in left]
        elif step == SMOOTHING:
            if "smoothing_factor" in knobs:
                left = [steps.smoothing(it, knobs) for it in left]
        elif names := [name for name in step.split("+") if name in knobs]:
            left = [_cut(it, bank, knobs, names) for it in left]
    finals = [
        Final(steps.normal(it, bank.count), np.isfinite(it).astype(np.float64)) for it in left
    ]
    if len(finals) == 1:
        return finals[0]
    idle, acted = finals
    share = knobs["xtc_probability"]
    return Final(
        (1 - share) * idle.probability + share * acted.probability,
        (1 - share) * idle.kept + share * acted.kept,
    )


def _cut(logits: Floats, bank: Bank, knobs: Knobs, names: Sequence[str]) -> Floats:
    """What is left after one truncation, or after several that cut at once."""
    left = steps.TRUNCATIONS[names[0]](logits, bank.count, knobs)
    for name in names[1:]:
        left = np.minimum(left, steps.TRUNCATIONS[name](logits, bank.count, knobs))
    return left
