"""llama.cpp's own server (`llama-server`), through its chat endpoint.

Source: ggml-org/llama.cpp, tools/server (README.md, server-schema.cpp), read in 2026; keys, echo,
order and clamping verified on xllamacpp 2026.10. The same keys work on all of its endpoints.
Older servers ignore `top_n_sigma` (before 2025-05) and everything else that they do not know.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote

from ..errors import EngineError
from ..records import Completion, JsonObject, Prompt, SamplerConfig, Value
from ..samplers.order import TEMPERATURE, Chain
from . import Distributions, EngineOptions, ServerInfo
from ._answer import Answer
from ._dialect import Dialect, Spoken, Unspoken, Values
from ._http import mapping, objects
from ._logprobs import LENGTH, NEUTRAL, chosen, gathered, told_logprobs
from ._openai import MODELS_PATH, THOUGHTLESS, OpenAIEngine, Wire
from ._remote import Request
from ._retry import Fault, patiently
from ._templates import RAW

DEFAULT_SERVER = "http://127.0.0.1:8080"

PROBE = "Hello."
PLACES = (0.0, 0.3, 0.6, 0.85)  # of a text, from which the next tokens are looked at
TOKENS = 6  # looked at from each place
QUICK_SECONDS = 5.0  # a text that takes no longer is asked for in one piece
MOST_TOLD = 16_384  # tokens of each distribution: a megabyte and a half of JSON
WRITTEN = SamplerConfig.of("min_p", {"temperature": 1, "min_p": 0.05, "max_tokens": LENGTH})
CUTS = ("top_n_sigma", "top_k", "typical_p", "top_p", "min_p", "xtc")
# seen on xllamacpp 2026.10: sigma 2 and typical_p 0.6 keep 94 tokens where 18 are typical
MASKED = "it counts the tokens that top_n_sigma cut as candidates of probability 0"
TOGETHER = {
    "top_n_sigma+typical_p": f"After top_n_sigma, typical_p hardly cuts there: {MASKED}. Do not "
    "combine them.",
    "top_n_sigma+dynatemp_range": "After top_n_sigma, dynamic temperature stays colder there where "
    f"temperature acts last: {MASKED}. Do not combine them.",
}
CHAIN = Chain(
    first=(TEMPERATURE, *CUTS),
    last=(*CUTS, TEMPERATURE),
    inexact=("top_n_sigma+typical_p",),
    lists_masked=True,
)


def _samplers(order: Value, values: Values) -> JsonObject:
    first = ["temperature"] if order == "first" else []
    last = [] if order == "first" else ["temperature"]
    # Without its name here, adaptive_target is echoed but does nothing.
    target = values["adaptive_target"]
    adaptive = ["adaptive_p"] if isinstance(target, int | float) and target >= 0 else []
    cuts = ["typ_p" if name == "typical_p" else name for name in CUTS]
    return {"samplers": ["penalties", "dry", *first, *cuts, *last, *adaptive]}


REMOVED = Unspoken("not spoken there (it never was, or was removed)")

DIALECT = Dialect(
    name="llamacpp",
    seed="seed",
    order="last",
    chain=CHAIN,
    together=TOGETHER,
    words={
        "adaptive_decay": Spoken("adaptive_decay"),
        "adaptive_target": Spoken("adaptive_target"),
        "dry_allowed_length": Spoken("dry_allowed_length"),
        "dry_base": Spoken("dry_base"),
        "dry_multiplier": Spoken("dry_multiplier"),
        "dry_range": Spoken("dry_penalty_last_n"),
        "dry_sequence_breakers": Spoken("dry_sequence_breakers", filled=True),
        "dynatemp_exponent": Spoken("dynatemp_exponent"),
        "dynatemp_range": Spoken("dynatemp_range"),
        "epsilon_cutoff": REMOVED,
        "eta_cutoff": REMOVED,
        "frequency_penalty": Spoken("frequency_penalty"),
        "max_tokens": Spoken("max_tokens"),
        "min_p": Spoken("min_p"),
        "mirostat_eta": Spoken("mirostat_eta"),
        "mirostat_mode": Spoken("mirostat", differs="replaces the whole truncation chain"),
        "mirostat_tau": Spoken("mirostat_tau"),
        "presence_penalty": Spoken("presence_penalty"),
        "repetition_penalty": Spoken("repeat_penalty"),
        "repetition_range": Spoken("repeat_last_n"),
        "repetition_slope": REMOVED,
        "smoothing_curve": REMOVED,
        "smoothing_factor": REMOVED,
        "temperature": Spoken("temperature"),
        "temperature_order": Spoken("samplers", say=_samplers),
        "tfs": REMOVED,
        "top_a": REMOVED,
        "top_k": Spoken("top_k"),
        # 0 was "greedy" in early 2025 and is "off" since; -1 is "off" in both.
        "top_n_sigma": Spoken("top_n_sigma", neutral=-1),
        "top_p": Spoken("top_p"),
        "typical_p": Spoken("typical_p"),
        "xtc_probability": Spoken("xtc_probability"),
        "xtc_threshold": Spoken("xtc_threshold"),
    },
    always={
        "cache_prompt": False,
        "ignore_eos": False,
        "logit_bias": [],
        "min_keep": 0,
        "n_probs": 0,
        "backend_sampling": False,
    },
    notes=(
        "Values out of range are clamped silently; what was applied is read back from the answer.",
        *TOGETHER.values(),
        "Adaptive-p acts only when named in `samplers`; it is named where it is under study.",
    ),
)

WIRE = Wire(
    chat_extra={**THOUGHTLESS, "verbose": True},
    raw_extra={"verbose": True},
    raw_logprobs="n_probs",  # ours, which is 0, would overrule `logprobs` there
)


class LlamaCppEngine(OpenAIEngine):
    """llama.cpp's server: tells its settings, slots and context, and echoes what it applied.

    A stream takes the CPU a tenth of a millisecond a token on either side. That is nothing beside a
    large model, and half of the time of a tiny one, whose texts are asked for whole: they are there
    before a silent server would be noticed. A whole text that nobody waits for any more is stopped
    in the first second in which nothing else comes of the server, or ends by itself soon. Between
    such texts a slot would idle while the next request is on its way, so one waits at the door; the
    server says how long it wrote, without the waiting.
    """

    def __init__(self, dialect: Dialect, options: EngineOptions, server: str) -> None:
        super().__init__(dialect, options, server, WIRE)
        self._pace = 0.0  # tokens a second of the last text
        self._seconds = math.inf  # that it took to write

    @property
    def ahead(self) -> int:
        return int(self._seconds < self._quick)

    @property
    def _quick(self) -> float:
        """Seconds in which a text must be there to be asked for in one piece, or ahead of time."""
        return min(QUICK_SECONDS, self.options.timeout_seconds / 2)

    def as_sent(self, request: Request) -> Request:
        if request.max_tokens > self._quick * self._pace:
            return request
        kept = {name: value for name, value in request.body.items() if name != "stream_options"}
        return replace(request, body={**kept, "stream": False})

    async def attempt(self, config: SamplerConfig, prompt: Prompt, seed: int) -> Completion:
        written = await super().attempt(config, prompt, seed)
        self._seconds = written.seconds
        self._pace = written.tokens / max(written.seconds, 1e-6)
        return written

    def take(self, event: Mapping[str, object], answer: Answer) -> None:
        super().take(event, answer)
        timings = mapping(event.get("timings"))
        spent = [timings.get(name) for name in ("prompt_ms", "predicted_ms")]
        seconds = sum(ms for ms in spent if isinstance(ms, int | float)) / 1e3
        if 0 < seconds < math.inf:
            answer.seconds = seconds
        if answer.echoed is not None:
            answer.echoed.pop("stream", None)  # how the text travelled is no setting

    async def ask(self) -> ServerInfo:
        """Read /props and the list of models; a router loads the model for it."""
        model, entry = self._choose(await self.http.get(MODELS_PATH))
        seconds = self.options.timeout_seconds
        props = await self.http.get(f"/props?model={quote(model, safe='')}", seconds=seconds)
        if not isinstance(props, dict) or "total_slots" not in props:
            raise EngineError(
                f"llamacpp at {self.http.shown}: /props is not that of a llama.cpp server; "
                "leave `engine` out and the server will be asked what it is"
            )
        if "meta" not in entry:  # a router has nothing to tell of a model before it is loaded
            model, entry = self._choose(await self.http.get(MODELS_PATH))
        meta = mapping(entry.get("meta"))
        defaults = mapping(props.get("default_generation_settings"))
        context, trained = _number(defaults.get("n_ctx")), _number(meta.get("n_ctx_train"))
        return ServerInfo(
            engine=self.dialect.name,
            url=self.http.shown,
            version=str(props.get("build_info", "")),
            model=model,
            context=min(context, trained) if trained else context,
            slots=_number(props.get("total_slots")),
            details={
                "chat_template": props.get("chat_template", ""),
                "defaults": defaults.get("params", {}),
                "n_ctx_train": trained,
                **await self._compare_templates(model),
                "model_path": props.get("model_path", ""),
                "size": meta.get("size"),
                "n_vocab": meta.get("n_vocab"),
                "n_params": meta.get("n_params"),
            },
        )

    def _choose(self, listed: object, loaded: str = "") -> tuple[str, Mapping[str, object]]:
        """As for others; a router's model must be named, a lone one answers to any name."""
        model, entry = super()._choose(listed, loaded)
        known = objects(mapping(listed).get("data"))
        if len(known) == 1 and "status" not in known[0]:
            return model, known[0]
        if len(known) > 1 and model not in (self.options.model, self.called):
            raise EngineError(
                f"llamacpp at {self.http.shown}: it serves several models; name one with --model: "
                + ", ".join(str(e.get("id")) for e in known)
            )
        return model, entry

    async def count(self, prompt: Prompt) -> int | None:
        """Ask the server to wrap and tokenize a prompt."""
        text = await self._wrapped(prompt)
        if text is None:
            return None
        body: JsonObject = {"model": self.model, "content": text, "add_special": True}
        found = await self.http.maybe("/tokenize", body)
        tokens = mapping(found).get("tokens")
        return len(tokens) if isinstance(tokens, list) else None

    async def collect(self, prompts: Sequence[Prompt]) -> Distributions | None:
        """Write a few texts, and have a few tokens written anew from places in each.

        A text's own tokens would do, but each tells the whole vocabulary: too much for all.
        """
        texts, rows, requests = chosen(prompts), list[list[float]](), 0
        vocabulary = _number(self.info.details.get("n_vocab")) if self.info else 0
        told = min(vocabulary or MOST_TOLD, MOST_TOLD)
        for prompt, seed in texts:
            start = await self._wrapped(prompt, THOUGHTLESS)
            written = await self.generate(WRITTEN, prompt, seed)
            if start is None or not isinstance(written, Completion):
                detail = getattr(written, "detail", "prompts cannot be wrapped there")
                raise Fault("protocol", f"no text for a fingerprint: {detail}", may_pass=False)
            for part in beginnings(written.text):
                rows += await self._tell(start + part, told, seed)
                requests += 1
        whole = None if told == vocabulary else vocabulary
        return gathered(rows, whole, len(texts), requests + len(texts))

    async def _tell(self, text: str, told: int, seed: int) -> list[list[float]]:
        """The distributions of the next few tokens of a text, `told` tokens of each."""
        stated = self.express(NEUTRAL, seed)
        body: JsonObject = {
            **{**stated, "model": self.model, "prompt": text},
            **{"n_predict": TOKENS, "n_probs": told, "cache_prompt": True},
        }
        seconds = self.options.timeout_seconds
        found, _ = await patiently(
            lambda: self.http.post("/completion", body, seconds=seconds), self.patience, seed
        )
        told_rows = mapping(found).get("completion_probabilities")
        return told_logprobs({"content": told_rows if isinstance(told_rows, list) else []})

    async def _wrapped(self, prompt: Prompt, extra: JsonObject | None = None) -> str | None:
        if self.template is not None:
            return self.template.render(prompt.text)
        return await self._apply_own(prompt.text, extra)

    async def _apply_own(self, text: str, extra: JsonObject | None = None) -> str | None:
        """Let the server wrap a text in the model's own template."""
        message: JsonObject = {"role": "user", "content": text}
        body: JsonObject = {"model": self.model, "messages": [message], **(extra or {})}
        found = await self.http.maybe("/apply-template", body)
        wrapped = mapping(found).get("prompt")
        return wrapped if isinstance(wrapped, str) else None

    async def _compare_templates(self, model: str) -> dict[str, object]:
        """Say whether a stated template is the model's own; nothing where none is stated.

        With thinking switched off the model's own may wrap prompts otherwise: both will do.
        """
        if self.template is None or self.template.name == RAW:
            return {}
        own, here = "", self.template.render(PROBE)
        for extra in (THOUGHTLESS, {}):
            wrapped = await self._apply_own(PROBE, {"model": model, **extra})
            if wrapped is None:
                return {}
            own = own or wrapped
            if wrapped == here:
                return {"template_is_own": True}
        return {"template_is_own": False, "own_wrapping": own}


def build(options: EngineOptions) -> LlamaCppEngine:
    """Build an engine for a running llama.cpp server."""
    return LlamaCppEngine(DIALECT, options, options.server or DEFAULT_SERVER)


def beginnings(text: str) -> list[str]:
    """Parts of a text from its start, each ending before a space: 0 to 85 % of it."""
    ends = {text.rfind(" ", 0, max(1, int(share * len(text)))) for share in PLACES}
    return [text[: max(end, 0)] for end in sorted(ends)]


def _number(found: object) -> int:
    return found if isinstance(found, int) else 0
