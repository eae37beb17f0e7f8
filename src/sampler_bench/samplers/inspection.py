"""Configurations side by side: what each cuts, how flat it makes the rest, which do the same.

Everything is a mean over the places of a bank, computed without writing a text. Two configurations
are *practically the same* where the mean total variation between what they leave is at most 2 %
(texts drawn as alike as they can be differ in fewer than one token of fifty), and where they write
unlikely tokens, under 1 % by the model, equally often, to within .2 % of all tokens or a twentieth
of their number. The first alone is not enough: on the demo model's measured surface, one odd token
in a hundred ruins a text (docs/fingerprint.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..records import SamplerConfig
from ._steps import entropy
from .bank import Bank
from .chain import final
from .effect import Effect, describe, differences
from .order import LLAMACPP, Chain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SAME = 0.02  # mean total variation up to which two configurations count as the same ...
SAME_UNLIKELY = 0.002, 0.05  # ... and how much unlikely tokens may differ: of all, or of them
STARTS = (1, 2, 3, 4, 6, 11, 21, 51, 101)  # ranks at which a group begins
PLAIN = SamplerConfig.of("temperature", {"temperature": 1})  # the model as it is


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """Some configurations on one bank. The first is the model as it is, at temperature 1.

    Attributes:
        configs: the model as it is, then those that were asked about.
        effects: of each.
        ranks: names of the groups of ranks, `1`, `2`, ..., `101 on`.
        written: (n, n_groups) probability that the token is of this group, by the model's own rank.
        cut: (n, n_groups) the model's own probability of the group's tokens that are cut.
        choices: (n, n_places) e^entropy of what is left; places from the model's surest to its
            most open one.
        apart: (n, n) mean total variation, 0 to 1.
    """

    configs: tuple[SamplerConfig, ...]
    effects: tuple[Effect, ...]
    ranks: tuple[str, ...]
    written: Floats
    cut: Floats
    choices: Floats
    apart: Floats

    def thirds(self) -> Floats:
        """(n, 3) mean number of equal choices at the surest, middle and most open third."""
        parts = np.array_split(np.log(self.choices), 3, axis=1)
        return np.asarray(np.exp(np.stack([part.mean(axis=1) for part in parts], axis=1)))

    def same(self) -> list[tuple[int, ...]]:
        """Groups of two or more configurations that are all practically the same."""
        groups: list[list[int]] = []
        for i in range(1, len(self.configs)):
            fits = (g for g in groups if all(self._alike(i, j) for j in g))
            if (group := next(fits, None)) is not None:
                group.append(i)
            else:
                groups.append([i])
        return [tuple(group) for group in groups if len(group) > 1]

    def _alike(self, a: int, b: int) -> bool:
        one, other = self.effects[a], self.effects[b]
        least, part = SAME_UNLIKELY
        room = max(least, part * max(one.unlikely, other.unlikely))
        near = self.apart[a, b] <= SAME and abs(one.unlikely - other.unlikely) <= room
        return bool(near and _memory(self.configs[a], one) == _memory(self.configs[b], other))


def inspect(
    configs: Sequence[SamplerConfig],
    bank: Bank,
    temperature_last: bool,
    chain: Chain = LLAMACPP,
) -> Inspection:
    """Compute what configurations do to a bank.

    Args:
        configs: at least one; what is not computed of them is named in `effects`.
        bank: the model's fingerprint, or the built-in bank.
        temperature_last: where temperature acts if a configuration does not say so.
        chain: in which order the server's samplers act.
    """
    every = (PLAIN, *configs)
    group = np.searchsorted(STARTS, np.cumsum(bank.count) - bank.count + 1, side="right") - 1
    last = int(group.max()) + 1
    written, cut = np.zeros((len(every), last)), np.zeros((len(every), last))
    choices = np.zeros((len(every), len(bank.logprobs)))
    for part, left in final(every, bank, temperature_last, chain):
        written[part] = _grouped((bank.count * left.probability).mean(axis=1), group)
        cut[part] = _grouped(((1 - left.kept) * bank.mass).mean(axis=1), group)
        choices[part] = np.exp(entropy(left.probability, bank.count)[..., 0])
    return Inspection(
        every,
        tuple(describe(every, temperature_last, bank, chain)),
        _names(last, int(bank.count.sum())),
        written,
        cut,
        choices[:, np.argsort(choices[0], kind="stable")],
        differences(every, temperature_last, bank, chain),
    )


def _grouped(values: Floats, group: NDArray[np.intp]) -> Floats:
    return np.stack([values[:, group == g].sum(axis=1) for g in range(group.max() + 1)], axis=1)


def _names(groups: int, vocabulary: int) -> tuple[str, ...]:
    ends = [start - 1 for start in STARTS[1:groups]] + [vocabulary]
    pairs = zip(STARTS[:groups], ends, strict=True)
    return tuple(f"{a}" if a == b else f"{a} to {b}" for a, b in pairs)


def _memory(config: SamplerConfig, effect: Effect) -> dict[str, object]:
    return {name: config.get(name) for name in effect.not_computed}
