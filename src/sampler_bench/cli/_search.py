"""What `search` and `demo` share: from arguments to a finished study on disk and on the screen."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..errors import BudgetReached, NotReachable, StoreError, UsageError
from ..spec import StudySpec, load_study
from ..store import Store, StudyRow
from ..tuning.run import Finished, Request, run, with_seed
from ._environment import environment
from ._live import Progress, clock
from ._output import say

# Options of the command line and the keys of a study file that they override.
OVERRIDES = {
    "model": "model",
    "strategy": "search_strategy",
    "iterations": "n_iterations",
    "samples_per_config": "samples_per_config",
    "samplers": "sampler_types",
    "custom_prompts": "test_prompts",
    "judge": "judge",
    "judge_model": "judge_models",
    "seed": "seed",
    "server": "server",
    "engine": "engine",
    "baseline": "baseline",
    "slots": "slots",
    "raw": "raw",
    "max_samples": "max_samples",
    "max_cost": "max_cost",
    "max_minutes": "max_minutes",
}
# What may change when a study goes on; everything else is part of what it is.
RESUMABLE = (
    "judge",
    "judge_model",
    "server",
    "engine",
    "slots",
    "max_samples",
    "max_cost",
    "max_minutes",
)


def overrides_of(args: argparse.Namespace) -> dict[str, object]:
    """The study keys that the command line states."""
    stated = {option: getattr(args, option, None) for option in OVERRIDES}
    return {OVERRIDES[option]: value for option, value in stated.items() if value is not None}


def search(args: argparse.Namespace, overrides: Mapping[str, object]) -> int:
    """Run a search as the arguments say, print the report, keep the results.

    Returns:
        The exit code.
    """
    folder: Path = args.output_dir
    with open_results(folder) as store:
        request = make_request(args, overrides, store)
        finished, results = run_and_keep(request, store, args.quiet)
    show(results, args.json)
    say_where(finished, results, folder, args.quiet)
    return exit_code(finished)
