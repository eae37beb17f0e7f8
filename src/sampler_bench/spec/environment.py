"""Keys: from the environment or `.env`, never from anywhere else, and never shown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ..engines import SERVER_KEY
from ..errors import SpecError

__all__ = ["JUDGE_KEY", "JUDGE_URL", "SERVER_KEY", "environment"]

JUDGE_KEY = "OPENAI_API_KEY"
JUDGE_URL = "OPENAI_BASE_URL"
OURS = ("SAMPLER_BENCH_", "OPENAI_")  # how the names of what we read begin


def environment() -> Mapping[str, str]:
    """The environment, with `.env` of the working folder filled in where it says more.

    Raises:
        SpecError: `.env` is no text.
    """
    from dotenv import dotenv_values

    file = Path(".env")
    try:
        said = dotenv_values(file, encoding="utf-8-sig") if file.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(
            f".env: expected a text file in UTF-8, found {error}; copy .env.example anew"
        ) from error
    whole = {**{key: value for key, value in said.items() if value}, **os.environ}
    return {key: value.strip() if key.startswith(OURS) else value for key, value in whole.items()}
