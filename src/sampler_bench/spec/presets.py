"""samplers.yaml: named configurations, for benchmarks and as a baseline."""

from __future__ import annotations

from ..errors import SpecError, did_you_mean
from ..records import SamplerConfig
from ..samplers import check_config, sampler_names
from .files import config_folder
from .yaml_file import Node, Problems, read


def load_presets() -> dict[str, SamplerConfig]:
    """Read all presets, in the order of the file.

    Raises:
        SpecError: names every mistake with its line.
    """
    problems = Problems()
    root = read(config_folder() / "samplers.yaml", problems)
    entries = dict(root.children())
    if set(entries) != {"presets"}:
        raise SpecError(f"{root.file}: expected one key at the top, presets, found {list(entries)}")
    presets = {name: _preset(node) for name, node in entries["presets"].children()}
    problems.stop()
    return {name: config for name, config in presets.items() if config is not None}


def _preset(node: Node) -> SamplerConfig | None:
    parts = dict(node.children())
    if set(parts) - {"description"} != {"sampler_type", "parameters"}:
        node.expected("sampler_type and parameters")
        return None
    try:
        values = {key: child.value for key, child in parts["parameters"].children()}
        config = SamplerConfig.of(str(parts["sampler_type"].value), values)
        check_config(config)
    except (SpecError, TypeError) as error:
        node.wrong(str(error))
        return None
    return config


def resolve_config(text: str) -> SamplerConfig:
    """A configuration by its text form or by the name of a preset.

    Raises:
        SpecError: it is neither; says so where the word is a sampler type.
    """
    word = text.strip()
    if ":" in word:
        config = SamplerConfig.parse(word)
        check_config(config)
        return config
    presets = load_presets()
    if word in presets:
        return presets[word]
    near = did_you_mean(word, list(presets))
    if word.split("+")[0] in sampler_names():
        near = (
            f"; {word} is a sampler type, which is what a search takes; here a configuration is "
            f"expected, like {word}:temperature=1"
        )
    raise SpecError(
        f"preset {word!r} is not in samplers.yaml{near}; there are: {', '.join(presets)}"
    )
