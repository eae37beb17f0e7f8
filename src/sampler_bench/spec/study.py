"""`StudySpec`: everything that a study is asked to do, checked, and its JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from ..errors import SpecError
from ..records import Json, JsonObject, Prompt, SamplerConfig
from ..samplers import Space
from .ranges import space_from_json, space_to_json

MAX_LENGTH = 512
STRATEGY = "bayesian"
TASK = "creative-writing"
SAME = 0.9  # cosine similarity


@dataclass(frozen=True, slots=True)
class EmbeddingSpec:
    """An embedding model, used for the number of distinct answers and nothing else.

    Attributes:
        url: of a server that speaks OpenAI's `/v1/embeddings`.
        model: its name there.
        threshold: from this cosine similarity on, two answers count as the same.
    """

    url: str
    model: str
    threshold: float = SAME


@dataclass(frozen=True, slots=True)
class StudySpec:
    """Everything a study is asked to do, checked. None means that nothing was said.

    Attributes:
        space: what may vary; every sampler states `max_tokens`.
        prompts: what the model is asked.
        seed: of every random choice; drawn when the study begins, if not given.
        server: base URLs of running servers.
        baseline: what the winner is compared with; None: the model maker's, or temperature alone.
        failure_score: what a failed text is worth, 0 to 10.
        margin: differences up to this many points count as none.
        slots: texts written at once; None: as many as the server says.
        provider: who may write, for a service that hands requests on; empty: whom it chooses.
        timeout: longest silence of a server, in seconds; None: two minutes.
        lag, batch: how far the strategy's view lags behind, and how many cells it asks for at once.
        raw: True sends prompts without a chat template.
        given: the configurations of a benchmark; empty for a search.
        objective: `quality`, `quality+diversity` or `front`.
        diversity_weight: share of diversity in the objective, 0 to 1; None for `quality`.
        embedding: who tells distinct answers; None: nobody is asked.
    """

    space: Space
    prompts: tuple[Prompt, ...]
    search_strategy: str = STRATEGY
    n_iterations: int = 50
    samples_per_config: int = 3
    max_length: int = MAX_LENGTH
    task: str = TASK
    model: str | None = None
    engine: str = "auto"
    server: tuple[str, ...] = ()
    judge: str = "openai"
    judge_models: tuple[str, ...] = ("gpt-4o-mini",)
    seed: int | None = None
    baseline: SamplerConfig | None = None
    failure_score: float = 1.0
    margin: float = 0.1
    max_cost: float | None = None
    max_minutes: float | None = None
    max_samples: int | None = None
    slots: int | None = None
    provider: tuple[str, ...] = ()
    timeout: float | None = None
    lag: int = 16
    batch: int = 4
    raw: bool = False
    template: str = ""
    confirm: float | None = None
    given: tuple[SamplerConfig, ...] = ()
    objective: str = "quality"
    diversity_weight: float | None = None
    embedding: EmbeddingSpec | None = None

    def to_json(self) -> JsonObject:
        """The study as JSON, without passwords in addresses; `from_json` gives the rest back."""
        from ..engines._http import shown_url

        plain = {f.name: _plain(getattr(self, f.name)) for f in fields(self)}
        plain["server"] = [shown_url(url) for url in self.server]
        if self.embedding is not None:
            plain["embedding"] = {**asdict(self.embedding), "url": shown_url(self.embedding.url)}
        plain["space"] = space_to_json(self.space)
        plain["prompts"] = [prompt.text for prompt in self.prompts]
        return plain

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> StudySpec:
        """Read a kept study back.

        Raises:
            SpecError: it is of another version, or damaged.
        """
        try:
            values = {**kept, "space": space_from_json(kept["space"])}
            values["prompts"] = tuple(Prompt(i, t) for i, t in enumerate(kept["prompts"]))
            for name in ("server", "judge_models"):
                values[name] = tuple(kept[name])
            values["provider"] = tuple(kept.get("provider", ()))
            values["given"] = tuple(map(SamplerConfig.parse, kept["given"]))
            if kept.get("embedding") is not None:
                values["embedding"] = EmbeddingSpec(**kept["embedding"])
            if kept["baseline"] is not None:
                values["baseline"] = SamplerConfig.parse(kept["baseline"])
            return cls(**values)
        except (KeyError, TypeError) as error:
            raise SpecError(
                f"a kept study cannot be read: {error}; it may be of another version"
            ) from error


def _plain(value: object) -> Json:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.text if isinstance(value, SamplerConfig) else value  # type: ignore[return-value]
