"""sampler-bench: find the sampler settings that make a language model write best.

`Optimizer` is the ask-and-tell interface for people with their own generation and scoring.
Nothing heavy is imported until it is used.
"""

from __future__ import annotations

from .errors import SamplerBenchError
from .records import Cell, SamplerConfig

__version__ = "0.1.0"
__all__ = ["Cell", "SamplerBenchError", "SamplerConfig", "__version__"]
