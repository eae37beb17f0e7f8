"""A model's fingerprint: its own next-token distributions, taken once and kept with the study.

Search, analysis and verdict place configurations by what they do to these distributions; without
them the built-in bank of typical ones stands in, and the results say so. Once a study has begun
the answer stays, whatever a later run could find out: the same evidence must mean the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..engines import Distributions, Engine
from ..errors import EngineError
from ..records import JsonObject, Prompt
from ..store import Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..samplers.bank import Bank

NOTE = "fingerprint"
QUALITY = "quality"  # the objective that a search by the fingerprint serves
DIGITS = 4  # of a log-probability
STANDS_IN = "the built-in bank of typical distributions stands in"


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """What is known of a model's distributions.

    Attributes:
        bank: the model's own; None where there are none.
        said: in words, for people and results.
    """

    bank: Bank | None
    said: str

    @property
    def features(self) -> dict[str, NDArray[np.float64]] | None:
        """As a search takes them (`search.Problem.features`)."""
        if self.bank is None:
            return None
        return {"logprobs": self.bank.logprobs, "count": self.bank.count}

    def serving(self, objective: str) -> Fingerprint:
        """As a search for an objective uses it.

        For quality it helps; where diversity counts too, searches with the built-in bank did better
        on the one model that was measured (docs/search.md).
        """
        if self.bank is None or objective == QUALITY:
            return self
        return Fingerprint(None, f"{self.said}; not used for {objective}: {STANDS_IN}")


async def remembered(
    engine: Engine, prompts: Sequence[Prompt], store: Store, study: int, begun: bool
) -> Fingerprint:
    """The fingerprint of a study: as kept, or taken now.

    Args:
        engine: the server that writes, checked.
        prompts: as the server gets them.
        store: where it is kept.
        study: number of the study.
        begun: whether the study has texts already: then nothing is taken that was not there.
    """
    if (kept := recalled(store.note(study, NOTE))) is not None:
        return kept
    if begun:
        found = Fingerprint(None, f"not taken when the study began; {STANDS_IN}")
    else:
        found = await take(engine, prompts)
    note = noted(found)
    store.set_note(study, NOTE, note)
    return recalled(note) or found  # as a run that goes on will see it, to the last digit


async def take(engine: Engine, prompts: Sequence[Prompt]) -> Fingerprint:
    """Take a fingerprint by a few short requests."""
    try:
        told = await engine.distributions(prompts)
    except EngineError as error:
        return Fingerprint(None, f"{error}; {STANDS_IN}")
    if told is None:
        why = "the server tells probabilities in too few places of its texts, or of too few tokens"
        return Fingerprint(None, f"{why}; {STANDS_IN}")
    return _of(told)


def _of(told: Distributions) -> Fingerprint:
    from ..samplers.bank import VOCABULARY, Bank

    places, tokens = told.logprobs.shape
    size = None if told.vocabulary is None else told.vocabulary or VOCABULARY
    seen = f"{places} places of {told.texts} texts ({told.requests} short requests)"
    if size is None or size <= tokens:
        said = f"{seen}, the whole vocabulary of {tokens}"
    else:
        assumed = "" if told.vocabulary else ", assumed"
        said = f"{seen}, the first {tokens} tokens of {size}{assumed}; the rest by its mass"
    return Fingerprint(Bank.of(told.logprobs, size).compact(), said)


def noted(found: Fingerprint) -> JsonObject:
    """What is kept of a fingerprint."""
    bank = found.bank
    if bank is None:
        return {"said": found.said}
    rows: list[list[float | None]] = [
        [None if math.isinf(value) else round(value, DIGITS) for value in row]
        for row in bank.logprobs.tolist()
    ]
    return {"said": found.said, "known": bank.known, "count": bank.count.tolist(), "logprobs": rows}


def recalled(note: JsonObject | None) -> Fingerprint | None:
    """A kept fingerprint; None where a study has no note of one."""
    import numpy as np

    from ..samplers.bank import Bank

    if note is None:
        return None
    said = str(note.get("said", ""))
    if "logprobs" not in note:
        return Fingerprint(None, said)
    logprobs = np.array(note["logprobs"], dtype=np.float64)
    known = note.get("known")
    bank = Bank(
        np.where(np.isnan(logprobs), -np.inf, logprobs),
        np.array(note["count"], dtype=np.float64),
        known=known if isinstance(known, int) else None,
    )
    return Fingerprint(bank, said)
