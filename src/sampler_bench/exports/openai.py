"""OpenAI and strict servers, as JSON: a request's fields.

Unknown keys are refused there, so nothing in the file tells where it comes from. Source: the
server's own words in `engines/openai.py`.
"""

from __future__ import annotations

from ..engines.openai import DIALECT
from ..errors import SpecError
from ..records import SamplerConfig
from . import Loss, Source, _dialects
from ._provenance import read_object
from ._request import read_request, write_request

ABOUT = "OpenAI and strict servers: fields of a chat completion request"
SUFFIX = ".json"


def losses(config: SamplerConfig, source: Source) -> list[Loss]:
    """What this format loses."""
    return _dialects.losses(DIALECT, config, source)


def write(config: SamplerConfig, source: Source) -> str:
    """Write the request's fields."""
    return write_request(DIALECT, config, source, with_note=False)


def read(text: str) -> SamplerConfig:
    """Read such fields."""
    data = read_object(text, "temperature")
    if strange := sorted(data.keys() - DIALECT.keys()):
        raise SpecError(f"preset: OpenAI has no {', '.join(map(str, strange))}")
    return read_request(DIALECT, text)
