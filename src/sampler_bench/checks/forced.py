"""What a server forces, whatever a request says.

TabbyAPI tells its sampler overrides and those of its model, which win; those with `force` beat
every request, unless they are 0, empty or false, which it never applies. Lists that are `additive`
are put before those of a request. A forced knob is not probed: it is ignored. Others keep theirs to
themselves (KoboldCpp's --gendefaultsoverwrite): there, a forced knob shows as ignored.

Error rates: none by chance; it is read.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..engines import ServerInfo
from ..engines._dialect import Spoken
from ..engines._http import mapping
from ._ask import Ask
from ._findings import Fact, Finding

REMEDY = "take it out of the space, or out of the server's sampler overrides"


def facts(info: ServerInfo) -> list[Fact]:
    """Name the overrides that a server tells."""
    forced = [f"{key} = {rule['override']}" for key, rule in sorted(_acting(info).items())]
    return [Fact("forced", "the server forces " + ", ".join(forced), fine=False)] if forced else []


def finding(ask: Ask, knob: str) -> Finding | None:
    """Say that a knob is forced; None where the server does not say so."""
    word, info = ask.engine.dialect.words[knob], ask.engine.info
    rules = _acting(info) if info else {}
    for key in word.key.split(", ") if isinstance(word, Spoken) else ():
        if key in rules and rules[key].get("force") is True:
            told = f"the server says that it forces {key} = {rules[key]['override']}"
            return Finding(knob, "ignored", told, remedy=REMEDY)
    return None


def _acting(info: ServerInfo) -> Mapping[str, Mapping[str, object]]:
    """The rules that change requests, by the server's keys."""
    told = mapping(info.details.get("overrides"))
    rules = {**_rules(told.get("overrides", told)), **_rules(told.get("model_overrides"))}
    return {key: rule for key, rule in rules.items() if _acts(rule)}


def _rules(told: object) -> Mapping[str, Mapping[str, object]]:
    return {key: rule for key, rule in mapping(told).items() if isinstance(rule, Mapping)}


def _acts(rule: Mapping[str, object]) -> bool:
    value = rule.get("override")
    adds = rule.get("additive") is True and isinstance(value, list)
    return bool(value) and (rule.get("force") is True or adds)
