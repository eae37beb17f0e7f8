"""What an Optimizer is given and cannot use: refused, with what was given and what is wanted."""

import numpy as np
import pytest

from sampler_bench.errors import UsageError
from sampler_bench.optimizer import Optimizer
from sampler_bench.records import Cell, SamplerConfig

SPACE = {
    "min_p": {
        "temperature": {"low": 0.7, "high": 1.6},
        "min_p": {"low": 0.005, "high": 0.15, "scale": "log"},
    },
}


def test_says_what_is_wrong_with_an_answer():
    opt = Optimizer(SPACE)
    cell = opt.ask()
    with pytest.raises(UsageError, match="one of the two"):
        opt.tell(cell)
    with pytest.raises(UsageError, match="one of the two"):
        opt.tell(cell, 1.0, failure="blank")
    with pytest.raises(UsageError, match="expected a finite number"):
        opt.tell(cell, float("nan"))
    with pytest.raises(UsageError, match="score is '7', expected a finite number"):
        opt.tell(cell, "7")
    with pytest.raises(UsageError, match="'x' is no cell"):
        opt.tell("x", 7)
    with pytest.raises(UsageError, match="prompt is 7, expected at most 0"):
        opt.tell(Cell(cell.config, 7, 0), 1.0)
    with pytest.raises(UsageError, match="choose one of"):
        Optimizer(SPACE, strategy="magic")
    with pytest.raises(UsageError, match="samples_per_config is 0, expected at least 1"):
        Optimizer(SPACE, samples_per_config=0)
    with pytest.raises(UsageError, match="seed is -1, expected at least 0"):
        Optimizer(SPACE, seed=-1)


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (
            "features has 'logprob', expected 'logprobs'",
            {"features": {"logprob": np.zeros((2, 9))}},
        ),
        (
            "count has the shape",
            {"features": {"logprobs": np.zeros((4, 100)), "count": np.ones(50)}},
        ),
        ("expected \\(n_contexts, n_tokens\\)", {"features": {"logprobs": np.zeros(9)}}),
        ("failure_score is nan, expected a finite number", {"failure_score": float("nan")}),
        ("margin is -1, expected 0 or more", {"margin": -1}),
    ],
)
def test_what_cannot_be_used_is_refused(words, options):
    with pytest.raises(UsageError, match=words):
        Optimizer(SPACE, **options)


@pytest.mark.parametrize("text", ["min_p:min_p=7", "nosuch:foo=1"])
def test_a_text_of_no_configuration_is_refused(text):
    opt = Optimizer(SPACE)
    with pytest.raises(UsageError):
        opt.tell(Cell(SamplerConfig.parse(text), 0, 0), 7.0)
    assert len(opt.table()) == 0


@pytest.mark.parametrize(
    ("score", "covariates", "words"),
    [
        (1e200, None, r"score is 1e\+200, expected no more than 1e\+50 in size"),
        (10**400, None, "score is 1000.*, expected no more than"),
        (7.0, {"words": 1e200}, "covariate words is 1e.200, expected no more than"),
        (7.0, {"words": float("inf")}, "covariate words is inf, expected a finite number"),
        (7.0, {"words": "12"}, "covariate words is '12', expected a finite number"),
        (7.0, {"words": None}, "covariate words is None, expected a finite number"),
        (7.0, {1: 2.0}, r"found \{1: 2.0\}, expected numbers by name"),
        (7.0, ["words"], r"covariates: found \['words'\], expected numbers by name"),
        (np.array([1.0, 2.0]), None, "expected a finite number"),
    ],
)
def test_numbers_that_cannot_be_reckoned_with_are_refused(score, covariates, words):
    opt = Optimizer(SPACE)
    cell = opt.ask()
    with pytest.raises(UsageError, match=words):
        opt.tell(cell, score, covariates=covariates)


def test_a_failure_is_told_in_words():
    opt = Optimizer(SPACE)
    with pytest.raises(UsageError, match="failure is False, expected why, in words"):
        opt.tell(opt.ask(), failure=False)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ((1.5, 0), "prompt is 1.5, expected a whole number"),
        (("0", 0), "prompt is '0', expected a whole number"),
        ((-1, 0), "prompt is -1, expected at least 0"),
        ((0, -1), "repeat is -1, expected at least 0"),
        ((0, 0.5), "repeat is 0.5, expected a whole number"),
        ((0, 10**30), "repeat is 1000.*, expected at most 999999999"),
        ((0, 0, "no"), "fresh is 'no', expected True or False"),
    ],
)
def test_a_text_of_no_place_is_refused(place, words):
    config = SamplerConfig.parse("min_p:temperature=1,min_p=0.05")
    for answer in ({"score": 7.0}, {"failure": "loop"}):
        opt = Optimizer(SPACE, n_prompts=3)
        with pytest.raises(UsageError, match=f"the cell's {words}"):
            opt.tell(Cell(config, *place), **answer)
        assert len(opt.table()) == 0
    with pytest.raises(UsageError, match="the cell's config is None, expected a configuration"):
        opt.skip(Cell(None, 0, 0))


