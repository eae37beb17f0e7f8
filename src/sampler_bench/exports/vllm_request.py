"""vLLM, as JSON: the request fields that vLLM adds to OpenAI's.

Source: the server's own words in `engines/vllm.py`.
"""

from __future__ import annotations

from ..engines.vllm import DIALECT
from ..records import SamplerConfig
from . import Loss, Source, _dialects
from ._request import read_sent, write_request

ABOUT = "vLLM: extra_body of a request (OpenAI SDK), or fields of its JSON"
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
