"""The demo model at temperature 2 without truncation: broken to see, and caught by rules."""

import asyncio

import pytest

from sampler_bench.engines import EngineOptions
from sampler_bench.engines.embedded import build
from sampler_bench.records import Prompt, SamplerConfig
from sampler_bench.rules import look
from sampler_bench.tasks._demo import rate, read, read_prompt
from sampler_bench.tasks.demo import build as demo

TEXTS = 24


async def written(engine, temperature):
    """(prompt, completion) for `TEXTS` seeds, the prompts in turn."""
    config = SamplerConfig.of("temperature", {"temperature": temperature, "max_tokens": 400})
    prompts = [Prompt(i, text) for i, text in enumerate(demo().prompts)]
    asked = [prompts[i % len(prompts)] for i in range(TEXTS)]
    made = [engine.generate(config, prompt, i + 1) for i, prompt in enumerate(asked)]
    return list(zip(asked, await asyncio.gather(*made), strict=True))


@pytest.mark.anyio
async def test_heat_breaks_texts_and_rules_catch_them():
    async with build(EngineOptions(slots=4, context=1024)) as engine:
        hot, mild = await written(engine, 2.0), await written(engine, 0.7)
    caught = [look(completion, prompt, demo()) for prompt, completion in hot]
    assert sum(found is not None for found in caught) >= 0.6 * TEXTS  # measured: 86 of 100
    assert all(look(completion, prompt, demo()) is None for prompt, completion in mild)
    assert worth(hot) < 2 < 8 < worth(mild)


def worth(texts):
    """The mean score of the grammar, 0 to 10, rules aside."""
    scores = [rate(read(c.text, read_prompt(p.text)))[0] for p, c in texts]
    return sum(scores) / len(scores)
