"""The forms in which servers answer: streams and whole answers, in each protocol's own shape."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .applied import Refusal
from .quirks import LLAMACPPS, Endpoint, Quirks
from .writer import End, Piece

Stream = AsyncIterator[Piece | End]
FLOOR = math.log(1e-4)  # KoboldCpp's lowest log-probability


@dataclass(frozen=True, slots=True)
class Shape:
    """How one endpoint answers one request."""

    quirks: Quirks
    endpoint: Endpoint
    body: Mapping[str, Any]
    model: str

    async def stream(self, pieces: Stream) -> AsyncIterator[bytes]:
        """One event for each piece, then what the protocol has at its end, or the error."""
        try:
            async for piece in pieces:
                if isinstance(piece, Piece):
                    yield self._event(self._said(piece))
                else:
                    for event in self._last(piece):
                        yield event
        except Refusal as refused:
            yield self._event(refusal(self.quirks, refused))

    def whole(self, pieces: Sequence[Piece], end: End) -> dict[str, Any]:
        """The whole answer in one object."""
        text = "".join(piece.text for piece in pieces if not piece.thought)
        thoughts = "".join(piece.text for piece in pieces if piece.thought)
        probs = [piece.logprobs for piece in pieces if piece.logprobs is not None]
        match self.endpoint.shape:
            case "kobold":
                return {"results": [{**self._kobold(text, end), **self._kobold_probs(probs)}]}
            case "ollama":
                told = self._ollama(text, thoughts)
                return {**told, **self._ollama_end(end), **_ollama_listed(probs)}
            case "llamacpp":
                return {"content": text, **self._llamacpp_end(end), **_native(probs)}
        choice = self._choice(text, thoughts, probs, whole=True)
        choice["finish_reason"] = self._why(end)
        told = {"choices": [choice], **(self._usage(end) if self._counts(whole=True) else {})}
        return {**self._head("chat.completion"), **told, **self._verbose(end)}

    def _said(self, piece: Piece) -> dict[str, Any]:
        probs = [piece.logprobs] if piece.logprobs is not None else []
        text, thought = ("", piece.text) if piece.thought else (piece.text, "")
        match self.endpoint.shape:
            case "kobold":
                return {"token": piece.text, "finish_reason": None}
            case "ollama":
                return {**self._ollama(text, thought), "done": False, **_ollama_listed(probs)}
            case "llamacpp":
                return {"content": piece.text, "stop": False, **_native(probs)}
        choice = self._choice(text, thought, probs, whole=False)
        return {**self._head("chat.completion.chunk"), "choices": [choice]}

    def _last(self, end: End) -> list[bytes]:
        match self.endpoint.shape:
            case "kobold":
                return [self._event({"token": "", "finish_reason": self._why(end)})]
            case "ollama":
                return [self._event({**self._ollama("", ""), **self._ollama_end(end)})]
            case "llamacpp":
                return [self._event({"content": "", **self._llamacpp_end(end)})]
        choice = self._choice("", "", [], whole=False)
        choice["finish_reason"] = self._why(end)
        head = self._head("chat.completion.chunk")
        events = [{**head, "choices": [choice], **self._verbose(end)}]
        options = self.body.get("stream_options") or {}
        if self._counts(whole=False) and options.get("include_usage"):
            events.append({**head, "choices": [], **self._usage(end)})
        return [*map(self._event, events), b"data: [DONE]\n\n"]

    def _event(self, told: Mapping[str, Any]) -> bytes:
        text = json.dumps(told)
        if self.endpoint.shape == "ollama":
            return f"{text}\n".encode()
        name = "event: message\n" if self.endpoint.shape == "kobold" else ""
        return f"{name}data: {text}\n\n".encode()

    def _head(self, kind: str) -> dict[str, Any]:
        provider = {"provider": self.quirks.provider} if self.quirks.provider else {}
        return {"id": "double-1", "object": kind, "created": 1, "model": self.model, **provider}

    def _choice(
        self, text: str, thoughts: str, probs: Sequence[Mapping[str, Any]], *, whole: bool
    ) -> dict[str, Any]:
        said: dict[str, Any] = {"content": text} if text or whole else {}
        if thoughts:
            said[self.quirks.thinks_in] = thoughts
        if self.quirks.drawn_first:
            probs = [_drawn_first(entry, self.endpoint.asks == "chat") for entry in probs]
        if self.endpoint.asks != "chat":
            form = listed if self.quirks.engine in LLAMACPPS else _legacy
            return {"index": 0, "text": text, "logprobs": form(probs) if probs else None}
        told = listed(probs) if probs else None
        where = "message" if whole else "delta"
        return {"index": 0, where: said, "logprobs": told, "finish_reason": None}

    def _why(self, end: End) -> str:
        return {"eos": "stop", "word": self.quirks.stop_word}.get(end.why, "length")

    def _counts(self, *, whole: bool) -> bool:
        return self.quirks.counts == "always" or (whole and self.quirks.counts == "whole")

    def _usage(self, end: End) -> dict[str, Any]:
        total = end.prompt_tokens + end.tokens
        return {
            "usage": {
                "prompt_tokens": end.prompt_tokens,
                "completion_tokens": end.tokens,
                "total_tokens": total,
            }
        }

    def _verbose(self, end: End) -> dict[str, Any]:
        if not (self.quirks.echoes and self.body.get("verbose")):
            return {}
        return {"__verbose": {"generation_settings": dict(end.settings)}}

    def _kobold(self, text: str, end: End) -> dict[str, Any]:
        counts = {"prompt_tokens": end.prompt_tokens, "completion_tokens": end.tokens}
        told = {"text": text, "finish_reason": self._why(end)}
        return {**told, **(counts if self._counts(whole=True) else {})}

    def _kobold_probs(self, probs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        return {"logprobs": listed(probs, FLOOR)} if probs else {}

    def _ollama(self, text: str, thoughts: str) -> dict[str, Any]:
        head = {"model": self.model, "created_at": "2026-01-01T00:00:00Z"}
        thinking = {"thinking": thoughts} if thoughts else {}
        if self.endpoint.asks == "chat":
            return {**head, "message": {"role": "assistant", "content": text, **thinking}}
        return {**head, "response": text, **thinking}

    def _ollama_end(self, end: End) -> dict[str, Any]:
        counts = {"prompt_eval_count": end.prompt_tokens, "eval_count": end.tokens}
        return {"done": True, "done_reason": self._why(end), **counts, "eval_duration": 1}

    def _llamacpp_end(self, end: End) -> dict[str, Any]:
        return {
            "stop": True,
            "model": self.model,
            "tokens_predicted": end.tokens,
            "tokens_evaluated": end.prompt_tokens,
            "generation_settings": dict(end.settings),
            "stop_type": end.why,
            "stopping_word": end.word,
            "truncated": False,
        }


def refusal(quirks: Quirks, refused: Refusal) -> dict[str, Any]:
    """The body of an error, as each server words it."""
    told = refused.body["error"]
    match quirks.engine:
        case "ollama" | "mlx-lm":
            return {"error": told["message"]}
        case "transformers":
            return {"detail": told["message"]}
        case "koboldcpp":
            return {"detail": {"msg": told["message"], "type": told["type"]}}
        case "tabbyapi":
            return {"detail": [{"msg": told["message"], "type": told["type"]}]}
    return refused.body


def _drawn_first(entry: Mapping[str, Any], chat: bool) -> dict[str, Any]:
    top = entry["top_logprobs"]
    told = [entry, *(other for other in top if other["id"] != entry["id"])]
    return {**entry, "top_logprobs": told[: len(top)] if chat else told}


def _native(probs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"completion_probabilities": list(probs)} if probs else {}


def _ollama_listed(probs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"logprobs": listed(probs)["content"]} if probs else {}


def listed(probs: Sequence[Mapping[str, Any]], floor: float = -math.inf) -> dict[str, Any]:
    """Chat completions' form: one entry a token, alternatives inside."""
    return {"content": [_entry(entry, floor) for entry in probs]}


