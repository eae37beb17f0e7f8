"""text-generation-webui: a preset in `user_data/presets`.

Source: oobabooga/text-generation-webui, `modules/presets.py`, read in 2026. The words are those of
`engines/textgen.py`, save that the priority is one text there, and the answer's length is not part
of a preset.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..engines._dialect import Dialect, Unspoken
from ..engines.textgen import DIALECT as SERVER
from ..errors import SpecError
from ..records import Json, SamplerConfig, Value
from ..samplers.acting import acts
from . import Loss, Source, _dialects
from ._meaning import complete
from ._provenance import comments, restored, stated_in_comments
from ._readers import breakers, flag_order, order_of_names, spread, ten_thousandths
from ._yaml import read_mapping, scalar

ABOUT = "text-generation-webui: put the file into user_data/presets"
SUFFIX = ".yaml"
DIALECT: Dialect = replace(
    SERVER, words={**SERVER.words, "max_tokens": Unspoken("presets there have no length")}
)
ALWAYS = ("do_sample", "encoder_repetition_penalty", "guidance_scale", "no_repeat_ngram_size")


def losses(config: SamplerConfig, source: Source) -> list[Loss]:
    """What this format loses."""
    return [*_dialects.losses(DIALECT, config, source), *_window(config)]


def _window(config: SamplerConfig) -> list[Loss]:
    """DRY and the penalties share one window there."""
    values = complete(config)
    if acts("dry_range", values):
        return []  # said already
    if acts("dry_multiplier", values) and acts("repetition_range", values):
        return [Loss("DRY acts differently: it looks at repetition_range tokens there.")]
    return []


def write(config: SamplerConfig, source: Source) -> str:
    """Write the preset, all keys."""
    told = _dialects.said(DIALECT, config, source)
    told |= {key: SERVER.always[key] for key in ALWAYS}
    lines = [f"{key}: {_scalar(value)}" for key, value in told.items()]
    return "\n".join([*comments(config, source), *lines, ""])


def _scalar(value: Json) -> str:
    return scalar("\n".join(map(str, value)) if isinstance(value, list) else value)


def read(text: str) -> SamplerConfig:
    """Read a preset; keys that it leaves out are neutral, as they are there."""
    if text.lstrip().startswith("{"):
        raise SpecError("preset: expected YAML, found JSON")
    data = read_mapping(text)
    known = DIALECT.keys() | set(ALWAYS)
    if not data or not data.keys() & known or any(isinstance(v, Mapping) for v in data.values()):
        raise SpecError("preset: expected keys of text-generation-webui, like temperature")
    readers = {
        "temperature_order": _order,
        "dynatemp_range": _spread,
        "epsilon_cutoff": ten_thousandths("epsilon_cutoff"),
        "eta_cutoff": ten_thousandths("eta_cutoff"),
        "dry_sequence_breakers": breakers,
    }
    return restored(_dialects.heard(DIALECT, data, readers), stated_in_comments(text))


def _order(data: Mapping[str, Any]) -> Value | None:
    if data.get("temperature_last"):
        return "last"
    told = data.get("sampler_priority")
    names = told.split("\n") if isinstance(told, str) else told
    if isinstance(names, list):
        return order_of_names([str(name).strip() for name in names])
    return flag_order(data)


def _spread(data: Mapping[str, Any]) -> Value | None:
    full = {"dynatemp_high": 1.0, "temperature": 1.0, **data}
    return spread("dynamic_temperature", "dynatemp_high", "temperature")(full)
