"""Results files that are compared."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..reports._document import Document


def documents_of(patterns: Sequence[str]) -> dict[str, Document]:
    """The results that paths and patterns name, each once, by path.

    Raises:
        SpecError: one of them is no results file.
    """
    from ..tuning.kept import study_of_file

    found = _matching(patterns)
    return {str(path): study_of_file(path, texts=False).document for path in found}


def _matching(patterns: Sequence[str]) -> list[Path]:
    """The files; a pattern that the shell left as it is is filled in here."""
    found = [Path(name) for pattern in patterns for name in sorted(glob.glob(pattern)) or [pattern]]
    return list(dict.fromkeys(found))
