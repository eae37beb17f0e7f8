"""TabbyAPI's sampler overrides: a file in `sampler_overrides`, chosen in its configuration.

Source: theroyallab/tabbyAPI, `sampler_overrides/sample_preset.yml`, read in 2026. Values fill what
a request leaves out; `force: true` would overrule requests, and is not switched on here.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..engines.tabbyapi import DIALECT
from ..errors import SpecError
from ..records import SamplerConfig
from . import Loss, Source, _dialects
from ._provenance import comments, restored, stated_in_comments
from ._readers import flag_order
from ._yaml import read_mapping, scalar

ABOUT = "TabbyAPI: put the file into sampler_overrides and name it as override_preset"
SUFFIX = ".yml"


def losses(config: SamplerConfig, source: Source) -> list[Loss]:
    """What this format loses."""
    return _dialects.losses(DIALECT, config, source)


def write(config: SamplerConfig, source: Source) -> str:
    """Write the overrides."""
    lines = comments(config, source)
    for key, value in _dialects.said(DIALECT, config, source).items():
        lines += [f"{key}:", f"  override: {scalar(value)}", "  force: false"]
    return "\n".join([*lines, ""])


def read(text: str) -> SamplerConfig:
    """Read overrides."""
    data = read_mapping(text)
    told = {k: v["override"] for k, v in data.items() if isinstance(v, Mapping) and "override" in v}
    if not told.keys() & DIALECT.keys():
        raise SpecError("preset: expected overrides like 'temperature: {override: 1.0}'")
    readers = {"temperature_order": flag_order}
    return restored(_dialects.heard(DIALECT, told, readers), stated_in_comments(text))
