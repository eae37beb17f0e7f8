"""YAML presets: read with ruamel, written by hand so that every reader takes them alike."""

from __future__ import annotations

import json
from typing import Any

from ..errors import SpecError
from ..records import Json


def read_mapping(text: str) -> dict[str, Any]:
    """Read a YAML file that is a mapping.

    Raises:
        SpecError: it is no YAML, or no mapping.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        data = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        first = str(error).splitlines()[0]
        raise SpecError(f"preset: expected YAML: {first}") from error
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise SpecError("preset: expected YAML with settings by name")
    return data


def scalar(value: Json | tuple[str, ...]) -> str:
    """A value as YAML 1.1 and 1.2 readers take it: JSON, with a point in every exponent."""
    text = json.dumps(list(value) if isinstance(value, tuple) else value)
    if isinstance(value, float) and "e" in text and "." not in text:
        return text.replace("e", ".0e")  # without the point YAML 1.1 reads a text
    return text
