"""Results documents: complete, as the schema says, read back; half and foreign ones refused."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.documents import JUDGE, SERVER, document_of, study_row, trials_of
from support.tables import BASELINE, GRID, awkward_tables, problem_of, table_of

import sampler_bench.reports as room
from sampler_bench.errors import SpecError
from sampler_bench.records import (
    INTERRUPTED,
    JUDGED,
    MISSING,
    PENDING,
    Cell,
    SamplerConfig,
    ScoreTable,
    Unscored,
    settle,
)
from sampler_bench.reports._collect import collect
from sampler_bench.reports._document import SCHEMAS, Document, Interval, read_document, schema
from sampler_bench.reports._tables import tables
from sampler_bench.reports._words import plus_minus
from sampler_bench.reports.terminal import report

GUIDE_KEYS = {
    *("parameters", "mean", "std", "scores", "sampler_type", "sample_count", "evaluation_time"),
}
MINIMAL = {
    "search_metadata": {"strategy": "bayesian", "timestamp": "2024-01-01T12:00:00"},
    "best_configuration": {
        "sampler_type": "min_p",
        "parameters": {"temperature": 1.2, "min_p": 0.02, "max_tokens": 512},
        "mean": 8.2,
        "std": 0.4,
    },
    "all_results": [
        {
            "sampler_type": "top_p",
            "parameters": {"temperature": 1.0, "top_p": 0.9, "max_tokens": 512},
            "mean": 7.0,
            "std": 0.5,
            "scores": [6.5, 7.5, 7.0],
            "sample_count": 3,
            "evaluation_time": 12.5,
        },
        {
            "sampler_type": "min_p",
            "parameters": {"temperature": 1.2, "min_p": 0.02, "max_tokens": 512},
            "mean": 8.2,
            "std": 0.4,
            "scores": [7.8, 8.2, 8.6],
            "sample_count": 3,
            "evaluation_time": 12.5,
        },
    ],
}


def hot(config):
    return -1 if config.get("top_p") == 0.9 else 6.0 + config.get("temperature")


def whole():
    return document_of(table_of(hot, each=4, fresh=2), problem_of())


def published(kind):
    return json.loads((Path(room.__file__).parent / SCHEMAS[kind]).read_text())


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_published_schema_is_the_documents_own(kind):
    jsonschema.Draft202012Validator.check_schema(published(kind))
    assert json.dumps(published(kind), indent=2) + "\n" == schema(kind), (
        "made anew by: python -m sampler_bench.reports._document"
    )


@pytest.mark.parametrize("kind", awkward_tables())
def test_documents_of_every_kind_are_as_the_schema_says(kind):
    document = document_of(awkward_tables()[kind], problem_of())
    found = json.loads(document.text())
    jsonschema.validate(found, published("search"))
    assert found["search_metadata"]["timestamp"] == "2024-01-01T12:01:00Z"


def test_the_schema_takes_no_half_document():
    found = json.loads(whole().text())
    del found["all_results"][0]["scores"]
    with pytest.raises(jsonschema.ValidationError, match="scores"):
        jsonschema.validate(found, published("search"))


def test_holds_what_the_guide_names_and_the_counts_agree():
    document = whole()
    found = json.loads(document.text())
    assert not GUIDE_KEYS - set(found["all_results"][0])
    meta, rows = found["search_metadata"], found["all_results"]
    assert meta["total_configurations"] == len(rows) == len(GRID) + 1
    assert meta["texts"] == meta["judged"] + meta["failed"] == sum(r["sample_count"] for r in rows)
    assert meta["failed"] == sum(sum(r["failures"].values()) for r in rows)
    assert meta["cost"] == pytest.approx(0.001 * meta["judged"])
    for row in rows:
        assert SamplerConfig.parse(row["config"]).as_dict() == row["parameters"]
        assert row["sample_count"] == 6
        assert row["fresh_texts"] == 2
        assert len(row["scores"]) == row["sample_count"] - sum(row["failures"].values())
        assert row["writing_seconds"] == 12.0


def test_seen_numbers_are_those_of_the_texts():
    document = whole()
    for row in document.all_results:
        if row.mean is not None:
            assert row.mean == pytest.approx(sum(row.scores) / len(row.scores), abs=1e-5)
        worth = (1 - row.failure_rate) * (row.mean or 0.0) + row.failure_rate * 1.0
        assert row.objective == pytest.approx(worth, abs=1e-5)
        assert row.low <= row.objective <= row.high


def test_missing_texts_are_counted_with_their_reason_and_never_as_failures():
    document = document_of(awkward_tables()["all missing"], problem_of())
    meta = document.search_metadata
    assert (meta.missing, meta.failed, meta.texts) == (len(GRID), 0, 0)
    assert meta.missing_reasons == {"timeout": len(GRID)}
    assert meta.retries == 2 * len(GRID)
    assert document.best_configuration is None


def test_a_missing_text_has_one_reason_however_many_judges_lost_it():
    cells = [Cell(config, 0, 0) for config in GRID[:3]]
    states = (JUDGED, MISSING, PENDING)
    written = trials_of(ScoreTable.of([(cell, JUDGED, 7.0) for cell in cells], 2))
    judges = (JUDGE, "another")
    both = tuple(Unscored(judge, "overload", "try later") for judge in judges)
    scored = (written[0].judgments[0], replace(written[0].judgments[0], judge="another"))
    trials = [
        replace(trial, judgments=judgments)
        for trial, judgments in zip(written, (scored, both, both[:1]), strict=True)
    ]
    assert [settle(trial, judges)[0] for trial in trials] == list(states)
    table = ScoreTable.of([(c, state, 7.0) for c, state in zip(cells, states, strict=True)], 2)
    document = collect(study_row(2), trials, table, problem_of(), dict(SERVER), judges)
    assert document.search_metadata.missing == 1
    assert document.search_metadata.missing_reasons == {"overload": 1}
    told = tables(document, trials)
    assert [row["reason"] for row in told["trials"]] == [None, "overload", "overload"]


def test_where_no_text_has_a_score_no_answer_is_said_to_stand():
    document = document_of(awkward_tables()["all failed"], problem_of())
    assert document.verdict is None
    assert document.settled == []


def test_judgments_that_a_runs_end_did_not_wait_for_are_open_and_cost_what_they_cost():
    rows = [(Cell(c, 0, 0), PENDING if i else JUDGED, 7.0) for i, c in enumerate(GRID)]
    trials = trials_of(ScoreTable.of([(cell, JUDGED, 7.0) for cell, _, _ in rows], 2))
    lost = (Unscored(JUDGE, INTERRUPTED, "not waited for", 0.001),)
    trials = [replace(t, judgments=lost) if i else t for i, t in enumerate(trials)]
    states = [settle(trial, (JUDGE,))[0] for trial in trials]
    assert states == [state for _, state, _ in rows]
    trials = [
        replace(t, written=replace(t.written, cut_off=i % 2 > 0)) for i, t in enumerate(trials)
    ]
    problem, server = problem_of(), dict(SERVER)
    document = collect(study_row(2), trials, ScoreTable.of(rows, 2), problem, server, (JUDGE,))
    meta = document.search_metadata
    assert (meta.pending, meta.missing, meta.missing_reasons) == (len(GRID) - 1, 0, {})
    assert meta.cost == pytest.approx(0.001 * len(GRID))
    assert "Check the server and the judge" not in report(document)
    assert (meta.written, meta.cut_off) == (len(GRID), len(GRID) // 2)
    assert f"{meta.cut_off / len(GRID):.0%} of the texts were cut off" in report(document)


def test_reads_back_what_it_wrote(tmp_path):
    document = whole()
    path = tmp_path / "r.json"
    path.write_text(document.text())
    assert read_document(path) == document


def test_keys_of_later_versions_are_kept(tmp_path):
    found = json.loads(whole().text())
    found["search_metadata"]["novelty"] = [1]
    path = tmp_path / "r.json"
    path.write_text(json.dumps(found))
    assert '"novelty": [\n' in read_document(path).text()


def test_reads_the_guides_minimal_form(tmp_path):
    path = tmp_path / "hyper_search_bayesian_20240101_120000.json"
    path.write_text(json.dumps(MINIMAL))
    document = read_document(path)
    best = document.best_configuration
    assert best.config == "min_p:temperature=1.2,min_p=0.02,max_tokens=512"
    assert document.all_results[0].config == best.config
    assert document.all_results[0].estimate.mean == pytest.approx(8.2)
    low = document.all_results[0].estimate.low
    assert low == pytest.approx(8.2 - 4.302653 * 0.4 / 3**0.5, abs=1e-5)
    assert [s.sampler for s in document.samplers] == ["min_p", "top_p"]
    assert document.search_metadata.total_configurations == 2
    assert document.search_metadata.texts == 6
    assert document.verdict is None


def test_a_minimal_file_that_counts_fewer_texts_than_scores_is_read(tmp_path):
    path = tmp_path / "r.json"
    rows = [{**row, "sample_count": 2} for row in MINIMAL["all_results"]]
    path.write_text(changed(all_results=rows))
    assert read_document(path).all_results[0].estimate.low == pytest.approx(
        8.2 - 4.302653 * 0.4 / 3**0.5, abs=1e-5
    )


def changed(**changes):
    return json.dumps({**MINIMAL, **changes})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty: its search has not written it yet"),
        (json.dumps(MINIMAL)[:-40], "found broken JSON"),
        ("[1, 2]", "is it a results file"),
        ('{"a": 1}', "search_metadata: field required"),
        (changed(all_results=[{"mean": 3}]), "all_results.0.parameters: field required"),
        (changed(all_results=[{"parameters": {}, "sampler_type": "x"}]), "at least one parameter"),
        (
            changed(all_results=[{"parameters": {"t": "a b"}, "sampler_type": "x"}]),
            "all_results.0: parameter t: expected a number or a word",
        ),
        (
            changed(all_results=[{"parameters": {"t": {}}, "sampler_type": "x"}]),
            "all_results.0.parameters.t",
        ),
        (changed(search_metadata={"format": 99}), "newer than this version"),
        (changed(search_metadata={"cost": "NaN"}), "search_metadata.cost"),
        ("\x00\x01", "broken JSON"),
    ],
)
def test_refuses_half_and_foreign_files(tmp_path, text, said):
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(SpecError, match=r"r\.json") as caught:
        read_document(path)
    assert said in str(caught.value)


def test_refuses_files_that_are_no_text_or_not_there(tmp_path):
    path = tmp_path / "r.json"
    with pytest.raises(SpecError, match="cannot be read: No such file"):
        read_document(path)
    path.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(SpecError, match="found other bytes"):
        read_document(path)


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*MINIMAL, *GUIDE_KEYS]), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_any_other_json_is_refused_or_read_never_a_crash(tmp_path_factory, found):
    path = tmp_path_factory.mktemp("r") / "r.json"
    path.write_text(json.dumps(found))
    with suppress(SpecError):
        assert isinstance(read_document(path), Document)


def test_equal_evidence_in_another_order_gives_the_same_rows():
    table, problem = table_of(hot, each=2), problem_of()
    turned = table.take((table.state == JUDGED).argsort(kind="stable"))
    first, second = document_of(table, problem), document_of(turned, problem)
    assert first.all_results == second.all_results
    assert first.importance == second.importance


def test_holds_quality_and_diversity_of_every_configuration():
    document = document_of(table_of(hot, each=8), problem_of())
    found = document.diversity
    assert found.size == 4
    assert found.pairs == sum(2 * 2 for r in document.all_results if not r.failures)
    named = {row.config: row for row in document.all_results}
    for row in document.all_results:
        part = row.diversity
        assert part.quality == row.estimate
        assert part.front == (row.config in found.front)
        if not row.failures:
            assert part.seen.mean == pytest.approx(1 - part.overlap, abs=1e-5)
            assert (part.texts, part.prompts) == (8, 2)
        mine = (part.quality.mean, part.estimate.mean)
        others = [
            (other.diversity.quality.mean, other.diversity.estimate.mean)
            for other in named.values()
            if other is not row
        ]
        if part.front:
            assert not any(q > mine[0] and d > mine[1] for q, d in others)
        else:
            assert any(q >= mine[0] and d >= mine[1] for q, d in others)


def test_says_nothing_of_diversity_where_no_good_text_was_written():
    document = document_of(awkward_tables()["all failed"], problem_of())
    assert document.diversity is None
    assert all(row.diversity is None for row in document.all_results)


# Where the scale ends


def objectives(document):
    """Every interval of an objective that a document holds, by what it is of."""
    rows = document.all_results
    yield from (("estimate", row.estimate) for row in rows)
    yield from (("quality", row.diversity.quality) for row in rows if row.diversity)
    yield from (("fresh", row.fresh) for row in rows)
    yield "verdict", document.verdict.objective
    yield "new prompts", document.verdict.new_prompts or Interval()
    yield from (("best of N", one) for curve in document.best_of_n for one in curve.best)
    yield from (("settled", moment.objective) for moment in document.settled)
    for s in document.slices:
        ends = zip(s.mean, s.low, s.high, strict=True)
        yield from (("slice", Interval(mean=m, low=a, high=b)) for m, a, b in ends)
    for row in document.samplers:
        yield "sampler", Interval(mean=row.mean, low=row.low, high=row.high)


@pytest.mark.parametrize("end", [0.0, 10.0])
def test_no_interval_of_an_objective_leaves_the_scale(end):
    near = [end, abs(end - 2), end]
    cells = [Cell(c, k, 0, fresh=k > 0) for c in [BASELINE, *GRID[:5]] for k in range(2)]
    table = ScoreTable.of([(c, JUDGED, near[i % 3]) for i, c in enumerate(cells)], 2)
    found = list(objectives(document_of(table, problem_of())))
    for what, one in found:
        for value in (one.low, one.mean, one.high):
            assert value is None or 0 <= value <= 10, (what, one)
    cut = {what for what, one in found if end in (one.low, one.high)}
    needed = {"estimate", "slice", "settled"} | ({"best of N"} if end else set())  # it lies above 0
    assert needed <= cut, "nothing had to be cut"


def test_a_lopsided_interval_is_told_in_full():
    even = Interval(mean=8.0, low=7.5, high=8.5)
    assert plus_minus(even) == "8.000 ± 0.500 (half of the 95 % interval)"
    rare = Interval(mean=6.8, low=6.1, high=7.1)
    assert plus_minus(rare) == "6.800 ± 0.500 (half of the 95 % interval, 6.100 to 7.100)"
