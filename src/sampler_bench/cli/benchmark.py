"""`sampler-bench benchmark`: compare given presets or configurations on the same prompts."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from ._options import SEVERAL, shared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..records import SamplerConfig

HELP = "compare presets or configurations: --samplers NAME or min_p:temperature=1.2,min_p=0.02"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    shared(parser, "--model")
    parser.add_argument(
        "--samplers",
        **SEVERAL,
        required=True,
        metavar="CONFIG",
        help="presets of samplers.yaml, or configurations in text form",
    )
    shared(parser, "--config", "--config-section", "--samples-per-config", "--custom-prompts")
    shared(parser, "--judge", "--judge-model", "--seed", "--output-dir")
    shared(parser, "--server", "--engine", "--provider")
    shared(parser, "--baseline", help="what the best is compared with; default: the first")
    shared(parser, "--slots", "--timeout", "--raw")
    shared(parser, "--max-samples", "--max-cost", "--max-minutes")
    shared(parser, "--embedding", "--same-from")
    shared(parser, "--study", help="name this benchmark")
    shared(parser, "--allow-unverified", "--quiet", "--json")


def run(args: argparse.Namespace) -> int:
    """Resolve the configurations, run them side by side, and report."""
    from dataclasses import replace

    from ..plugins import find
    from ..spec import load_study, resolve_config
    from ..store.sqlite import open_store
    from ..tuning.listed import space_holding
    from ._requests import new_request, overrides_of, resolved, see_panel_used
    from ._search import conclude, run_and_keep, show

    named = [resolve_config(word) for word in args.samplers]
    overrides = overrides_of(args)
    overrides.pop("sampler_types", None)
    spec = load_study(args.config, args.config_section, overrides)
    see_panel_used(args, spec)
    given, baseline = tried(named, spec.baseline, spec.max_length)
    spec = replace(
        spec,
        given=given,
        space=space_holding(given),
        search_strategy="given",
        n_iterations=len(given),
        baseline=baseline,
        objective="quality",  # diversity stands beside it
        diversity_weight=None,
    )
    spec = resolved(spec)
    with open_store(args.output_dir) as store:
        stem = f"full_benchmark_{time.strftime('%Y%m%d_%H%M%S')}"
        request = new_request(args, spec, stem, store)
        finished, document = run_and_keep(request, store, args.quiet)
    show(document, args.json, find("reports", "terminal").report)
    return conclude(finished, document, args.quiet)


def tried(
    named: Sequence[SamplerConfig], baseline: SamplerConfig | None, max_length: int
) -> tuple[tuple[SamplerConfig, ...], SamplerConfig]:
    """What a benchmark tries, each once, and with what it compares: that is tried as well.

    Args:
        named: by the user.
        baseline: by the user; None for the first that is named.
        max_length: of answers, for those that leave it to the study.
    """
    whole = [_with_length(config, max_length) for config in named]
    rival = _with_length(baseline, max_length) if baseline else whole[0]
    return tuple(dict.fromkeys([*whole, rival])), rival


def _with_length(config: SamplerConfig, max_length: int) -> SamplerConfig:
    """The configuration with an answer length; presets may leave it to the study."""
    if config.get("max_tokens") is not None:
        return config
    return config.of(config.sampler, {**config.as_dict(), "max_tokens": max_length})
