"""samplers.yaml: named configurations, for benchmarks and as a baseline."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import SpecError, did_you_mean
from ..records import SamplerConfig
from ..samplers import check_config, sampler_names
from .files import config_folder
from .yaml_file import Node, Problems, read_entries

ENDINGS = (".json", ".yaml", ".yml", ".kcpps", ".sh", "modelfile")  # of preset files


def load_presets() -> dict[str, SamplerConfig]:
    """Read all presets, in the order of the file.

    Raises:
        SpecError: names every mistake with its line.
    """
    problems = Problems()
    entries = read_entries(config_folder() / "samplers.yaml", "presets", problems)
    presets = {name: _preset(node) for name, node in entries}
    problems.stop()
    return {name: config for name, config in presets.items() if config is not None}


def _preset(node: Node) -> SamplerConfig | None:
    parts = dict(node.children())
    if set(parts) - {"description"} != {"sampler_type", "parameters"}:
        node.expected("sampler_type and parameters")
        return None
    try:
        values = {key: _value(child) for key, child in parts["parameters"].children()}
        config = SamplerConfig.of(str(parts["sampler_type"].value), values)
        check_config(config)
    except (SpecError, TypeError) as error:
        node.wrong(str(error))
        return None
    return config


def _value(node: Node) -> Any:  # noqa: ANN401 - it is checked as soon as the configuration is whole
    return tuple(node.value) if isinstance(node.value, list) else node.value


def resolve_config(text: str, folder: Path | None = None) -> SamplerConfig:
    """A configuration by its text form, by the name of a preset, or from a preset file of any tool.

    Args:
        text: what the user wrote.
        folder: what a file's path is relative to; None for the working folder.

    Raises:
        SpecError: it is none of them; says what was tried.
    """
    word = text.strip()
    path = (folder or Path()) / os.path.expanduser(word)
    there = os.path.isfile(path)  # unlike Path's it also answers for names that no file can have
    if is_path(word) or (":" in word and there):
        return _of_file(path)
    if ":" in word:
        config = SamplerConfig.parse(word)
        check_config(config)
        return config
    presets = load_presets()
    if word in presets:
        return presets[word]
    if there:
        return _of_file(path)
    near = did_you_mean(word, list(presets))
    if word.split("+")[0] in sampler_names():
        near = (
            f"; {word} is a sampler type, which is what a search takes; here a configuration is "
            f"expected, like {word}:temperature=1"
        )
    raise SpecError(
        f"preset {word!r} is not in samplers.yaml{near}; there are: {', '.join(presets)}"
    )


def is_path(word: str) -> bool:
    """Whether a word can only be a file: it names a folder, or ends as presets do."""
    return "/" in word or "\\" in word or word.lower().endswith(ENDINGS)


def _of_file(path: Path) -> SamplerConfig:
    from ..exports import read_preset

    if not os.path.isfile(path):
        raise SpecError(
            f"preset file {path}: there is no such file; expected a file, a configuration like "
            "min_p:temperature=1.2,min_p=0.02, or the name of a preset"
        )
    config = read_preset(path)[1]
    try:
        check_config(config)
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from error
    return config
