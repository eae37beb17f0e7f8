"""The guide's YAML: `best_overall`, `best_by_sampler`, and `presets` ready for samplers.yaml.

`best_overall:` stands exactly once in the file, its value alone and unquoted on the next line, so
that `$(cat FILE | grep -A1 "best_overall:" | tail -1)` hands a text form to a benchmark. Line ends
are LF on every system.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..errors import SpecError, UsageError
from ..records import SamplerConfig
from ..reports._document import Document, Result
from ..reports._words import heat_order, interval, no_score
from ..samplers.order import PLACES
from . import Loss, Source
from ._provenance import comments, plain, source_in_comments
from ._yaml import read_mapping, scalar

ABOUT = (
    "sampler-bench itself: --baseline, benchmark --samplers, or paste `presets` into samplers.yaml"
)
SUFFIX = ".yaml"
MARK = "best_overall:"


def write_best(document: Document) -> str:
    """Write the best configurations of a study.

    Raises:
        UsageError: no configuration has a score yet.
    """
    best = document.best_configuration
    if best is None:
        raise UsageError(f"--export: there is nothing to export: {no_score(document)}")
    lines = [f"# {_comment(line)}" for line in _provenance(document)]
    config, chosen = SamplerConfig.parse(best.config), _by_sampler(document, best)
    told = _told(config, source_of(document, best))
    return "\n".join([*told, *lines, *_body(config, chosen), ""])


def _body(best: SamplerConfig, chosen: Mapping[str, SamplerConfig]) -> Iterator[str]:
    yield MARK
    yield f"  {best.text}"
    yield "best_by_sampler:"
    yield from (f"  {sampler}: {config.text}" for sampler, config in chosen.items())
    yield "presets:"
    for sampler, config in chosen.items():
        yield from _preset(f"best_{sampler.replace('+', '_')}", config)


def _preset(name: str, config: SamplerConfig) -> Iterator[str]:
    yield f"  {name}:"
    yield f"    sampler_type: {config.sampler}"
    yield "    parameters:"
    for key, value in config.parameters:
        yield f"      {key}: {value if isinstance(value, str) else scalar(value)}"


def _by_sampler(document: Document, best: Result) -> dict[str, SamplerConfig]:
    """The best of each sampler; the recommended one for its own sampler."""
    chosen = {best.sampler_type: SamplerConfig.parse(best.config)}
    for result in document.all_results:
        if result.sample_count and result.sampler_type not in chosen:
            chosen[result.sampler_type] = SamplerConfig.parse(result.config)
    return chosen


def _provenance(document: Document) -> Iterator[str]:
    """What else there is to say of a study, for people."""
    meta, verdict = document.search_metadata, document.verdict
    yield f"Judged by {', '.join(meta.judges) or 'nobody'}."
    if verdict is not None:
        score = interval(verdict.objective)
        yield f"Score of the best: {score}; against the baseline: {verdict.sentence}."
    if order := heat_order(meta.server):
        yield f"Temperature was applied: {order}; unless a configuration says so."


def source_of(document: Document, result: Result | None) -> Source:
    """Where a configuration of a study comes from, for all formats."""
    meta = document.search_metadata
    order = meta.server.get("temperature_order")
    return Source(
        study=meta.study,
        date=meta.timestamp,
        version=meta.version,
        score=interval(result.estimate) if result is not None else "",
        model=meta.model,
        engine=str(meta.server.get("engine") or ""),
        order=order if order in PLACES else "",
    )


def _told(config: SamplerConfig, source: Source) -> list[str]:
    """Where a configuration comes from, as comments that `source_in` reads."""
    return [_comment(line) for line in comments(config, source)]


def _comment(text: str) -> str:
    """One line of plain characters, without the words that a script looks for."""
    return plain(text).replace(MARK, MARK[:-1])


# The contract of a format: one configuration.


def losses(config: SamplerConfig, source: Source) -> list[Loss]:
    """Nothing is lost: it is our own form."""
    return []


def write(config: SamplerConfig, source: Source) -> str:
    """Write one configuration as the best of its own file."""
    told = _told(config, source)
    return "\n".join([*told, *_body(config, {config.sampler: config}), ""])


def read(text: str) -> SamplerConfig:
    """Read `best_overall`."""
    found = read_mapping(text).get(MARK[:-1])
    if not isinstance(found, str):
        raise SpecError("preset: expected best_overall with a configuration's text form")
    return SamplerConfig.parse(found)


def source_in(text: str, config: SamplerConfig) -> Source | None:
    """Where the best of a file comes from; None where it is no such file, or tells of another.

    A configuration may leave unsaid where temperature acts: this tells where it did.
    """
    return source_in_comments(text, config) if MARK in text.splitlines() else None
