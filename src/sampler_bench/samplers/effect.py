"""What a configuration does to next-token distributions, whatever its knobs are called.

Two numbers predict quality across samplers (`docs/search.md`): the mean entropy of what is left,
and the mean probability left on the tail, the tokens outside the 90 % nucleus of the untempered
model (`effects`). People are shown more (`describe`). All are computed without writing a text, on
the model's own distributions where there is a fingerprint, else on a small bank of typical ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..records import SamplerConfig
from ._steps import entropy
from .bank import Bank, builtin
from .chain import Final, final
from .order import LLAMACPP, Chain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEADERS = 5  # the model's most probable tokens
UNLIKELY = 0.01  # a probability
NUMBERS = ("entropy", "kept", "candidates", "away", "tail", "unlikely", "beyond")


@dataclass(frozen=True, slots=True)
class Effect:
    """What a configuration does, as means over the positions of a bank.

    Attributes:
        entropy: of what is left, in nats; the natural logarithm of the number of equal choices.
        kept: probability that the untempered model gives to the tokens that are left, 0 to 1.
        candidates: expected number of tokens that are left.
        away: probability of a token that is not among the model's five most probable.
        tail: probability of a token outside the 90 % nucleus of the untempered model.
        unlikely: probability of a token to which the untempered model gives under 1 %.
        beyond: probability of a token that no server told: what is said of it is an estimate.
        not_computed: knobs that are left out of all these numbers: with a memory, or not spoken.
        not_exact: knobs joined by `+` that the server does not apply together as is computed here.
    """

    entropy: float
    kept: float
    candidates: float
    away: float
    tail: float
    unlikely: float
    beyond: float = 0.0
    not_computed: tuple[str, ...] = ()
    not_exact: tuple[str, ...] = ()


def effects(
    configs: Sequence[SamplerConfig],
    temperature_last: bool = True,
    bank: Bank | None = None,
    chain: Chain = LLAMACPP,
) -> NDArray[np.float64]:
    """Compute entropy and tail of each configuration.

    Args:
        configs: any configurations; knobs with a memory are left out.
        temperature_last: where temperature acts if a configuration does not say so.
        bank: the model's own distributions; None for the built-in bank.
        chain: in which order the server's samplers act.

    Returns:
        (n_configs, 2): mean entropy in nats, at least 0; mean tail mass, 0 to 1.
    """
    bank = bank or builtin()
    found, tail = np.zeros((len(configs), 2)), bank.count * bank.tail()
    for part, left in final(configs, bank, temperature_last, chain):
        found[part, 0] = _entropy(left, bank)
        found[part, 1] = (left.probability * tail).sum(axis=2).mean(axis=1)
    return found


def describe(
    configs: Sequence[SamplerConfig],
    temperature_last: bool = True,
    bank: Bank | None = None,
    chain: Chain = LLAMACPP,
) -> list[Effect]:
    """Compute all that is known of each configuration's effect; arguments as for `effects`."""
    bank = bank or builtin()
    found: dict[int, Effect] = {}
    for part, left in final(configs, bank, temperature_last, chain):
        columns = np.stack([_entropy(left, bank), *_shares(left, bank)], axis=1)
        for i, row in zip(part, columns, strict=True):
            numbers = dict(zip(NUMBERS, row.tolist(), strict=True))
            left_out, rough = chain.not_computed(configs[i]), chain.not_exact(configs[i])
            found[i] = Effect(**numbers, not_computed=left_out, not_exact=rough)
    return [found[i] for i in range(len(configs))]


def differences(
    configs: Sequence[SamplerConfig],
    temperature_last: bool = True,
    bank: Bank | None = None,
    chain: Chain = LLAMACPP,
) -> NDArray[np.float64]:
    """Compute how far configurations are apart; arguments as for `effects`.

    Returns:
        (n_configs, n_configs) the mean total variation over positions, 0 to 1: the share of tokens
        in which two texts must differ, drawn as alike as they can be.
    """
    bank = bank or builtin()
    written = np.zeros((len(configs), *bank.logprobs.shape))
    for part, left in final(configs, bank, temperature_last, chain):
        written[part] = bank.count * left.probability
    found = np.zeros((len(configs), len(configs)))
    for i, one in enumerate(written):
        found[i] = np.abs(written - one).sum(axis=2).mean(axis=1) / 2
    return found


def _entropy(left: Final, bank: Bank) -> Floats:
    return np.asarray(entropy(left.probability, bank.count)[..., 0].mean(axis=1))


def _shares(left: Final, bank: Bank) -> list[Floats]:
    """Kept mass, candidates, away, tail, unlikely, beyond: (n,) each, in `Effect`'s order."""
    written = bank.count * left.probability
    mass = bank.mass / bank.mass.sum(axis=1, keepdims=True)
    place = np.cumsum(bank.count) - bank.count
    told = np.arange(len(place)) < (len(place) if bank.known is None else bank.known)
    terms = [
        left.kept * mass,
        left.kept * bank.count,
        written * (place >= LEADERS),
        written * bank.tail(),
        written * (np.exp(bank.logprobs) < UNLIKELY),
        written * ~told,
    ]
    return [term.sum(axis=2).mean(axis=1) for term in terms]
