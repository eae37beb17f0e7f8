"""What heat buys and costs: said only where it is so, and seen in the demo for any seed."""

import json

import pytest
from support.cli import run
from support.documents import document_of
from support.pages import table_and_problem

from sampler_bench.reports._document import (
    DiversityResult,
    Document,
    Interval,
    Metadata,
    Result,
)
from sampler_bench.reports._picture_words import PictureWords
from sampler_bench.reports.html import report


def around(mean, half):
    return Interval(mean=mean, low=mean - half, high=mean + half)


def ladder(*rows, half=0.02):
    """A study of temperature alone: (temperature, diversity, quality) each."""
    results = [
        Result(
            parameters={"temperature": heat},
            sampler_type="temperature",
            config=f"temperature:temperature={heat:g}",
            diversity=DiversityResult(estimate=around(varied, half), quality=around(good, 0.3)),
        )
        for heat, varied, good in rows
    ]
    return PictureWords(Document(search_metadata=Metadata(), all_results=results))


def test_heat_is_said_to_buy_variety_where_both_ends_differ_for_sure():
    said = ladder((2.0, 0.9, 1.0), (0.3, 0.5, 9.2), (1.0, 0.8, 9.0)).heat_sentence
    assert said == (
        "Heat buys variety and costs quality: with temperature alone, from 0.3 to 2, diversity "
        "goes from 0.50 to 0.90, and quality from 9.20 to 1.00."
    )


def test_what_is_not_sure_is_told_without_a_claim():
    said = ladder((0.3, 0.5, 9.2), (1.0, 0.8, 9.0), (1.3, 0.9, 9.1)).heat_sentence
    assert said.startswith("With temperature alone, from 0.3 to 1.3")
    blurred = ladder((0.3, 0.5, 9.2), (1.0, 0.8, 9.0), (2.0, 0.9, 1.0), half=0.3)
    assert blurred.heat_sentence.startswith("With temperature alone")
    assert ladder((0.3, 0.5, 9.2), (2.0, 0.9, 1.0)).heat_sentence == ""


def test_distinct_answers_are_on_the_page_where_a_model_was_asked():
    table, problem = table_and_problem()
    document = document_of(table, problem)
    assert "Distinct answers" not in report(document).html
    assert "Distinct answers" not in report(document.model_copy(update={"diversity": None})).html
    asked = {"embedding": "m<b>", "same_from": 0.9, "answers_of": 3, "across_prompts": 0.5}
    told = document.diversity.model_copy(update=asked)
    html = report(document.model_copy(update={"diversity": told})).html
    assert "of 3 answers to one prompt, how many m&lt;b&gt; takes for different ones" in html
    assert '<data value="0.5">0.50</data>' in html


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_the_demo_shows_that_heat_buys_variety_and_costs_correctness(tmp_path, seed):
    code, out, err = run("demo", "--seed", seed, "--quiet", "--json", cwd=tmp_path, timeout=600)
    assert code == 0, err
    document = Document.model_validate(json.loads(out))
    assert "Heat buys variety and costs quality" in PictureWords(document).heat_sentence
    named = {row.config: row for row in document.all_results}
    front = [named[config] for config in document.diversity.front]
    best, varied = front[0], front[-1]
    assert varied.diversity.estimate.mean > best.diversity.estimate.mean + 0.08
    assert varied.diversity.quality.mean < best.diversity.quality.mean - 4
    assert varied.parameters["temperature"] >= 1.6
