"""The focused study file: narrow, finer, loadable, and otherwise the study that it came from."""

import json
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.documents import BEGAN, JUDGE, PROMPTS, SERVER, trials_of
from support.tables import BASELINE, SPACE, problem_of, table_of

from sampler_bench.errors import UsageError
from sampler_bench.records import JUDGED, Cell, Prompt, SamplerConfig, ScoreTable
from sampler_bench.reports._collect import collect
from sampler_bench.reports._tables import tables
from sampler_bench.reports.terminal import report
from sampler_bench.samplers import Listed, Range, SamplerSpace, Space
from sampler_bench.spec import StudySpec, load_study
from sampler_bench.spec.load import SETTINGS
from sampler_bench.spec.refine import write_refined
from sampler_bench.store import StudyRow

CONTINUOUS = Space(
    (
        SamplerSpace(
            "min_p",
            (
                ("temperature", Range(0.7, 1.6)),
                ("min_p", Range(0.005, 0.15, "log")),
                ("max_tokens", Listed((512,))),
            ),
        ),
    )
)

# What a focused study says anew; every other key of a study file must come through.
ANEW = {"search_strategy", "n_iterations", "samples_per_config", "sampler_types"} | {
    *("parameter_ranges", "test_prompts", "seed", "max_samples", "max_minutes"),
}
WORDS = st.text(min_size=1, max_size=12).filter(str.strip)
SHARE = st.just(0) | st.floats(0, 1)
URL = st.integers(1, 65535).map(lambda port: f"http://127.0.0.1:{port}")
OBJECTIVES = st.fixed_dictionaries({"objective": st.just("quality")}) | st.fixed_dictionaries(
    {"objective": st.sampled_from(["front", "quality+diversity"]), "diversity_weight": SHARE}
)
EMBEDDING = st.fixed_dictionaries({"url": URL, "model": WORDS}, optional={"threshold": SHARE})
KEPT = {
    "max_length": st.integers(1, 4096),
    "task": st.sampled_from(["demo", "creative-writing"]),
    "model": WORDS,
    "engine": st.sampled_from(["auto", "vllm", "koboldcpp"]),
    "server": st.lists(URL, min_size=1, max_size=3, unique=True),
    "judge": st.sampled_from(["openai", "demo", "offline"]),
    "judge_models": st.lists(WORDS, min_size=1, max_size=3, unique=True),
    "baseline": st.just("top_p:temperature=0.9,top_p=0.8,max_tokens=99"),
    "failure_score": SHARE,
    "margin": SHARE,
    "slots": st.integers(1, 99),
    "timeout": st.floats(1, 9999),
    "provider": st.lists(WORDS, min_size=1, max_size=2, unique=True),
    "lag": st.integers(0, 99),
    "batch": st.integers(1, 9),
    "raw": st.booleans(),
    "template": WORDS,
    "confirm": SHARE,
    "max_cost": st.floats(0, 99),
    "embedding": EMBEDDING,
}
OWN = ("objective", "diversity_weight")  # one hangs on the other
ANY_STUDY = st.builds(
    lambda first, rest: {**rest, **first}, OBJECTIVES, st.fixed_dictionaries({}, optional=KEPT)
)


def warm(config):
    """Much better at temperature 1.2 with min_p; min_p itself does not matter."""
    if config.sampler != "min_p":
        return 5.0
    return 7.5 - 8.0 * (config.get("temperature") - 1.2) ** 2


def document_of(table, space=SPACE, **changes):
    prompts = tuple(Prompt(i, text) for i, text in enumerate(PROMPTS[: table.n_prompts]))
    spec = replace(StudySpec(space=space, prompts=prompts, seed=7, margin=0.05), **changes)
    row = StudyRow(1, "broad", spec.to_json(), "done", BEGAN, BEGAN + 60)
    problem = problem_of(table.n_prompts, space=space, margin=0.05)
    return collect(row, trials_of(table), table, problem, SERVER, (JUDGE,))


def loaded(text, tmp_path, **overrides):
    path = tmp_path / "focused_minp.yaml"
    path.write_text(text, encoding="utf-8")
    return load_study(path, None, overrides)


