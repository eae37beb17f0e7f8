"""Aphrodite, vLLM's relative with many samplers, through its OpenAI-compatible server.

Source: aphrodite-engine 0.24.1, `sampling_params.py`, `entrypoints/openai/*/protocol.py`,
`v1/sample/sampler.py`, `v1/sample/ops/` and `v1/worker/gpu/sample/`. Not run here. What vLLM has
not is applied by its first model runner alone; the second one, which 0.24 takes wherever it can,
reads none of it (`v1/worker/gpu/sample/sampler.py`), and `check` shows it as ignored.

With the first runner, `nsigma` 0 is off only while no request of the batch has it on: then it means
"within 0 deviations of the best token", and one token is left. So what is off is said as more
deviations than any token is away.
"""

from __future__ import annotations

from dataclasses import replace

from ..records import JsonObject, Value
from ..samplers.order import SMOOTHING, TEMPERATURE, XTC, Chain
from . import EngineOptions
from . import vllm as _vllm
from ._dialect import Dialect, Spoken, Unspoken, Values, heat_span

DEFAULT_SERVER = "http://127.0.0.1:2242"
CUTS = (
    *("top_n_sigma", "top_a", "tfs", "eta_cutoff", "epsilon_cutoff", "typical_p"),
    *(SMOOTHING, XTC),
)
AFTER = ("min_p", "top_k", "top_p")
ALL = 1000.0  # standard deviations: no token is so far away


def _dynatemp(value: Value, values: Values) -> JsonObject:
    low, high = heat_span(value, values) if value else (0.0, 0.0)
    return {"dynatemp_min": low, "dynatemp_max": high}


def _order(value: Value, _: Values) -> JsonObject:
    return {"temperature_last": value == "last"}


DIALECT: Dialect = replace(
    _vllm.DIALECT,
    name="aphrodite",
    chain=Chain(first=(TEMPERATURE, *CUTS, *AFTER), last=(*CUTS, TEMPERATURE, *AFTER)),
    words={
        **_vllm.DIALECT.words,
        "dry_allowed_length": Spoken(
            "dry_allowed_length", differs="shorter repetitions are punished too, but less"
        ),
        "dry_base": Spoken("dry_base", low=1, above=True),
        "dry_multiplier": Spoken(
            "dry_multiplier", differs="looks at the last 8 occurrences and at most 12 tokens back"
        ),
        "dry_range": Spoken("dry_range", low=0, above=True, differs="0 is the whole text there"),
        "dry_sequence_breakers": Spoken(
            "dry_sequence_breakers", differs="each is the last token of its text"
        ),
        "dynatemp_exponent": Spoken("dynatemp_exponent", low=0, above=True),
        "dynatemp_range": Spoken("dynatemp_min, dynatemp_max", say=_dynatemp),
        "epsilon_cutoff": Spoken("epsilon_cutoff", differs="before 0.10 in units of 1e-4"),
        "eta_cutoff": Spoken("eta_cutoff", differs="before 0.10 in units of 1e-4"),
        "mirostat_eta": Spoken("mirostat_eta"),
        "mirostat_mode": Spoken(
            "mirostat_mode",
            only=(0, 2),
            differs="one such request switches the other samplers off for its whole batch",
        ),
        "mirostat_tau": Spoken("mirostat_tau"),
        "repetition_slope": Unspoken(),
        "smoothing_curve": Spoken("smoothing_curve"),
        "smoothing_factor": Spoken(
            "smoothing_factor", differs="acts after all cuts but XTC, min_p, top_k and top_p"
        ),
        "temperature_order": Spoken(
            "temperature_last",
            differs="last means after XTC too; min_p, top_k and top_p come after it all the same",
            say=_order,
        ),
        "tfs": Spoken("tfs", low=0, above=True),
        "top_a": Spoken("top_a"),
        "top_n_sigma": Spoken("nsigma", neutral=ALL, differs="standard deviation with n - 1"),
        "typical_p": Spoken("typical_p"),
        "xtc_probability": Spoken("xtc_probability", differs="its chance follows no seed"),
        "xtc_threshold": Spoken("xtc_threshold"),
    },
    notes=(
        *_vllm.DIALECT.notes,
        "Start 0.24 with APHRODITE_USE_V2_MODEL_RUNNER=0: else it ignores all but what vLLM has.",
        "Other programs' requests with nsigma 0 leave one token beside requests that have it on.",
    ),
)


def build(options: EngineOptions) -> _vllm.VllmEngine:
    """Build an engine for a running Aphrodite server."""
    return _vllm.VllmEngine(DIALECT, options, options.server or DEFAULT_SERVER, _vllm.WIRE)
