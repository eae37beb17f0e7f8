"""SGLang, as JSON: a request's fields.

Source: the server's own words in `engines/sglang.py`.
"""

from __future__ import annotations

from ..engines.sglang import DIALECT
from ..records import SamplerConfig
from . import Loss, Source, _dialects
from ._request import read_sent, write_request

ABOUT = "SGLang: fields of a request (extra_body of the OpenAI SDK)"
SUFFIX = ".json"


def losses(config: SamplerConfig, source: Source) -> list[Loss]:
    """What this format loses."""
    return _dialects.losses(DIALECT, config, source)


def write(config: SamplerConfig, source: Source) -> str:
    """Write the request's fields."""
    return write_request(DIALECT, config, source)


def read(text: str) -> SamplerConfig:
    """Read such fields."""
    return read_sent(DIALECT, text)
