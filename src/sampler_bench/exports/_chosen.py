"""Which configuration of a study a user wants to take elsewhere, and where it comes from."""

from __future__ import annotations

from ..errors import UsageError
from ..records import SamplerConfig
from ..reports._document import Document, Result
from . import Source
from .guide_yaml import source_of

CHOICES = "best, simplest, baseline, a rank like 2, a sampler type, or a configuration of the study"


def choose(document: Document, which: str = "best") -> tuple[SamplerConfig, Source]:
    """Find the configuration that `which` means, with its score and provenance.

    Args:
        document: the results of a study.
        which: `best`; `simplest` of those shown to be no worse; `baseline`; a rank, counted from
            1, best estimate first; a sampler type, for its best; or a text form.

    Raises:
        UsageError: the study has no such configuration.
    """
    text = _text(document, which)
    if text is None:
        name = document.search_metadata.study or "the results"
        if document.best_configuration is None and not document.search_metadata.texts:
            raise UsageError(f"{name}: nothing was judged yet, so there is nothing to export")
        raise UsageError(f"{name}: there is no {which!r} to export; choose {CHOICES}")
    result = next((row for row in document.all_results if row.config == text), None)
    if result is None and text == getattr(document.best_configuration, "config", None):
        result = document.best_configuration
    return SamplerConfig.parse(text), source_of(document, result)


def _text(document: Document, which: str) -> str | None:
    verdict, ranked = document.verdict, [r for r in document.all_results if r.sample_count]
    best = document.best_configuration
    if which == "best":
        return best.config if best else None
    if which == "simplest":
        return (verdict.simplest if verdict else None) or (best.config if best else None)
    if which == "baseline":
        return verdict.baseline if verdict else None
    if which.isdecimal():
        return ranked[int(which) - 1].config if 0 < int(which) <= len(ranked) else None
    return next((r.config for r in ranked if _meant(r, which)), None)


def _meant(result: Result, which: str) -> bool:
    return which in (result.config, result.sampler_type)