def test_is_a_finer_grid_around_the_best_and_loads_again(tmp_path):
    text = write_refined(document_of(table_of(warm, 16), judge_models=("a", "b"), max_length=300))
    spec = loaded(text, tmp_path, sampler_types=["min_p"], search_strategy="grid")
    assert spec.search_strategy == "grid"
    assert [part.sampler for part in spec.space.samplers] == ["min_p"]
    knobs = dict(spec.space.samplers[0].dimensions)
    heat = knobs["temperature"].listed()
    assert min(heat) >= 1.1
    assert max(heat) == 1.2
    assert len(heat) == 5
    assert knobs["max_tokens"].listed() == (512,)
    assert spec.space.size() == len(heat) * len(knobs["min_p"].listed())
    assert [prompt.text for prompt in spec.prompts] == list(PROMPTS[:2])
    assert (spec.judge_models, spec.max_length, spec.margin) == (("a", "b"), 300, 0.05)
    assert spec.baseline == BASELINE
    assert spec.seed is None
    assert "min_p: [0.02, 0.0316, 0.05, 0.0707, 0.1]  # not narrowed" in text
    assert f"# {spec.space.size()} configurations and the baseline x 2 prompts x 3 texts." in text


def test_a_limit_on_money_stays_and_the_others_are_named(tmp_path):
    """The file is run as it is, and a grid may be dear: money is never spent beyond what was said.

    Texts and minutes were limits of another search: 40 texts of a grid of 64 settings would see
    each half a time.
    """
    limits = {"max_cost": 2.0, "max_samples": 40, "max_minutes": 12.5}
    text = write_refined(document_of(table_of(warm, 16), **limits))
    spec = loaded(text, tmp_path)
    assert (spec.max_cost, spec.max_samples, spec.max_minutes) == (2.0, None, None)
    said = "# of the search before; state it where it shall hold"
    assert f"# max_samples: 40  {said}\n" in text
    assert f"# max_minutes: 12.5  {said}\n" in text
    plain = write_refined(document_of(table_of(warm, 16)))
    assert not any(limit in plain for limit in limits)


GUIDE = Space(  # the lists of the guide
    (
        SamplerSpace(
            "min_p",
            (
                ("temperature", Listed((0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5))),
                ("min_p", Listed((0.01, 0.02, 0.03, 0.05, 0.08, 0.1))),
                ("max_tokens", Listed((512,))),
            ),
        ),
    )
)


def some_of(space, score, each=1, step=1):
    """A study of every `step`-th configuration."""
    rows = [
        (Cell(config, p, k), JUDGED, score(config))
        for config in list(space.grid())[::step]
        for p in range(2)
        for k in range(each)
    ]
    return document_of(ScoreTable.of(rows, 2), space)


def test_lists_are_never_coarser_than_they_were(tmp_path):
    document = some_of(GUIDE, lambda config: 7.0 + 0.01 * config.get("temperature"), step=5)
    spec = loaded(write_refined(document), tmp_path)
    before = dict(GUIDE.samplers[0].dimensions)
    after = dict(spec.space.samplers[0].dimensions)
    for row in document.ranges:
        kept = [v for v in before[row.parameter].values if row.low <= v <= row.high]
        assert set(kept) <= set(after[row.parameter].values)
    assert SamplerConfig.parse(document.best_configuration.config) in spec.space


def test_lists_that_make_too_large_a_grid_are_thinned_around_the_best(tmp_path):
    names = ("temperature", "min_p", "xtc_probability", "xtc_threshold")
    lists = [Listed(tuple(round(0.02 * k, 2) for k in range(1, 8))) for _ in names]
    knobs = [*zip(names, lists, strict=True), ("max_tokens", Listed((512,)))]
    space = Space((SamplerSpace("min_p+xtc", tuple(knobs)),))
    document = some_of(space, lambda config: 7.0, step=100)
    text = write_refined(document)
    spec = loaded(text, tmp_path)
    assert spec.space.size() == 81
    assert "some of the listed left out" in text
    assert SamplerConfig.parse(document.best_configuration.config) in spec.space


def test_whole_numbers_stay_as_they_were_listed(tmp_path):
    lengths = ("max_tokens", Listed((512, 1024, 2048)))
    space = Space((SamplerSpace("temperature", (("temperature", Listed((1,))), lengths)),))
    spec = loaded(write_refined(some_of(space, lambda config: 7.0, each=4)), tmp_path)
    values = dict(spec.space.samplers[0].dimensions)["max_tokens"].values
    assert {512, 1024, 2048} <= set(values)
    assert max(values) == 2048


