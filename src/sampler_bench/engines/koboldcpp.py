"""KoboldCpp: through its chat endpoint by default, natively for a stated template or raw prompts.

Source: LostRuins/koboldcpp, `koboldcpp.py` and `gpttype_adapter.cpp`, versions 1.76, 1.102 and
1.115; 1.76 was also seen running. The two endpoints use other words for a few things: the chat
endpoint overwrites `sampler_seed` and `mirostat`, so it must be told `seed` and `mirostat_mode`.

What it does silently: omitted keys act (top_p 0.92, top_k 100), values that it cannot read become
its defaults, penalties under 1 are impossible, answers longer than four fifths of the context are
shortened, and a stop text is reported as `length`. Version 1.76 knows no top_n_sigma at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from ..errors import EngineError, SpecError
from ..records import Json, JsonObject, Prompt, SamplerConfig, Value
from . import EngineOptions, ServerInfo
from ._answer import Answer
from ._dialect import Dialect, Spoken, Unspoken, Values
from ._openai import OpenAIEngine, asked_tokens
from ._remote import Request

DEFAULT_SERVER = "http://127.0.0.1:5001"
ORDER_LAST: list[Json] = [6, 0, 1, 3, 4, 2, 5]  # 5 is temperature, 6 the repetition penalty
ORDER_FIRST: list[Json] = [6, 5, 0, 1, 3, 4, 2]
LONGEST_SHARE = 0.8  # of the context, for the answer
WRAPPING = 32  # tokens of a chat template, generously
RECOUNT = 0.85  # a text counted again may have fewer tokens than were drawn for it
NOT = Unspoken()


def _order(value: Value, _: Values) -> JsonObject:
    return {"sampler_order": list(ORDER_FIRST if value == "first" else ORDER_LAST)}


NATIVE = Dialect(
    name="koboldcpp",
    seed="sampler_seed",
    order="last",
    words={
        "adaptive_decay": Spoken("adaptive_decay"),
        "adaptive_target": Spoken(
            "adaptive_target", differs="brings min_p 0.002 where nothing else truncates"
        ),
        "dry_allowed_length": Spoken("dry_allowed_length"),
        "dry_base": Spoken("dry_base"),
        "dry_multiplier": Spoken("dry_multiplier"),
        "dry_range": Spoken("dry_penalty_last_n"),
        "dry_sequence_breakers": Spoken("dry_sequence_breakers"),
        "dynatemp_exponent": Spoken("dynatemp_exponent"),
        "dynatemp_range": Spoken("dynatemp_range"),
        "epsilon_cutoff": NOT,
        "eta_cutoff": NOT,
        "frequency_penalty": Unspoken("taken for presence_penalty there, or ignored"),
        "max_tokens": Spoken("max_length"),
        "min_p": Spoken("min_p"),
        "mirostat_eta": Spoken("mirostat_eta"),
        "mirostat_mode": Spoken("mirostat", differs="replaces the whole chain"),
        "mirostat_tau": Spoken("mirostat_tau"),
        "presence_penalty": Spoken("presence_penalty"),
        "repetition_penalty": Spoken("rep_pen", low=1),
        "repetition_range": Spoken("rep_pen_range"),
        "repetition_slope": Spoken("rep_pen_slope"),
        "smoothing_curve": Spoken("smoothing_curve", differs="not in 1.76"),
        "smoothing_factor": Spoken("smoothing_factor"),
        "temperature": Spoken("temperature"),
        "temperature_order": Spoken(
            "sampler_order", differs="DRY comes before and XTC after the order", say=_order
        ),
        "tfs": Spoken("tfs"),
        "top_a": Spoken("top_a"),
        "top_k": Spoken("top_k"),
        "top_n_sigma": Spoken(
            "nsigma",
            differs="right after temperature, over at most 3000 tokens that the samplers before it "
            "left, standard deviation with n; not in 1.76",
        ),
        "top_p": Spoken("top_p"),
        "typical_p": Spoken("typical"),
        "xtc_probability": Spoken("xtc_probability"),
        "xtc_threshold": Spoken("xtc_threshold"),
    },
    always={
        "ban_eos_token": False,
        "bypass_eos": False,
        "render_special": False,
        "trim_stop": True,
        "use_default_badwordsids": False,
    },
    notes=(
        "Values that it cannot read become its defaults silently.",
        "--gendefaultsoverwrite on its command line overrules requests, invisibly.",
        "Arms with DRY, XTC, top_n_sigma, mirostat or another order never run batched there.",
    ),
)

DIALECT: Dialect = replace(
    NATIVE,
    seed="seed",
    words={
        **NATIVE.words,
        "max_tokens": Spoken("max_tokens"),
        "mirostat_mode": Spoken("mirostat_mode", differs="replaces the whole chain"),
    },
)


class KoboldEngine(OpenAIEngine):
    """KoboldCpp's chat endpoint, or its native one where a template is stated."""

    trims = True

    def __init__(self, options: EngineOptions) -> None:
        server = re.sub(r"/api/?(v1/?)?$", "", options.server or DEFAULT_SERVER)
        super().__init__(NATIVE if options.template else DIALECT, options, server)
        self._in_flight = 0

    async def ask(self) -> ServerInfo:
        """Read version, model and context."""
        told = await self.http.get("/api/extra/version")
        if not isinstance(told, Mapping) or "KoboldCpp" not in str(told.get("result")):
            raise EngineError(
                f"koboldcpp at {self.http.shown}: it does not answer like KoboldCpp; leave "
                "`engine` out and the server will be asked what it is"
            )
        model = _value(await self.http.get("/api/v1/model"), "result")
        if model in ("inactive", "koboldcpp/inactive", ""):
            raise EngineError(f"koboldcpp at {self.http.shown}: no text model is loaded there")
        context = _value(await self.http.get("/api/extra/true_max_context_length"), "value")
        return ServerInfo(
            engine=self.dialect.name,
            url=self.http.shown,
            version=str(told.get("version", "")),
            model=str(model),
            context=context if isinstance(context, int) else 0,
            slots=1,
        )

    def express(self, config: SamplerConfig, seed: int) -> JsonObject:
        said = self.dialect.express(config, seed)
        context = self.info.context if self.info else 0
        asked = config.get("max_tokens")
        if context and isinstance(asked, int | float) and asked > LONGEST_SHARE * context:
            raise SpecError(
                f"max_tokens={asked} on koboldcpp: it keeps a fifth of its {context} tokens of "
                f"context for the prompt; ask for at most {int(LONGEST_SHARE * context)}, or start "
                "it with more context"
            )
        return {**said, "max_context_length": context or self.options.context}

    def request(self, config: SamplerConfig, prompt: Prompt, seed: int) -> Request:
        if self.template is None:
            return super().request(config, prompt, seed)
        sent = self.express(config, seed)
        stop: JsonObject = {"stop_sequence": list(self.template.stop)} if self.template.stop else {}
        body = {"prompt": self.template.render(prompt.text), **stop, **sent}
        return Request("/api/extra/generate/stream", body, sent, asked_tokens(config))

    async def write(self, request: Request) -> Answer:
        self._in_flight += 1
        try:
            answer = await super().write(request)
            if answer.tokens is None:  # streams carry no counts
                await self._count_answer(answer)
            return answer
        finally:
            self._in_flight -= 1

    def take(self, event: Mapping[str, object], answer: Answer) -> None:
        """Add one event: the native endpoint's, or the OpenAI one's."""
        if "token" not in event:
            super().take(event, answer)
            return
        if isinstance(event["token"], str) and event["token"]:
            answer.text.append(event["token"])
        if isinstance(finish := event.get("finish_reason"), str):
            answer.finish = finish

    def cut_off(self, request: Request, answer: Answer) -> bool:
        """`length` is also what it says of a stop text; then the answer is shorter than asked."""
        if not super().cut_off(request, answer) or answer.tokens is None:
            return super().cut_off(request, answer)
        least = request.max_tokens if answer.counted else RECOUNT * request.max_tokens
        return answer.tokens >= least

    async def count(self, prompt: Prompt) -> int | None:
        """Count a prompt; the chat adapter's wrapping, which it does not tell, is estimated."""
        text = self.template.render(prompt.text) if self.template else prompt.text
        size = await self._tokens(text, special=True)
        return None if size is None else size + (0 if self.template else WRAPPING)

    async def _count_answer(self, answer: Answer) -> None:
        """Ask for the last answer's counts while it is surely ours; else recount its text."""
        told = await self.http.maybe("/api/extra/perf") if self._in_flight == 1 else None
        perf = told if isinstance(told, Mapping) else {}
        tokens, prompt = perf.get("last_token_count"), perf.get("last_input_count")
        if self._in_flight == 1 and perf.get("idle") == 1 and isinstance(tokens, int):
            answer.tokens = tokens
            answer.prompt_tokens = prompt if isinstance(prompt, int) else None
        else:
            answer.tokens = await self._tokens("".join(answer.text), special=False)
            answer.counted = False

    async def _tokens(self, text: str, *, special: bool) -> int | None:
        if not text:
            return 0
        body: JsonObject = {"prompt": text, "special": special}
        found = _value(await self.http.maybe("/api/extra/tokencount", body), "value")
        return found if isinstance(found, int) and found >= 0 else None


def build(options: EngineOptions) -> KoboldEngine:
    """Build an engine for a running KoboldCpp."""
    return KoboldEngine(options)


def _value(found: Json, key: str) -> Json:
    return found.get(key) if isinstance(found, Mapping) else None
