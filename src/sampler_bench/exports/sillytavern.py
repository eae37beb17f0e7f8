"""SillyTavern's text-completion preset, for all of its backends at once.

Source: SillyTavern, `default/content/presets/textgen/*.json` and `scripts/textgen-settings.js`,
read in 2026. A preset's missing keys keep what was set before, so all are written. Each backend has
an order of its own: `temperature_last` and `sampler_priority` (text-generation-webui, TabbyAPI),
`samplers` (llama.cpp), `sampler_order` (KoboldCpp), `samplers_priorities` (Aphrodite).

Epsilon and eta cut-off stand in units of 1e-4, as its sliders have them, which end at 9 and 20. To
text-generation-webui and to Aphrodite they go as they stand; Aphrodite takes them for probabilities
since 0.10, so that any slider's step leaves one token. So a setting that was tuned there has them
off, which is said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..engines._dialect import Dialect, Spoken, Unspoken, Values, Word
from ..engines.koboldcpp import ORDER_FIRST, ORDER_LAST
from ..engines.textgen import CUTS, HEAT, PENALTIES
from ..engines.textgen import ten_thousandths as units
from ..errors import SpecError
from ..records import JsonObject, SamplerConfig, Value
from ..samplers import parameter_names
from ..samplers.acting import acts
from . import Loss, Source, _dialects
from ._meaning import complete
from ._provenance import note, read_object, restored, stated_in_json, write_object
from ._readers import (
    breakers,
    flag_order,
    named_order,
    numbered_order,
    spread,
    ten_thousandths,
)

ABOUT = "SillyTavern, text completion: import it in the sampler presets of the left panel"
SUFFIX = ".json"
LLAMA_CUTS = ("top_n_sigma", "top_k", "typ_p", "tfs_z", "typical_p", "top_p", "min_p", "xtc")
APHRODITE_CUTS = (
    *("top_nsigma", "top_p_top_k", "top_a", "min_p", "tfs", "eta_cutoff", "epsilon_cutoff"),
    *("typical_p", "quadratic", "xtc"),
)


def _dynatemp(value: Value, values: Values) -> JsonObject:
    heat = values["temperature"]
    assert isinstance(value, int | float)
    assert isinstance(heat, int | float)
    if not value:
        return {"dynatemp": False, "min_temp": 0, "max_temp": 2}
    return {"dynatemp": True, "min_temp": max(0.0, heat - value), "max_temp": heat + value}


def _breakers(value: Value, _: Values) -> JsonObject:
    return {"dry_sequence_breakers": json.dumps(list(value) if isinstance(value, tuple) else [])}


def _order(value: Value, _: Values) -> JsonObject:
    last = value == "last"
    heat, kept = ["temperature"], ["encoder_repetition_penalty", "no_repeat_ngram"]
    ooba = [*PENALTIES, *(CUTS if last else HEAT), *(HEAT if last else CUTS), *kept]
    llama = ["penalties", "dry", *([] if last else heat), *LLAMA_CUTS, *(heat if last else [])]
    aphrodite = ["dry", "penalties", "no_repeat_ngram"]
    aphrodite += [] if last else heat
    aphrodite += [*APHRODITE_CUTS, *(heat if last else [])]
    return {
        "temperature_last": last,
        "sampler_priority": list(ooba),
        "samplers": list(llama),
        "samplers_priorities": list(aphrodite),
        "sampler_order": list(ORDER_LAST if last else ORDER_FIRST),
    }


NAMES = {
    "temperature": "temp",
    "top_n_sigma": "nsigma",
    "repetition_penalty": "rep_pen",
    "repetition_range": "rep_pen_range",
    "repetition_slope": "rep_pen_slope",
    "frequency_penalty": "freq_pen",
    "presence_penalty": "presence_pen",
    "dry_range": "dry_penalty_last_n",
    "max_tokens": "genamt",
}
SAID: dict[str, Word] = {
    "temperature_order": Spoken("temperature_last", say=_order),
    "dynatemp_range": Spoken("dynatemp, min_temp, max_temp", say=_dynatemp),
    "dry_sequence_breakers": Spoken("dry_sequence_breakers", say=_breakers),
    "epsilon_cutoff": units("epsilon_cutoff", ""),
    "eta_cutoff": units("eta_cutoff", ""),
    "adaptive_target": Spoken("adaptive_target", neutral=-0.01),
}
DIALECT = Dialect(
    name="sillytavern",
    words={n: SAID.get(n, Spoken(NAMES.get(n, n))) for n in parameter_names()},
    seed="",
    order="last",
)
CUTOFFS = {"epsilon_cutoff": 9.0, "eta_cutoff": 20.0}  # where their sliders end
GREEDY = "Aphrodite takes it for a probability since 0.10, and one token would be left"
# What else such a preset holds, switched off.
REST: JsonObject = {
    "rep_pen_decay": 0,
    "rep_pen_size": 0,
    "no_repeat_ngram_size": 0,
    "penalty_alpha": 0,
    "num_beams": 1,
    "length_penalty": 1,
    "min_length": 0,
    "encoder_rep_pen": 1,
    "skew": 0,
    "do_sample": True,
    "early_stopping": False,
    "add_bos_token": True,
    "ban_eos_token": False,
    "ignore_eos_token": False,
    "skip_special_tokens": True,
    "spaces_between_special_tokens": True,
    "speculative_ngram": False,
    "guidance_scale": 1,
    "negative_prompt": "",
    "grammar_string": "",
    "json_schema": None,
    "banned_tokens": "",
    "logit_bias": [],
    "min_keep": 0,
}
READERS = {
    "dynatemp_range": spread("dynatemp", "max_temp", "temp"),
    "dry_sequence_breakers": breakers,
    "epsilon_cutoff": ten_thousandths("epsilon_cutoff"),
    "eta_cutoff": ten_thousandths("eta_cutoff"),
}


def losses(config: SamplerConfig, source: Source) -> list[Loss]:
    """What this format loses."""
    values = complete(config)
    found = _dialects.losses(_dialect(source), config, source)
    heat, span = values["temperature"], values["dynatemp_range"]
    if isinstance(heat, int | float) and isinstance(span, int | float) and span > heat:
        found.append(Loss("dynatemp_range acts differently: it takes the middle of both ends."))
    if acts("adaptive_target", values):
        found.append(Loss("Adaptive-p needs a SillyTavern of 2026.", False))
    return [*found, *(loss for name in CUTOFFS for loss in _cutoff(name, values, source))]


def _cutoff(name: str, values: Values, source: Source) -> list[Loss]:
    """What becomes of a cut-off, where it is said at all."""
    value, end = values[name], CUTOFFS[name] / 1e4
    if not acts(name, values) or source.engine == "aphrodite":
        return []
    found = []
    if isinstance(value, int | float) and value > end:
        found.append(Loss(f"{name} acts as {end:g}: SillyTavern's slider ends there."))
    if source.engine != "textgen":
        told = f"{name} is written in SillyTavern's units of 1e-4; switch it off for Aphrodite"
        found.append(Loss(f"{told}: {GREEDY}.", False))
    return found


def _dialect(source: Source) -> Dialect:
    """The words, less those that would harm where the configuration comes from."""
    if source.engine != "aphrodite":
        return DIALECT
    lost = dict.fromkeys(CUTOFFS, Unspoken(f"in SillyTavern's units of 1e-4, {GREEDY}"))
    return replace(DIALECT, words={**DIALECT.words, **lost})


def write(config: SamplerConfig, source: Source) -> str:
    """Write the preset, all keys."""
    told = {**dict.fromkeys(CUTOFFS, 0), **_dialects.said(_dialect(source), config, source)}
    return write_object({**told, **REST, **note(config, source)})


def read(text: str) -> SamplerConfig:
    """Read a preset."""
    data = read_object(text, "temp", "rep_pen")
    if not data.keys() & {"typical_p", "temperature_last", "dry_multiplier", "samplers"}:
        raise SpecError("preset: expected keys of a SillyTavern text-completion preset")
    readers = {**READERS, "temperature_order": _told_order}
    return restored(_dialects.heard(DIALECT, data, readers), stated_in_json(data))


def _told_order(data: Mapping[str, Any]) -> Value | None:
    """The order, where all backends' orders say the same; they may well not."""
    told = {flag_order(data), named_order(data), numbered_order(data)} - {None}
    return told.pop() if len(told) == 1 else None
