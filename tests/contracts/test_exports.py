"""One suite for every export format: complete files, a way back, and losses that are named.

It runs over `plugins.names("exports")`, so a new format is tested the moment it exists.
"""

from __future__ import annotations

import json
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sampler_bench.errors import SpecError, UsageError
from sampler_bench.exports import Source, export, import_config
from sampler_bench.exports._meaning import (
    complete,
    order_matters,
    rebuilt,
    same_meaning,
)
from sampler_bench.plugins import find, names
from sampler_bench.records import SamplerConfig, Value
from sampler_bench.samplers import check_config, parameter, parameter_names
from sampler_bench.samplers.acting import acts

FORMATS = names("exports")
SOURCE = Source(
    study="s", date="2026-11-24", version="1", score="7 [6 to 8]", model="m", order="last"
)
PLAIN = SamplerConfig.of("min_p", {"temperature": 1.2, "min_p": 0.02, "max_tokens": 512})
every_format = pytest.mark.parametrize("name", FORMATS)


def room(name: str) -> ModuleType:
    return find("exports", name)


def values_of(name: str) -> st.SearchStrategy[Value]:
    """Legal values of a parameter, in and around where people search."""
    known = parameter(name)
    if known.kind == "choice":
        return st.sampled_from(known.choices)
    if known.kind == "strings":
        texts = st.text(st.sampled_from('\n:"*\\# aé,;'), min_size=1, max_size=4)
        return st.lists(texts, max_size=4, unique=True).map(tuple)
    low, high = known.search or (known.low, min(known.high, known.low + 1000))
    if known.kind == "int":
        return st.integers(int(low), int(min(high, known.high)))
    assert known.neutral is not None
    inside = st.floats(low, high).map(lambda x: float(f"{x:.4g}"))
    return st.one_of(inside, st.just(known.neutral), st.just(max(known.low, low)))


def configs() -> st.SearchStrategy[SamplerConfig]:
    """Any configuration: some knobs, the families that they make up."""

    def build(chosen: dict[str, Value]) -> SamplerConfig:
        families = sorted({parameter(n).sampler for n in chosen} - {"", "temperature"})
        config = SamplerConfig.of("+".join(families) or "temperature", chosen)
        check_config(config)
        return config

    optional = {n: values_of(n) for n in parameter_names() if n != "temperature"}
    return st.fixed_dictionaries({"temperature": values_of("temperature")}, optional=optional).map(
        build
    )


def anonymous(name: str, text: str, config: SamplerConfig) -> str:
    """A file whose note names another configuration, so that only its values can tell."""
    if name == "guide-yaml":  # there the text form is the value
        return text
    return text.replace(config.text, "another:temperature=9")


few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@every_format
def test_says_what_it_is_and_how_files_are_called(name: str) -> None:
    assert room(name).ABOUT
    assert room(name).SUFFIX.startswith(".")
    assert room(name).__doc__


@every_format
@few
@given(config=configs(), order=st.sampled_from(["first", "last"]))
def test_import_of_export_gives_the_same_configuration_back(
    name: str, config: SamplerConfig, order: str
) -> None:
    source = Source(order=order)
    text, losses = export(name, config, source)
    back = room(name).read(text)
    if any(loss.serious for loss in losses):
        with pytest.raises(SpecError, match="cannot be exported"):
            export(name, config, source, strict=True)
        return
    assert export(name, config, source, strict=True)[0] == text
    assert same_meaning(config, complete(back))
    if config.text in text:  # a format with room for where it comes from
        assert back == config


@every_format
@few
@given(config=configs(), order=st.sampled_from(["first", "last"]))
def test_values_alone_give_the_same_meaning_back(
    name: str, config: SamplerConfig, order: str
) -> None:
    text, losses = export(name, config, Source(order=order))
    if any(loss.serious for loss in losses):
        return
    back = room(name).read(anonymous(name, text, config))
    assert same_meaning(config, complete(back)), text


@every_format
@few
@given(config=configs())
def test_every_loss_is_named(name: str, config: SamplerConfig) -> None:
    """Whatever does not come back by the values alone was said to be lost before."""
    text, losses = export(name, config, SOURCE)
    back = complete(room(name).read(anonymous(name, text, config)))
    said = " ".join(loss.sentence for loss in losses)
    for parameter_name, value in rebuilt(complete(config)).parameters:
        idle = not acts(parameter_name, {**back, parameter_name: value})  # its governor is lost
        if parameter_name != "temperature_order" and back[parameter_name] != value and not idle:
            assert f"{parameter_name}=" in said or f"{parameter_name} acts" in said, said


@every_format
def test_files_are_complete(name: str) -> None:
    """Two configurations give files with the same keys: nothing is left to what was set before."""
    if name in ("guide-yaml",):
        return
    other = SamplerConfig.of("top_p", {"temperature": 0.7, "top_p": 0.9, "max_tokens": 200})
    assert keys(room(name).write(PLAIN, SOURCE)) == keys(room(name).write(other, SOURCE))


