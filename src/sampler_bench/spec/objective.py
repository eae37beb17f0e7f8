"""`objective` and `diversity_weight` of a study file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import did_you_mean
from ..search import spends
from .study import STRATEGY
from .yaml_file import Node

OBJECTIVES = ("quality", "quality+diversity", "front")


def read_objective(node: Node) -> str | None:
    """Read which objective is searched for."""
    word = node.value.replace(" ", "") if isinstance(node.value, str) else ""
    if word in OBJECTIVES:
        return word
    near = did_you_mean(word, list(OBJECTIVES))
    node.expected(f"one of {', '.join(OBJECTIVES)}{near}")
    return None


def check_objective(values: Mapping[str, Any], given: Mapping[str, Node], root: Node) -> None:
    """See that the weight of diversity is stated where it counts, and that it can be measured."""
    objective, weight = values.get("objective", "quality"), values.get("diversity_weight")
    if objective == "quality":
        if weight is not None:
            given["diversity_weight"].wrong(
                f"{weight:g} is of no use with objective quality; choose quality+diversity or front"
            )
        return
    place = given.get("objective", root)
    if weight is None and "diversity_weight" not in given:
        place.wrong(
            f"{objective} needs diversity_weight, from 0 to 1: its share, the rest is the score's"
        )
    strategy = values.get("search_strategy", STRATEGY)
    if values.get("samples_per_config", 3) < 2 and spends(strategy) != "budget":
        place.wrong(
            f"{objective} needs samples_per_config of at least 2 with {strategy}: diversity is "
            "seen where a prompt is answered twice"
        )
