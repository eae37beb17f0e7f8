"""llama.cpp server, as JSON: the fields of a request, for clients that keep such a file.

Source: the server's own words in `engines/llamacpp.py`. They go into the body of a request to
/completion or /v1/chat/completions; as it ignores keys that it does not know, our note may stay.
"""

from __future__ import annotations

from ..engines.llamacpp import DIALECT
from ..records import SamplerConfig
from . import Loss, Source, _dialects
from ._readers import named_order
from ._request import read_request, write_request
from .llamacpp import DEFAULTS

ABOUT = "llama.cpp server: fields of a request to /completion or /v1/chat/completions"
SUFFIX = ".json"
READERS = {"temperature_order": named_order}


def losses(config: SamplerConfig, source: Source) -> list[Loss]:
    """What this format loses."""
    return _dialects.losses(DIALECT, config, source)


def write(config: SamplerConfig, source: Source) -> str:
    """Write the request's fields."""
    return write_request(DIALECT, config, source)


def read(text: str) -> SamplerConfig:
    """Read such fields."""
    needed = ("temperature", "repeat_penalty")
    return read_request(DIALECT, text, *needed, readers=READERS, defaults=DEFAULTS)
