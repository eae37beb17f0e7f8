"""The folder is the registry: a part's file name is the name that users write.

`names("engines")` lists the files of a room, `find("engines", "koboldcpp")` imports one. `-` in a
user's name is `_` in the file's. Files whose name begins with `_` are helpers, not parts. Packages
outside join by entry point: group `sampler_bench.ROOM`, name = part, value = its module.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from .errors import UsageError, did_you_mean

ROOMS = ("engines", "judges", "search", "tasks", "rules", "store", "reports", "exports")


def names(room: str) -> list[str]:
    """List the parts of a room by the names that users write, sorted."""
    return sorted({*_own(room), *_foreign(room)})


def find(room: str, name: str) -> ModuleType:
    """Import the part of a room that users call `name`.

    Raises:
        UsageError: there is no such part.
    """
    name = name.replace("_", "-")
    if name in _own(room):
        return import_module(f"{__package__}.{room}.{name.replace('-', '_')}")
    if name in _foreign(room):
        module = _foreign(room)[name].load()
        assert isinstance(module, ModuleType), f"{room} entry point {name} is not a module"
        return module
    known = names(room)
    raise UsageError(
        f"{room}: there is no {name!r}{did_you_mean(name, known)}; choose one of {', '.join(known)}"
    )


def _own(room: str) -> list[str]:
    assert room in ROOMS, f"{room} is not a room of parts"
    folder = Path(__file__).parent / room
    entries = (p for p in folder.iterdir() if not p.name.startswith("_"))
    parts = (p.stem for p in entries if p.suffix == ".py" or (p / "__init__.py").exists())
    return [part.replace("_", "-") for part in parts]


def _foreign(room: str) -> dict[str, EntryPoint]:
    return {e.name: e for e in entry_points(group=f"sampler_bench.{room}")}
