"""What a server of given quirks makes of a request: the settings that really act."""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .orders import Steps
from .quirks import OFF, SPAN, Endpoint, Key, Quirks

MAX_SEED = 2**31 - 1
PARTS = {
    "temperature": ("temperature", "dynatemp_range"),
    "smoothing": ("smoothing_factor",),
    "xtc": ("xtc_probability",),
    "dry": ("dry_multiplier",),
    "adaptive": ("adaptive_target",),
    "penalties": ("rep_pen", "presence", "frequency"),
}
REMEMBERING = ("rep_pen", "presence", "frequency", "dry_multiplier")
WHOLE = -1  # a window of all of the text
PLUMBING = {
    *("model", "messages", "prompt", "stream", "stream_options", "n", "user", "logprobs"),
    *("top_logprobs", "max_completion_tokens", "reasoning_effort", "logit_bias", "response_format"),
}


class Refusal(Exception):
    """The server turns a request down."""

    def __init__(self, status: int, message: str, kind: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"error": {"message": message, "type": kind, "code": status}}
        self.headers: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Applied:
    """The settings that act on one text.

    Attributes:
        knobs: every knob of `quirks.OFF` with the value that acts.
        steps: the order of the samplers; a knob whose step is not among them does nothing.
        seed: of the draws.
        tokens: the longest answer.
        room: tokens of prompt and answer together.
        stop: texts that end it.
        logprobs: alternatives wanted for each token; None for no logprobs at all.
        after: whether they are probabilities after sampling.
        endless: whether texts may not end by themselves.
        sigma_ddof, answer_only: as in `Quirks`.
        ignored: keys of the request that the server does not know.
    """

    knobs: Mapping[str, Any]
    steps: Steps
    seed: int
    tokens: int
    room: int = 0
    stop: tuple[str, ...] = ()
    logprobs: int | None = None
    after: bool = False
    endless: bool = False
    sigma_ddof: int = 0
    answer_only: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass(slots=True)
