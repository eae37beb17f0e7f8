"""Ollama, through its own API. Its OpenAI endpoint is no use here: top_k 40 always acts there.

Source: ollama/ollama, `api/types.go`, `server/routes.go`, `llm/llama_server.go` (2026) and
`llm/server.go` (2025), `docs/modelfile.mdx`. Not run here. Parameters lie under `options`; the
model's Modelfile fills what is omitted. Servers of 2025 with the Go sampler applied temperature
between top_k and top_p, and had no penalties.

A text in which one token comes too often in a row is broken off: with an error after 100 in 2026,
without a word after 30 before. It is the model's text, looped, and no fault of the server.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import EngineError
from ..records import Json, JsonObject, Prompt, SamplerConfig
from ..samplers.order import around
from . import EngineOptions, ServerInfo
from ._answer import Answer
from ._dialect import Dialect, Spoken, Unspoken
from ._http import mapping, objects
from ._logprobs import told_logprobs
from ._openai import asked_tokens
from ._remote import Request
from ._telling import TellingEngine

DEFAULT_SERVER = "http://127.0.0.1:11434"
REMOVED = Unspoken("removed there")
NOT = Unspoken()
ROOM = "num_ctx"
LOOP = 30  # tokens alike
LOOPED = "token repeat limit reached"  # in the words of its error

DIALECT = Dialect(
    name="ollama",
    seed="seed",
    order="last",
    chain=around("top_k", "typical_p", "top_p", "min_p"),
    inside="options",
    words={
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
        "frequency_penalty": Spoken("frequency_penalty"),
        "max_tokens": Spoken("num_predict"),
        "min_p": Spoken("min_p"),
        "mirostat_eta": REMOVED,
        "mirostat_mode": REMOVED,
        "mirostat_tau": REMOVED,
        "presence_penalty": Spoken("presence_penalty"),
        "repetition_penalty": Spoken("repeat_penalty"),
        "repetition_range": Spoken("repeat_last_n"),
        "repetition_slope": NOT,
        "smoothing_curve": NOT,
        "smoothing_factor": NOT,
        "temperature": Spoken("temperature"),
        "temperature_order": Unspoken("temperature comes last there and cannot be moved"),
        "tfs": REMOVED,
        "top_a": NOT,
        "top_k": Spoken("top_k"),
        "top_n_sigma": NOT,
        "top_p": Spoken("top_p"),
        "typical_p": Spoken("typical_p", differs="not in its documentation, but in its code"),
        "xtc_probability": NOT,
        "xtc_threshold": NOT,
    },
    notes=(
        "Ollama of 2025 applied temperature earlier; where it matters, update it.",
        "OLLAMA_NUM_PARALLEL is 1 by default: more requests wait in line.",
    ),
)


class OllamaEngine(TellingEngine):
    """Ollama's chat endpoint, or its generate endpoint in raw mode where a template is stated."""

    trims = True
    confirms = False  # it serves what a request names, and says so in its answer

    async def ask(self) -> ServerInfo:
        """Read the version; find the model: named or called so, else the loaded or only one."""
        version = mapping(await self.http.get("/api/version")).get("version", "")
        listed = await self.http.get("/api/tags")
        tags = _names(listed)
        running = _names(await self.http.told("/api/ps"))
        model = self._pick(tags, running)
        shown = mapping(await self.http.told("/api/show", {"model": model}))
        return ServerInfo(
            engine=self.dialect.name,
            url=self.http.shown,
            version=str(version),
            model=model,
            context=min(self.options.context, _trained(shown) or self.options.context),
            details={
                "modelfile_parameters": shown.get("parameters", ""),
                "digest": _digest(listed, model),
            },
        )

    def _pick(self, tags: list[str], running: list[str]) -> str:
        wanted = self.options.model
        called = wanted or self.called
        for name in (called, f"{called}:latest"):
            if called and name in tags:
                return name
        if not wanted and (running or len(tags) == 1):
            return (running or tags)[0]
        asked = f"no model {wanted!r}" if wanted else "no model is loaded"
        raise EngineError(
            f"ollama at {self.http.shown}: {asked}; it has {', '.join(tags) or 'none'}: name one "
            "with --model, or `ollama pull` it"
        )

    def express(self, config: SamplerConfig, seed: int) -> JsonObject:
        said = super().express(config, seed)
        options = mapping(said["options"])
        return {**said, "options": {**options, ROOM: self.options.context}}

    def lasting(self, said: JsonObject) -> JsonObject:
        options = mapping(said.get("options"))
        return {**said, "options": {k: v for k, v in options.items() if k != ROOM}}

    def request(self, config: SamplerConfig, prompt: Prompt, seed: int) -> Request:
        sent = self.express(config, seed)
        body: JsonObject = {"model": self.model, "stream": True, **sent}
        if self.template is None:
            message: JsonObject = {"role": "user", "content": prompt.text}
            body |= {"messages": [message], "think": False}
            return Request("/api/chat", body, sent, asked_tokens(config))
        body |= {"prompt": self.template.render(prompt.text), "raw": True}
        if self.template.stop:
            body["options"] = {**mapping(sent["options"]), "stop": list(self.template.stop)}
        return Request("/api/generate", body, sent, asked_tokens(config))

    def telling(self, tokens: int) -> JsonObject:
        return {"logprobs": True, "top_logprobs": tokens}

    async def write(self, request: Request) -> Answer:
        answer = Answer()
        async with self.http.stream(request.path, request.body) as response:
            async for line in response.aiter_lines():
                if line.strip():
                    self._take(line, answer, request.path)
        if answer.finish is None and _loops(answer):
            answer.finish = "length"
        return answer

    def _take(self, line: str, answer: Answer, path: str) -> None:
        event = mapping(self.http.parsed(line, path))
        if LOOPED in str(event.get("error")):
            answer.finish = "length"
        elif event.get("error"):
            self.http.complain(event["error"], path)
        message = mapping(event.get("message"))
        for into, piece in (
            (answer.text, message.get("content") or event.get("response")),
            (answer.thoughts, message.get("thinking") or event.get("thinking")),
        ):
            if isinstance(piece, str) and piece:
                into.append(piece)
        if told := event.get("logprobs"):
            answer.logprobs += told_logprobs({"content": told})
        if event.get("done") is True:
            _finish(event, answer)


