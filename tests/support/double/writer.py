"""Who really writes behind the double: llama.cpp with a real model, or canned words.

Whatever llama.cpp can do, it does itself, in the order that the server would use. What it lacks
(tail-free sampling, top-a, epsilon, eta, smoothing, a deviation with n - 1, penalties that look at
the answer alone) is drawn token by token from its whole next-token distribution (`chain.py`), after
its own penalties and DRY.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

import httpx2
import numpy as np

from sampler_bench import demo_model
from sampler_bench.engines._child import Order
from sampler_bench.engines._launch import Child

from .applied import Applied, Refusal, active
from .chain import Floats, candidates, probabilities
from .quirks import OFF

NAMES = {
    "penalties": "penalties",
    "dry": "dry",
    "sigma": "top_n_sigma",
    "top_k": "top_k",
    "typical": "typ_p",
    "top_p": "top_p",
    "min_p": "min_p",
    "xtc": "xtc",
    "temperature": "temperature",
}
REMEMBERING = (
    *("repeat_penalty", "repeat_last_n", "presence_penalty", "frequency_penalty"),
    *("dry_multiplier", "dry_base", "dry_allowed_length", "dry_penalty_last_n"),
    "dry_sequence_breakers",
)
PENALTIES = {
    "rep_pen": "repeat_penalty",
    "presence": "presence_penalty",
    "frequency": "frequency_penalty",
}
OURS = ("tfs", "top_a", "epsilon", "eta", "smoothing")
CONTROL = re.compile(r"<\|?\w+\|?>|</s>")
ALL = 8192  # tokens: more than any context here
REMEMBERED = 4096  # distributions
NEVER = "\x00\x01\x02"  # stands for "no sequence breakers at all"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of text, or of thoughts. `logprobs` is llama.cpp's entry for it, where wanted."""

    text: str
    logprobs: Mapping[str, Any] | None = None
    thought: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """Why a text ended (`eos`, `limit`, `word` and which, `lost`), its counts, and what acted."""

    why: str
    tokens: int
    prompt_tokens: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    word: str = ""


class Writer(Protocol):
    """What the double needs of whoever writes."""

    model: str
    template: str
    context: int

    async def wrap(self, messages: Sequence[Mapping[str, Any]]) -> str: ...
    async def tokens(self, text: str) -> list[int]: ...
    def write(self, applied: Applied, prompt: Sequence[int]) -> AsyncGenerator[Piece | End]: ...


