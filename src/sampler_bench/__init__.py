"""sampler-bench: find the sampler settings that make a language model write best.

`Optimizer` is the ask-and-tell interface for people with their own generation and scoring.
Nothing heavy is imported until it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import SamplerBenchError

if TYPE_CHECKING:
    from .optimizer import Optimizer
    from .records import Cell, SamplerConfig

__version__ = "0.1.0"
WHERE = {"Optimizer": ".optimizer", "Cell": ".records", "SamplerConfig": ".records"}
__all__ = ["Cell", "Optimizer", "SamplerBenchError", "SamplerConfig", "__version__"]


def __getattr__(name: str) -> object:
    """Import what is asked for: the command line does without it."""
    from importlib import import_module

    if name not in WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(WHERE[name], __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
