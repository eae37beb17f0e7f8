"""Hugging Face transformers: `generation_config.json`, for GenerationConfig.from_pretrained.

Source: huggingface/transformers, `generation/configuration_utils.py`, version 5; its words are
those of `engines/transformers.py`, but for the seed, which no such file has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..engines.transformers import FILE as DIALECT
from ..records import SamplerConfig, Value
from . import Loss, Source, _dialects
from ._provenance import note, write_object
from ._request import read_request

ABOUT = "transformers: generation_config.json, for GenerationConfig.from_pretrained(FOLDER)"
SUFFIX = ".json"
DEFAULTS: dict[str, Value] = {"top_k": 50}  # where a file is silent


def losses(config: SamplerConfig, source: Source) -> list[Loss]:
    """What this format loses."""
    return _dialects.losses(DIALECT, config, source)


def write(config: SamplerConfig, source: Source) -> str:
    """Write the file."""
    told = _dialects.said(DIALECT, config, source)
    return write_object({**told, "num_beams": 1, **note(config, source)})


def read(text: str) -> SamplerConfig:
    """Read a generation_config.json that states `do_sample`."""
    readers = {"temperature": _heat}
    return read_request(DIALECT, text, "do_sample", readers=readers, defaults=DEFAULTS)


def _heat(data: Mapping[str, Any]) -> Value | None:
    return float(data.get("temperature", 1.0)) if data["do_sample"] else 0