class LlamaWriter:
    """A real llama.cpp in a child process of ours. Use as `async with`.

    Attributes:
        url: llama.cpp's own address, where tests see its slots.
    """

    def __init__(
        self,
        gguf: Path | None = None,
        *,
        slots: int = 8,
        context: int = 1024,
        endless: bool = False,
    ) -> None:
        self.gguf = gguf or demo_model.path()
        self.context = context
        self.url = ""
        self.model = self.gguf.stem
        self.template = ""
        self.endless = endless  # no text ends before its limit
        self._order = Order(self.gguf, slots=slots, context=context)
        self._known: dict[str, Any] = {}
        self._distributions: dict[object, tuple[list[dict[str, Any]], Floats]] = {}

    async def __aenter__(self) -> Self:
        self._child = Child.start(self._order)
        self.url = await self._child.ready_async()
        self._http = httpx2.AsyncClient(base_url=self.url, timeout=120.0, trust_env=False)
        props = (await self._http.get("/props")).json()
        self.template = props["chat_template"]
        self._ends = set(await self._ask("/tokenize", content=props["eos_token"]))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()
        self._child.stop()

    async def wrap(self, messages: Sequence[Mapping[str, Any]]) -> str:
        return str(await self._ask("/apply-template", messages=list(messages)))

    async def tokens(self, text: str) -> list[int]:
        return list(await self._ask("/tokenize", content=text, add_special=True))

    async def busy(self) -> int:
        """How many of llama.cpp's slots work now."""
        slots = (await self._http.get("/slots")).json()
        return sum(bool(slot["is_processing"]) for slot in slots)

    async def until_idle(self, seconds: float = 120.0) -> None:
        """Wait until no slot works any more."""
        async with asyncio.timeout(seconds):
            while await self.busy():  # noqa: ASYNC110 (another process: there is no event)
                await asyncio.sleep(0.01)

    async def write(self, applied: Applied, prompt: Sequence[int]) -> AsyncGenerator[Piece | End]:
        """Write one text. Leaving early stops llama.cpp's work.

        Raises:
            Refusal: llama.cpp refuses the settings.
        """
        write = self._drawn if _needs_us(applied) else self._streamed
        async with aclosing(write(applied, prompt)) as pieces:
            async for piece in pieces:
                yield piece

    async def _streamed(
        self, applied: Applied, prompt: Sequence[int]
    ) -> AsyncGenerator[Piece | End]:
        body = {
            **_settings(applied),
            "prompt": list(prompt),
            "n_predict": applied.tokens,
            "seed": applied.seed,
            "ignore_eos": applied.endless or self.endless,
            "stop": list(applied.stop),
            "stream": True,
            "cache_prompt": False,
            "n_probs": _wanted(applied),
            "post_sampling_probs": applied.after,
        }
        close = {"Connection": "close"}
        async with self._http.stream("POST", "/completion", json=body, headers=close) as response:
            if response.status_code != 200:
                told = json.loads(await response.aread())["error"]
                raise Refusal(response.status_code, told["message"], told["type"])
            async for line in response.aiter_lines():
                if not line.startswith("data: "):
                    continue
                event = json.loads(line[6:])
                probs = event.get("completion_probabilities") or [None]
                if event.get("content") or probs[0]:
                    yield Piece(event.get("content", ""), probs[0])
                if event.get("stop"):
                    yield _end(event)

    async def _drawn(self, applied: Applied, prompt: Sequence[int]) -> AsyncGenerator[Piece | End]:
        """Draw token by token; a text that might begin a stop text is held back."""
        if active(applied.knobs, "adaptive"):
            raise Refusal(501, "the double cannot draw adaptive-p beside this")
        if applied.knobs["rep_slope"] != 1 and applied.knobs["rep_pen"] != 1:
            raise Refusal(501, "the double has no slope of the repetition penalty")
        rng = np.random.default_rng(applied.seed)
        written: list[int] = []
        text, shown, raw = "", 0, b""
        for _ in range(applied.tokens):
            entries, logits = await self._distribution(applied, [*prompt, *written])
            left = candidates(_answer_penalties(logits, entries, applied, written), applied, rng)
            if applied.endless:
                left[[i for i, e in enumerate(entries) if e["id"] in self._ends]] = -np.inf
            p = probabilities(left)
            place = int(rng.choice(len(p), p=p))
            chosen = entries[place]
            if chosen["id"] in self._ends:
                yield Piece(text[shown:])
                yield End("eos", len(written), len(prompt), _settings(applied))
                return
            written.append(chosen["id"])
            raw += b"" if CONTROL.fullmatch(chosen["token"]) else bytes(chosen["bytes"])
            text = raw.decode("utf-8", "ignore")
            if word := next((stop for stop in applied.stop if stop in text), ""):
                yield Piece(text[shown : text.index(word)])
                yield End("word", len(written), len(prompt), _settings(applied), word)
                return
            safe = len(text) - _begun(text, applied.stop)
            yield Piece(text[shown:safe], _told(entries, place, p, logits, applied))
            shown = max(shown, safe)
        yield Piece(text[shown:])
        yield End("limit", len(written), len(prompt), _settings(applied))

    async def _distribution(
        self, applied: Applied, tokens: Sequence[int]
    ) -> tuple[list[dict[str, Any]], Floats]:
        """The whole next-token distribution after llama.cpp's penalties and DRY, remembered."""
        settings = _settings(applied)
        wanted = {name: settings[name] for name in REMEMBERING}
        wanted.update({PENALTIES[knob]: OFF[knob] for knob in applied.answer_only})
        wanted["samplers"] = [step for step in ("penalties", "dry") if step in applied.steps]
        key = (tuple(tokens), json.dumps(wanted))
        if key not in self._distributions:
            body = {
                **wanted,
                **{"prompt": list(tokens), "n_predict": 1, "n_probs": 1_000_000},
                **{"post_sampling_probs": True, "cache_prompt": True},
            }
            told = (await self._http.post("/completion", json=body)).json()
            for longer in (8, 8, 32, 32):  # a token that is half a character is not told of alone
                if "completion_probabilities" not in told:
                    more = {**body, "n_predict": longer}
                    told = (await self._http.post("/completion", json=more)).json()
            entries = told["completion_probabilities"][0]["top_probs"]
            logits = np.log(np.maximum([entry["prob"] for entry in entries], 1e-45))
            if len(self._distributions) >= REMEMBERED:
                self._distributions.clear()
            self._distributions[key] = entries, logits
        return self._distributions[key]

    async def _ask(self, path: str, **body: Any) -> Any:
        key = path + json.dumps(body)
        if key not in self._known:
            (found,) = (await self._http.post(path, json=body)).json().values()
            self._known[key] = found
        return self._known[key]


@dataclass(slots=True)
class CannedWriter:
    """Samples nothing: the same words for everybody, after the seed, so that each text is known.

    Attributes:
        words: of the answer.
        why: why it ends.
        naming: what each text begins with; by default its seed.
    """

    words: str = "says hello there"
    why: str = "eos"
    model: str = "plain-model"
    template: str = "{{ messages }}"
    context: int = 4096
    naming: Callable[[Applied], str] = lambda applied: f"seed {applied.seed}"

    async def wrap(self, messages: Sequence[Mapping[str, Any]]) -> str:
        return " ".join(str(message["content"]) for message in messages)

    async def tokens(self, text: str) -> list[int]:
        return [1] * 9

    async def write(self, applied: Applied, prompt: Sequence[int]) -> AsyncGenerator[Piece | End]:
        pieces = [self.naming(applied), *(f" {word}" for word in self.words.split())]
        for piece in pieces:
            yield Piece(piece)
        yield End(self.why, len(pieces), len(prompt))


