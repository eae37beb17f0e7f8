"""A misbehaving server for tests: a real model behind, any server's words and quirks in front.

    async with LlamaWriter() as writer, Double(KOBOLDCPP_1_76, writer) as server:
        ... server.url ... server.applied ...

It applies what a server of that make and version would apply, which is often not what was asked
for: real texts with really wrong settings come back. `servers/` is the data on them, in the words
of `quirks.py`; `applied.py` is what they make of a request, `writer.py` who writes, `shapes.py` how
they answer, `faults.py` what can go wrong on purpose. As a program, with `src` and `tests` on
PYTHONPATH: `python -m support.double KOBOLDCPP_1_76`.
"""

from __future__ import annotations

from . import faults, orders, quirks, servers
from .quirks import Quirks
from .server import Double
from .servers import *  # noqa: F403 (the list is there)
from .writer import CannedWriter, LlamaWriter

USUAL = {
    server.engine: server
    for server in (
        *(servers.LLAMACPP, servers.KOBOLDCPP_1_115, servers.VLLM, servers.SGLANG),
        *(servers.APHRODITE, servers.TABBYAPI, servers.TEXTGEN, servers.OLLAMA, servers.LMSTUDIO),
        servers.MLX_LM,
        servers.TRANSFORMERS,
        servers.LEMONADE,
        *(servers.OPENAI, servers.OPENROUTER, servers.OPENAI_COMPATIBLE),
    )
}

__all__ = [
    *servers.__all__,
    "USUAL",
    "CannedWriter",
    "Double",
    "LlamaWriter",
    "Quirks",
    "faults",
    "orders",
    "quirks",
]
