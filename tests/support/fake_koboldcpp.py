"""A program that starts like KoboldCpp and answers like it, for tests of `serve`.

It takes the options that we give, takes a moment to load, and serves canned texts
(`plain_servers.py`). A model file named `dies.gguf` makes it end while loading.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.plain_servers import PlainServer


def main() -> None:
    parser = argparse.ArgumentParser()
    for option in ("--model", "--host", "--port", "--contextsize", "--gpulayers", "--threads"):
        parser.add_argument(option, required=True)
    parser.add_argument("--multiuser", type=int)
    parser.add_argument("--skiplauncher", action="store_true")
    parser.add_argument("--quiet", action="store_true")
    args = parser.parse_args()
    print(f"Loading {args.model} quiet={args.quiet}", flush=True)
    if Path(args.model).name == "dies.gguf":
        print("error: out of memory", file=sys.stderr)
        sys.exit(3)
    asyncio.run(serve(Path(args.model).stem, int(args.port), int(args.contextsize)))


async def serve(model: str, port: int, context: int) -> None:
    await asyncio.sleep(0.3)
    async with PlainServer("koboldcpp", model=model, context=context).start(port):
        print("Please connect to custom endpoint", flush=True)
        await asyncio.sleep(600)


if __name__ == "__main__":
    main()
