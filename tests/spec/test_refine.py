"""The focused study file: narrow, finer, loadable, and otherwise the study that it came from."""

from dataclasses import replace

import numpy as np
import pytest
from support.documents import BEGAN, JUDGE, PROMPTS, SERVER, trials_of
from support.tables import BASELINE, SPACE, problem_of, table_of

from sampler_bench.errors import UsageError
from sampler_bench.records import JUDGED, Cell, Prompt, SamplerConfig, ScoreTable
from sampler_bench.reports._collect import collect
from sampler_bench.samplers import Listed, Range, SamplerSpace, Space
from sampler_bench.spec import StudySpec, load_study
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
    assert "min_p: [0.02, 0.0299, 0.0447, 0.0669, 0.1]  # not narrowed" in text


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
