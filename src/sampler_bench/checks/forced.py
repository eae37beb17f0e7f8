"""What a server forces, whatever a request says.

TabbyAPI tells its sampler overrides; those with `force` beat every request. Others keep theirs to
themselves (KoboldCpp's --gendefaultsoverwrite): there, a forced knob shows as ignored.

Error rates: none by chance; it is read.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..engines import ServerInfo
from ._findings import Fact


def facts(info: ServerInfo) -> list[Fact]:
    """Name the overrides that a server tells."""
    told = info.details.get("overrides")
    overrides = told.get("overrides", told) if isinstance(told, Mapping) else {}
    if not isinstance(overrides, Mapping):
        return []
    forced = [
        f"{key} = {rule.get('override')}"
        for key, rule in sorted(overrides.items())
        if isinstance(rule, Mapping) and rule.get("force") is True
    ]
    return [Fact("forced", "the server forces " + ", ".join(forced), fine=False)] if forced else []
