"""llama.cpp server, as JSON: the fields of a request, for clients that keep such a file.

Source: the server's own words in `engines/llamacpp.py`. They go into the body of a request to
/completion or /v1/chat/completions; as it ignores keys that it does not know, our note may stay.
"""

from __future__ import annotations

from ..engines.llamacpp import DIALECT
from ..records import SamplerConfig
from . import Loss, Source, _dialects
from ._provenance import note, read_object, restored, stated_in_json, write_object
from ._readers import named_order
from .llamacpp import DEFAULTS

ABOUT = "llama.cpp server: fields of a request to /completion or /v1/chat/completions"
SUFFIX = ".json"
READERS = {"temperature_order": named_order("samplers")}


def losses(config: SamplerConfig, source: Source) -> list[Loss]:
    """What this format loses."""
    return _dialects.losses(DIALECT, config, source)


def write(config: SamplerConfig, source: Source) -> str:
    """Write the request's fields."""
    return write_object({**_dialects.said(DIALECT, config, source), **note(config, source)})


def read(text: str) -> SamplerConfig:
    """Read such fields."""
    data = read_object(text, "temperature", "repeat_penalty")
    return restored(_dialects.heard(DIALECT, data, READERS, DEFAULTS), stated_in_json(data))
