"""Results files that are compared."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SpecError, UsageError

if TYPE_CHECKING:
    from ..reports._document import Document


def documents_of(patterns: Sequence[str]) -> dict[str, Document]:
    """The results that paths and patterns name, each once, by path; without those of no text yet.

    Raises:
        SpecError: one of them is no results file.
        UsageError: without those that have no judged text, less than two are left.
    """
    from ._output import warn

    read = {str(path): _document(path) for path in _matching(patterns)}
    found = {name: document for name, document in read.items() if document is not None}
    for name in (name for name in read if name not in found):
        warn(f"{name}: left out, no text of it was judged yet")
    if len(found) < min(2, len(read)):
        raise UsageError(
            f"--compare: expected two or more studies with judged texts, found {len(found)}: "
            f"{', '.join(found) or 'none'}"
        )
    return found


def _document(path: Path) -> Document | None:
    """The results of a file; None where no text was judged, or failed, yet."""
    from ..tuning.kept import study_of_file

    try:
        document = study_of_file(path, texts=False).document
    except SpecError:
        if path.is_file() and not path.stat().st_size:  # a search that never came to write it
            return None
        raise
    nothing = document.best_configuration is None and not document.search_metadata.texts
    return None if nothing else document


def _matching(patterns: Sequence[str]) -> list[Path]:
    """The files; a pattern that the shell left as it is is filled in here."""
    found = [Path(name) for pattern in patterns for name in sorted(glob.glob(pattern)) or [pattern]]
    return list(dict.fromkeys(found))