def with_chosen(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry whose likeliest tokens are followed by the chosen one, where that is another."""
    chosen = {key: entry[key] for key in ("id", "token", "bytes", "logprob")}
    top = list(entry["top_logprobs"])
    more = [] if any(other["id"] == entry["id"] for other in top) else [chosen]
    return {**entry, "top_logprobs": top + more}


def _entry(entry: Mapping[str, Any], floor: float) -> dict[str, Any]:
    top = entry.get("top_logprobs", entry.get("top_probs", []))
    return {**_one(entry, floor), "top_logprobs": [_one(other, floor) for other in top]}


def _one(entry: Mapping[str, Any], floor: float) -> dict[str, Any]:
    found = entry["logprob"] if "logprob" in entry else math.log(max(entry["prob"], 1e-45))
    shown = {"token": entry["token"], "bytes": entry["bytes"], "id": entry["id"]}
    return {**shown, "logprob": max(found, floor)}


def _legacy(probs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Plain completions' form: parallel lists."""
    entries = [_entry(entry, -math.inf) for entry in probs]
    return {
        "tokens": [entry["token"] for entry in entries],
        "token_logprobs": [entry["logprob"] for entry in entries],
        "top_logprobs": [
            {other["token"]: other["logprob"] for other in entry["top_logprobs"]}
            for entry in entries
        ],
    }
