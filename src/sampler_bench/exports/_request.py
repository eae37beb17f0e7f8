"""Formats that are a request's own fields, in the words of an engine."""

from __future__ import annotations

from collections.abc import Mapping

from ..engines._dialect import Dialect
from ..records import SamplerConfig, Value
from . import Source, _dialects
from ._dialects import Reader
from ._provenance import note, read_object, restored, stated_in_json, write_object


def write_request(
    dialect: Dialect, config: SamplerConfig, source: Source, with_note: bool = True
) -> str:
    """Write the fields; `with_note` where unknown keys do no harm."""
    told = _dialects.said(dialect, config, source)
    return write_object({**told, **(note(config, source) if with_note else {})})


def read_request(
    dialect: Dialect,
    text: str,
    *needed: str,
    readers: Mapping[str, Reader] | None = None,
    defaults: Mapping[str, Value] | None = None,
) -> SamplerConfig:
    """Read the fields; `needed` are keys without which it is no such file."""
    data = read_object(text, *needed)
    return restored(_dialects.heard(dialect, data, readers, defaults), stated_in_json(data))
