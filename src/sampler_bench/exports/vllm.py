"""vLLM's server defaults: `generation_config.json`, or `--override-generation-config` with it.

Source: vllm-project/vllm, `vllm/config/model.py` (get_diff_sampling_param), read in 2026: only
these six keys are taken, as defaults for what a request leaves out. SGLang and Aphrodite read the
file too. In `--override-generation-config` `max_new_tokens` is no default but a limit that no
request can lift (0.32.0, seen running).
"""

from __future__ import annotations

from dataclasses import replace

from ..engines._dialect import Dialect, Spoken, Unspoken
from ..engines.vllm import DIALECT as SERVER
from ..records import SamplerConfig
from . import Loss, Source, _dialects
from ._provenance import read_object
from ._request import OF_A_MODEL, read_request, write_request

ABOUT = (
    "vLLM (SGLang, Aphrodite): generation_config.json, or --override-generation-config "
    "(without max_new_tokens: there it cuts every answer off)"
)
SUFFIX = ".json"
TAKEN = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty", "temperature_order")
NOT_TAKEN = Unspoken("the server takes no default for it; put it into the request")
DIALECT: Dialect = replace(
    SERVER,
    words={
        **{name: SERVER.words[name] if name in TAKEN else NOT_TAKEN for name in SERVER.words},
        "max_tokens": Spoken("max_new_tokens"),
    },
)


def losses(config: SamplerConfig, source: Source) -> list[Loss]:
    """What this format loses."""
    return _dialects.losses(DIALECT, config, source)


def write(config: SamplerConfig, source: Source) -> str:
    """Write the defaults."""
    return write_request(DIALECT, config, source)


def read(text: str) -> SamplerConfig:
    """Read a generation_config.json."""
    told = read_object(text, "temperature").keys() & set(OF_A_MODEL)
    return read_request(DIALECT, text, *(() if told else ("top_p",)))
