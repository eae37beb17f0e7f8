"""KoboldCpp: through its chat endpoint by default, natively for a stated template or raw prompts.

Source: LostRuins/koboldcpp, `koboldcpp.py` and `gpttype_adapter.cpp`, versions 1.76, 1.102, 1.115
and 1.117.1; 1.76 was also seen running. The two endpoints use other words for a few things: the
chat endpoint overwrites `sampler_seed` and `mirostat`, so it is told `seed` and `mirostat_mode`.

What it does silently: omitted keys act (top_p 0.92, top_k 100), values that it cannot read become
its defaults, penalties under 1 are impossible, answers longer than four fifths of the context are
shortened, and a stop text, an abort and (to 1.102) a failure are reported as `length`. So where the
answer leaves it open, it is asked why its last text ended. Version 1.76 knows no top_n_sigma.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace

from ..errors import EngineError, SpecError
from ..records import Json, JsonObject, Prompt, SamplerConfig, Value
from ..samplers.order import SMOOTHING, TEMPERATURE, XTC, Chain
from . import SERVER_KEY, EngineOptions, ServerInfo
from ._answer import NEARLY, Answer
from ._dialect import Dialect, Spoken, Unspoken, Values
from ._http import mapping
from ._openai import THOUGHTLESS, OpenAIEngine, Wire, asked_tokens
from ._remote import Request
from ._retry import Fault

DEFAULT_SERVER = "http://127.0.0.1:5001"
ORDER_LAST: list[Json] = [6, 0, 1, 3, 4, 2, 5]  # 5 is temperature, 6 the repetition penalty
ORDER_FIRST: list[Json] = [6, 5, 0, 1, 3, 4, 2]
STEPS: dict[Json, tuple[str, ...]] = {
    0: ("top_k",),
    1: ("top_a",),
    2: ("top_p", "min_p"),
    3: ("tfs",),
    4: ("typical_p",),
    5: (TEMPERATURE, SMOOTHING, "top_n_sigma"),
    6: (),
}
LONGEST_SHARE = 0.8  # of the context, for the answer
ROOM = "max_context_length"
WRAPPING_TOKENS = 32  # tokens of a chat template, generously
LOOKS, LOOK_SECONDS = 50, 0.02  # it holds its place for 0.2 seconds after the last word of a stream
ENDED = {0: "limit", 1: "stop", 2: "stop_sequence"}  # its `stop_reason`; others are failures
FINISHED = (1, 2)
NOT = Unspoken()
MIROSTAT = "replaces the whole chain; what it has learnt goes on from text to text"


def _steps(order: list[Json]) -> tuple[str, ...]:
    return (*(step for number in order for step in STEPS[number]), XTC)


def _order(value: Value, _: Values) -> JsonObject:
    return {"sampler_order": list(ORDER_FIRST if value == "first" else ORDER_LAST)}


NATIVE = Dialect(
    name="koboldcpp",
    seed="sampler_seed",
    order="last",
    chain=Chain(
        first=_steps(ORDER_FIRST),
        last=_steps(ORDER_LAST),
        inexact=(
            "top_k+tfs",
            "top_a+tfs",
        ),  # a cut token is no longer on the list of which tfs cuts
    ),
    words={
        "adaptive_decay": Spoken("adaptive_decay", low=0.01),
        "adaptive_target": Spoken(
            "adaptive_target",
            low=0,
            above=True,
            differs="brings min_p 0.002 where neither min_p nor top_p cuts, whatever else does",
        ),
        "dry_allowed_length": Spoken("dry_allowed_length"),
        "dry_base": Spoken("dry_base"),
        "dry_multiplier": Spoken("dry_multiplier"),
        "dry_range": Spoken("dry_penalty_last_n", low=1),
        "dry_sequence_breakers": Spoken("dry_sequence_breakers"),
        "dynatemp_exponent": Spoken("dynatemp_exponent"),
        "dynatemp_range": Spoken("dynatemp_range"),
        "epsilon_cutoff": NOT,
        "eta_cutoff": NOT,
        "frequency_penalty": Unspoken("taken for presence_penalty there, or ignored"),
        "max_tokens": Spoken("max_length"),
        "min_p": Spoken("min_p"),
        "mirostat_eta": Spoken("mirostat_eta"),
        "mirostat_mode": Spoken("mirostat", differs=MIROSTAT),
        "mirostat_tau": Spoken("mirostat_tau"),
        "presence_penalty": Spoken("presence_penalty"),
        "repetition_penalty": Spoken("rep_pen", low=1),
        "repetition_range": Spoken("rep_pen_range", low=1),
        "repetition_slope": Spoken("rep_pen_slope", low=0, above=True, high=1),
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
        "reasoning_effort": "none",
        "render_special": False,
        "trim_stop": True,
        "use_default_badwordsids": False,
    },
    notes=(
        "Values that it cannot read become its defaults silently.",
        "--gendefaultsoverwrite on its command line overrules requests, invisibly.",
        "One text at a time: --parallelrequests is not used, or some arms would run batched.",
    ),
)

DIALECT: Dialect = replace(
    NATIVE,
    seed="seed",
    words={
        **NATIVE.words,
        "max_tokens": Spoken("max_tokens"),
        "mirostat_mode": Spoken("mirostat_mode", differs=MIROSTAT),
    },
)


class KoboldEngine(OpenAIEngine):
    """KoboldCpp's chat endpoint, or its native one where a template is stated."""

    trims = True
    unasked = "it tells those of at most 10 tokens, after its samplers"

    def __init__(self, options: EngineOptions) -> None:
        server = re.sub(r"/api/?(v1/?)?$", "", options.server or DEFAULT_SERVER)
        wire = Wire(chat_extra=THOUGHTLESS)
        super().__init__(NATIVE if options.template else DIALECT, options, server, wire)
        self._in_flight = 0

    async def ask(self) -> ServerInfo:
        """Read version, model and context."""
        told = await self.http.get("/api/extra/version")
        if not isinstance(told, Mapping) or "KoboldCpp" not in str(told.get("result")):
            raise EngineError(
                f"koboldcpp at {self.http.shown}: it does not answer like KoboldCpp; leave "
                "`engine` out and the server will be asked what it is"
            )
        model = mapping(await self.http.get("/api/v1/model")).get("result")
        if model in ("inactive", "koboldcpp/inactive", ""):
            raise Fault("protocol", "no text model is loaded there")
        if model == "koboldcpp/protected-model":
            raise EngineError(
                f"koboldcpp at {self.http.shown} asks for its password; put the right one into "
                f"{SERVER_KEY}, in .env"
            )
        told_context = await self.http.get("/api/extra/true_max_context_length")
        context = mapping(told_context).get("value")
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
        asked = asked_tokens(config)
        if context and asked > LONGEST_SHARE * context:
            raise SpecError(
                f"max_tokens={asked} on koboldcpp: it keeps a fifth of its {context} tokens of "
                f"context for the prompt; ask for at most {int(LONGEST_SHARE * context)}, or start "
                "it with more context"
            )
        return {**said, ROOM: context or self.options.context}

    def lasting(self, said: JsonObject) -> JsonObject:
        return {key: value for key, value in said.items() if key != ROOM}

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
            if answer.finish is None:
                return answer  # the stream broke off; it may have ended the text all the same
            if answer.tokens is None or answer.finish == "length":
                await self._look_back(request, answer)
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
        least = request.max_tokens if answer.counted else NEARLY * request.max_tokens
        return answer.tokens >= least

    def _check_room(self, request: Request, answer: Answer) -> None:
        """Also raise Fault where a text ended before its limit, at no end and at no stop text."""
        super()._check_room(request, answer)
        tokens, asked = answer.tokens or 0, request.max_tokens
        if answer.finish == ENDED[0] and tokens < asked:
            raise Fault(
                "protocol",
                f"the text ended after {tokens} of {asked} tokens, at no end and at no stop text: "
                "somebody aborted it, or the server was started with a lower --genlimit",
            )

    async def count(self, prompt: Prompt) -> int | None:
        """Count a prompt as it is wrapped there; before 1.115 the wrapping is estimated."""
        if self.template is not None:
            return await self._tokens(self.template.render(prompt.text), special=True)
        message: JsonObject = {"role": "user", "content": prompt.text}
        body: JsonObject = {"messages": [message], **self.wire.chat_extra}
        told = mapping(await self.http.maybe("/api/extra/tokencount", body))
        if told.get("prompt") and (size := _count(told.get("value"))) is not None:
            return size
        size = await self._tokens(prompt.text, special=True)
        return None if size is None else size + WRAPPING_TOKENS

    async def _look_back(self, request: Request, answer: Answer) -> None:
        """Ask how the last text ended and how long it was, or recount it.

        A failure of somebody else's text in between cannot be told from one of ours, but where our
        own stream said `stop`: it says so of no text that was broken off.
        """
        told = await self._last_text(request.body.get(self.dialect.seed))
        if answer.finish == "stop" and told.get("stop_reason") not in FINISHED:
            told = {}
        tokens = _count(told.get("last_token_count"))
        if tokens is None:
            if answer.tokens is None:
                answer.tokens = await self._tokens("".join(answer.text), special=False)
                answer.counted = False
            return
        answer.tokens, answer.prompt_tokens = tokens, _count(told.get("last_input_count"))
        reason = _count(told.get("stop_reason"))
        answer.finish = "failure" if reason is None else ENDED.get(reason, "failure")

    async def _last_text(self, seed: Json) -> Mapping[str, Json]:
        """What it says of its last text, once it is at rest; empty where that may not be ours."""
        for _ in range(LOOKS):
            told = await self.http.maybe("/api/extra/perf") if self._in_flight == 1 else None
            if not isinstance(told, Mapping) or self._in_flight > 1 or told.get("queue"):
                return {}
            if told.get("idle") == 1:
                failed = told.get("stop_reason") not in ENDED  # then all else is another text's
                return told if failed or told.get("last_seed", seed) == seed else {}
            await asyncio.sleep(LOOK_SECONDS)
        return {}

    async def _tokens(self, text: str, *, special: bool) -> int | None:
        if not text:
            return 0
        body: JsonObject = {"prompt": text, "special": special}
        return _count(mapping(await self.http.maybe("/api/extra/tokencount", body)).get("value"))


def build(options: EngineOptions) -> KoboldEngine:
    """Build an engine for a running KoboldCpp."""
    return KoboldEngine(options)


def _count(found: Json) -> int | None:
    return found if isinstance(found, int) and found >= 0 else None
