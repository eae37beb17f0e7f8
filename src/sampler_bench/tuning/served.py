"""Who serves a study: what is kept of them, said of them, and what must stay as it was."""

from __future__ import annotations

from dataclasses import dataclass

from ..engines import ServerInfo
from ..engines._identity import CONTEXT, PATH, VERSION, difference, identity
from ..errors import EngineError
from ..records import Completion, JsonObject
from ..samplers.order import PLACES
from ..store import Store
from .order import BY, ORDER

SERVER, IDENTITY = "server", "identity"  # the notes' names
ANSWERS = "the name in its answers"
MAY_CHANGE = (VERSION, CONTEXT, PATH)  # knobs and room are looked at anew; folders are moved


def server_note(info: ServerInfo) -> JsonObject:
    """What is kept of a server with a study."""
    return {
        "engine": info.engine,
        "url": info.url,
        "version": info.version,
        "model": info.model,
        "context": info.context,
        "slots": info.slots,
        "template": info.template,
        ORDER: str(info.details.get(ORDER, "")),
        BY: str(info.details.get(BY, "")),
        "fingerprint": str(info.details.get("fingerprint", "")),
    }


def away(info: ServerInfo) -> list[str]:
    """What is wrong with each server that does not answer yet."""
    found = info.details.get("away")
    return [str(problem) for problem in found] if isinstance(found, list) else []


def describe(info: ServerInfo) -> str:
    """One line about a server, for people."""
    parts = [f"{info.engine} {info.version}".strip(), f"at {info.url}"]
    if info.model:
        parts.append(f"serves {info.model}")
    if info.context:
        parts.append(f"context {info.context}")
    if info.slots:
        parts.append(f"{info.slots} slots")
    return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Began:
    """The engine and the model, by its server's name, that a study began with; empty: none yet."""

    engine: str = ""
    model: str = ""


NOBODY = Began()


def began_with(store: Store, study: str) -> Began:
    """Who wrote a study's first texts."""
    row = store.study(study)
    kept = (store.note(row.id, SERVER) if row is not None else None) or {}
    return Began(str(kept.get("engine") or ""), str(kept.get("model") or ""))


def hold(store: Store, study: str, info: ServerInfo) -> None:
    """See that a study goes on with the server that it began with, before anything is spent.

    Raises:
        EngineError: another model, or other settings; their texts would not compare.
    """
    if (row := store.study(study)) is None:
        return
    kept = store.note(row.id, SERVER) or {}
    known = store.note(row.id, IDENTITY) or {"the model": kept.get("model") or info.model}
    if how := difference(identity(info), known, MAY_CHANGE):
        raise _another(info.url, how)
    before, now = (told.get(ORDER) for told in (kept, info.details))
    both_decided = kept.get(BY) and BY in info.details  # not as an engine alone states it
    if both_decided and before in PLACES and now in PLACES and before != now:
        raise _another(info.url, f"temperature acts {now}, not {before}")


def note_server(store: Store, study: int, info: ServerInfo) -> None:
    """Keep with a study who serves it; what was kept of its answers stays."""
    known = store.note(study, IDENTITY) or {}
    answers = {ANSWERS: known[ANSWERS]} if ANSWERS in known else {}
    store.set_note(study, SERVER, server_note(info))
    store.set_note(study, IDENTITY, {**identity(info), **answers})


def hold_to_name(store: Store, study: int, written: Completion) -> None:
    """See that a study's first text of a run carries the name that its first text ever did.

    Raises:
        EngineError: another name: a service may give another model under the name that was asked.
    """
    known = store.note(study, IDENTITY) or {}
    if how := difference({ANSWERS: written.model}, known):
        raise _another(written.server, how)
    store.set_note(study, IDENTITY, {**known, ANSWERS: written.model})


def _another(url: str, how: str) -> EngineError:
    return EngineError(
        f"{url} is not what the kept texts of this study are by: {how}; new ones would not compare "
        "with them. Serve the same as before, or start a new study"
    )
