"""A study's fingerprint: taken once, kept, and the same for every later reader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.scripted import ScriptedEngine

from sampler_bench.engines import Distributions
from sampler_bench.errors import EngineError
from sampler_bench.posterior.frame import frame_of
from sampler_bench.records import Prompt, SamplerConfig
from sampler_bench.samplers import Range, SamplerSpace, Space
from sampler_bench.samplers.effect import effects
from sampler_bench.store.sqlite import open_store
from sampler_bench.tuning.fingerprint import NOTE, noted, recalled, remembered, take

PROMPTS = (Prompt(0, "Write."),)
KNOBS = (("temperature", Range(0.5, 2)), ("min_p", Range(0.01, 0.3)))
SPACE = Space((SamplerSpace("min_p", KNOBS),))


class TellingEngine(ScriptedEngine):
    """An engine that tells distributions, or what it was told to do instead."""

    def __init__(self, found: Distributions | EngineError | None) -> None:
        super().__init__()
        self.found, self.asked = found, 0

    async def distributions(self, prompts: object) -> Distributions | None:
        self.asked += 1
        if isinstance(self.found, EngineError):
            raise self.found
        return self.found


def told(tokens: int = 500, vocabulary: int | None = None, seed: int = 1) -> Distributions:
    rng = np.random.default_rng(seed)
    logits = -np.sort(rng.exponential(3, (70, 500)), axis=1)
    logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return Distributions(logits[:, :tokens], vocabulary, texts=4, requests=20)


@pytest.mark.anyio
async def test_it_is_taken_once_and_read_back_to_the_last_digit(tmp_path: Path) -> None:
    engine = TellingEngine(told())
    with open_store(tmp_path) as store:
        study = store.create_study("s", {}, 0.0)
        first = await remembered(engine, PROMPTS, store, study.id, begun=False)
        engine.found = told(seed=2)  # another model's: it must not be looked at
        second = await remembered(engine, PROMPTS, store, study.id, begun=True)
        kept = recalled(store.note(study.id, NOTE))
    assert engine.asked == 1
    assert first.said == "70 places of 4 texts (20 short requests), the whole vocabulary of 500"
    for other in (second, kept):
        assert other is not None
        assert other.bank is not None
        assert first.bank is not None
        assert other.said == first.said
        np.testing.assert_array_equal(other.bank.logprobs, first.bank.logprobs)
        np.testing.assert_array_equal(other.bank.count, first.bank.count)


@pytest.mark.anyio
async def test_a_study_that_began_without_goes_on_without(tmp_path: Path) -> None:
    engine = TellingEngine(told())
    with open_store(tmp_path) as store:
        study = store.create_study("s", {}, 0.0)
        found = await remembered(engine, PROMPTS, store, study.id, begun=True)
        again = await remembered(engine, PROMPTS, store, study.id, begun=True)
    assert engine.asked == 0
    assert found.features is None
    assert again.said == found.said
    assert "the built-in bank of typical distributions stands in" in found.said


@pytest.mark.anyio
async def test_where_there_is_none_the_reason_is_said() -> None:
    none = await take(TellingEngine(None), PROMPTS)
    assert none.features is None
    assert none.said.startswith("the server tells probabilities in too few places")
    refused = await take(TellingEngine(EngineError("HTTP 400: switched off")), PROMPTS)
    assert refused.features is None
    assert refused.said.startswith("HTTP 400: switched off")
    back = recalled(noted(refused))
    assert back is not None
    assert (back.features, back.said) == (None, refused.said)


@pytest.mark.anyio
async def test_twenty_tokens_are_said_to_be_twenty_tokens() -> None:
    found = await take(TellingEngine(told(20, vocabulary=500)), PROMPTS)
    assert found.bank is not None
    assert found.bank.known == 20
    assert found.bank.count.sum() == 500
    assert "the first 20 tokens of 500; the rest by its mass" in found.said
    guessed = await take(TellingEngine(told(20, vocabulary=0)), PROMPTS)
    assert "of 50000, assumed" in guessed.said
    back = recalled(noted(guessed))
    assert back is not None
    assert back.bank is not None
    assert back.bank.known == 20


@pytest.mark.anyio
async def test_it_serves_the_search_for_quality_alone() -> None:
    found = await take(TellingEngine(told()), PROMPTS)
    assert found.serving("quality") is found
    other = found.serving("quality+diversity")
    assert other.features is None
    assert other.said.startswith(found.said)
    assert "not used for quality+diversity" in other.said
    none = await take(TellingEngine(None), PROMPTS)
    assert none.serving("front") is none


@pytest.mark.anyio
async def test_the_search_places_configurations_by_it() -> None:
    found = await take(TellingEngine(told()), PROMPTS)
    mine, builtin = frame_of(SPACE, True, found.features), frame_of(SPACE, True)
    config = SamplerConfig.parse("min_p:temperature=1.5,min_p=0.05")
    assert not np.allclose(mine.place([config]).common, builtin.place([config]).common)
    raw = effects(list(mine.pool), True, found.bank)
    low, high = raw.min(axis=0)[0], raw.max(axis=0)[0]
    expected = (effects([config], True, found.bank)[0, 0] - low) / (high - low)
    assert mine.place([config]).common[0, 0] == pytest.approx(expected)
    assert frame_of(SPACE, True, found.features) is mine, "remembered, not built anew"
