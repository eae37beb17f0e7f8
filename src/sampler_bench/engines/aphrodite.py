"""Aphrodite, vLLM's relative with many samplers, through its OpenAI-compatible server.

Source: aphrodite-engine/aphrodite-engine, `common/sampling_params.py` and
`endpoints/openai/protocol.py`, read in 2026. Not run here.
"""

from __future__ import annotations

from dataclasses import replace

from ..records import JsonObject, Value
from . import EngineOptions
from . import vllm as _vllm
from ._dialect import Dialect, Spoken, Unspoken, Values, heat_span

DEFAULT_SERVER = "http://127.0.0.1:2242"


def ten_thousandths(
    key: str, differs: str = "told in units of 1e-4", high: float | None = None
) -> Spoken:
    """A cut-off that the server takes in units of 1e-4."""

    def say(value: Value, _: Values) -> JsonObject:
        assert isinstance(value, int | float)
        return {key: round(value * 1e4, 6)}

    return Spoken(key, differs=differs, say=say, high=high)


def _dynatemp(value: Value, values: Values) -> JsonObject:
    low, high = heat_span(value, values) if value else (0.0, 0.0)
    return {"dynatemp_min": low, "dynatemp_max": high}


def _order(value: Value, _: Values) -> JsonObject:
    return {"temperature_last": value == "last"}


DIALECT: Dialect = replace(
    _vllm.DIALECT,
    name="aphrodite",
    words={
        **_vllm.DIALECT.words,
        "dry_allowed_length": Spoken("dry_allowed_length"),
        "dry_base": Spoken("dry_base", low=1, above=True),
        "dry_multiplier": Spoken("dry_multiplier"),
        "dry_range": Spoken("dry_range"),
        "dry_sequence_breakers": Spoken("dry_sequence_breakers"),
        "dynatemp_exponent": Spoken("dynatemp_exponent"),
        "dynatemp_range": Spoken("dynatemp_min, dynatemp_max", say=_dynatemp),
        "epsilon_cutoff": ten_thousandths("epsilon_cutoff", high=0.1),  # 1000 in its units
        "eta_cutoff": ten_thousandths("eta_cutoff"),
        "mirostat_eta": Spoken("mirostat_eta"),
        "mirostat_mode": Spoken(
            "mirostat_mode",
            only=(0, 2),
            differs="one such request switches the other samplers off for its whole batch",
        ),
        "mirostat_tau": Spoken("mirostat_tau"),
        "repetition_slope": Unspoken(),
        "smoothing_curve": Spoken("smoothing_curve"),
        "smoothing_factor": Spoken("smoothing_factor"),
        "temperature": Spoken("temperature", gap=(0, 0.01)),
        "temperature_order": Spoken(
            "temperature_last",
            differs="last means after XTC too; top_k and top_p come after it all the same",
            say=_order,
        ),
        "tfs": Spoken("tfs", low=0, above=True),
        "top_a": Spoken("top_a"),
        "top_n_sigma": Spoken("nsigma", differs="standard deviation with n - 1"),
        "typical_p": Spoken("typical_p"),
        "xtc_probability": Spoken("xtc_probability"),
        "xtc_threshold": Spoken("xtc_threshold"),
    },
)


def build(options: EngineOptions) -> _vllm.VllmEngine:
    """Build an engine for a running Aphrodite server."""
    return _vllm.VllmEngine(DIALECT, options, options.server or DEFAULT_SERVER, _vllm.WIRE)
