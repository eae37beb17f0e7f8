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
from types import ModuleType

from ..errors import SpecError
from ..plugins import find, names
from ..records import SamplerConfig


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
        SpecError: it is of no known format; says what each made of it where one was named.
    """
    if name is not None:
        return name, _read(find("exports", name), text)
    for known in names("exports"):
        try:
            return known, _read(find("exports", known), text)
        except SpecError:
            continue
    raise SpecError(
        "this is no preset that sampler-bench knows; name its format to be told what is missing: "
        + ", ".join(names("exports"))
    )


def _read(format_: ModuleType, text: str) -> SamplerConfig:
    found: SamplerConfig = format_.read(text)
    return found
