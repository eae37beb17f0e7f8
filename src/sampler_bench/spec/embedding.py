"""`embedding` of a study file: who says whether two answers mean the same."""

from __future__ import annotations

from . import _values as values
from .study import EmbeddingSpec
from .yaml_file import Node

KEYS = {"url": values.url, "model": values.text, "threshold": values.number(-1, 1)}


def read_embedding(node: Node) -> EmbeddingSpec | None:
    """Read the section; a mistake is noted at its place."""
    found: dict[str, object] = {}
    for key, child in node.children():
        if key in KEYS:
            found[key] = KEYS[key](child)
        else:
            child.unknown(key, list(KEYS), "key of embedding")
    absent = [key for key in ("url", "model") if key not in found]
    if absent and isinstance(node.value, dict):
        node.wrong(f"expected {' and '.join(absent)}, found neither a default nor a value")
    if absent or None in found.values():
        return None
    return EmbeddingSpec(**found)  # type: ignore[arg-type]
