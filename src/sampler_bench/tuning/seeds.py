"""Seeds and random streams: all that is random in a study follows from its one seed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ..records import Cell

if TYPE_CHECKING:
    import numpy as np


def seed_of(study_seed: int, cell: Cell) -> int:
    """The sampling seed of a cell, 1 to 2**31 - 1.

    Rivals share it on the same prompt and repeat. Seeds are for repeating a run: texts of two
    settings diverge at once, so no gain from pairing is assumed. Confirmation has seeds of its own.
    """
    phase = "fresh" if cell.fresh else "search"
    words = f"{study_seed}/{phase}/{cell.prompt}/{cell.repeat}"
    digest = hashlib.sha256(words.encode()).digest()
    return int.from_bytes(digest[:8], "big") % (2**31 - 1) + 1


def stream(study_seed: int, position: int) -> np.random.Generator:
    """The random stream of the decision that is taken after `position` cells were asked for."""
    import numpy as np

    return np.random.default_rng([study_seed % 2**63, position])
