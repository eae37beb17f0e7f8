"""`report --embedding`: embeddings for a study that was run without, or whose server was away."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    from ..tuning.kept import Kept


def embedded(kept: Kept, section: Mapping[str, object]) -> Kept:
    """Embed the texts of a kept study that have no embedding yet; its results with them.

    A results file that was written without is written anew, so that all reports say the same.

    Args:
        kept: the study.
        section: `embedding`, as a study file states it.

    Raises:
        SpecError, UsageError: the option is wrong, or the texts are not at hand.
        EngineError: the embedding model does not answer.
    """
    from ..spec import read_overrides
    from ..spec.environment import environment
    from ..store.sqlite import FILE, open_store
    from ..tuning.answers import embed_kept
    from ..tuning.kept import study_of_kept
    from ._files import write_atomically
    from ._output import say

    wanted = read_overrides({"embedding": section})["embedding"]
    folder, name = kept.file.parent, kept.document.search_metadata.study
    if not kept.trials or not (folder / FILE).is_file():
        raise UsageError("--embedding: the study's texts are not beside its results, in a store")
    with open_store(folder) as store:
        study = store.chosen(name)
        n = asyncio.run(embed_kept(store, study.id, wanted, environment()))
    say(f"embedded now: {n} texts; kept, so that no text is asked for twice")
    again = replace(study_of_kept(folder, name), file=kept.file)
    if kept.file.is_file() and kept.file.stat().st_size:  # else its search will write it
        write_atomically(kept.file, again.document.text())
    return again
