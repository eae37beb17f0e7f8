"""models.yaml: the models that users name, where their files lie and how they are served."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..engines._download import Source
from ..errors import SpecError, did_you_mean
from ..records import SamplerConfig
from . import _values as values
from .files import config_folder
from .yaml_file import Node, Problems, read_entries

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(:[\w.-]+(/[\w.-]+)*)?")
FREE_PORT = 5001  # where a model is served that models.yaml gives no port
BUNDLED = "demo"  # as a gguf: the model that comes with the package


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model of models.yaml.

    Attributes:
        engine: what `serve` starts for it: `koboldcpp`, `llamacpp` or `embedded`.
        gguf: its file on this machine, if there is one.
        hub, file, sha256: where the file can be had, and how it is recognised.
        kind: the quantization to choose where `file` names none, such as `Q5_K_M`.
        size: of the file, as its page says.
        port: where its server listens; 0 for a model that is served on demand.
        server: base URLs of running servers, where it is served elsewhere.
        context: tokens of prompt and answer together, for each slot.
        baseline: its maker's recommended settings.
        source: the page on which id, size and licence were read.
        baseline_source: the page on which the maker's settings were read.
    """

    name: str
    engine: str = "koboldcpp"
    gguf: Path | None = None
    hub: str = ""
    file: str = ""
    kind: str = ""
    sha256: str = ""
    size: str = ""
    port: int = 0
    server: tuple[str, ...] = ()
    context: int = 0
    slots: int = 0
    gpu_layers: int = -1
    template: str = ""
    baseline: SamplerConfig | None = None
    licence: str = ""
    source: str = ""
    baseline_source: str = ""
    description: str = ""

    @property
    def download(self) -> Source | None:
        """Where its file can be had; None where models.yaml does not say."""
        return Source(self.hub, self.file, self.sha256, kind=self.kind) if self.hub else None

    @property
    def servers(self) -> tuple[str, ...]:
        """Where it is served; empty for a model that is served on demand."""
        if self.server or not self.port:
            return self.server
        return (f"http://127.0.0.1:{self.port}",)


def load_model(name: str) -> ModelEntry:
    """Read one model.

    Raises:
        SpecError: there is no such model, or its entry is wrong.
    """
    problems = Problems()
    models = dict(_models(problems))
    if name not in models:
        near = did_you_mean(name, list(models))
        known = ", ".join(models)
        raise SpecError(f"model {name!r} is not in models.yaml{near}; there are: {known}")
    node = models[name]
    found: dict[str, Any] = {}
    for key, child in node.children():
        if key in FIELDS:
            found[key] = FIELDS[key](child)
        else:
            child.unknown(key, sorted(FIELDS), "key")
    problems.stop()
    if "gguf" in found:
        found["gguf"] = locate(found["gguf"], Path(node.file).parent)
    return ModelEntry(name, **{key: value for key, value in found.items() if value is not None})


def model_or_file(word: str) -> ModelEntry:
    """A model of models.yaml, a GGUF file by its path, or one of a hub.

    A hub's is written `owner/name`, with `:Q5_K_M` or `:FILE.gguf` behind it to choose among
    several files (without, Q4_K_M). FILE may lie in a folder, and may be a part of a split model.

    Raises:
        SpecError: there is no such model or file.
    """
    path = Path(os.path.expanduser(word))
    if os.path.isfile(path):
        return ModelEntry(path.stem, gguf=path, port=FREE_PORT)
    if HUB_ID.fullmatch(word) and (":" in word or not word.endswith(".gguf")):
        return _of_hub(word)
    if word.endswith(".gguf") or os.sep in word:
        raise SpecError(
            f"model {word!r}: there is no such file; give a path, a name of models.yaml, or a "
            "model of a hub as owner/name"
        )
    return load_model(word)


def _of_hub(word: str) -> ModelEntry:
    hub, _, chosen = word.partition(":")
    name = hub.partition("/")[2].removesuffix("-GGUF").removesuffix("-gguf")
    is_file = chosen.endswith(".gguf")
    return ModelEntry(
        name,
        hub=hub,
        file=chosen if is_file else "",
        kind="" if is_file else chosen,
        port=FREE_PORT,
    )


def locate(word: str, folder: Path) -> Path:
    """A model's file: `demo` for the bundled one, else a path, relative to models.yaml."""
    if word == BUNDLED:
        from ..demo_model import path

        return path()
    return folder / Path(os.path.expandvars(word)).expanduser()


def _models(problems: Problems) -> list[tuple[str, Node]]:
    found = read_entries(config_folder() / "models.yaml", "models", problems)
    problems.stop()
    return found


FIELDS: dict[str, Callable[[Node], Any]] = {
    "engine": values.part_of("engines"),
    "gguf": values.text,
    "hub": values.text,
    "file": values.text,
    "sha256": values.text,
    "size": values.text,
    "port": values.whole(0),
    "server": values.urls,
    "context": values.whole(1),
    "slots": values.whole(1),
    "gpu_layers": values.whole(-1, "a whole number, or -1 for all"),
    "template": values.text,
    "baseline": values.config,
    "licence": values.text,
    "source": values.text,
    "baseline_source": values.text,
    "description": values.text,
}
