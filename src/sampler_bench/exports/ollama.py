"""Ollama's Modelfile: PARAMETER lines over a model of the user's.

Source: ollama/ollama, `docs/modelfile.mdx` and `api/types.go`, read in 2026. What a request states
goes before the Modelfile.
"""

from __future__ import annotations

import re

from ..engines.ollama import DIALECT
from ..errors import SpecError
from ..records import SamplerConfig, Value
from . import Loss, Source, _dialects
from ._provenance import comments, plain, restored, stated_in_comments

ABOUT = "Ollama: ollama create NAME -f Modelfile (put your model after FROM)"
SUFFIX = ".Modelfile"
# What Ollama does where a Modelfile is silent: not neutral.
DEFAULTS: dict[str, Value] = {
    "temperature": 0.8,
    "top_k": 40,
    "top_p": 0.9,
    "repetition_range": 64,
}
_LINE = re.compile(r'^\s*PARAMETER\s+(\w+)\s+"?([^"\n]*?)"?\s*$', re.MULTILINE | re.IGNORECASE)


def losses(config: SamplerConfig, source: Source) -> list[Loss]:
    """What this format loses."""
    return _dialects.losses(DIALECT, config, source)


def write(config: SamplerConfig, source: Source) -> str:
    """Write the Modelfile."""
    told = _dialects.said(DIALECT, config, source)
    model = re.sub(r"[^\w./:@-]", "-", plain(source.model)) or "your-model"
    lines = [*comments(config, source), "# put your model's name or file here:", f"FROM {model}"]
    return "\n".join([*lines, *(f"PARAMETER {key} {value}" for key, value in told.items()), ""])


def read(text: str) -> SamplerConfig:
    """Read the PARAMETER lines of a Modelfile."""
    told = {key.lower(): value for key, value in _LINE.findall(text)}
    if not told.keys() & DIALECT.keys():
        raise SpecError("preset: expected a Modelfile with PARAMETER lines like temperature")
    return restored(_dialects.heard(DIALECT, told, defaults=DEFAULTS), stated_in_comments(text))
