"""What a server forces, whatever a request says.

TabbyAPI tells its sampler overrides and those of its model, which win; those with `force` beat
every request, unless they are 0, empty or false, which it never applies. Lists that are `additive`
are put before those of a request. Others keep theirs to themselves (KoboldCpp's
--gendefaultsoverwrite): there, a forced knob shows as ignored.

Error rates: none by chance; it is read.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..engines import ServerInfo
from ._findings import Fact


def facts(info: ServerInfo) -> list[Fact]:
    """Name the overrides that a server tells."""
    told = info.details.get("overrides")
    told = told if isinstance(told, Mapping) else {}
    rules = {**_rules(told.get("overrides", told)), **_rules(told.get("model_overrides"))}
    forced = [f"{key} = {rule['override']}" for key, rule in sorted(rules.items()) if _acts(rule)]
    return [Fact("forced", "the server forces " + ", ".join(forced), fine=False)] if forced else []


def _rules(told: object) -> Mapping[str, Mapping[str, object]]:
    found = told if isinstance(told, Mapping) else {}
    return {key: rule for key, rule in found.items() if isinstance(rule, Mapping)}


def _acts(rule: Mapping[str, object]) -> bool:
    value = rule.get("override")
    adds = rule.get("additive") is True and isinstance(value, list)
    return bool(value) and (rule.get("force") is True or adds)
