"""The page of a study, written beside its results file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ._files import write_atomically, write_bytes_atomically

if TYPE_CHECKING:
    from ..records import Trial
    from ..reports._document import Document
    from ..reports._view import Preset

MOST_EXPORTED = 40  # configurations that have their files in the page


def write_page(path: Path, document: Document, trials: Iterable[Trial]) -> Path | None:
    """Write a study's page, and the texts for which it has no room beside it.

    Returns:
        The file of texts, or None where the page holds all.
    """
    from ..plugins import find

    beside = path.with_suffix(".texts.json.gz")
    page = find("reports", "html").report(document, trials, list(presets(document)), beside.name)
    write_atomically(path, page.html)
    if page.beside is None:
        beside.unlink(missing_ok=True)
        return None
    write_bytes_atomically(beside, page.beside)
    return beside


def presets(document: Document) -> Iterator[Preset]:
    """The configurations that a reader may want, in every format."""
    from ..exports import export
    from ..exports.guide_yaml import source_of
    from ..plugins import find, names
    from ..records import SamplerConfig
    from ..reports._view import Preset

    named = {result.config: result for result in document.all_results}
    for text in _wanted(document):
        source, config = source_of(document, named.get(text)), SamplerConfig.parse(text)
        for name in names("exports"):
            format_ = find("exports", name)
            written, losses = export(name, config, source)
            said = tuple(loss.sentence for loss in losses)
            yield Preset(text, name, format_.ABOUT, format_.SUFFIX, written, said)


def _wanted(document: Document) -> list[str]:
    best, verdict = document.best_configuration, document.verdict
    if best is None:
        return []
    named = [best.config]
    if verdict is not None:
        named += [*filter(None, [verdict.simplest, verdict.baseline])]
        named += verdict.equivalent
    return list(dict.fromkeys(named))[:MOST_EXPORTED]
