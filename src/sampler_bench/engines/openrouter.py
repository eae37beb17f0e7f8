"""OpenRouter, which hands requests on to providers of many kinds.

Source: OpenRouter's API documentation (parameters, provider routing, endpoints of a model,
reasoning), read in 2026. Not called here. Parameters that a provider lacks are dropped silently,
unless a request demands that all be kept, as ours do: then it is refused where no provider keeps
them. So neutral keys are left out where the list of models says that no provider of the model knows
them. Where a study names its providers, no others write (`order`, without fall-backs), and what is
left out is told by what all of these keep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote

from ..errors import EngineError, SpecError
from ..records import JsonObject, Prompt, SamplerConfig
from ..samplers import parameter
from . import EngineOptions, ServerInfo
from . import openai_compatible as _compatible
from ._answer import Answer
from ._dialect import Dialect, Spoken
from ._http import mapping, objects
from ._logprobs import NEUTRAL
from ._openai import MODELS_PATH, OpenAIEngine, Wire, context_of
from ._remote import Request

DEFAULT_SERVER = "https://openrouter.ai/api"
ROUTED = "only providers that keep every stated parameter are asked"

DIALECT: Dialect = replace(
    _compatible.DIALECT,
    name="openrouter",
    words={
        **_compatible.WORDS,
        "min_p": Spoken("min_p", differs=ROUTED),
        "repetition_penalty": Spoken("repetition_penalty", low=0, above=True, high=2),
        "temperature": Spoken("temperature", low=0, high=2),
        "top_a": Spoken("top_a", differs=ROUTED),
        "top_k": Spoken("top_k", differs=ROUTED),
    },
    always={"provider": {"require_parameters": True}},
    notes=(
        "One model may be served by providers with other quantizations; each text records which. "
        "Name one with `provider`, and no other writes.",
    ),
)


class OpenRouterEngine(OpenAIEngine):
    """OpenRouter: says which parameters a model's providers keep, and who answered."""

    costs = True
    confirms = False  # it serves what a request names, and says so in its answer

    def __init__(self, options: EngineOptions) -> None:
        wire = Wire(chat_extra={"reasoning": {"effort": "none"}})
        super().__init__(DIALECT, options, options.server or DEFAULT_SERVER, wire)
        self.kept: frozenset[str] | None = None
        self._order = options.providers  # as requests name them

    async def ask(self) -> ServerInfo:
        """Read the model's entry: its context, and which parameters its providers keep."""
        model, entry = self._choose(await self.http.get(MODELS_PATH))
        if not entry:
            raise EngineError(f"openrouter: it lists no model {model!r}; check the name")
        self.kept = _kept(entry)
        found = self.described(model, entry)
        if self.options.providers and (served := await self._endpoints(model)):
            self.kept = _kept_by_all(served)
            rooms = [room for one in served if (room := context_of(one))]
            found = replace(found, context=min(rooms, default=found.context))
        return replace(found, details={"supported_parameters": sorted(self.kept or ())})

    async def _endpoints(self, model: str) -> list[Mapping[str, object]]:
        """Where the named providers serve the model; none where that is not told.

        Raises:
            EngineError: one of them does not serve it.
        """
        listed = await self.http.told(f"{MODELS_PATH}/{quote(model, safe='/:')}/endpoints")
        known = objects(mapping(mapping(listed).get("data")).get("endpoints"))
        found: list[Mapping[str, object]] = []
        order: list[str] = []
        for provider in self.options.providers if known else ():
            own = [e for e in known if provider.lower() in _names(e)]
            if not own:
                there = ", ".join(sorted({str(e.get("tag") or e.get("name")) for e in known}))
                raise EngineError(
                    f"openrouter: provider {provider!r} does not serve {model}; it is served by "
                    f"{there}: name one of these"
                )
            found += own
            order.append(_slug(provider, own))
        self._order = tuple(order) if known else self.options.providers
        return found

    def express(self, config: SamplerConfig, seed: int) -> JsonObject:
        """Say a configuration, without the neutral keys that no provider of the model keeps."""
        said = {**super().express(config, seed), "provider": self._routing}
        if self.kept is None:
            return said
        for name, value in config.parameters:
            word = self.dialect.words[name]
            if value == parameter(name).neutral:
                continue  # it is left out, as where nobody writes it
            if isinstance(word, Spoken) and word.key not in self.kept | {"max_tokens"}:
                who = "no provider" if not self.options.providers else "not every named provider"
                raise SpecError(
                    f"{name} on openrouter: {who} of {self.model} keeps it; remove it from "
                    "the space or choose another model"
                )
        dropped = self.dialect.keys() - self.kept - {"max_tokens"}
        return {key: value for key, value in said.items() if key not in dropped}

    @property
    def _routing(self) -> JsonObject:
        always = DIALECT.always["provider"]
        assert isinstance(always, dict)
        if not self.options.providers:
            return always
        return {**always, "order": [*self._order], "allow_fallbacks": False}

    def lasting(self, said: JsonObject) -> JsonObject:
        """Without the seed and neutral knobs: they come and go with the model's providers."""
        idle, knobs = self.dialect.express(NEUTRAL, seed=1), self.dialect.keys()
        moved = {k: v for k, v in said.items() if k not in knobs or idle[k] != v}
        return {k: v for k, v in moved.items() if k != self.dialect.seed}

    def request(self, config: SamplerConfig, prompt: Prompt, seed: int) -> Request:
        """Leave `reasoning` out where no provider keeps it: demanded, it might find none."""
        asked = super().request(config, prompt, seed)
        if self.kept is None or "reasoning" in self.kept:
            return asked
        return replace(asked, body={k: v for k, v in asked.body.items() if k != "reasoning"})

    def take(self, event: Mapping[str, object], answer: Answer) -> None:
        """Add one event, and note the provider that answered."""
        super().take(event, answer)
        if isinstance(provider := event.get("provider"), str):
            answer.echoed = {"provider": provider}


def _kept(entry: Mapping[str, object]) -> frozenset[str] | None:
    """The parameters that are kept, by a model's entry or an endpoint's; None: not told."""
    kept = entry.get("supported_parameters")
    return frozenset(map(str, kept)) if isinstance(kept, list) else None


def _kept_by_all(endpoints: Sequence[Mapping[str, object]]) -> frozenset[str] | None:
    told = [kept for one in endpoints if (kept := _kept(one)) is not None]
    return frozenset.intersection(*told) if told else None


def _names(endpoint: Mapping[str, object]) -> set[str]:
    """What a provider may be called in a request: its slug, that with a variant, or its name."""
    tag = str(endpoint.get("tag") or "").lower()
    return {tag, tag.partition("/")[0], str(endpoint.get("provider_name") or "").lower()} - {""}


def _slug(provider: str, own: Sequence[Mapping[str, object]]) -> str:
    """What a request calls a provider: a tag as it is, else what all tags of its endpoints share.

    Without tags it stays as it was written.
    """
    tags = [str(tag) for one in own if (tag := one.get("tag"))]
    same = [tag for tag in tags if tag.lower() == provider.lower()]
    return same[0] if same else tags[0].partition("/")[0] if tags else provider


def build(options: EngineOptions) -> OpenRouterEngine:
    """Build an engine for OpenRouter; the model must be named."""
    if not options.model:
        raise EngineError("openrouter: which model? name one with --model")
    return OpenRouterEngine(options)