def test_own_texts_may_name_their_prompt_and_repeat_by_numbers_of_numpy():
    opt = Optimizer(SPACE, n_prompts=3)
    opt.tell(
        Cell(SamplerConfig.parse("temperature:temperature=1"), np.int64(1), np.float64(2.0)),
        np.float32(7.0),
    )
    assert (opt.table().prompt.tolist(), opt.table().repeat.tolist()) == ([1], [2])


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (r"n_prompts is \['a', 'b'\], expected a whole number", {"n_prompts": ["a", "b"]}),
        ("n_prompts is '3', expected a whole number", {"n_prompts": "3"}),
        ("n_prompts is 2.5, expected a whole number", {"n_prompts": 2.5}),
        ("budget is 10.5, expected a whole number", {"budget": 10.5}),
        ("budget is nan, expected a whole number", {"budget": float("nan")}),
        ("budget is inf, expected a whole number", {"budget": float("inf")}),
        (r"budget is np.float64\(inf\), expected a whole number", {"budget": np.float64("inf")}),
        ("budget is 1000.*, expected at most 1000000000", {"budget": 10**400}),
        ("batch is 2.5, expected a whole number", {"batch": 2.5}),
        ("confirm is 2.5, expected a whole number", {"confirm": 2.5}),
        ("confirm is 300, expected at most 299", {"confirm": 300}),
        ("samples_per_config is 1.5, expected a whole number", {"samples_per_config": 1.5}),
        ("seed is None, expected a whole number", {"seed": None}),
        ("seed is 1.5, expected a whole number", {"seed": 1.5}),
        ("baseline is {'min_p': 0.1}, expected a configuration", {"baseline": {"min_p": 0.1}}),
        ("baseline is 1, expected a configuration or its text form", {"baseline": 1}),
        ("there is no 'None'; choose one of bayesian", {"strategy": None}),
        ("margin is 'x', expected a finite number", {"margin": "x"}),
        ("failure_score is 'x', expected a finite number", {"failure_score": "x"}),
        ("failure_score is -1e.200, expected no more than", {"failure_score": -1e200}),
        ("temperature_last is 'first', expected True or False", {"temperature_last": "first"}),
        ("moderate is None, expected True or False", {"moderate": None}),
        (r"moderate is array\(\[1, 2\]\), expected True", {"moderate": np.array([1, 2])}),
        (r"features: found \[1\], expected", {"features": [1]}),
        ("features' logprobs is 'abc', expected numbers", {"features": {"logprobs": "abc"}}),
        (
            r"grid tries every setting, and space\.min_p\.temperature is a continuous range; give "
            "it a step or list",
            {"strategy": "grid"},
        ),
    ],
)
def test_says_what_was_given_and_what_is_wanted(words, options):
    with pytest.raises(UsageError, match=words):
        Optimizer(SPACE, **options)


def test_whole_numbers_may_be_written_as_floats():
    opt = Optimizer(SPACE, np.float32(2.0), budget=1e2, batch=np.int8(3), seed=2**130)
    assert opt.left == 100
    assert len(opt.ask(2.0)) == 2
    with pytest.raises(UsageError, match=r"n is 1\.5, expected a whole number"):
        opt.ask(1.5)


def measured(**places):
    """Log-probabilities of 9 tokens in 3 contexts, `row_column=value` put in; a word for a row."""
    logprobs = np.log(np.tile(np.arange(9, 0, -1) / 45, (3, 1)))
    for place, value in places.items():
        row, _, column = place[1:].partition("_")
        logprobs[int(row), slice(None) if not column else int(column)] = value
    return logprobs


@pytest.mark.parametrize(
    ("words", "features"),
    [
        ("no token of any probability in row 1", {"logprobs": measured(r1=np.nan)}),
        ("no token of any probability in row 2", {"logprobs": measured(r2=-np.inf)}),
        ("no token of any probability in row 0", {"logprobs": measured(r0=-1e9)}),
        ("logprobs has inf, expected natural logarithms", {"logprobs": measured(r0_3=np.inf)}),
        ("logprobs has 0.2, expected natural logarithms", {"logprobs": np.exp(measured())}),
        (
            "count has -1.0 to 1.0, expected how many tokens",
            {"logprobs": measured(), "count": [1] * 8 + [-1]},
        ),
        ("count has 0.0 to 0.0", {"logprobs": measured(), "count": np.zeros(9)}),
        ("count has nan to nan", {"logprobs": measured(), "count": np.full(9, np.nan)}),
        (
            "NaN, which only single tokens may have",
            {"logprobs": measured(r0_8=np.nan), "count": range(1, 10)},
        ),
    ],
)
def test_a_fingerprint_that_is_none_is_refused(words, features):
    with pytest.raises(UsageError, match=words):
        Optimizer(SPACE, features=features)


def test_a_fingerprint_may_lack_single_tokens_and_be_rounded():
    logprobs = measured(r0_8=np.nan, r1_8=-np.inf, r2=-np.inf, r2_0=1e-7)
    opt = Optimizer(SPACE, budget=20, features={"logprobs": logprobs.tolist()})
    cells = opt.ask(20)
    for k, cell in enumerate(cells):
        opt.tell(cell, 7.0 + k % 3)
    assert np.isfinite(opt.recommend().mean)
