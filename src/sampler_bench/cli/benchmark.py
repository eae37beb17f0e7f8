"""`sampler-bench benchmark`: compare given presets or configurations on the same prompts."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from ..records import SamplerConfig

HELP = "compare presets or configurations: --samplers NAME or min_p:temperature=1.2,min_p=0.02"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add("--model", help="a model of models.yaml, or the name that the server knows it by")
    add(
        "--samplers",
        nargs="+",
        required=True,
        metavar="CONFIG",
        help="presets of samplers.yaml, or configurations in text form",
    )
    add("--config", type=Path, help="study file for prompts and judge")
    add("--config-section", metavar="SECTION", help="section of the study file")
    add("--samples-per-config", type=int, metavar="N", help="texts per configuration and prompt")
    add("--custom-prompts", nargs="+", metavar="PROMPT", help="prompts instead of the file's")
    add("--judge", help="openai, offline or demo")
    add("--judge-model", nargs="+", metavar="MODEL", help="judge model; several make a panel")
    add("--seed", type=int, help="makes texts and scores repeat")
    add("--output-dir", type=Path, default=Path("results"), help="default: results")
    add("--server", nargs="+", metavar="URL", help="servers that write")
    add("--engine", help="koboldcpp, llamacpp, embedded, ...; default: ask the server")
    add("--baseline", metavar="CONFIG", help="what the best is compared with; default: the first")
    add("--slots", type=int, metavar="N", help="texts written at once")
    add("--raw", action="store_true", default=None, help="send prompts without a chat template")
    add("--max-samples", type=int, metavar="N", help="at most so many texts")
    add("--max-cost", type=float, metavar="DOLLARS", help="at most so much for judging")
    add("--max-minutes", type=float, metavar="MINUTES", help="at most so long")
    add("--study", metavar="NAME", help="name this benchmark")
    add("--allow-unverified", action="store_true", help="go on with a knob that does nothing there")
    add("--quiet", action="store_true", help="no progress, only the result")
    add("--json", action="store_true", help="print the results as JSON")


def run(args: argparse.Namespace) -> int:
    """Resolve the configurations, run them side by side, and report."""
    from dataclasses import replace

    from ..plugins import find
    from ..spec import load_study, resolve_config
    from ..store.sqlite import open_store
    from ..tuning.listed import space_of
    from ._search import conclude, new_request, overrides_of, run_and_keep, show

    given = tuple(dict.fromkeys(resolve_config(word) for word in args.samplers))
    overrides = overrides_of(args)
    overrides.pop("sampler_types", None)
    spec = load_study(args.config, args.config_section, overrides)
    given = tuple(_with_length(config, spec.max_length) for config in given)
    spec = replace(
        spec,
        given=given,
        space=space_of(given),
        search_strategy="given",
        n_iterations=len(given),
        baseline=spec.baseline or given[0],
        objective="quality",  # diversity stands beside it
        diversity_weight=None,
    )
    with open_store(args.output_dir) as store:
        stem = f"full_benchmark_{time.strftime('%Y%m%d_%H%M%S')}"
        request = new_request(args, spec, stem)
        finished, document = run_and_keep(request, store, args.quiet)
    show(document, args.json, find("reports", "terminal").report)
    return conclude(finished, document, args.quiet)


def _with_length(config: SamplerConfig, max_length: int) -> SamplerConfig:
    """The configuration with an answer length; presets may leave it to the study."""
    if config.get("max_tokens") is not None:
        return config
    return config.of(config.sampler, {**config.as_dict(), "max_tokens": max_length})
