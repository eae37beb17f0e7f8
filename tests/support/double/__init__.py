"""A misbehaving server for tests: a real model behind, any server's words and quirks in front.

    async with LlamaWriter() as writer, Double(KOBOLDCPP_1_76, writer) as server:
        ... server.url ... server.applied ...

It applies what a server of that make and version would apply, which is often not what was asked
for: real texts with really wrong settings come back. `quirks.py` is the data on servers,
`applied.py` what they make of a request, `writer.py` who writes, `shapes.py` how they answer,
`faults.py` what can go wrong on purpose. As a program: `python -m support.double KOBOLDCPP_1_76`.
"""

from __future__ import annotations

from .quirks import (
    KOBOLDCPP_1_76,
    KOBOLDCPP_1_102,
    KOBOLDCPP_1_115,
    LLAMACPP,
    OLLAMA,
    VLLM,
    Quirks,
)
from .server import Double
from .writer import CannedWriter, LlamaWriter

__all__ = [
    "KOBOLDCPP_1_76",
    "KOBOLDCPP_1_102",
    "KOBOLDCPP_1_115",
    "LLAMACPP",
    "OLLAMA",
    "VLLM",
    "CannedWriter",
    "Double",
    "LlamaWriter",
    "Quirks",
]
