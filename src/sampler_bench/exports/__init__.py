"""USED ELSEWHERE: preset files that other tools load, and back.

A format is one file; its name is what users write after `--to` (`-` is `_` in the file's name). It
offers

    ABOUT: str     one line: which tool, and where the file goes
    SUFFIX: str    how such files are called, like `.json`
    losses(config, source) -> list[Loss]    what it cannot express or what will act differently
    write(config, source) -> str            the file, complete: neutral values are written out too
    read(text) -> SamplerConfig             the configuration in a file; SpecError where none is

Files are complete because most tools keep the previous value of a key that a preset leaves out.
Where a format has room they carry where they come from, with the configuration's text form: reading
an unchanged file gives that very configuration back. A changed one, or one that somebody else
wrote, is read by its values: what is neutral, or acts only together with something neutral, is left
out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from ..errors import SpecError
from ..plugins import find, names
from ..records import SamplerConfig
from ..reports._document import read_document

NOT_MINE = "preset:"  # how a reader's message begins where a file is not of its format
LARGEST = 50_000_000  # bytes of a file that may be a preset, or a results file


@dataclass(frozen=True, slots=True)
class Source:
    """Where a configuration comes from; what is not known is empty.

    Attributes:
        study, date, version: of the study and the program.
        score: in words, with its interval.
        model: whose configuration it is.
        engine: the engine that it was tuned with: there nothing acts differently.
        order: where temperature acted unless the configuration says so: `first`, `last`, or empty.
    """

    study: str = ""
    date: str = ""
    version: str = ""
    score: str = ""
    model: str = ""
    engine: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True)
class Loss:
    """What a format loses of a configuration, in one sentence.

    `serious` ones change what the model writes, and `strict` refuses them; the others only ask for
    a hand's turn in the tool.
    """

    sentence: str
    serious: bool = True


def export(
    name: str, config: SamplerConfig, source: Source, strict: bool = False
) -> tuple[str, list[Loss]]:
    """Write a configuration in a format, and say what is lost.

    Raises:
        UsageError: there is no such format.
        SpecError: `strict`, and something that matters would be lost.
    """
    format_ = find("exports", name)
    losses: list[Loss] = format_.losses(config, source)
    serious = [loss.sentence for loss in losses if loss.serious]
    if strict and serious:
        raise SpecError(
            f"{config.text} cannot be exported to {name} without loss: {' '.join(serious)} "
            "Choose another format, or leave --strict out"
        )
    return format_.write(config, source), losses


def import_config(text: str, name: str | None = None) -> tuple[str, SamplerConfig]:
    """Read a preset file of a named format, or of whichever format it is.

    Returns:
        The format's name and the configuration.

    Raises:
        SpecError: it is of no known format, or of one, but holds a value that cannot be used.
    """
    if name is not None:
        return name, _read(find("exports", name), text)
    for known in names("exports"):
        try:
            return known, _read(find("exports", known), text)
        except SpecError as error:
            if not str(error).startswith(NOT_MINE):  # no laxer format may misread it
                raise SpecError(
                    f"this {known} preset holds a value that cannot be used: {error}"
                ) from error
    raise SpecError(
        "this is no preset that sampler-bench knows; it was tried as "
        f"{', '.join(names('exports'))}; name its format to be told what is missing"
    )


def read_preset(path: Path, name: str | None = None) -> tuple[str, SamplerConfig]:
    """Read a preset file of a named format, or of whichever it is; or a results file's best.

    Returns:
        The format's name (`results` for a results file) and the configuration.

    Raises:
        SpecError: it cannot be read, or is of no known format.
    """
    text = _text(path)
    if name is None and '"search_metadata"' in text:
        from ._chosen import choose

        return "results", choose(read_document(path))[0]
    try:
        return import_config(text, name)
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from error


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise SpecError(f"{path}: expected a preset, found a file of over {LARGEST} bytes")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: expected a preset as text, found other bytes") from error
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror or error}") from error


def _read(format_: ModuleType, text: str) -> SamplerConfig:
    found: SamplerConfig = format_.read(text)
    return found
