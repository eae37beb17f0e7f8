"""sampler-bench: find the sampler settings that make a language model write best.

`Optimizer` is the ask-and-tell interface for people with their own generation and scoring.
Nothing heavy is imported until it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import SamplerBenchError
from .records import Cell, SamplerConfig

if TYPE_CHECKING:
    from .optimizer import Optimizer

__version__ = "0.1.0"
__all__ = ["Cell", "Optimizer", "SamplerBenchError", "SamplerConfig", "__version__"]


def __getattr__(name: str) -> object:
    """Import `Optimizer` when it is asked for: the command line does without it."""
    if name != "Optimizer":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .optimizer import Optimizer

    return Optimizer