def test_lists_of_texts_stay_lists_of_texts_everywhere(tmp_path):
    """Two alternatives of breakers, one of them better: it comes out as it went in."""
    good, bad = ("\n", ":"), ("*",)
    knobs = (
        ("temperature", Listed((1,))),
        ("dry_multiplier", Listed((0.5, 1))),
        ("dry_sequence_breakers", Listed((good, bad))),
        ("max_tokens", Listed((512,))),
    )
    space = Space((SamplerSpace("dry", knobs),))
    document = some_of(space, lambda c: 4.0 + len(c.get("dry_sequence_breakers")), each=8)
    (row,) = [row for row in document.ranges if row.parameter == "dry_sequence_breakers"]
    assert row.words == [list(good)]
    spec = loaded(write_refined(document), tmp_path)
    assert dict(spec.space.samplers[0].dimensions)["dry_sequence_breakers"].values == (good,)
    assert SamplerConfig.parse(document.best_configuration.config) in spec.space
    assert 'dry_sequence_breakers: ["\\n", ":"]' in report(document)
    cells = tables(document)["ranges.words"]
    assert [json.loads(cell["value"]) for cell in cells] == [list(good)]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_the_best_is_in_its_own_focused_study(seed):
    rng = np.random.default_rng(seed)
    configs = [CONTINUOUS.draw(rng) for _ in range(8)]
    rows = [(Cell(c, p, 0), JUDGED, 5 + rng.normal()) for c in configs for p in range(2)]
    document = document_of(ScoreTable.of(rows, 2), CONTINUOUS)
    best = SamplerConfig.parse(document.best_configuration.config)
    with TemporaryDirectory() as folder:
        spec = loaded(write_refined(document), Path(folder))
    assert best in spec.space


@pytest.mark.parametrize("seed", range(4))
def test_spans_every_setting_of_its_samplers_that_may_be_as_good(seed, tmp_path):
    rng = np.random.default_rng(seed)
    rows = [
        (Cell(c, p, 0), JUDGED, 6 + 0.4 * rng.normal() + warm(c) / 4)
        for c in SPACE.grid()
        for p in range(2)
    ]
    document = document_of(ScoreTable.of(rows, 2))
    spec = loaded(write_refined(document), tmp_path)
    for config in map(SamplerConfig.parse, document.verdict.equivalent):
        part = spec.space.of(config.sampler)
        for name, dimension in part.dimensions if part else ():
            assert min(dimension.listed()) <= config.get(name) <= max(dimension.listed())


def test_narrows_a_continuous_range_on_its_scale(tmp_path):
    rows = []
    for i, heat in enumerate(np.linspace(0.7, 1.6, 12).round(3)):
        for j, cut in enumerate((0.005, 0.01, 0.02, 0.04, 0.08, 0.15)):
            values = {"temperature": float(heat), "min_p": cut, "max_tokens": 512}
            config = SamplerConfig.of("min_p", values)
            score = warm(config) + 0.05 * (-1) ** (i + j)
            rows += [(Cell(config, p, 0), JUDGED, score) for p in range(2)]
    spec = loaded(write_refined(document_of(ScoreTable.of(rows, 2), CONTINUOUS)), tmp_path)
    heat = dict(spec.space.samplers[0].dimensions)["temperature"].listed()
    assert 0.9 < min(heat) < 1.2 < max(heat) < 1.5
    assert len(heat) == 5


def test_says_what_is_missing():
    with pytest.raises(UsageError, match="no text was judged yet"):
        write_refined(document_of(ScoreTable.of([], 2)))
    whole = document_of(table_of(warm))
    meta = whole.search_metadata.model_copy(update={"spec": {}})
    with pytest.raises(UsageError, match="name the study by --study NAME or --latest"):
        write_refined(whole.model_copy(update={"search_metadata": meta}))


@cache
def broad():
    return document_of(table_of(warm))


def test_the_property_below_is_about_every_key_of_a_study_file():
    assert {*KEPT, *OWN} | ANEW == set(SETTINGS)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(stated=ANY_STUDY, each=st.integers(1, 4), prompts=st.lists(WORDS, min_size=1, unique=True))
def test_every_key_but_space_budget_and_seed_comes_through(tmp_path, stated, each, prompts):
    words = {**stated, "test_prompts": prompts, "samples_per_config": each, "seed": 3}
    asked = load_study(None, None, {**words, "search_strategy": "bayesian"})
    kept = {**asked.to_json(), "space": broad().search_metadata.spec["space"]}
    kept["baseline"] = kept["baseline"] or BASELINE.text
    meta = broad().search_metadata.model_copy(update={"spec": kept, "prompts": prompts})
    spec = loaded(write_refined(broad().model_copy(update={"search_metadata": meta})), tmp_path)
    assert spec.prompts == asked.prompts
    assert spec.baseline == (asked.baseline or BASELINE)
    for field in fields(StudySpec):
        if field.name not in ANEW | {"space", "prompts", "baseline", "given"}:
            assert getattr(spec, field.name) == getattr(asked, field.name), field.name
