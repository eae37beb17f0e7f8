"""Hugging Face transformers: `generation_config.json`, for GenerationConfig.from_pretrained.

Source: huggingface/transformers, `generation/configuration_utils.py` and the order of warpers in
`generation/utils.py` (temperature, top_k, top_p, min_p, typical, epsilon, eta), version 5. There is
no temperature 0 there: greedy decoding is `do_sample: false`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..engines._dialect import Dialect, Spoken, Unspoken, Values, Word
from ..records import JsonObject, SamplerConfig, Value
from . import Loss, Source, _dialects
from ._provenance import note, read_object, restored, stated_in_json, write_object

ABOUT = "transformers: generation_config.json, for GenerationConfig.from_pretrained(FOLDER)"
SUFFIX = ".json"
DEFAULTS: dict[str, Value] = {"top_k": 50}  # where a file is silent
NOT = Unspoken("transformers has no such parameter")


def _temperature(value: Value, _: Values) -> JsonObject:
    return {"temperature": value or 1.0, "do_sample": bool(value)}  # type: ignore[dict-item]


WORDS: dict[str, Word] = {
    "temperature": Spoken("temperature", say=_temperature),
    "top_k": Spoken("top_k"),
    "top_p": Spoken("top_p", low=0, above=True),
    "min_p": Spoken("min_p"),
    "typical_p": Spoken("typical_p", low=0, above=True),
    "epsilon_cutoff": Spoken("epsilon_cutoff", high=1),
    "eta_cutoff": Spoken("eta_cutoff", high=1),
    "repetition_penalty": Spoken("repetition_penalty", differs="over prompt and answer, no window"),
    "temperature_order": Unspoken("temperature comes first there and cannot be moved"),
    "max_tokens": Spoken("max_new_tokens"),
}


def _dialect() -> Dialect:
    from ..samplers import parameter_names

    words = {name: WORDS.get(name, NOT) for name in parameter_names()}
    return Dialect(name="transformers", words=words, seed="", order="first")


DIALECT = _dialect()


def losses(config: SamplerConfig, source: Source) -> list[Loss]:
    """What this format loses."""
    return _dialects.losses(DIALECT, config, source)


def write(config: SamplerConfig, source: Source) -> str:
    """Write the file."""
    told = _dialects.said(DIALECT, config, source)
    return write_object({**told, "num_beams": 1, **note(config, source)})


def read(text: str) -> SamplerConfig:
    """Read a generation_config.json that states `do_sample`."""
    data = read_object(text, "do_sample")
    values = _dialects.heard(DIALECT, data, {"temperature": _heat}, DEFAULTS)
    return restored(values, stated_in_json(data))


def _heat(data: Mapping[str, Any]) -> Value | None:
    return float(data.get("temperature", 1.0)) if data["do_sample"] else 0
