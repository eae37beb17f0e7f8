"""What we compute of a configuration is what the embedded server samples from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sampler_bench import demo_model
from sampler_bench.engines import EngineOptions, embedded
from sampler_bench.records import SamplerConfig
from sampler_bench.samplers.bank import Bank
from sampler_bench.samplers.chain import final

VOCABULARY = 2048
STARTS = (
    "In a quiet town lived",
    "In",
    "Once there was a baker called Mira. Mira was",
    "The shelf was empty. Behind the window he found a",
    "It was",
    "She nearly always carried her",
)
KNOBS: dict[str, Any] = {
    "top_k": lambda rng: {"top_k": int(rng.integers(1, 80))},
    "top_p": lambda rng: {"top_p": rng.uniform(0.05, 0.999)},
    "min_p": lambda rng: {"min_p": rng.uniform(0.001, 0.5)},
    "top_n_sigma": lambda rng: {"top_n_sigma": rng.uniform(0.3, 3)},
    "typical_p": lambda rng: {"typical_p": rng.uniform(0.05, 0.99)},
    "xtc": lambda rng: {"xtc_probability": 1, "xtc_threshold": rng.uniform(0.01, 0.4)},
    "dynatemp": lambda rng: {
        "dynatemp_range": rng.uniform(0, 1),
        "dynatemp_exponent": rng.uniform(0.5, 2),
    },
}


def draw(rng: np.random.Generator) -> SamplerConfig:
    """A random configuration of up to three samplers, in either order, now and then greedy."""
    parts = sorted(rng.choice(list(KNOBS), rng.integers(0, 4), replace=False).tolist())
    if {"top_n_sigma", "typical_p"} <= set(parts):  # llama.cpp's entropy is NaN there
        parts.remove("typical_p")
    values: dict[str, Any] = {"temperature": rng.uniform(0.2, 2.5) if rng.random() < 0.95 else 0}
    values["temperature_order"] = str(rng.choice(["first", "last"]))
    for part in parts:
        values |= {k: v if isinstance(v, int) else float(v) for k, v in KNOBS[part](rng).items()}
    return SamplerConfig.of("+".join(parts) or "temperature", {**values, "max_tokens": 1})


async def asked(engine: embedded.EmbeddedEngine, config: SamplerConfig, text: str, seed: int,
                after: bool) -> dict[int, float]:  # fmt: skip
    """The server's own probabilities of the next token, after or before sampling."""
    body = {
        **engine.express(config, seed),
        "prompt": f"<|user|>Create a mystery<|assistant|>{text}",
        "n_probs": VOCABULARY,
        "post_sampling_probs": after,
    }
    reply: Any = await engine.http.post("/completion", body, seconds=60)
    if not reply["completion_probabilities"]:  # the end of the text was drawn: another seed
        return await asked(engine, config, text, seed + 1, after)
    found = reply["completion_probabilities"][0]
    if after:
        return {entry["id"]: entry["prob"] for entry in found["top_probs"]}
    return {entry["id"]: entry["logprob"] for entry in found["top_logprobs"]}


@pytest.mark.anyio
async def test_candidates_and_probabilities_are_the_servers_own() -> None:
    rng = np.random.default_rng(20)
    neutral = SamplerConfig.parse("temperature:temperature=1,max_tokens=1")
    async with embedded.build(EngineOptions(gguf=demo_model.path(), slots=1, context=512)) as it:
        before = [await asked(it, neutral, text, 1, False) for text in STARTS]
        ids = [sorted(found, key=lambda i: (-found[i], i)) for found in before]
        banks = [Bank.of(np.array([[found[i] for i in order]]))
                 for found, order in zip(before, ids, strict=True)]  # fmt: skip
        assert all(len(order) == VOCABULARY for order in ids)
        sizes = []
        for k in range(200):
            config, at = draw(rng), k % len(STARTS)
            told = await asked(it, config, STARTS[at], 1, True)
            ((_, left),) = final([config], banks[at])
            mine = dict(zip(ids[at], left.probability[0, 0], strict=True))
            kept = {i for i, p in mine.items() if p > 1e-9}
            assert kept == {i for i, p in told.items() if p > 1e-9}, config.text
            assert max(abs(mine[i] - told.get(i, 0)) for i in mine) < 1e-4, config.text
            sizes.append(len(kept))
        assert min(sizes) == 1 < np.median(sizes) < max(sizes), "the draw must not be trivial"


@pytest.mark.anyio
async def test_xtc_is_the_expectation_over_whether_it_acts() -> None:
    share = 0.3
    config = SamplerConfig.parse(f"xtc:xtc_probability={share},xtc_threshold=0.05,max_tokens=1")
    neutral = SamplerConfig.parse("temperature:temperature=1,max_tokens=1")
    async with embedded.build(EngineOptions(gguf=demo_model.path(), slots=1, context=512)) as it:
        plain = await asked(it, neutral, STARTS[0], 1, False)
        top = max(plain, key=lambda i: plain[i])
        draws = [await asked(it, config, STARTS[0], seed, True) for seed in range(1, 41)]
        acted = [found for found in draws if found.get(top, 0) == 0]
        assert 3 <= len(acted) <= 21, "3 standard deviations about 12 of 40"
        order = sorted(plain, key=lambda i: -plain[i])
        ((_, left),) = final([config], Bank.of(np.array([[plain[i] for i in order]])))
        idle = next(found for found in draws if top in found)
        for place in (0, 3, 20, 60):
            i = order[place]
            mixed = (1 - share) * idle.get(i, 0) + share * acted[0].get(i, 0)
            assert left.probability[0, 0, place] == pytest.approx(mixed, abs=1e-4)