def _needs_us(applied: Applied) -> bool:
    knobs = applied.knobs
    if knobs["mirostat"]:
        return False  # it replaces the chain, on every server
    ours = any(active(knobs, step) for step in OURS if step in applied.steps)
    sigma = applied.sigma_ddof and knobs["sigma"] > 0 and "sigma" in applied.steps
    answer = any(knobs[knob] != OFF[knob] for knob in applied.answer_only)
    return bool(ours or sigma or answer)


def _settings(applied: Applied) -> dict[str, Any]:
    """Say what acts in llama.cpp's words, without the prompt."""
    k = applied.knobs
    steps = [NAMES[step] for step in applied.steps if step in NAMES]
    if k["adaptive_target"] >= 0 and "adaptive" in applied.steps:
        steps.append("adaptive_p")
    return {
        "temperature": k["temperature"],
        "dynatemp_range": k["dynatemp_range"],
        "dynatemp_exponent": k["dynatemp_exponent"],
        "top_k": max(0, int(k["top_k"])),
        "top_p": k["top_p"],
        "min_p": k["min_p"],
        "top_n_sigma": k["sigma"],
        "typical_p": k["typical"],
        "xtc_probability": k["xtc_probability"],
        "xtc_threshold": k["xtc_threshold"],
        "dry_multiplier": k["dry_multiplier"],
        "dry_base": k["dry_base"],
        "dry_allowed_length": int(k["dry_allowed_length"]),
        "dry_penalty_last_n": _window(k["dry_range"]),
        "dry_sequence_breakers": k["dry_breakers"] or [NEVER],
        "mirostat": int(k["mirostat"]),
        "mirostat_tau": k["mirostat_tau"],
        "mirostat_eta": k["mirostat_eta"],
        "adaptive_target": k["adaptive_target"],
        "adaptive_decay": k["adaptive_decay"],
        "repeat_penalty": k["rep_pen"],
        "repeat_last_n": _window(k["rep_range"]),
        "presence_penalty": k["presence"],
        "frequency_penalty": k["frequency"],
        "samplers": steps,
    }


def _wanted(applied: Applied) -> int:
    """One at least: for none it tells nothing of a token's own probability either."""
    return 0 if applied.logprobs is None else max(1, applied.logprobs)


def _window(tokens: float) -> int:
    """A negative window is all of the text; llama.cpp refuses to be told so."""
    return int(tokens) if tokens >= 0 else ALL


def _end(event: Mapping[str, Any]) -> End:
    return End(
        event["stop_type"],
        event["tokens_predicted"],
        event["tokens_evaluated"],
        event["generation_settings"],
        event.get("stopping_word", ""),
    )


def _answer_penalties(
    logits: Floats, entries: Sequence[Mapping[str, Any]], applied: Applied, written: Sequence[int]
) -> Floats:
    """Penalties over the answer alone; the repetition penalty on what is known: log-probabilities.

    These are never above 0, so that it multiplies, whatever the logits' sign was.
    """
    if not applied.answer_only or "penalties" not in applied.steps:
        return logits
    counts = np.array([written.count(entry["id"]) for entry in entries])
    if "rep_pen" in applied.answer_only:
        logits = np.where(counts > 0, logits * applied.knobs["rep_pen"], logits)
    return np.asarray(
        logits - applied.knobs["presence"] * (counts > 0) - applied.knobs["frequency"] * counts
    )


def _begun(text: str, stops: Sequence[str]) -> int:
    """How many characters at the end of a text might begin a stop text."""
    longest = 0
    for stop in stops:
        for size in range(min(len(stop) - 1, len(text)), 0, -1):
            if text.endswith(stop[:size]):
                longest = max(longest, size)
                break
    return longest


def _told(
    entries: Sequence[Mapping[str, Any]], place: int, p: Floats, logits: Floats, applied: Applied
) -> dict[str, Any] | None:
    """An entry of probabilities in llama.cpp's form, before or after sampling, where wanted."""
    if applied.logprobs is None:
        return None
    shown = p if applied.after else probabilities(logits)
    top = np.argsort(-shown, kind="stable")[: applied.logprobs]
    kind = "prob" if applied.after else "logprob"

    def entry(i: int) -> dict[str, Any]:
        value = float(shown[i] if applied.after else np.log(max(shown[i], 1e-45)))
        return {**{k: entries[i][k] for k in ("id", "token", "bytes")}, kind: value}

    return {**entry(place), f"top_{kind}s": [entry(i) for i in top if shown[i] > 0]}
