"""The results document on what was tried: configurations and samplers."""

from __future__ import annotations

from ._parts import Interval, Number, Part


class PromptResult(Part):
    """One configuration on one prompt: mean of its judged texts, objective, texts that counted."""

    prompt: int
    mean: Number = None
    objective: Number = None
    texts: int = 0


class PhraseResult(Part):
    """A phrase that a configuration wrote for several prompts, and in how many texts."""

    text: str
    texts: int
    prompts: int


class DiversityResult(Part):
    """How varied a configuration's texts on one prompt are: 0 all the same, 1 nothing in common.

    `estimate` is what the model of the whole study believes, with its 95 % interval; all else is
    as seen on the configuration's own good texts, and null without two of them on one prompt.
    `seen` = 1 - `overlap` with its interval over prompts; `overlap`, `distinct`, `compression` and
    `openings` are explained in docs/diversity.md; `texts` and `prompts` are what they come from.
    `answers` is how many of `DiversitySummary.answers_of` answers to one prompt an embedding model
    calls distinct; null where none was asked.
    `quality` is the objective without diversity; `front` is True where no other configuration is
    both better and more varied, as estimated. `phrases` come back across prompts.
    """

    estimate: Interval = Interval()
    seen: Interval = Interval()
    overlap: Number = None
    distinct: Number = None
    compression: Number = None
    openings: Number = None
    answers: Interval = Interval()
    texts: int = 0
    prompts: int = 0
    quality: Interval = Interval()
    front: bool = False
    phrases: list[PhraseResult] = []


class Result(Part):
    """One configuration. `estimate` is what the model of the whole study believes of its objective.

    Everything else is as seen on its own texts: `mean`, `std` and `scores` of the judged ones,
    `failure_rate` with its exact interval, `objective` = (1 - failure rate) x mean + failure rate x
    failure score with `low` and `high`, its 95 % interval without any model. `fresh` is the
    objective on the texts of the confirmation alone, which also count in all the rest.
    `evaluation_time` is seconds of writing and judging, `writing_seconds` of writing alone, as the
    server says it (llama.cpp) or from request to last token.
    `entropy` is the effective entropy in nats: how open the next token is after truncation.
    """

    parameters: dict[str, int | float | str | list[str]]
    mean: Number = None
    std: Number = None
    scores: list[float] = []
    sampler_type: str
    sample_count: int = 0
    evaluation_time: Number = None
    config: str = ""
    failure_rate: Number = None
    failure_low: Number = None
    failure_high: Number = None
    failures: dict[str, int] = {}
    missing: int = 0
    cut_off: int = 0
    cut_off_share: Number = None
    objective: Number = None
    low: Number = None
    high: Number = None
    estimate: Interval = Interval()
    by_prompt: list[PromptResult] = []
    fresh: Interval = Interval()
    fresh_texts: int = 0
    fresh_scores: list[float] = []
    tokens: int = 0
    writing_seconds: Number = None
    diversity: DiversityResult | None = None
    entropy: Number = None


class SamplerResult(Part):
    """One sampler over its configurations' estimates; `std` is over configurations."""

    sampler: str
    mean: Number = None
    std: Number = None
    low: Number = None
    high: Number = None
    configurations: int = 0
    texts: int = 0
    failed: int = 0
    best: str = ""
