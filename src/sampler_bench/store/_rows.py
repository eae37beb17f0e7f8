"""Rows of a database become records again."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ..records import (
    Cell,
    Completion,
    Failure,
    SamplerConfig,
    Score,
    Trial,
    Unscored,
    Unwritten,
)

_config: Callable[[str], SamplerConfig] = lru_cache(maxsize=4096)(SamplerConfig.parse)


def trial_of(row: tuple[Any, ...], judgments: tuple[Score | Unscored, ...]) -> Trial:
    """A row of `trials` (position, config, prompt, ..., covariates) with its judgments."""
    _, config, prompt, repeat, fresh, seed, kind, written, failure, covariates = row
    return Trial(
        cell=Cell(_config(config), prompt, repeat, bool(fresh)),
        seed=seed,
        written=_written(kind, json.loads(written)) if kind else None,
        failure=Failure(**json.loads(failure)) if failure else None,
        judgments=judgments,
        covariates=tuple(json.loads(covariates)) if covariates else (),
    )


def _written(kind: str, kept: dict[str, Any]) -> Completion | Unwritten:
    return Completion(**kept) if kind == "Completion" else Unwritten(**kept)


def judgment_of(kind: str, kept: dict[str, Any]) -> Score | Unscored:
    """A row of `judgments`, by its kind and its JSON."""
    if kind == "Unscored":
        return Unscored(**kept)
    criteria = tuple((name, value) for name, value in kept.pop("criteria"))
    return Score(criteria=criteria, **kept)
