"""From templates, style and scripts to one page that needs no network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from ._figures import environment
from ._texts import zipped

HERE = Path(__file__).parent / "_page"


def rendered(
    scripts: Sequence[str],
    sections: Mapping[str, str],
    *,
    hashes: Sequence[str] = (),
    blocks: Mapping[str, str] | None = None,
    **said: object,
) -> str:
    """Write a page.

    Args:
        scripts: files of the folder, in the order in which they run.
        sections: titles by the names of their templates.
        hashes: of scripts that may run besides.
        blocks: what travels in the page, packed, by name.
        said: what the templates ask for: `rooms` (the folder of the sections), `hero` (the
            template of the first screen), `about` and `say.title` (the window's title), `version`.
    """
    script = "".join(map(_file, scripts))
    return (
        environment(HERE)
        .get_template("page.html")
        .render(
            sections=sections,
            style=_file("style.css"),
            script=script,
            hashes=[hashed(script.encode()), *hashes],
            blocks=blocks or {},
            **said,
        )
    )


def _file(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def packed(value: bytes) -> str:
    """Bytes as they travel in a page."""
    return base64.b64encode(zipped(value)).decode()


def hashed(script: bytes) -> str:
    """The hash by which a script may run."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script).digest()).decode()
