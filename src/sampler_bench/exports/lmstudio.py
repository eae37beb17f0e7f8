"""LM Studio's preset file: `operation.fields`, in its config-presets folder.

Source: the field names of LM Studio's SDK and of presets that people share, read in 2026. Which
samplers act and where temperature stands depends on its runtime. Not loaded in LM Studio here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..engines._dialect import Dialect, Spoken, Unspoken
from ..engines.lmstudio import DIALECT as SERVER
from ..errors import SpecError
from ..records import Json, SamplerConfig
from . import Loss, Source, _dialects
from ._provenance import note, read_object, restored, stated_in_json, write_object

ABOUT = "LM Studio: put the file into its config-presets folder"
SUFFIX = ".preset.json"
BARE = ("temperature", "top_k")  # the others stand in a box that can be ticked
FIELDS = {
    "temperature": "llm.prediction.temperature",
    "top_k": "llm.prediction.topKSampling",
    "top_p": "llm.prediction.topPSampling",
    "min_p": "llm.prediction.minPSampling",
    "repetition_penalty": "llm.prediction.repeatPenalty",
    "presence_penalty": "llm.prediction.llama.presencePenalty",
    "frequency_penalty": "llm.prediction.llama.frequencyPenalty",
    "xtc_probability": "llm.prediction.llama.xtcProbability",
    "xtc_threshold": "llm.prediction.llama.xtcThreshold",
    "max_tokens": "llm.prediction.maxPredictedTokens",
}
DIALECT: Dialect = replace(
    SERVER,
    words={
        name: Spoken(FIELDS[name])
        if name in FIELDS
        else (word if name == "temperature_order" else Unspoken("presets there have no such field"))
        for name, word in SERVER.words.items()
    },
)


def losses(config: SamplerConfig, source: Source) -> list[Loss]:
    """What this format loses."""
    return _dialects.losses(DIALECT, config, source)


def write(config: SamplerConfig, source: Source) -> str:
    """Write the preset."""
    told = _dialects.said(DIALECT, config, source)
    bare = {FIELDS[name] for name in BARE}
    fields: list[Json] = [
        {"key": key, "value": value if key in bare else {"checked": True, "value": value}}
        for key, value in told.items()
    ]
    name = f"sampler-bench {config.sampler}"
    return write_object(
        {
            "identifier": f"@local:{name.replace(' ', '-').replace('+', '-')}",
            "name": name,
            "changed": False,
            "operation": {"fields": fields},
            "load": {"fields": []},
            **note(config, source),
        }
    )


def read(text: str) -> SamplerConfig:
    """Read a preset; a box that is not ticked is neutral."""
    data = read_object(text, "operation")
    fields = data["operation"].get("fields") if isinstance(data["operation"], Mapping) else None
    if not isinstance(fields, list):
        raise SpecError("preset: operation holds no fields")
    told = {field["key"]: _value(field.get("value")) for field in fields if _is_field(field)}
    if not told.keys() & set(FIELDS.values()):
        raise SpecError("preset: operation.fields holds no sampler setting")
    return restored(_dialects.heard(DIALECT, told), stated_in_json(data))


def _is_field(field: object) -> bool:
    return isinstance(field, Mapping) and isinstance(field.get("key"), str)


def _value(value: object) -> object:
    if isinstance(value, Mapping):
        return value.get("value") if value.get("checked") else None
    return value
