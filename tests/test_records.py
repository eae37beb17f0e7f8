import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampler_bench.errors import SpecError
from sampler_bench.records import FAILED, JUDGED, MISSING, PENDING, Cell, SamplerConfig, ScoreTable

words = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True).filter(
    lambda word: word.lower() not in ("nan", "inf", "infinity")
)
values = (
    st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | words
    | st.lists(st.text(max_size=5).filter(str.isprintable).filter(bool), max_size=3).map(tuple)
)
configs = st.builds(
    SamplerConfig.of,
    st.lists(words, min_size=1, max_size=3).map("+".join),
    st.dictionaries(words, values, min_size=1, max_size=6),
)


@given(configs)
def test_a_text_form_parses_back(config):
    assert SamplerConfig.parse(config.text) == config
    assert SamplerConfig.parse(config.text).text == config.text


@given(configs)
def test_a_text_form_is_safe_in_a_shell(config):
    assert re.fullmatch(r"[A-Za-z0-9_.+=:,;-]+", config.text)
    assert not config.text.endswith(":")


@given(configs)
def test_equal_configurations_have_one_name_whatever_the_order(config):
    backwards = dict(reversed(config.parameters))
    again = SamplerConfig.of(config.sampler, backwards)
    assert again == config
    assert again.text == config.text
    assert hash(again) == hash(config)


def test_temperature_stands_first_and_max_tokens_last():
    config = SamplerConfig.of("min_p", {"max_tokens": 512, "min_p": 0.02, "temperature": 1.2})
    assert config.text == "min_p:temperature=1.2,min_p=0.02,max_tokens=512"
    assert list(config.as_dict()) == ["temperature", "min_p", "max_tokens"]


def test_built_directly_a_configuration_is_the_same():
    pairs = (("min_p", np.float64(0.02)), ("temperature", 1.0))
    direct = SamplerConfig("min_p", pairs)
    assert direct == SamplerConfig.of("min_p", dict(pairs))
    assert direct.text == "min_p:temperature=1,min_p=0.02"
    assert hash(SamplerConfig("min_p", [list(pair) for pair in pairs])) == hash(direct)


@pytest.mark.parametrize(
    ("sampler", "pairs", "complaint"),
    [
        ("min_p", (("min_p", 0.1), ("min_p", 0.2)), "min_p is given twice"),
        ("min_p", (), "expected at least one parameter"),
        ("min_p", (("min_p", None),), "expected a number or a word, found None"),
        ("min_p", ((1, 0.1),), "parameter 1: expected a word"),
        (None, (("min_p", 0.1),), "sampler None: expected names"),
        ("min_p", {"min_p": 0.1}, r"expected \(name, value\) pairs, found {'min_p': 0.1}"),
        ("min_p", {"ab": 0.1}, r"\.of takes a mapping"),
        ("min_p", ("min_p", 0.1), "found \\('min_p', 0.1\\)"),
        ("min_p", None, "pairs, found None"),
        ("min_p", iter(()), "expected at least one parameter"),
        ("min_p", (("min_p", True),), "expected a number or a word, found True"),
        ("min_p", (("min_p", "NaN"),), "expected a number or a word, found 'NaN'"),
    ],
)
def test_built_directly_it_is_checked(sampler, pairs, complaint):
    with pytest.raises(SpecError, match=complaint):
        SamplerConfig(sampler, pairs)


def test_one_and_one_point_zero_are_the_same_configuration():
    assert SamplerConfig.parse("top_p:top_p=1.0") == SamplerConfig.of("top_p", {"top_p": 1})


def test_an_empty_text_has_no_text_form_and_is_refused():
    with pytest.raises(SpecError, match="expected texts, none empty"):
        SamplerConfig.of("dry", {"dry_sequence_breakers": ("\n", "")})


def test_line_breaks_travel_as_hex():
    config = SamplerConfig.of("dry", {"dry_sequence_breakers": ("\n", '"', "é")})
    assert config.text == "dry:dry_sequence_breakers=+0a;22;c3a9"
    assert SamplerConfig.parse(config.text) == config


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "expected sampler:name=value"),
        ("min_p", "expected sampler:name=value"),
        ("min_p:", "expected sampler:name=value"),
        ("min_p:temperature", "'temperature' is not of the form name=value"),
        ("min_p:temperature=", "'temperature=' has no readable value"),
        ("min_p:temperature=1,temperature=2", "temperature is given twice"),
        ("min_p:temperature=nan", "expected a finite number"),
        ("min_p:temperature=inf", "expected a finite number"),
        ("min p:temperature=1", "expected names joined by '+'"),
        ("min_p:temperature=1,", "'' is not of the form name=value"),
        ("min_p:temperature=1;rm", "has no readable value"),
        ("dry:dry_sequence_breakers=+ff", "has no readable value"),
        ("dry:dry_sequence_breakers=+61;", "has no readable value"),
    ],
)
def test_a_bad_text_form_says_what_is_wrong(text, complaint):
    with pytest.raises(SpecError, match=re.escape(complaint)):
        SamplerConfig.parse(text)


def test_a_table_numbers_configurations_by_first_row_and_hides_scores_that_are_none():
    hot, cold = (SamplerConfig.of("temperature", {"temperature": t}) for t in (1.5, 0.5))
    rows = [
        (Cell(hot, 0, 0), JUDGED, 7.0),
        (Cell(cold, 1, 0), FAILED, 3.0),
        (Cell(hot, 1, 0, fresh=True), MISSING, 3.0),
        (Cell(cold, 0, 0), PENDING, 3.0),
    ]
    table = ScoreTable.of(rows, 2, [(0.5,), (), (0.25,), ()])
    assert table.configs == (hot, cold)
    assert table.config.tolist() == [0, 1, 0, 1]
    assert table.score[0] == 7.0
    assert all(math.isnan(score) for score in table.score[1:])
    assert table.fresh.tolist() == [False, False, True, False]
    assert table.covariates.shape == (4, 1)
    assert np.isnan(table.covariates[1, 0])
    evidence = table.evidence()
    assert len(evidence) == 2
    assert evidence.configs == table.configs


def test_an_empty_table_has_no_rows_and_no_surprises():
    table = ScoreTable.of([], 3)
    assert len(table) == len(table.evidence()) == 0
    assert table.covariates.shape == (0, 0)
