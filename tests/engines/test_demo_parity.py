"""The committed q8_0 model, served, says what the training framework said, and holds its promises.

The reference (`reference_logits.npz`) is the float32 PyTorch model's; the bounds are for 8-bit
weights. No torch here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import httpx2
import numpy as np
import pytest

from sampler_bench import demo_model
from sampler_bench.engines._child import Order
from sampler_bench.engines._launch import Child
from sampler_bench.tasks._demo import rate, read, read_prompt
from sampler_bench.tasks._demo.prompts import FIXED

REFERENCE = demo_model.path().with_name("reference_logits.npz")
NEUTRAL = {
    "top_k": 0,
    "top_p": 1.0,
    "min_p": 0.0,
    "typical_p": 1.0,
    "repeat_penalty": 1.0,
    "top_n_sigma": -1,
    "xtc_probability": 0.0,
    "dry_multiplier": 0.0,
}


@pytest.fixture(scope="module")
def server() -> Iterator[httpx2.Client]:
    child = Child.start(Order(demo_model.path(), slots=2, context=2048, name="demo"))
    try:
        with httpx2.Client(base_url=child.ready(60), timeout=60) as client:
            yield client
    finally:
        child.stop()


def _post(server: httpx2.Client, path: str, **body: Any) -> Any:
    reply = server.post(path, json=body)
    assert reply.status_code == 200, reply.text
    return reply.json()


def _tell(server: httpx2.Client, prompt: str, **settings: Any) -> Any:
    messages = [{"role": "user", "content": prompt}]
    body = {**NEUTRAL, "max_tokens": 512, "seed": 1, **settings}
    return _post(server, "/v1/chat/completions", messages=messages, **body)


def test_the_card_describes_the_file() -> None:
    card = json.loads(demo_model.path().with_name("model.json").read_text())
    data = demo_model.path().read_bytes()
    assert card["sha256"] == sha256(data).hexdigest()
    assert card["bytes"] == len(data) < 5_000_000


def test_the_chat_template_makes_the_ids_of_training(server: httpx2.Client) -> None:
    reference = np.load(REFERENCE)
    for i, prompt in enumerate(FIXED):
        messages = [{"role": "user", "content": prompt}]
        text = _post(server, "/apply-template", messages=messages)["prompt"]
        ids = _post(server, "/tokenize", content=text, add_special=True, parse_special=True)
        assert ids["tokens"] == reference[f"prompt_{i}"].tolist()


def test_log_probabilities_match_the_training_framework(server: httpx2.Client) -> None:
    reference = np.load(REFERENCE)
    gaps, same = [], []
    for i in range(len(FIXED)):
        prompt, answer = (reference[f"{name}_{i}"].tolist() for name in ("prompt", "answer"))
        for j in range(len(answer)):
            ids = reference["top_ids"][i, j].tolist()
            expected = dict(zip(ids, reference["top_logprobs"][i, j], strict=True))
            found = _next(server, prompt + answer[:j])
            same.append(max(found, key=lambda k: found[k]) == ids[0])
            gaps += [abs(found[k] - expected[k]) for k in ids[:5] if expected[k] > -7]
    assert len(gaps) > 200
    assert max(gaps) < 0.3
    assert float(np.mean(gaps)) < 0.03
    assert float(np.mean(same)) > 0.95


def _next(server: httpx2.Client, ids: list[int]) -> dict[int, float]:
    body = {**NEUTRAL, "prompt": ids, "n_predict": 1, "n_probs": 40, "temperature": 0.0}
    row = _post(server, "/completion", **body)["completion_probabilities"][0]
    return {entry["id"]: entry["logprob"] for entry in row["top_logprobs"]}


@pytest.mark.parametrize("prompt", FIXED)
def test_it_tells_a_story_on_the_topic(server: httpx2.Client, prompt: str) -> None:
    reply = _tell(server, prompt, temperature=0.7, min_p=0.05)
    text = reply["choices"][0]["message"]["content"]
    assert reply["choices"][0]["finish_reason"] == "stop"
    value, criteria = rate(read(text, read_prompt(prompt)))
    assert criteria["topic"] == 10
    assert value > 7


def test_an_answer_of_512_tokens_fits(server: httpx2.Client) -> None:
    reply = _tell(server, FIXED[0] + " A story." * 100, temperature=2.0)
    assert reply["usage"]["prompt_tokens"] > 300
    assert reply["choices"][0]["finish_reason"] in ("length", "stop")
    hot = [_tell(server, prompt, temperature=2.0) for prompt in FIXED]
    values = [
        rate(read(r["choices"][0]["message"]["content"], read_prompt(p)))[0]
        for r, p in zip(hot, FIXED, strict=True)
    ]
    assert max(values) < 2


def test_the_same_seed_writes_the_same_text(server: httpx2.Client) -> None:
    first, second = (_tell(server, FIXED[1], temperature=1.0, seed=9) for _ in range(2))
    assert first["choices"] == second["choices"]
