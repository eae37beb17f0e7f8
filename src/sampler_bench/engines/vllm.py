"""vLLM, through its OpenAI-compatible server.

Source: vllm-project/vllm, `vllm/sampling_params.py`, `vllm/entrypoints/openai/*/protocol.py` and
the documentation of v0.10 to v0.32. 0.32.0 was run, on a CPU (docs/checks.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from ..errors import EngineError
from ..records import JsonObject, Prompt
from ..samplers.order import around
from . import EngineOptions, ServerInfo
from ._dialect import Dialect, Spoken, Unspoken, Word
from ._http import mapping
from ._logprobs import LEAST_TOLD, Telling
from ._openai import THOUGHTLESS, OpenAIEngine, Wire
from ._remote import SHORTEST
from ._retry import Fault, patiently
from ._telling import USUALLY_TOLD

DEFAULT_SERVER = "http://127.0.0.1:8000"
NOT = Unspoken()

WORDS: Mapping[str, Word] = {
    "adaptive_decay": NOT,
    "adaptive_target": NOT,
    "dry_allowed_length": NOT,
    "dry_base": NOT,
    "dry_multiplier": NOT,
    "dry_range": NOT,
    "dry_sequence_breakers": NOT,
    "dynatemp_exponent": NOT,
    "dynatemp_range": NOT,
    "epsilon_cutoff": NOT,
    "eta_cutoff": NOT,
    "frequency_penalty": Spoken("frequency_penalty", low=-2, high=2, differs="answer only"),
    "max_tokens": Spoken("max_tokens"),
    "min_p": Spoken("min_p"),
    "mirostat_eta": NOT,
    "mirostat_mode": NOT,
    "mirostat_tau": NOT,
    "presence_penalty": Spoken("presence_penalty", low=-2, high=2, differs="answer only"),
    "repetition_penalty": Spoken(
        "repetition_penalty", low=0, above=True, differs="over prompt and answer, no window"
    ),
    "repetition_range": Unspoken("there is no window there"),
    "repetition_slope": NOT,
    "smoothing_curve": NOT,
    "smoothing_factor": NOT,
    "temperature": Spoken("temperature", high=2, gap=(0, 0.01)),
    "temperature_order": Unspoken("temperature comes first there and cannot be moved"),
    "tfs": NOT,
    "top_a": NOT,
    "top_k": Spoken("top_k", neutral=-1),  # 0 is refused up to 0.8.5; -1 is taken by all
    "top_n_sigma": NOT,
    "top_p": Spoken("top_p", low=0, above=True),
    "typical_p": NOT,
    "xtc_probability": NOT,
    "xtc_threshold": NOT,
}

DIALECT = Dialect(
    name="vllm",
    seed="seed",
    order="first",
    chain=around("min_p", "top_k", "top_p"),
    words=WORDS,
    always={"ignore_eos": False, "min_tokens": 0},
    notes=(
        "The model's generation_config.json fills what a request omits; so nothing is omitted.",
        "max_new_tokens in --override-generation-config cuts every answer off, whatever is asked.",
        "The same seed gives the same text only while a request runs alone.",
    ),
)

ALL = -1
MOST_ASKED = 500  # tokens of each distribution, where it tells that many
REFUSED = re.compile(r"logprobs of (\d+), which is greater than max allowed: (\d+)")
WIRE = Wire(chat_extra=THOUGHTLESS)


class VllmEngine(OpenAIEngine):
    """vLLM and its kin: the version at /version, tokens counted at /tokenize."""

    async def ask(self) -> ServerInfo:
        """Read the list of models and the version."""
        found = await super().ask()
        version = mapping(await self.http.told("/version")).get("version")
        return replace(found, version=version if isinstance(version, str) else "")

    async def count(self, prompt: Prompt) -> int | None:
        """Ask the server to wrap and count a prompt."""
        asked: JsonObject
        if self.template is None:
            asked = {"messages": [{"role": "user", "content": prompt.text}]}
        else:
            asked = {"prompt": self.template.render(prompt.text)}
        body: JsonObject = {"model": self.model, **asked}
        count = mapping(await self.http.maybe("/tokenize", body)).get("count")
        return count if isinstance(count, int) else None

    async def most_told(self, prompt: Prompt) -> Telling:
        """Ask for all tokens in one place: they are told, or a refusal tells how many there are.

        Raises:
            Fault: it tells too few.
        """
        size, most = 0, USUALLY_TOLD
        try:
            write = partial(self.write_telling, SHORTEST, prompt, 1, ALL)
            answer, _ = await patiently(write, self.patience, seed=1)
            size = most = max(map(len, answer.logprobs), default=0)
        except (EngineError, Fault) as error:
            if refused := REFUSED.search(str(error)):
                size, most = map(int, refused.groups())
        if most < LEAST_TOLD:
            told = f"it tells {most} tokens, fewer than {LEAST_TOLD}; start it with"
            raise Fault("protocol", f"{told} --max-logprobs {USUALLY_TOLD}", may_pass=False)
        known = size if size > USUALLY_TOLD else 0
        return Telling(min(most, MOST_ASKED), known, requests=1)


def build(options: EngineOptions) -> VllmEngine:
    """Build an engine for a running vLLM server."""
    return VllmEngine(DIALECT, options, options.server or DEFAULT_SERVER, WIRE)
