"""Where temperature acts on a study's servers: one decision, for search, record, page and presets.

In which order truncations act goes by the engine alone (`chain_of`).

An engine's file states it (`engines._dialect.Dialect.order`): where a request can say it, it is
what our requests say, elsewhere what is known of the server. A live check may have seen otherwise
(`checks.order`), and what was seen counts. The answer lies in `ServerInfo.details`, from where
`build_problem` and the study's note on its server take it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..engines import ServerInfo
from ..engines._dialect import Dialect
from ..errors import EngineError
from ..plugins import find, names
from ..records import JsonObject
from ..samplers.order import LLAMACPP, PLACES, UNKNOWN, Chain

ORDER, BY = "temperature_order", "temperature_order_by"
ASSUMED = "last"  # where nobody can tell: most local servers are llama.cpp inside


def decided(info: ServerInfo, seen: Mapping[str, str]) -> ServerInfo:
    """Decide where temperature acts for configurations that do not say so.

    Args:
        info: as the engine states it, in `details`; empty for an engine that is no server.
        seen: `first`, `last` or `unknown` for each server's address, as a live check saw it.

    Returns:
        The info with `temperature_order` (`first`, `last` or `unknown`) and, in words, how that is
        known (`temperature_order_by`).

    Raises:
        EngineError: two servers were seen to do it differently.
    """
    stated = str(info.details.get(ORDER, ""))
    told = {url: order for url, order in seen.items() if order in PLACES}
    if len(set(told.values())) > 1:
        where = " and ".join(f"{order} at {url}" for url, order in told.items())
        raise EngineError(
            f"temperature acts {where}: the same settings are different samplers there, and their "
            "texts would not compare; leave one out"
        )
    order = next(iter(told.values()), stated)
    return replace(info, details={**info.details, ORDER: order, BY: _how(order, stated, told)})


def acts_last(info: ServerInfo) -> bool:
    """What is computed with: temperature last unless it is known to come first."""
    order = info.details.get(ORDER)
    return (order if order in PLACES else ASSUMED) == "last"


def chain_of(engine: str) -> Chain:
    """In which order the samplers of an engine's servers act; llama.cpp's where none is named."""
    if not engine:
        return LLAMACPP
    dialect = _dialect(engine)
    return dialect.chain if dialect is not None else UNKNOWN


def order_of(engine: str) -> str:
    """Where temperature acts as an engine states it: `first`, `last` or `unknown`.

    Where none is named, as on llama.cpp; an engine from outside need not state it.
    """
    if not engine:
        return ASSUMED
    dialect = _dialect(engine)
    return dialect.order if dialect is not None else "unknown"


def _dialect(engine: str) -> Dialect | None:
    """An engine's dialect; None where there is no such engine, or it has none in our words."""
    if engine.replace("_", "-") not in names("engines"):
        return None
    dialect = getattr(find("engines", engine), "DIALECT", None)
    return dialect if isinstance(dialect, Dialect) else None


def seen_in(knobs: JsonObject | None) -> dict[str, str]:
    """What a study's note on its live check says, by address."""
    servers = (knobs or {}).get("servers")
    found = [s for s in servers if isinstance(s, dict)] if isinstance(servers, list) else []
    return {str(s.get("url", "")): str(s.get("order", "")) for s in found}


def _how(order: str, stated: str, told: Mapping[str, str]) -> str:
    if order not in PLACES:
        return f"not known; {ASSUMED} is assumed"
    if not told:
        return "as the engine states it; not seen"
    if stated in PLACES and stated != order:
        return f"seen by the live check, although {stated} was asked for or expected"
    return "seen by the live check"