def build(options: EngineOptions) -> OllamaEngine:
    """Build an engine for a running Ollama."""
    return OllamaEngine(DIALECT, options, options.server or DEFAULT_SERVER)


def _finish(event: Mapping[str, Json], answer: Answer) -> None:
    answer.finish = str(event.get("done_reason") or "stop")
    answer.model = str(event.get("model") or "")
    tokens, prompt = event.get("eval_count"), event.get("prompt_eval_count")
    answer.tokens = tokens if isinstance(tokens, int) else None
    answer.prompt_tokens = prompt if isinstance(prompt, int) else None


def _loops(answer: Answer) -> bool:
    """Whether a text or its thoughts end in one token again and again, as it counts them."""
    last = [piece.strip() for piece in (answer.text or answer.thoughts)[-LOOP:]]
    return len(last) == LOOP and len(set(last)) == 1


def _trained(shown: Mapping[str, Json]) -> int:
    """The context that a model was trained for, to which a longer one is cut; 0: not told."""
    told = mapping(shown.get("model_info"))
    length = told.get(f"{told.get('general.architecture')}.context_length")
    return length if isinstance(length, int) else 0


def _names(listed: Json) -> list[str]:
    return [str(entry["name"]) for entry in _entries(listed)]


def _digest(listed: Json, model: str) -> object:
    """The digest of a model's file, which changes when its name is given to another."""
    return next((e.get("digest") for e in _entries(listed) if e["name"] == model), None)


def _entries(listed: Json) -> list[Mapping[str, object]]:
    return [entry for entry in objects(mapping(listed).get("models")) if "name" in entry]
