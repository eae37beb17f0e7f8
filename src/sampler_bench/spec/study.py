"""A study file becomes a checked `StudySpec`: defaults, file, section, command line, in this order.

A key that is no setting is a section (`quick_test`, `intensive_search`): it inherits from the root
of its file, and where it gives a sampler's ranges they replace the root's, never merge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import SpecError, UsageError, did_you_mean
from ..plugins import find, names
from ..records import Json, JsonObject, Prompt, SamplerConfig
from ..samplers import SamplerSpace, Space
from .objective import check_objective, read_objective
from .ranges import read_sampler, space_from_json, space_to_json, usual_space
from .yaml_file import Node, Problems, read, shown

COMMAND_LINE = "command line"
MAX_LENGTH = 512
TASK = "creative-writing"


@dataclass(frozen=True, slots=True)
class StudySpec:
    """Everything a study is asked to do, checked. None means that nothing was said.

    Attributes:
        space: what may vary; every sampler states `max_tokens`.
        prompts: what the model is asked.
        seed: of every random choice; drawn when the study begins, if not given.
        server: base URLs of running servers.
        baseline: what the winner is compared with; None: the model maker's, or temperature alone.
        failure_score: what a failed text is worth, 0 to 10.
        margin: differences up to this many points count as none.
        slots: texts written at once; None: as many as the server says.
        lag, batch: how far the strategy's view lags behind, and how many cells it asks for at once.
        raw: True sends prompts without a chat template.
        given: the configurations of a benchmark; empty for a search.
        objective: `quality`, `quality+diversity` or `front`.
        diversity_weight: share of diversity in the objective, 0 to 1; None for `quality`.
    """

    space: Space
    prompts: tuple[Prompt, ...]
    search_strategy: str = "bayesian"
    n_iterations: int = 50
    samples_per_config: int = 3
    max_length: int = MAX_LENGTH
    task: str = TASK
    model: str | None = None
    engine: str = "auto"
    server: tuple[str, ...] = ()
    judge: str = "openai"
    judge_models: tuple[str, ...] = ("gpt-4o-mini",)
    seed: int | None = None
    baseline: SamplerConfig | None = None
    failure_score: float = 1.0
    margin: float = 0.1
    max_cost: float | None = None
    max_minutes: float | None = None
    max_samples: int | None = None
    slots: int | None = None
    lag: int = 16
    batch: int = 4
    raw: bool = False
    template: str = ""
    confirm: float | None = None
    given: tuple[SamplerConfig, ...] = ()
    objective: str = "quality"
    diversity_weight: float | None = None

    def to_json(self) -> JsonObject:
        """The study as JSON; `from_json` gives the same study back."""
        from dataclasses import fields

        plain = {f.name: _plain(getattr(self, f.name)) for f in fields(self)}
        plain["space"] = space_to_json(self.space)
        plain["prompts"] = [prompt.text for prompt in self.prompts]
        return plain

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> StudySpec:
        """Read a kept study back.

        Raises:
            SpecError: it is of another version, or damaged.
        """
        try:
            values = {**kept, "space": space_from_json(kept["space"])}
            values["prompts"] = tuple(Prompt(i, t) for i, t in enumerate(kept["prompts"]))
            for name in ("server", "judge_models"):
                values[name] = tuple(kept[name])
            values["given"] = tuple(map(SamplerConfig.parse, kept["given"]))
            if kept["baseline"] is not None:
                values["baseline"] = SamplerConfig.parse(kept["baseline"])
            return cls(**values)
        except (KeyError, TypeError) as error:
            raise SpecError(
                f"a kept study cannot be read: {error}; it may be of another version"
            ) from error


def _plain(value: object) -> Json:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.text if isinstance(value, SamplerConfig) else value  # type: ignore[return-value]


def load_study(
    path: Path | None, section: str | None, overrides: Mapping[str, object]
) -> StudySpec:
    """Read and check a study.

    Args:
        path: study file; None for the default one.
        section: of the file, whose keys go before the root's.
        overrides: what the command line says; goes before the file.

    Raises:
        SpecError: names up to ten mistakes, each with file, line and key.
    """
    from .files import config_folder

    problems = Problems()
    root = read(path or config_folder() / "hyper_search_config.yaml", problems)
    settings, sections = _split(root)
    problems.stop()
    merged = {**settings}
    if section is not None:
        merged = _inherit(settings, _section(root, section, sections))
    given = {
        name: Node(value, COMMAND_LINE, 0, name, problems) for name, value in overrides.items()
    }
    merged |= given
    spec = _check(merged, root, problems)
    problems.stop()
    assert spec is not None
    return spec


def read_overrides(overrides: Mapping[str, object]) -> dict[str, Any]:
    """Check what the command line says by itself, for a study that goes on.

    Raises:
        SpecError: names every mistake.
    """
    problems = Problems()
    nodes = {key: Node(value, COMMAND_LINE, 0, key, problems) for key, value in overrides.items()}
    values = {key: SETTINGS[key](node) for key, node in nodes.items()}
    problems.stop()
    return values


def _split(root: Node) -> tuple[dict[str, Node], dict[str, dict[str, Node]]]:
    """The settings of the root, and those of each section; notes unknown keys everywhere."""
    settings: dict[str, Node] = {}
    sections: dict[str, dict[str, Node]] = {}
    for key, node in root.children():
        if key in SETTINGS:
            settings[key] = node
        elif isinstance(node.value, dict):
            sections[key] = dict(node.children())
            for inner, child in sections[key].items():
                if inner not in SETTINGS:
                    child.unknown(inner, sorted(SETTINGS), "setting")
        else:
            node.unknown(key, sorted(SETTINGS), "setting")
    return settings, sections


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
    values = {key: SETTINGS[key](node) for key, node in given.items() if key in SETTINGS}
    values = {key: value for key, value in values.items() if value is not None}
    max_length = values.get("max_length", MAX_LENGTH)
    space = _space(given, max_length, root)
    prompts = values.pop("test_prompts", None)
    for key in ("sampler_types", "parameter_ranges"):
        values.pop(key, None)
    check_objective(values, given, root)
    if prompts is None and not problems.found:
        prompts = find("tasks", values.get("task", TASK)).build().prompts
    if problems.found or space is None:
        return None
    spec = StudySpec(
        space=space, prompts=tuple(Prompt(i, t) for i, t in enumerate(prompts)), **values
    )
    if spec.search_strategy == "grid" and space.size() is None:
        list(space.grid())  # says which range cannot be walked
    return spec


def _space(given: Mapping[str, Node], max_length: int, root: Node) -> Space | None:
    ranges: dict[str, Node] = {}
    for key in ("inherited_ranges", "parameter_ranges"):
        if key in given:
            ranges |= dict(given[key].children())
    if "sampler_types" in given:
        wanted = _words(given["sampler_types"]) or ()
    else:
        wanted = tuple(ranges)
        if not wanted:
            root.wrong("expected sampler_types or parameter_ranges, found neither")
    parts = []
    for sampler in wanted:
        part = (
            read_sampler(sampler, ranges.pop(sampler), max_length)
            if sampler in ranges
            else _usual(sampler, given["sampler_types"], max_length)
        )
        parts.append(part)
    for sampler, node in ranges.items():  # not searched now, but a mistake in them is still one
        read_sampler(sampler, node, max_length)
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
    from .presets import load_presets

    if word in load_presets():
        return f"; {word} is a preset: a benchmark takes presets, a search takes sampler types"
    return ""


def _whole(low: int) -> Callable[[Node], int | None]:
    def read_whole(node: Node) -> int | None:
        if isinstance(node.value, bool) or not isinstance(node.value, int) or node.value < low:
            node.expected(f"a whole number of at least {low}")
            return None
        return int(node.value)

    return read_whole


def _number(low: float, high: float = float("inf")) -> Callable[[Node], float | None]:
    text = (
        f"a number of at least {low:g}"
        if high == float("inf")
        else f"a number from {low:g} to {high:g}"
    )

    def read_number(node: Node) -> float | None:
        right = isinstance(node.value, int | float) and not isinstance(node.value, bool)
        if not right or not low <= node.value <= high:
            node.expected(text)
            return None
        return float(node.value)

    return read_number


def _part(room: str, *extra: str) -> Callable[[Node], str | None]:
    def read_part(node: Node) -> str | None:
        known = [*names(room), *extra]
        if not isinstance(node.value, str):
            node.expected(f"one of {', '.join(known)}")
            return None
        word = node.value.replace("_", "-")
        if word not in known:
            near = did_you_mean(word, known)
            node.wrong(f"expected one of {', '.join(known)}, found {node.value!r}{near}")
            return None
        return word

    return read_part


def _text(node: Node) -> str | None:
    if not isinstance(node.value, str) or not node.value.strip():
        node.expected("a text")
        return None
    return str(node.value)


def _yes(node: Node) -> bool | None:
    if not isinstance(node.value, bool):
        node.expected("true or false")
        return None
    return bool(node.value)


def _words(node: Node) -> tuple[str, ...] | None:
    """A list of texts, or one text; no doubles, none empty."""
    texts: list[str] = []
    items = node.items()
    if not items:
        node.expected("at least one text")
    for item in items:
        text = _text(item)
        if text in texts:
            item.wrong(f"{shown(text)} is listed twice")
        elif text is not None:
            texts.append(text)
    return tuple(texts) or None


def _urls(node: Node) -> tuple[str, ...] | None:
    from urllib.parse import urlsplit

    urls = _words(node)
    for item in node.items():
        parts = urlsplit(str(item.value))
        if parts.scheme not in ("http", "https") or not parts.hostname:
            item.expected("a URL like http://127.0.0.1:5001")
    return urls


def _baseline(node: Node) -> SamplerConfig | None:
    from .presets import resolve_config

    text = _text(node)
    if text is None:
        return None
    folder = None if node.file == COMMAND_LINE else Path(node.file).parent
    try:
        return resolve_config(text, folder)
    except UsageError as error:
        node.wrong(str(error))
        return None


def _mapping(node: Node) -> None:
    if not isinstance(node.value, dict):
        node.expected("a mapping (sampler: parameters)")
    elif not node.value:
        node.expected("at least one sampler")


SETTINGS: dict[str, Callable[[Node], Any]] = {
    "search_strategy": _part("search"),
    "n_iterations": _whole(1),
    "samples_per_config": _whole(1),
    "sampler_types": _words,
    "parameter_ranges": _mapping,
    "test_prompts": _words,
    "max_length": _whole(1),
    "task": _part("tasks"),
    "model": _text,
    "engine": _part("engines", "auto"),
    "server": _urls,
    "judge": _part("judges"),
    "judge_models": _words,
    "seed": _whole(0),
    "baseline": _baseline,
    "failure_score": _number(0, 10),
    "margin": _number(0, 10),
    "max_cost": _number(0),
    "max_minutes": _number(0),
    "max_samples": _whole(1),
    "slots": _whole(1),
    "lag": _whole(0),
    "batch": _whole(1),
    "raw": _yes,
    "template": _text,
    "confirm": _number(0, 1),
    "objective": read_objective,
    "diversity_weight": _number(0, 1),
}