def keys(text: str) -> list[str]:
    """What a file states, without the values."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError:
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        return [line.replace("PARAMETER ", "").replace(":", " ").split()[0] for line in lines]
    inner = data.get("gendefaults") or data.get("savedsettings") or data.get("operation") or {}
    inner = json.loads(inner) if isinstance(inner, str) else inner
    return [*data, *inner, *(f["key"] for f in inner.get("fields", []))]


@every_format
@pytest.mark.parametrize("text", ["", "{}", "[]", "a: b", "null", '{"temp": {}}', "\x00", "- 1"])
def test_foreign_files_are_refused(name: str, text: str) -> None:
    with pytest.raises(SpecError):
        room(name).read(text)


@every_format
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_changed_file_is_read_or_refused_never_a_crash(name: str, data: st.DataObject) -> None:
    text = room(name).write(PLAIN, SOURCE)
    place = data.draw(st.integers(0, len(text) - 1))
    piece = data.draw(st.sampled_from(["", "x", '"', "null", "{", "1e999", "-5", "[]", "\n"]))
    changed = text[:place] + piece + text[place + data.draw(st.integers(0, 6)) :]
    try:
        found = room(name).read(changed)
    except SpecError:
        return
    assert isinstance(found, SamplerConfig)


@every_format
def test_files_carry_where_they_come_from_or_have_no_room(name: str) -> None:
    text = room(name).write(PLAIN, SOURCE)
    assert ("7 [6 to 8]" in text) == (name != "openai")


@every_format
def test_provenance_cannot_break_the_file(name: str) -> None:
    nasty = '"\n}# best_overall:\n- [x]: \x1b[2J\u202e\\'
    source = Source(study=nasty, score=nasty, model=nasty, date=nasty, engine=nasty, order="last")
    config = SamplerConfig.of("top_p", {"temperature": 1.0, "top_p": 0.9, "max_tokens": 512})
    text = room(name).write(config, source)
    assert text.isascii()
    assert same_meaning(config, complete(room(name).read(text)))
    assert "\x1b" not in text


@every_format
def test_temperature_order_is_never_lost_in_silence(name: str) -> None:
    """Tuned in one order, written for a tool with the other: set there, or said."""
    for order in ("first", "last"):
        text, losses = export(name, PLAIN, Source(order=order))
        heard = room(name).read(anonymous(name, text, PLAIN)).get("temperature_order")
        if heard is None and name != "guide-yaml":
            fixed = {"ollama": "last", "vllm": "first", "vllm-request": "first"}
            fixed |= {"sglang": "first", "transformers": "first"}
            said = any("emperature acts" in loss.sentence for loss in losses)
            assert said == (fixed.get(name) != order), name
        elif name != "guide-yaml":
            assert heard == order


def test_finds_the_format_of_a_file() -> None:
    for name in FORMATS:
        text, losses = export(name, PLAIN, SOURCE)
        if not any(loss.serious for loss in losses):
            found, config = import_config(text)
            values = rebuilt(complete(config)).as_dict()
            assert values.items() >= {"temperature": 1.2, "min_p": 0.02}.items()
            assert found == name or name in ("vllm-request", "vllm")
    with pytest.raises(SpecError, match="no preset that sampler-bench knows"):
        import_config("hello")
    assert import_config(room("ollama").write(PLAIN, SOURCE), "ollama")[1] == PLAIN
    with pytest.raises(UsageError, match="sillytavern"):
        import_config("{}", "silly-tavern")


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("sillytavern", "xtc_threshold", 0.6),  # transformers finds its `do_sample` in it too
        ("llamacpp-json", "min_p", 7),  # vllm its `temperature` and `top_p`
        ("sillytavern", "min_p", "much"),
        ("ollama", "min_p", "much"),
    ],
)
def test_a_preset_with_an_illegal_value_is_not_read_as_another_format(
    name: str, key: str, value: Value
) -> None:
    text = room(name).write(PLAIN, SOURCE)
    if name == "ollama":
        text = text.replace("PARAMETER min_p 0.02", f"PARAMETER {key} {value}")
    else:
        text = json.dumps({**json.loads(text), key: value})
    said = rf"this {name} preset holds a value that cannot be used: {key}: "
    with pytest.raises(SpecError, match=said):
        import_config(text)


def test_a_strict_export_names_each_loss() -> None:
    config = SamplerConfig.parse("dry+xtc:temperature=1,dry_multiplier=0.8,xtc_probability=0.5")
    with pytest.raises(SpecError, match=r"dry_multiplier=0\.8 is lost.*xtc_probability=0\.5"):
        export("openai", config, SOURCE, strict=True)


def test_order_is_no_matter_where_nothing_minds_it() -> None:
    top_k = SamplerConfig.parse("top_k:temperature=2,top_k=5")
    assert not order_matters(complete(top_k))
    assert not order_matters(complete(SamplerConfig.parse("min_p:temperature=1,min_p=0.1")))
    assert order_matters(complete(PLAIN))
    assert export("vllm-request", top_k, SOURCE, strict=True)[1] == []