class Reader:
    """Reads requests as a server of the given quirks does. `vocabulary` is the demo model's."""

    quirks: Quirks
    clock: Callable[[], float] = time.time
    rng: random.Random = field(default_factory=lambda: random.Random(1))
    vocabulary: int = 2048

    def read(self, endpoint: Endpoint, body: Mapping[str, Any], room: int) -> Applied:
        """Say what acts.

        Args:
            room: tokens of the context.

        Raises:
            Refusal: as the server refuses it.
        """
        body = _renamed(endpoint, body)
        inner = body.get(endpoint.inside, {}) if endpoint.inside else body
        if isinstance(inner, str):  # as transformers has it: a text of JSON, with others beside it
            beside = {key: body[key] for key in (endpoint.seed, endpoint.stop) if key in body}
            inner = {**beside, **json.loads(inner)}
        if not isinstance(inner, Mapping):
            raise Refusal(400, f"{endpoint.inside}: expected an object")
        if self.quirks.unknown == "outside":
            odd = body.keys() - PLUMBING - {endpoint.inside, *self.quirks.also}
            if odd:
                raise Refusal(422, f"Unexpected fields in the request: {odd}")
        ignored = self._unknown(endpoint, inner)
        knobs = self._knobs(endpoint, inner)
        steps = self.quirks.order(inner)
        asked = inner.get(endpoint.room)
        room = min(room, asked) if isinstance(asked, int) and asked > 0 else room
        wanted = self._wanted_logprobs(endpoint, body)
        return Applied(
            knobs=knobs,
            steps=steps,
            seed=self._seed(endpoint, inner),
            tokens=self._tokens(endpoint, inner, room),
            room=room,
            stop=self._stop(inner.get(endpoint.stop)),
            logprobs=wanted,
            after=wanted is not None and self._after(body),
            endless=bool(self.quirks.endless) and inner.get(self.quirks.endless) is True,
            sigma_ddof=self.quirks.sigma_ddof,
            answer_only=self.quirks.answer_only,
            ignored=ignored,
        )

    def _unknown(self, endpoint: Endpoint, inner: Mapping[str, Any]) -> tuple[str, ...]:
        known = {*endpoint.keys, *(a for key in endpoint.keys.values() for a in key.aliases)}
        names = {*PLUMBING, *self.quirks.also}
        names |= {endpoint.tokens, endpoint.stop, endpoint.seed, endpoint.room}
        unknown = tuple(name for name in inner if name not in known | names)
        if unknown and self.quirks.unknown == "refuse":
            raise Refusal(400, f"Unrecognized request argument supplied: {unknown[0]}")
        provider = inner.get("provider")
        strict = isinstance(provider, Mapping) and provider.get("require_parameters") is True
        if unknown and strict and self.quirks.unknown == "routed":
            raise Refusal(404, f"No endpoints found that can handle {', '.join(unknown)}")
        return unknown

    def _knobs(self, endpoint: Endpoint, inner: Mapping[str, Any]) -> dict[str, Any]:
        knobs = {**OFF, **endpoint.acts}
        for name, key in endpoint.keys.items():
            knobs[key.knob] = self._value(name, key, inner)
        knobs.update(self.quirks.forced)
        knobs.update({knob: knobs[other] for knob, other in self.quirks.tied.items()})
        low, high = (knobs.pop(knob, 0.0) for knob in SPAN)
        if high > 0 and inner.get("dynamic_temperature", True):
            knobs.update(temperature=(low + high) / 2, dynatemp_range=(high - low) / 2)
        if self.quirks.samples and inner.get(self.quirks.samples) is not True:
            knobs.update(temperature=0.0, top_k=1)
        self._chill(knobs)
        if knobs["adaptive_target"] > 0 and knobs["min_p"] <= 0 and knobs["top_p"] >= 1:
            knobs["min_p"] = self.quirks.forces_min_p
        return knobs

    def _chill(self, knobs: dict[str, Any]) -> None:
        heat = knobs["temperature"]
        if self.quirks.greedy is not None and heat <= self.quirks.greedy:
            knobs.update(temperature=0.0, top_k=1)
            knobs.update({knob: OFF[knob] for knob in REMEMBERING} if self.quirks.bare else {})
        elif heat < self.quirks.coldest:
            knobs["temperature"] = self.quirks.coldest

    def _value(self, name: str, key: Key, inner: Mapping[str, Any]) -> Any:
        default = self.quirks.hidden.get(key.knob, key.default)
        said = [
            self._readable(known, inner[known], default)
            for known in (name, *key.aliases)
            if inner.get(known) is not None
        ]
        if key.largest:
            return self._ranged(name, key, max([default, *said]))
        if not said:
            return OFF[key.knob] if default == key.off else default
        if isinstance(default, list):
            return said[0]
        if key.real and isinstance(said[0], int):
            raise Refusal(self.quirks.bad, f"{name} must be of type float")
        if said[0] == key.off:
            return OFF[key.knob]
        if key.whole and said[0] == 0:
            return WHOLE
        return self._ranged(name, key, said[0] * key.scale if key.scale != 1 else said[0])

    def _readable(self, name: str, value: Any, default: Any) -> Any:
        if isinstance(default, list):
            return _texts(value, default)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and math.isfinite(value):
            return value
        if self.quirks.unreadable == "default":
            try:
                return float(value)
            except (TypeError, ValueError):
                return default
        raise Refusal(
            self.quirks.bad, f"Field '{name}': type must be number, but is {type(value).__name__}"
        )

    def _ranged(self, name: str, key: Key, value: Any) -> Any:
        inside = (key.low < value if key.above else key.low <= value) and value <= key.high
        if key.only and value not in key.only:
            raise Refusal(self.quirks.bad, f"{name} must be one of {key.only}, got {value}.")
        if inside or key.out == "accept":
            return value
        if key.out == "default":
            return key.default
        if key.out == "refuse":
            told = f"{name} must be from {key.low:g} to {key.high:g}, got {value}."
            raise Refusal(self.quirks.bad, told)
        return min(max(value, key.low), key.high)

    def _seed(self, endpoint: Endpoint, inner: Mapping[str, Any]) -> int:
        asked = inner.get(endpoint.seed) if self.quirks.seed != "never" else None
        least = 1 if self.quirks.seed == "positive" else 0
        if isinstance(asked, int) and not isinstance(asked, bool) and asked >= least:
            return asked % 2**32
        if asked is not None and not isinstance(asked, int) and self.quirks.unreadable == "refuse":
            raise Refusal(self.quirks.bad, f"Field '{endpoint.seed}': type must be number")
        if self.quirks.random == "second":
            return int(self.clock()) % 1_000_000
        return self.rng.randint(1, MAX_SEED)

    def _tokens(self, endpoint: Endpoint, inner: Mapping[str, Any], room: int) -> int:
        asked = inner.get(endpoint.tokens, inner.get("max_completion_tokens"))
        if asked is None:
            asked = endpoint.omitted_tokens
        if not isinstance(asked, int | float) or isinstance(asked, bool):
            raise Refusal(self.quirks.bad, f"Field '{endpoint.tokens}': type must be number")
        longest = int(room * (1 - self.quirks.keeps_for_prompt))
        longest = min(longest, self.quirks.most_tokens or longest)
        return longest if asked < 0 else min(int(asked), longest)

    def _stop(self, asked: Any) -> tuple[str, ...]:
        texts = [asked] if isinstance(asked, str) else asked or []
        return tuple(text for text in texts if isinstance(text, str) and text)

    def _wanted_logprobs(self, endpoint: Endpoint, body: Mapping[str, Any]) -> int | None:
        asked, top = body.get("logprobs", body.get("n_probs")), body.get("top_logprobs")
        if endpoint.asks != "chat" and "n_probs" in self.quirks.also:
            asked = body.get("n_probs", asked)  # as seen of b11669: `logprobs` is its alias there
        if self.quirks.logprobs == "none" or self.quirks.most_logprobs < 1 or not asked:
            return None
        number = top if isinstance(top, int) else asked if asked is not True else 0
        number = self.quirks.most_logprobs if self.quirks.logprobs == "post" else int(number)
        if number < 0:
            number = self.vocabulary
        if number > self.quirks.most_logprobs:
            told = f"greater than max allowed: {self.quirks.most_logprobs}"
            raise Refusal(400, f"Requested sample logprobs of {number}, which is {told}")
        return number

    def _after(self, body: Mapping[str, Any]) -> bool:
        return self.quirks.logprobs == "post" or body.get("post_sampling_probs") is True


def _renamed(endpoint: Endpoint, body: Mapping[str, Any]) -> dict[str, Any]:
    """Let the endpoint's own words overwrite others, whether they are there or not."""
    rest = {name: value for name, value in body.items() if name not in endpoint.renamed.values()}
    for ours, theirs in endpoint.renamed.items():
        if rest.get(ours) is not None:
            rest[theirs] = rest[ours]
    return {name: value for name, value in rest.items() if name not in endpoint.renamed}


def _texts(value: Any, default: list[str]) -> list[str]:
    """A list, also one written as JSON, with or without its brackets."""
    if isinstance(value, str):
        text = value if value.startswith("[") else f"[{value}]"
        try:
            value = json.loads(text)
        except ValueError:
            return default
    return value if isinstance(value, list) else default


def active(knobs: Mapping[str, Any], step: str) -> bool:
    """Say whether a step does anything."""
    if step == "sigma":
        return bool(knobs["sigma"] > 0)  # off is 0 here and -1 there
    return any(knobs[knob] != OFF[knob] for knob in PARTS.get(step, (step,)))
