"""Keys: from the environment or `.env`, never from anywhere else, and never shown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

SERVER_KEY = "SAMPLER_BENCH_SERVER_KEY"
JUDGE_KEY = "OPENAI_API_KEY"
JUDGE_URL = "OPENAI_BASE_URL"


def environment() -> Mapping[str, str]:
    """The environment, with `.env` of the working folder filled in where it says more."""
    from dotenv import dotenv_values

    file = Path(".env")
    kept = {k: v for k, v in dotenv_values(file).items() if v} if file.is_file() else {}
    return {**kept, **os.environ}
