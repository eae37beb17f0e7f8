"""A configuration by whatever a user has of it; files of users with one mistake."""

from pathlib import Path

import pytest

from sampler_bench.errors import SpecError
from sampler_bench.records import SamplerConfig
from sampler_bench.spec.presets import resolve_config
from sampler_bench.spec.prices import load_prices


def test_a_text_form_longer_than_any_files_name_is_read() -> None:
    values = {
        "dry_multiplier": 0.8,
        "dry_sequence_breakers": tuple(f"breaker {i}" for i in range(20)),
    }
    config = SamplerConfig.of("dry", values)
    assert len(config.text) > 255
    assert resolve_config(config.text) == config


def test_a_misspelt_key_of_the_prices_is_no_free_judge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMPLER_BENCH_CONFIG", str(tmp_path))
    file = tmp_path / "prices.yaml"
    file.write_text("models: {mine: {prompt: 1, answer: 2}}")
    assert load_prices() == {"mine": (1.0, 2.0)}
    file.write_text("model: {mine: {prompt: 1, answer: 2}}")
    with pytest.raises(SpecError, match=r"one key at the top, models, found \['model'\]"):
        load_prices()
