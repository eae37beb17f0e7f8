"""Every number as tables: none is lost, none is another, and no text runs in a spreadsheet."""

import csv
import io
import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.documents import JUDGE, SERVER, document_of, study_row, trials_of
from support.studies import random_study
from support.tables import awkward_tables, problem_of, table_of

from sampler_bench.cli import main
from sampler_bench.records import PENDING, Score, Unscored
from sampler_bench.reports._collect import collect
from sampler_bench.reports._document import Part
from sampler_bench.reports._fields import FIELDS, _parts, meaning, published
from sampler_bench.reports._panel import panel_result
from sampler_bench.reports._table_files import as_csv, as_parquet
from sampler_bench.reports._tables import columns, tables
from sampler_bench.reports.terminal import report

PAGE = Path(__file__).parents[2] / "docs" / "results.md"


def hot(config):
    return -1 if config.get("top_p") == 0.9 else 6.0 + config.get("temperature")


@pytest.fixture(scope="module")
def study():
    table = table_of(hot, each=4, fresh=2)
    return document_of(table, problem_of()), trials_of(table)


def numbers(value):
    """All numbers of a JSON value, truths aside."""
    if isinstance(value, dict):
        return [n for inner in value.values() for n in numbers(inner)]
    if isinstance(value, list):
        return [n for inner in value for n in numbers(inner)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def without_what_is_no_result(document):
    found = json.loads(document.text())
    del found["best_configuration"]  # a row of `configurations`
    for key in ("spec", "server"):
        del found["search_metadata"][key]
    return found


def test_every_number_of_the_json_is_in_the_tables_with_all_its_digits(study):
    document, trials = study
    wanted = Counter(numbers(without_what_is_no_result(document)))
    found = Counter(
        value
        for rows in tables(document, trials).values()
        for row in rows
        for value in numbers(list(row.values()))
    )
    assert not wanted - found


def read_csv(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_and_parquet_hold_the_same(study):
    from pyarrow import parquet

    for rows in tables(*study).values():
        text = read_csv(as_csv(rows))
        binary = parquet.read_table(io.BytesIO(as_parquet(rows))).to_pylist()
        names = columns(rows)
        assert len(text) == len(binary) == len(rows)
        for row, told, stored in zip(rows, text, binary, strict=True):
            assert list(told) == list(stored) == names
            for name in names:
                value = row.get(name)
                assert stored[name] == value or str(value) == stored[name]
                if isinstance(value, int | float) and not isinstance(value, bool):
                    assert float(told[name]) == value


def test_rows_say_what_they_belong_to(study):
    document, trials = study
    found = tables(document, trials)
    assert [row["config"] for row in found["configurations"]] == [
        row.config for row in document.all_results
    ]
    for row in document.all_results:
        scores = [r for r in found["configurations.scores"] if r["config"] == row.config]
        assert [r["value"] for r in scores] == row.scores
        assert [r["place"] for r in scores] == list(range(len(row.scores)))
        lost = [r for r in found.get("configurations.failures", []) if r["config"] == row.config]
        assert {r["name"]: r["value"] for r in lost} == row.failures
    points = {(r["slices"], r["place"]) for r in found["slices.mean"]}
    assert len(points) == len(found["slices.mean"])
    assert {r["value"] for r in found["verdict.equivalent"]} == set(document.verdict.equivalent)


def test_trials_and_judgments_are_one_row_each(study):
    document, trials = study
    found = tables(document, trials)
    meta = document.search_metadata
    assert len(found["trials"]) == meta.texts
    assert Counter(row["outcome"] for row in found["trials"]) == {
        "judged": meta.judged,
        "failed": meta.failed,
    }
    assert {row["reason"] for row in found["trials"]} == {None, "loops"}
    assert len(found["judgments"]) == meta.judged
    assert found["judgments"][0]["criteria.prose"] == found["judgments"][0]["score"]
    assert "trials" not in tables(document)


def test_judgments_that_failed_are_rows_by_reason():
    table = table_of(hot)
    trials = trials_of(table)
    lost = (Unscored(JUDGE, "overload", "try later"),)
    trials[0] = replace(trials[0], judgments=lost)
    document = document_of(table, problem_of())
    document = document.model_copy(update={"panel": panel_result(trials)})
    (row,) = tables(document)["panel.judges.failed"]
    assert (row["name"], row["value"]) == ("overload", 1)


def test_a_best_configuration_that_was_not_tried_is_a_table_of_its_own(study):
    document, _ = study
    assert "best_configuration" not in tables(document), "it is a row of `configurations`"
    best = document.best_configuration.model_copy(update={"config": "min_p:min_p=0.07"})
    found = tables(document.model_copy(update={"best_configuration": best}))
    assert [row["config"] for row in found["best_configuration"]] == ["min_p:min_p=0.07"]


def test_what_another_judge_said_before_is_in_no_number():
    """`search --resume --judge-model other` keeps the scores of the judge before beside its own."""
    table = table_of(hot, each=4)
    trials = [
        replace(trial, judgments=(Score("before", 1.0), *trial.judgments))
        for trial in trials_of(table)
    ]
    waiting = replace(trials[-1], judgments=trials[-1].judgments[:1])
    table.state[-1] = PENDING
    trials[-1] = waiting
    document = collect(study_row(2), trials, table, problem_of(), SERVER, (JUDGE,))
    assert document.variance.judge.mean is None, "two judges are no repeats of one panel"
    found = tables(document, trials)
    for row in found["configurations"]:
        mine = [r["score"] for r in found["trials"] if r["config"] == row["config"]]
        known = [score for score in mine if score is not None]
        assert row.get("mean") == (pytest.approx(np.mean(known), abs=1e-5) if known else None)
    assert found["trials"][-1]["outcome"] == "pending", "the panel has not answered"
    assert found["trials"][-1]["score"] is None
    lost = replace(
        trials[0], judgments=(Unscored("before", "overload", ""), trials[0].judgments[1])
    )
    again = collect(study_row(2), [lost, *trials[1:]], table, problem_of(), SERVER, (JUDGE,))
    assert again.search_metadata.missing_reasons == {}


@pytest.mark.parametrize("kind", awkward_tables())
def test_studies_of_every_kind_have_tables(kind):
    table = awkward_tables()[kind]
    found = tables(document_of(table, problem_of()), trials_of(table))
    for rows in found.values():
        assert read_csv(as_csv(rows))
        assert as_parquet(rows)
    assert len(found.get("trials", [])) == len(table)


def test_no_text_runs_in_a_spreadsheet():
    rows = [{"a": "=cmd()", "b": -1.5, "c": "@x", "d": 'x,"y"\n=z', "e": None}]
    told = read_csv(as_csv(rows))[0]
    assert told == {"a": "'=cmd()", "b": "-1.5", "c": "'@x", "d": 'x,"y"\n=z', "e": ""}


def test_the_command_writes_them(tmp_path, monkeypatch, capsys, study):
    monkeypatch.chdir(tmp_path)
    Path("r.json").write_text(study[0].text())
    assert main(["analyze", "r.json", "--csv", "c", "--parquet", "p"]) == 0
    said = capsys.readouterr()
    assert "HYPERPARAMETER SEARCH" in said.out
    assert "without trials and judgments" in said.err
    names = {path.stem for path in Path("c").iterdir()}
    assert names == {path.stem for path in Path("p").iterdir()} == set(tables(study[0]))


def test_without_pyarrow_the_command_says_what_to_install(tmp_path, monkeypatch, capsys, study):
    import sys

    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    Path("r.json").write_text(study[0].text())
    assert main(["analyze", "r.json", "--parquet", "p"]) == 2
    assert "pip install 'sampler-bench[parquet]', or take --csv" in capsys.readouterr().err


# The page


def test_every_field_is_explained():
    silent = [
        f"{part.__name__}.{name}"
        for part in _parts()
        for name in part.model_fields
        if meaning(part, name) is None
    ]
    assert silent == [], "explain them in reports/_fields.py, or in the class's docstring"


def test_nothing_is_explained_that_is_not_there():
    fields = {f"{part.__name__}.{name}" for part in _parts() for name in part.model_fields}
    assert set(FIELDS) <= fields | {name.partition(".")[2] for name in fields}


def test_the_page_is_made_from_the_classes():
    page = PAGE.read_text(encoding="utf-8")
    assert published(page) == page, "made anew by: python -m sampler_bench.reports._document"
    for part in _parts():
        assert f"### {part.__name__}\n" in page


def test_the_page_names_the_tables_that_there_are(study):
    page = PAGE.read_text(encoding="utf-8")
    for name, rows in tables(*study).items():
        top = name.partition(".")[0]
        assert f"`{top}" in page, name
        if name in ("trials", "judgments"):
            for column in columns(rows):
                assert f"`{column.partition('.')[0]}" in page, column


# Equal numbers everywhere


SHOWN = re.compile(r"-?\d+\.\d{3}(?!\d)")


def shown_numbers(document):
    """What a report may show with three digits: the JSON's numbers, and half an interval."""
    plain = numbers(json.loads(document.text()))
    best = document.best_configuration
    one = best.estimate if best and best.estimate.high is not None else None
    halves = [(one.high - one.low) / 2] if one else []
    return {f"{value:.3f}".lstrip("-") for value in [*plain, *halves]}


def check_equal(document, trials):
    found = tables(document, trials)
    for rows in found.values():
        for row, told in zip(rows, read_csv(as_csv(rows)), strict=True):
            for name, value in row.items():
                if isinstance(value, int | float) and not isinstance(value, bool):
                    assert float(told[name]) == value
    known = {row["config"]: row for row in found.get("configurations", [])}
    for result in document.all_results:
        for path, value in known[result.config].items():
            inner = result
            for key in path.split("."):
                inner = getattr(inner, key, None) if isinstance(inner, Part) else inner.get(key)
            assert inner == value or path.startswith("parameters"), path
    shown = {text.lstrip("-") for text in SHOWN.findall(report(document))}
    assert shown <= shown_numbers(document), shown - shown_numbers(document)


@pytest.mark.parametrize("seed", range(3))
def test_terminal_json_and_csv_show_the_same_numbers(seed):
    check_equal(*random_study(seed))


@pytest.mark.slow
def test_two_hundred_random_studies_show_the_same_numbers_everywhere():
    for seed in range(200):
        check_equal(*random_study(seed))
