"""What heat buys and costs: said only where it is so, and seen in the demo for any seed."""

import json

import pytest
from support.cli import run
from support.documents import document_of
from support.pages import table_and_problem
from support.tables import GRID, awkward_tables, problem_of

from sampler_bench.reports._depth_words import best_of
from sampler_bench.reports._document import (
    CurveResult,
    DiversityResult,
    Document,
    Interval,
    JudgeResult,
    Metadata,
    PanelResult,
    Result,
)
from sampler_bench.reports._picture_words import PictureWords
from sampler_bench.reports._saying import Sayings
from sampler_bench.reports._view import View
from sampler_bench.reports._words import no_score
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


def test_settings_stand_on_the_page_as_they_are():
    table, problem = table_and_problem()
    document = document_of(table, problem)
    verdict = document.verdict.model_copy(update={"margin": 0.25})
    meta = document.search_metadata.model_copy(update={"failure_score": 1.25})
    html = report(document.model_copy(update={"verdict": verdict, "search_metadata": meta})).html
    assert "within 0.25 points of the best" in html
    assert "failure rate × 1.25." in html
    assert "was never sent to a judge and counts 1.25." in html


def test_a_study_of_single_values_has_no_curves_because_no_knob_moves():
    document = document_of(*table_and_problem()).model_copy(update={"slices": []})
    assert PictureWords(document).no_slices == "No knob of this study takes more than one value."
    foreign = document.model_copy(update={"verdict": None})
    assert "holds no model of the study" in PictureWords(foreign).no_slices


@pytest.mark.parametrize(("texts", "told"), [(3, False), (11, False), (12, True)])
def test_a_judge_of_few_texts_is_not_said_to_run_out_of_scale(texts, told):
    judge = JudgeResult(judge="j", texts=texts, at_top=0.34, values=3)
    document = Document(
        search_metadata=Metadata(), all_results=[], panel=PanelResult(judges=[judge])
    )
    assert ("cannot tell good from better" in PictureWords(document).panel_sentence) == told


def test_one_setting_of_a_sampler_is_no_best_of_several():
    curve = CurveResult(sampler="min_p", sizes=[1], best=[around(7.0, 0.1)])
    both = CurveResult(sampler="min_p", sizes=[1, 2], best=[around(7.0, 0.1)] * 2)
    found = Document(search_metadata=Metadata(), all_results=[], best_of_n=[curve])
    assert best_of(found, "min_p") == []
    assert best_of(found.model_copy(update={"best_of_n": [both]}), "min_p")


def test_the_set_of_two_is_told_in_the_singular():
    document = document_of(*table_and_problem())
    best = document.verdict.best
    other = next(c.text for c in GRID if c.text != best)
    verdict = document.verdict.model_copy(update={"equivalent": [best, other]})
    said = Sayings(document.model_copy(update={"verdict": verdict})).set_sentence
    assert said.startswith("1 other setting that was tried may be within")


def test_texts_that_are_awaited_were_tried():
    document = document_of(awkward_tables()["all pending"], problem_of())
    document = document.model_copy(update={"all_results": []})
    assert no_score(document) == "no text has a score yet"


def test_a_mean_of_nothing_is_a_mean_too():
    rows = ladder((0.3, 0.5, 9.2), (1.0, 0.8, 9.0)).document.all_results
    rows = [
        row.model_copy(update={"estimate": around(mean, 0.0)})
        for row, mean in zip(rows, (0.0, 1.2), strict=True)
    ]
    document = Document(search_metadata=Metadata(), all_results=rows)
    assert View(document, 0, 0, "", [], "").any_below


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
