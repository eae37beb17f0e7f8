"""SillyTavern's KoboldAI preset: fewer samplers, KoboldCpp's order.

Source: SillyTavern, `default/content/presets/kobold/*.json`, read in 2026.
"""

from __future__ import annotations

from ..engines._dialect import Dialect, Spoken, Unspoken, Word
from ..engines.koboldcpp import NATIVE
from ..records import SamplerConfig
from ..samplers import parameter_names
from . import Loss, Source, _dialects
from ._provenance import note, read_object, restored, stated_in_json, write_object
from ._readers import numbered_order

ABOUT = "SillyTavern, KoboldAI Classic: import it in the presets of the left panel"
SUFFIX = ".json"
NOT = Unspoken("KoboldAI presets have no such setting (the text-completion preset has)")
KEPT: dict[str, Word] = {
    name: NATIVE.words[name]
    for name in (
        *("top_k", "top_p", "min_p", "top_a", "tfs", "typical_p", "temperature_order"),
        *("repetition_penalty", "repetition_range", "repetition_slope"),
        *("mirostat_mode", "mirostat_tau", "mirostat_eta"),
    )
}
KEPT |= {"temperature": Spoken("temp"), "max_tokens": Spoken("genamt")}
DIALECT = Dialect(
    name="koboldcpp",
    words={name: KEPT.get(name, NOT) for name in parameter_names()},
    seed="",
    order="last",
)


def losses(config: SamplerConfig, source: Source) -> list[Loss]:
    """What this format loses."""
    return _dialects.losses(DIALECT, config, source)


def write(config: SamplerConfig, source: Source) -> str:
    """Write the preset, all keys."""
    told = _dialects.said(DIALECT, config, source)
    rest = {"use_default_badwordsids": False, "grammar": ""}
    return write_object({**told, **rest, **note(config, source)})


def read(text: str) -> SamplerConfig:
    """Read a preset."""
    data = read_object(text, "temp", "rep_pen", "typical")
    readers = {"temperature_order": numbered_order}
    return restored(_dialects.heard(DIALECT, data, readers), stated_in_json(data))
