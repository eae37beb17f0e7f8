"""Formats that are a request's own fields, in the words of an engine."""

from __future__ import annotations

from collections.abc import Mapping

from ..engines._dialect import Dialect
from ..errors import SpecError
from ..records import SamplerConfig, Value
from . import Source, _dialects
from ._dialects import Reader
from ._provenance import note, read_object, restored, stated_in_json, write_object

# Keys of a generation_config.json, which no request to vLLM or SGLang has.
OF_A_MODEL = ("do_sample", "max_new_tokens", "transformers_version")


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


def read_sent(dialect: Dialect, text: str) -> SamplerConfig:
    """Read the fields of a request; a generation_config.json with the same words is none.

    Raises:
        SpecError: it is no such request.
    """
    needed = ("temperature", "repetition_penalty")
    data = read_object(text, *needed)
    if key := next((key for key in OF_A_MODEL if key in data), None):
        raise SpecError(f"preset: {key!r} is a key of a generation_config.json, not of a request")
    return read_request(dialect, text, *needed)
