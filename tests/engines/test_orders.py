"""In which order each engine's samplers act: computed as its double would draw."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.double import TEXTGEN_TRANSFORMERS, USUAL
from support.double.applied import Reader
from support.double.chain import candidates, probabilities

from sampler_bench.engines._dialect import Dialect, Spoken
from sampler_bench.plugins import find, names
from sampler_bench.records import SamplerConfig
from sampler_bench.samplers.bank import Bank, builtin
from sampler_bench.samplers.chain import final
from sampler_bench.samplers.effect import effects
from sampler_bench.samplers.order import LLAMACPP, TRUNCATIONS

KNOBS: dict[str, Any] = {
    "top_k": lambda rng: {"top_k": int(rng.integers(2, 40))},
    "top_p": lambda rng: {"top_p": rng.uniform(0.2, 0.99)},
    "min_p": lambda rng: {"min_p": rng.uniform(0.01, 0.4)},
    "top_n_sigma": lambda rng: {"top_n_sigma": rng.uniform(0.5, 2)},
    "typical_p": lambda rng: {"typical_p": rng.uniform(0.2, 0.99)},
    "top_a": lambda rng: {"top_a": rng.uniform(0.1, 0.6)},
    "epsilon_cutoff": lambda rng: {"epsilon_cutoff": rng.uniform(0.001, 0.03)},
    "eta_cutoff": lambda rng: {"eta_cutoff": rng.uniform(0.001, 0.03)},
    "smoothing_factor": lambda rng: {"smoothing_factor": rng.uniform(0.1, 0.6)},
    "xtc_probability": lambda rng: {"xtc_probability": 1, "xtc_threshold": rng.uniform(0.05, 0.3)},
}
DOUBLES = {**USUAL, "textgen": TEXTGEN_TRANSFORMERS}  # its llama.cpp loader drops half of it
KNOWN = [name for name in DOUBLES if find("engines", name).DIALECT.chain.known]
BANK = Bank.of(np.log(np.random.default_rng(8).dirichlet(np.full(60, 0.25), size=6)))


def draw(dialect: Dialect, rng: np.random.Generator) -> SamplerConfig:
    """Up to four of the knobs that a server speaks, in each order that it can be told."""
    spoken = [name for name in KNOBS if isinstance(dialect.words[name], Spoken)]
    chosen = rng.choice(spoken, min(len(spoken), int(rng.integers(1, 5))), replace=False)
    values: dict[str, Any] = {"temperature": float(rng.uniform(0.5, 2)), "max_tokens": 1}
    if isinstance(dialect.words["temperature_order"], Spoken):
        values["temperature_order"] = str(rng.choice(["first", "last"]))
    for name in chosen:
        values |= {k: v if isinstance(v, int) else float(v) for k, v in KNOBS[name](rng).items()}
    return SamplerConfig.of("temperature", values)


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_computed_is_what_its_server_draws_from(name: str) -> None:
    dialect, quirks = find("engines", name).DIALECT, DOUBLES[name]
    reader, rng = Reader(quirks), np.random.default_rng(5)
    endpoint = next(e for e in quirks.endpoints if e.inside == dialect.inside)
    together = 0
    for _ in range(120):
        config = draw(dialect, rng)
        if dialect.chain.not_exact(config) or (name == "sglang" and config.get("top_k")):
            continue  # the double of SGLang cuts by top_k and top_p one after the other
        assert not dialect.chain.not_computed(config)
        applied = reader.read(endpoint, dialect.express(config, 1), 2048)
        applied = replace(applied, sigma_ddof=0)  # of a whole vocabulary, n and n - 1 are the same
        ((_, left),) = final([config], BANK, dialect.order == "last", dialect.chain)
        for row, mine in zip(BANK.logprobs, left.probability[0], strict=True):
            theirs = probabilities(candidates(row, applied, np.random.default_rng(0)))
            np.testing.assert_allclose(mine, theirs, atol=1e-9, err_msg=config.text)
        together += dialect.chain.matters(config)
    assert together > 10, "the draw must not be trivial"


def test_sglang_cuts_by_top_k_and_top_p_at_once() -> None:
    """Both see the whole distribution, so that top_p is as wide as without top_k."""
    p = np.array([[0.4, 0.3, 0.15, 0.1, 0.05]])
    config = SamplerConfig.of("top_k", {"top_k": 3, "top_p": 0.8, "temperature": 1})
    kept = {}
    for name in ("sglang", "vllm"):
        ((_, left),) = final(
            [config], Bank.of(np.log(p)), False, find("engines", name).DIALECT.chain
        )
        kept[name] = int(left.kept.sum())
    assert kept == {"sglang": 3, "vllm": 2}, "of .85 that top_k left, .7 are more than four fifths"


def test_two_truncations_on_vllm_are_not_llama_cpps() -> None:
    """At temperature 1.5, min_p .05 and top_p .8 leave 22 candidates there, not 39."""
    config = SamplerConfig.parse("min_p+top_p:temperature=1.5,min_p=0.05,top_p=0.8")
    sizes = []
    for chain in (find("engines", "vllm").DIALECT.chain, LLAMACPP):
        ((_, left),) = final([config], builtin(), False, chain)
        sizes.append(float((left.kept * builtin().count).sum(axis=2).mean()))
    assert sizes == pytest.approx([22.3, 39.0], abs=0.05)


def test_llama_cpps_own_is_what_is_computed_where_no_engine_is_named() -> None:
    rng, own = np.random.default_rng(2), find("engines", "llamacpp").DIALECT
    configs = [draw(own, rng) for _ in range(60)]
    np.testing.assert_array_equal(
        effects(configs, True, None, own.chain), effects(configs, True, None, LLAMACPP)
    )


@pytest.mark.parametrize("name", names("engines"))
def test_a_chain_has_a_place_for_what_is_spoken_and_for_nothing_twice(name: str) -> None:
    dialect = find("engines", name).DIALECT
    spoken = {n for n in (*TRUNCATIONS, *KNOBS) if isinstance(dialect.words[n], Spoken)}
    for steps in (dialect.chain.first, dialect.chain.last):
        knobs = [knob for step in steps for knob in step.split("+")]
        assert len(set(knobs)) == len(knobs)
    assert spoken <= dialect.chain.placed()
    assert sorted(dialect.chain.first) == sorted(dialect.chain.last)
