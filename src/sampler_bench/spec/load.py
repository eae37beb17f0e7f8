"""A study file becomes a checked `StudySpec`: defaults, file, section, command line, in this order.

A key that is no setting is a section (`quick_test`, `intensive_search`): it inherits from the root
of its file, and where it gives a sampler's ranges they replace the root's, never merge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import SpecError, did_you_mean
from ..plugins import find
from ..records import Prompt
from ..samplers import SamplerSpace, Space
from ..search import spends
from . import _values as values
from .embedding import read_embedding
from .files import STUDY, config_folder
from .objective import check_objective, read_objective
from .presets import load_presets
from .ranges import read_sampler, usual_space
from .study import MAX_LENGTH, STRATEGY, TASK, StudySpec
from .yaml_file import COMMAND_LINE, Node, Problems, read

SETTINGS: dict[str, Callable[[Node], Any]] = {
    "search_strategy": values.part_of("search"),
    "n_iterations": values.whole(1),
    "samples_per_config": values.whole(1),
    "sampler_types": values.texts,
    "parameter_ranges": values.ranges,
    "test_prompts": values.prompts,
    "max_length": values.whole(1),
    "task": values.part_of("tasks"),
    "model": values.text,
    "engine": values.part_of("engines", "auto"),
    "server": values.urls,
    "provider": values.texts,
    "judge": values.part_of("judges"),
    "judge_models": values.texts,
    "seed": values.whole(0),
    "baseline": values.config,
    "failure_score": values.number(0, 10),
    "margin": values.number(0, 10),
    "max_cost": values.number(0),
    "max_minutes": values.number(0),
    "max_samples": values.whole(1),
    "slots": values.whole(1),
    "timeout": values.number(1, 86_400),
    "lag": values.whole(0),
    "batch": values.whole(1),
    "raw": values.yes_or_no,
    "template": values.text,
    "confirm": values.number(0, 1),
    "objective": read_objective,
    "diversity_weight": values.number(0, 1),
    "embedding": read_embedding,
}


def load_study(
    path: Path | None,
    section: str | None,
    overrides: Mapping[str, object],
    place: str = COMMAND_LINE,
) -> StudySpec:
    """Read and check a study.

    Args:
        path: study file; None for the default one.
        section: of the file, whose keys go before the root's.
        overrides: what the command line says; goes before the file.
        place: what a message calls it.

    Raises:
        SpecError: names up to ten mistakes, each with file, line and key.
    """
    problems = Problems()
    root = read(path or config_folder() / STUDY, problems)
    settings, sections = _split(root)
    problems.stop()
    merged = settings
    if section is not None:
        merged = _inherit(settings, _section(root, section, sections))
    spec = _check({**merged, **_stated(overrides, problems, place)}, root, problems)
    problems.stop()
    assert spec is not None
    return spec


def read_overrides(overrides: Mapping[str, object]) -> dict[str, Any]:
    """Check what the command line says by itself, for a study that goes on.

    Raises:
        SpecError: names every mistake.
    """
    problems = Problems()
    found = {key: SETTINGS[key](node) for key, node in _stated(overrides, problems).items()}
    problems.stop()
    return found


def _stated(
    overrides: Mapping[str, object], problems: Problems, place: str = COMMAND_LINE
) -> dict[str, Node]:
    nodes = {key: Node(value, place, 0, key, problems) for key, value in overrides.items()}
    for key in nodes.keys() - SETTINGS.keys():
        nodes[key].unknown(key, sorted(SETTINGS), "setting")
    return nodes


def _split(root: Node) -> tuple[dict[str, Node], dict[str, dict[str, Node]]]:
    """The settings of the root, and those of each section; notes unknown keys everywhere."""
    settings: dict[str, Node] = {}
    sections: dict[str, dict[str, Node]] = {}
    for key, node in root.children():
        if key in SETTINGS:
            settings[key] = node
        elif isinstance(node.value, dict) and not _misspelt(key, node):
            sections[key] = dict(node.children())
            for inner, child in sections[key].items():
                if inner not in SETTINGS:
                    child.unknown(inner, sorted(SETTINGS), "setting")
        else:
            node.unknown(key, sorted(SETTINGS), "setting")
    return settings, sections


def _misspelt(key: str, node: Node) -> bool:
    """Whether a mapping is a setting with a wrong name, not a section: nothing in it is one."""
    near = did_you_mean(key, sorted(SETTINGS))
    return bool(near and node.value) and SETTINGS.keys().isdisjoint(map(str, node.value))


def _section(root: Node, name: str, sections: Mapping[str, dict[str, Node]]) -> Mapping[str, Node]:
    if name not in sections:
        near = did_you_mean(name, list(sections))
        known = ", ".join(sections) or "none"
        raise SpecError(f"{root.file}: there is no section {name!r}{near}; it has: {known}")
    return sections[name]


def _inherit(settings: Mapping[str, Node], section: Mapping[str, Node]) -> dict[str, Node]:
    """The root's settings under a section's; ranges are replaced sampler by sampler."""
    merged = {**settings, **section}
    if "parameter_ranges" in settings and "parameter_ranges" in section:
        own = section["parameter_ranges"]
        if isinstance(own.value, dict):
            merged["parameter_ranges"] = own
            merged["inherited_ranges"] = settings["parameter_ranges"]
    return merged


def _check(given: Mapping[str, Node], root: Node, problems: Problems) -> StudySpec | None:
    read_ = {key: SETTINGS[key](node) for key, node in given.items() if key in SETTINGS}
    found = {key: value for key, value in read_.items() if value is not None}
    found.pop("parameter_ranges", None)
    space = _space(given, found.pop("sampler_types", None), found.get("max_length"), root)
    prompts = found.pop("test_prompts", None)
    check_objective(found, given, root)
    if prompts is None and not problems.found:
        prompts = find("tasks", found.get("task", TASK)).build().prompts
    if problems.found or space is None:
        return None
    asked = tuple(Prompt(i, words) for i, words in enumerate(prompts))
    spec = StudySpec(space=space, prompts=asked, **found)
    if space.size() is None and _walks(spec.search_strategy):
        list(space.grid())  # says which range cannot be walked
    return spec


def _walks(strategy: str) -> bool:
    """Whether a strategy tries a whole space; the usual one, which takes long to load, does not."""
    return strategy != STRATEGY and spends(strategy) == "space"


def _space(
    given: Mapping[str, Node], named: tuple[str, ...] | None, length: int | None, root: Node
) -> Space | None:
    """The samplers that are named, else all that have ranges; each over its own or usual ranges."""
    ranges: dict[str, Node] = {}
    for key in ("inherited_ranges", "parameter_ranges"):
        if key in given:
            ranges |= dict(given[key].children())
    if not ranges and "sampler_types" not in given:
        root.wrong("expected sampler_types or parameter_ranges, found neither")
    wanted = (named or ()) if "sampler_types" in given else tuple(ranges)
    length = length or MAX_LENGTH
    parts = [
        read_sampler(sampler, ranges.pop(sampler), length)
        if sampler in ranges
        else _usual(sampler, given["sampler_types"], length)
        for sampler in wanted
    ]
    for sampler, node in ranges.items():  # not searched now, but a mistake in them is still one
        read_sampler(sampler, node, length)
    usable = tuple(part for part in parts if part is not None)
    return Space(usable) if usable else None


def _usual(sampler: str, node: Node, max_length: int) -> SamplerSpace | None:
    try:
        return usual_space(sampler, max_length)
    except SpecError as error:
        node.wrong(f"{error}{_other_meaning(sampler)}")
        return None


def _other_meaning(word: str) -> str:
    """In a search `--samplers` means sampler types; say so to who means a preset."""
    if ":" in word:
        return "; a search takes sampler types, and a benchmark takes configurations like this one"
    if word in load_presets():
        return f"; {word} is a preset: a benchmark takes presets, a search takes sampler types"
    return ""
