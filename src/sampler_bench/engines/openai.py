"""OpenAI itself: strict keys, few of them. Anything that it does not know is refused with 400.

Source: OpenAI's API reference (chat completions), as of 2026. Not called here. Reasoning models
refuse temperature and top_p, so no sampler can be searched on them.
"""

from __future__ import annotations

from dataclasses import replace

from ..errors import EngineError
from . import EngineOptions
from . import openai_compatible as _compatible
from ._dialect import Dialect, Spoken, Unspoken
from ._openai import OpenAIEngine

DEFAULT_SERVER = "https://api.openai.com"
REFUSED = Unspoken("refused there as an unknown key")

DIALECT: Dialect = replace(
    _compatible.DIALECT,
    name="openai",
    words={
        **{
            name: word if isinstance(word, Spoken) else REFUSED
            for name, word in _compatible.WORDS.items()
        },
        "max_tokens": Spoken("max_completion_tokens"),
        "min_p": REFUSED,
        "repetition_penalty": REFUSED,
        "temperature": Spoken("temperature", low=0, high=2),
        "temperature_order": Unspoken("where temperature acts is not known there"),
        "top_k": REFUSED,
    },
    notes=(
        "The seed is best effort there and marked as deprecated.",
        "Reasoning models refuse temperature and top_p.",
    ),
)


def build(options: EngineOptions) -> OpenAIEngine:
    """Build an engine for OpenAI; the model must be named, and raw prompts do not exist there."""
    if not options.model:
        raise EngineError("openai: which model? name one with --model")
    if options.template:
        raise EngineError("openai: it has only a chat endpoint; leave `template` and `raw` out")
    engine = OpenAIEngine(DIALECT, options, options.server or DEFAULT_SERVER)
    engine.costs = True
    engine.confirms = False  # it serves what a request names, and says so in its answer
    return engine
