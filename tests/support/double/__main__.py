"""The double as a program: `python -m support.double KOBOLDCPP_1_76 [--port N] [--gguf FILE]`.

It prints its address on stdout and serves until it is told to stop. Run it with `src` and `tests`
on PYTHONPATH.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from . import servers
from .quirks import Quirks
from .server import Double
from .writer import LlamaWriter


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m support.double")
    parser.add_argument("quirks", choices=servers.__all__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--gguf", type=Path)
    args = parser.parse_args()
    asyncio.run(_serve(getattr(servers, args.quirks), args.gguf, args.port))


async def _serve(what: Quirks, gguf: Path | None, port: int) -> None:
    async with LlamaWriter(gguf) as writer, Double(what, writer, port=port) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


main()
