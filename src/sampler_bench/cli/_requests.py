"""From the command line to a request: for a new study, or for a kept one to go on with."""

from __future__ import annotations

import argparse
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StoreError, UsageError
from ..records import SamplerConfig
from ..spec.environment import environment
from ._files import free_name
from ._options import embedding_of

if TYPE_CHECKING:
    from ..spec import StudySpec
    from ..store import Store
    from ..tuning.request import Request

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
    "provider": "provider",
    "baseline": "baseline",
    "slots": "slots",
    "timeout": "timeout",
    "raw": "raw",
    "max_samples": "max_samples",
    "max_cost": "max_cost",
    "max_minutes": "max_minutes",
    "objective": "objective",
    "diversity_weight": "diversity_weight",
    "embedding": "embedding",
}
# What may change when a study goes on; everything else is part of what it is, and so is its engine:
# texts by another would not compare, whoever serves.
CHANGEABLE = (
    "embedding",
    "judge",
    "judge_models",
    "server",
    "slots",
    "timeout",
    "max_samples",
    "max_cost",
    "max_minutes",
)
STATED_ONCE = ("config", "config_section", "study")  # options that only begin a study


def overrides_of(args: argparse.Namespace) -> dict[str, object]:
    """The study keys that the command line states."""
    stated = {option: getattr(args, option, None) for option in OVERRIDES}
    stated["embedding"] = embedding_of(args)
    return {OVERRIDES[option]: value for option, value in stated.items() if value is not None}


def see_panel_used(args: argparse.Namespace, spec: StudySpec) -> None:
    """See that no models are named to a judge that asks none.

    Raises:
        UsageError: a panel for a judge that has none.
    """
    from ..plugins import find

    if getattr(args, "judge_model", None) and not getattr(
        find("judges", spec.judge), "PANEL", True
    ):
        raise UsageError(
            f"--judge-model: the judge {spec.judge} asks no model; leave it out, or choose "
            "--judge openai"
        )


def new_study(args: argparse.Namespace) -> StudySpec | None:
    """The study that the arguments begin, checked before anything is written; None to go on.

    Raises:
        SpecError, UsageError: the study file or an option is wrong.
        StoreError: there is nothing to go on with.
    """
    from ..spec import load_study
    from ..store.sqlite import FILE

    overrides = overrides_of(args)
    if args.resume is None:
        spec = load_study(args.config, args.config_section, overrides)
        see_panel_used(args, spec)
        return resolved(spec)
    _see_stated_once(args)
    if not (args.output_dir / FILE).is_file():
        raise StoreError(
            f"there is no study in {args.output_dir}; run a search first, or name another folder "
            "by --output-dir"
        )
    return None


def resolved(spec: StudySpec) -> StudySpec:
    """The study with what it leaves open, and a seed drawn if it has none.

    Raises:
        SpecError, UsageError: it cannot run here.
    """
    from ..tuning import choices

    return choices.resolved(spec, lambda: secrets.randbelow(2**31))


def make_request(args: argparse.Namespace, spec: StudySpec | None, store: Store) -> Request:
    """A request for a new study (see `new_study`), or for a kept one to go on with.

    Raises:
        UsageError, StoreError: there is no study to go on with, or it cannot be had here.
    """
    if spec is None:
        return _resumed(args, overrides_of(args), store)
    stem = f"hyper_search_{spec.search_strategy}_{time.strftime('%Y%m%d_%H%M%S')}"
    return new_request(args, spec, stem, store)


def new_request(args: argparse.Namespace, spec: StudySpec, stem: str, store: Store) -> Request:
    """A request for a new study that is named after its results file, unless it has a name.

    Raises:
        StoreError: a study has the name already, or the results file cannot be written.
    """
    if named := getattr(args, "study", None):
        store.see_free(named)
    path = free_name(args.output_dir, stem, ".json")
    return _request(args, spec, named or path.stem, path)


def _see_stated_once(args: argparse.Namespace) -> None:
    _refuse([key for key in STATED_ONCE if getattr(args, key, None) is not None])


def _see_changeable(spec: StudySpec, told: Mapping[str, object]) -> None:
    """What a study is may be told again as it is: the last command with --resume is to work."""
    from ..tuning.choices import choose_baseline

    kept: dict[str, object] = {
        "sampler_types": tuple(part.sampler for part in spec.space.samplers),
        "test_prompts": tuple(prompt.text for prompt in spec.prompts),
    }
    again = dict(told)
    if isinstance(baseline := told.get("baseline"), SamplerConfig):
        again["baseline"] = choose_baseline(replace(spec, baseline=baseline), None)
    _refuse(
        [
            key
            for key, value in again.items()
            if key not in CHANGEABLE and kept.get(key, getattr(spec, key, None)) != value
        ]
    )


def _refuse(fixed: Sequence[str]) -> None:
    if fixed:
        raise UsageError(
            f"--resume goes on with a study as it is: leave out {', '.join(fixed)} "
            f"(only {', '.join(CHANGEABLE)} may be told anew), or start a new study"
        )


def _resumed(args: argparse.Namespace, overrides: Mapping[str, object], store: Store) -> Request:
    from ..spec import StudySpec, read_overrides
    from ..tuning.choices import see_strategy

    row = store.chosen(args.resume or None)
    changed = read_overrides(overrides)
    minutes = changed.pop("max_minutes", None)  # of this run alone
    kept = StudySpec.from_json(row.spec)
    _see_changeable(kept, changed)
    spec = replace(kept, **{key: changed[key] for key in changed.keys() & set(CHANGEABLE)})
    see_panel_used(args, spec)
    see_strategy(spec)
    note = store.note(row.id, "results") or {}
    path = args.output_dir / str(note.get("file") or f"{row.name}.json")
    return replace(_request(args, spec, row.name, path), resume=True, minutes=minutes)


def _request(args: argparse.Namespace, spec: StudySpec, name: str, path: Path) -> Request:
    from ..tuning.request import Request

    return Request(
        spec,
        args.output_dir,
        name,
        path,
        environment(),
        allow_unverified=getattr(args, "allow_unverified", False),
        words=args.words,
    )
