"""The servers that the double can be: data, one file a family, written from what was read of them.

Nothing here is taken from the engines under test, or it would share their mistakes.
"""

from .hosted import OPENAI, OPENAI_COMPATIBLE, OPENAI_COMPATIBLE_BARE, OPENROUTER, OPENROUTER_NARROW
from .koboldcpp import KOBOLDCPP_1_76, KOBOLDCPP_1_102, KOBOLDCPP_1_115, KOBOLDCPP_FORCING
from .llamacpp import LEMONADE, LEMONADE_SEVERAL, LLAMACPP, LLAMACPP_OLD, LLAMACPP_SHARED
from .local import (
    LLAMA_CPP_PYTHON,
    LMSTUDIO,
    LMSTUDIO_SETTING,
    LMSTUDIO_V1,
    TABBYAPI,
    TABBYAPI_FORCING,
    TABBYAPI_OLD,
    TEXTGEN,
    TEXTGEN_TRANSFORMERS,
)
from .mlx_lm import MLX_LM, MLX_LM_UNLISTED
from .ollama import OLLAMA, OLLAMA_2025
from .transformers import TRANSFORMERS
from .vllm import (
    APHRODITE,
    APHRODITE_V2,
    SGLANG,
    SGLANG_DETERMINISTIC,
    VLLM,
    VLLM_0_8,
    VLLM_CUTTING,
    VLLM_HIDDEN,
)

__all__ = [
    "APHRODITE",
    "APHRODITE_V2",
    "KOBOLDCPP_1_76",
    "KOBOLDCPP_1_102",
    "KOBOLDCPP_1_115",
    "KOBOLDCPP_FORCING",
    "LEMONADE",
    "LEMONADE_SEVERAL",
    "LLAMACPP",
    "LLAMA_CPP_PYTHON",
    "LLAMACPP_OLD",
    "LLAMACPP_SHARED",
    "LMSTUDIO",
    "LMSTUDIO_SETTING",
    "LMSTUDIO_V1",
    "MLX_LM",
    "MLX_LM_UNLISTED",
    "OLLAMA",
    "OLLAMA_2025",
    "OPENAI",
    "OPENAI_COMPATIBLE",
    "OPENAI_COMPATIBLE_BARE",
    "OPENROUTER",
    "OPENROUTER_NARROW",
    "SGLANG",
    "SGLANG_DETERMINISTIC",
    "TABBYAPI",
    "TABBYAPI_FORCING",
    "TABBYAPI_OLD",
    "TEXTGEN",
    "TEXTGEN_TRANSFORMERS",
    "TRANSFORMERS",
    "VLLM",
    "VLLM_0_8",
    "VLLM_CUTTING",
    "VLLM_HIDDEN",
]
