"""KoboldCpp's generation defaults: a .kcpps file with `gendefaults`.

Source: LostRuins/koboldcpp, `--gendefaults` (2026): JSON in the native words of
`engines/koboldcpp.py`, kept in a .kcpps file as a text. They fill what a client leaves out; with
`gendefaultsoverwrite` they overrule it, which is not switched on here.
"""

from __future__ import annotations

import json

from ..engines.koboldcpp import NATIVE
from ..errors import SpecError
from ..records import SamplerConfig, Value
from . import Loss, Source, _dialects
from ._provenance import note, read_object, restored, stated_in_json, write_object
from ._readers import numbered_order

ABOUT = "KoboldCpp: --config FILE.kcpps, defaults for what a client leaves out"
SUFFIX = ".kcpps"
# What the server does where nobody says: not neutral.
DEFAULTS: dict[str, Value] = {
    "temperature": 0.7,
    "top_k": 100,
    "top_p": 0.9,
    "repetition_range": 320,
    "dry_range": 320,
    "dry_sequence_breakers": (),
    "xtc_threshold": 0.2,
}
READERS = {"temperature_order": numbered_order}


def losses(config: SamplerConfig, source: Source) -> list[Loss]:
    """What this format loses."""
    return _dialects.losses(NATIVE, config, source)


def write(config: SamplerConfig, source: Source) -> str:
    """Write the file."""
    told = _dialects.said(NATIVE, config, source)
    return write_object({"gendefaults": json.dumps(told), **note(config, source)})


def read(text: str) -> SamplerConfig:
    """Read a .kcpps file with generation defaults."""
    data = read_object(text, "gendefaults")
    inner = data["gendefaults"]
    told = read_object(inner) if isinstance(inner, str) else inner
    if not isinstance(told, dict) or not told.keys() & {"temperature", "top_p", "min_p", "top_k"}:
        raise SpecError("preset: gendefaults holds no sampler setting")
    return restored(_dialects.heard(NATIVE, told, READERS, DEFAULTS), stated_in_json(data))
