"""Where the YAML files lie: the user's own folder, else the copy that is shipped."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import SpecError

VARIABLE = "SAMPLER_BENCH_CONFIG"
STUDY = "hyper_search_config.yaml"


def config_folder() -> Path:
    """The folder of `hyper_search_config.yaml`, `models.yaml` and `samplers.yaml`.

    `$SAMPLER_BENCH_CONFIG`, else `backend/config` under the working folder, else our own.

    Raises:
        SpecError: the variable names no folder.
    """
    if named := os.environ.get(VARIABLE):
        if not Path(named).is_dir():
            raise SpecError(f"{VARIABLE} is {named}: expected a folder, found none there")
        return Path(named)
    own = Path("backend") / "config"
    return own if (own / STUDY).is_file() else shipped_folder()


def shipped_folder() -> Path:
    """Our own copies: as installed, else those of the repository that this package runs from.

    Raises:
        SpecError: they are gone.
    """
    package = Path(__file__).parents[1]
    for place in (package / "config", package.parents[1] / "backend" / "config"):
        if (place / STUDY).is_file():
            return place
    raise SpecError(f"no configuration folder was found; set {VARIABLE}, or install anew")
