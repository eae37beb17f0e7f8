"""The report on the terminal: the guide's layout, plain words, and nothing that steers a screen."""

import json
import math
import re

import numpy as np
import pytest
from support.documents import document_of
from support.tables import BASELINE, GRID, awkward_tables, problem_of, table_of

from sampler_bench.records import FAILED, JUDGED, MISSING, Cell, ScoreTable
from sampler_bench.reports._advice import advice
from sampler_bench.reports._comparison import comparison, paired
from sampler_bench.reports._comparison_words import compare, drift_words
from sampler_bench.reports._document import Interval, KnobResult, RunResult, read_document
from sampler_bench.reports._saying import Sayings
from sampler_bench.reports._words import command_line, sentence, shown
from sampler_bench.reports.terminal import BAR, bar, report

# The guide's example output: what stands there as a number may be any number.
GUIDE = r"""🔍 HYPERPARAMETER SEARCH ANALYSIS REPORT
={50}

📊 Search Overview:
   Total configurations tested: \d+
   Best overall score: \d+\.\d{3}
   Search timestamp: 2024-01-01T12:01:00Z?
(?:   .*\n)*
🎯 Sampler Performance Analysis:

   MIN_P:
     Mean score: \d+\.\d{3} ± \d+\.\d{3}
     Range: \d+\.\d{3} - \d+\.\d{3}
     Configurations tested: 9
     Best config: \{'temperature': 1.2, 'min_p': [\d.]+, 'max_tokens': 512\}
     Best score: \d+\.\d{3}.*
(?:.*\n)*
📊 Parameter Importance:
(?:.*\n)*
🎯 Optimal Parameter Ranges:

   MIN_P:
     temperature: [\d.]+ - 1.2.*
     min_p: [\d.]+ - [\d.]+.*
(?:.*\n)*
💡 Recommendations:

   🏆 Best Overall Configuration:
     Sampler: min_p
     Score: \d+\.\d{3} ± \d+\.\d{3}.*
     Parameters: \{'temperature': 1.2, 'min_p': [\d.]+, 'max_tokens': 512\}
"""


def hot(config):
    if config.get("top_p") == 0.9:
        return -1
    return 5.0 + 2 * config.get("temperature") + 0.3 * (config.sampler == "min_p")


def whole(**changes):
    return document_of(table_of(hot, each=8, fresh=2), problem_of(**changes))


def test_has_the_guides_five_parts_in_its_layout():
    assert re.match(GUIDE, report(whole())), report(whole())


def test_says_what_failed_and_what_each_sign_is():
    said = report(whole())
    assert "Failures: loops 20" in said
    assert "standard\n   deviation over configurations" in said
    assert "(half of the 95 % interval" in said
    assert "Failed by rule: 20 of 40 texts (50%)" in said
    assert sentence(whole()) in said


def test_a_baseline_that_is_surely_beaten_is_not_called_as_good():
    document = whole()
    verdict = document.verdict
    verdict.equivalent = [verdict.best, verdict.baseline]
    verdict.sentence = "cannot tell"
    assert "May be as good" in report(document)
    verdict.sentence = "better"
    assert "May be as good" not in report(document)
    assert Sayings(document).set_sentence == "No other setting that was tried may be as good."


def test_the_page_says_that_text_statistics_cannot_rank_good_texts():
    document = whole()
    document.search_metadata.judges = ["offline:1"]
    assert any("text statistics" in line for line in Sayings(document).limits)
    document.search_metadata.judges = ["offline:1", "gpt-5-mini"]
    assert not any("text statistics" in line for line in Sayings(document).limits)


def test_the_sentence_says_what_was_tested():
    """Of the whole space, not of the winner; and a baseline that leads is not proven by leading."""
    document = whole()
    verdict, base = document.verdict, document.verdict.baseline
    verdict.gain = Interval(mean=0.01, low=-0.06, high=0.08)
    verdict.sentence = "as good"
    assert sentence(document).startswith(
        "As good: with 95 % probability nothing in the space is more than 0.1 points better than "
        "your baseline. Gain over temperature:temperature=1"
    )
    verdict.best = base
    assert sentence(document).endswith("your baseline. It is itself the best that was found.")
    verdict.sentence, verdict.compared = "cannot tell", "min_p:temperature=1.2,min_p=0.05"
    assert sentence(document) == (
        "Cannot tell: your baseline is itself the best guess; this budget does not show that "
        "nothing in the space is more than 0.1 points better. Gain of "
        "min_p:temperature=1.2,min_p=0.05, the likeliest to be: +0.010 points [-0.060 to +0.080]."
    )
    said = Sayings(document)
    assert said.badge == "Your baseline leads"
    assert "does not show that nothing in the space" in said.verdict_line
    verdict.sentence = "as good"
    assert (said.badge, "95 % probability" in said.verdict_line) == (
        "Your baseline is as good",
        True,
    )


def test_what_to_do_next_compares_the_two_that_are_open():
    document = document_of(awkward_tables()["all alike"], problem_of())
    verdict = document.verdict
    verdict.best, verdict.needed = verdict.baseline, []
    verdict.compared = "min_p:temperature=1.2,min_p=0.05"
    verdict.gain = Interval(mean=0.05, low=-0.1, high=0.2)
    compare = [line for line in advice(document) if line.startswith("Compare the two")]
    assert len(compare) == 1
    assert "min_p:temperature=1.2,min_p=0.05" in compare[0]
    verdict.probability_beaten = 0.3  # the baseline was judged, and no gain is in sight
    assert not [line for line in advice(document) if line.startswith("Compare the two")]


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("kind", awkward_tables())
def test_reports_every_kind_of_study_in_plain_words(kind, plain):
    said = report(document_of(awkward_tables()[kind], problem_of()), plain=plain)
    assert not re.search(r"\bnan\b|None|inf\b", said), said
    assert said.isascii() or not plain
    titles = ["Search Overview:", "Sampler Performance", "Importance:", "Ranges:", "Recommend"]
    places = [said.index(title) for title in titles]
    assert places == sorted(places)


def test_an_empty_study_says_that_nothing_was_tried():
    said = report(document_of(awkward_tables()["empty"], problem_of()))
    assert "Best overall score: none yet" in said
    assert "No recommendation yet: nothing was tried." in said


def test_where_every_text_failed_page_and_terminal_say_so_and_what_to_do():
    document = document_of(awkward_tables()["all failed"], problem_of())
    said, page = report(document), Sayings(document)
    why = f"all {len(GRID)} texts failed by rule, so none was sent to a judge"
    assert f"No recommendation yet: {why}." in said
    assert page.nothing.startswith(f"{why.capitalize()}.")
    steps = said.split("Next steps")[1]
    assert "Every text failed by rule, so the settings are hardly to blame" in steps
    assert "leave out the settings" not in steps, "there are no others to leave"
    assert document.best_configuration is document.verdict is None, "neither names a best one"
    assert not page.sure


def test_where_judges_never_answered_nobody_says_that_every_text_failed():
    rows = [(Cell(c, 0, 0), FAILED if i else MISSING, 0.0) for i, c in enumerate(GRID)]
    document = document_of(ScoreTable.of(rows, 2), problem_of())
    why = f"no text has a score: {len(GRID) - 1} failed by rule, 1 missing (timeout 1)"
    assert why in report(document)
    assert Sayings(document).nothing.lower().startswith(why)
    assert Sayings(document).title == "No score yet"


def test_says_when_the_data_cannot_tell_which_parameter_matters():
    said = report(document_of(awkward_tables()["all alike"], problem_of()))
    assert "The data cannot tell which parameter matters" in said


def test_advice_follows_from_the_numbers():
    told = report(document_of(table_of(hot, each=40), problem_of(), cut_off=True))
    assert "the server's own limit: 100% of the texts were cut off" in told
    assert (
        "Widen temperature of min_p: the good region reaches the end of what was allowed (1.2)"
        in told
    )
    missing = report(document_of(awkward_tables()["one judged"], problem_of()))
    assert "Check the server and the judge: 12 of 13 texts have no outcome (timeout 12)" in missing


def test_a_knob_that_hardly_matters_is_set_to_neutral_only_where_neutral_was_seen():
    document = whole()
    row = next(row for row in document.importance if row.parameter == "min_p")
    row.share = Interval(mean=0.001, low=0.0, high=0.002)
    hardly = "min_p of min_p hardly matters here (under 2% of the variance): "
    assert hardly + "any value from 0.02 to 0.1 does." in advice(document)
    region = next(row for row in document.ranges if row.parameter == "min_p")
    region.low = 0.0
    assert hardly + "leave it at its neutral value." in advice(document)
    region.low = 0.02
    gain = Interval(mean=0.0, low=-0.05, high=0.05)
    without = "min_p:temperature=1.2,min_p=0,max_tokens=512"
    document.ablation = [
        KnobResult(
            parameter="min_p", value=0.05, neutral=0.0, without=without, gain=gain, texts=texts
        )
        for texts in (0, 20)
    ]
    assert hardly + "leave it at its neutral value." in advice(document)
    document.ablation = document.ablation[:1]  # by the model alone
    assert hardly + "any value from 0.02 to 0.1 does." in advice(document)


def test_the_command_that_would_decide_keeps_to_the_study():
    """Model, prompts and judge are the study's, and the baseline is what it is compared with."""
    document = document_of(awkward_tables()["all alike"], problem_of())
    assert document.verdict.sentence == "cannot tell"
    study, best = document.search_metadata.study, document.verdict.best
    refine = f"sampler-bench analyze --study {study} --refine again.yaml, then "
    compare = f"sampler-bench benchmark --config again.yaml --samplers {best}"
    assert refine + compare in " ".join(report(document).split())
    breakers = "dry:dry_multiplier=0.8,dry_sequence_breakers=+0a;3a"
    document.verdict.best = breakers
    assert f"--samplers '{breakers}'" in " ".join(advice(document)), "no shell cuts it in two"


def test_the_benchmark_that_would_decide_has_its_power_without_the_texts_so_far():
    """It is a new study, in which they do not count."""
    document = document_of(table_of(lambda c: 7.15 if c in GRID else 7.0, each=8), problem_of())
    (it,) = [row for row in document.verdict.needed if row.second == BASELINE.text]
    (line,) = [line for line in advice(document) if line.startswith("To show that your baseline")]
    each = int(line.rpartition(" ")[2])
    assert it.texts < it.alone <= 2 * 2 * each < it.alone + 4
    assert f": {it.alone} texts of a new benchmark, {60 * it.alone_minutes:.0f} seconds, $" in line


@pytest.mark.parametrize(
    ("told", "folder"),
    [
        ("--output-dir 'my runs' --quiet", "my runs"),
        ('--output-dir "C:\\my runs"', "C:\\my runs"),
        ("--output-dir=runs", "runs"),
        ("--quiet", None),
        ("--output-dir 'no end", None),
    ],
)
def test_the_command_that_would_decide_names_the_folder(told, folder):
    document = document_of(awkward_tables()["all alike"], problem_of())
    command = f"sampler-bench search {told}"
    run = RunResult(command=command, version="1", python="3", started="")
    document.search_metadata.runs = [run]
    stated = f" {command_line(['--output-dir', folder])}" if folder else ""
    assert f"--refine again.yaml{stated}, then" in " ".join(advice(document))


def test_the_finer_search_is_that_of_the_study_at_hand():
    """Not the latest one's: an older study, and one in another folder, can be analyzed too."""
    document = document_of(table_of(hot, each=40), problem_of())
    run = RunResult(command="sampler-bench search --output-dir runs", version="1")
    document.search_metadata.runs = [run]
    study = document.search_metadata.study
    command = f"analyze --study {study} --refine focused.yaml --output-dir runs"
    assert any(
        line.startswith("For a finer search of min_p") and line.endswith(command)
        for line in advice(document)
    ), advice(document)


def test_names_from_outside_cannot_steer_the_terminal():
    evil = "m\x1b[2J\x07\u202ecod\x9b1m"
    said = report(document_of(table_of(hot), problem_of(), model=evil))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", said)
    assert shown("a\x1bb\u200fc") == "a?b?c"
    assert shown("line1\nline2\r\nline3") == "line1 line2 line3"


def test_the_guides_minimal_file_is_reported_with_a_warning(tmp_path):
    results = [
        {
            "sampler_type": "min_p",
            "parameters": {"temperature": t, "max_tokens": 512},
            "mean": 7 + t,
            "std": 0.2,
            "scores": [6.9 + t, 7.1 + t],
            "sample_count": 2,
            "evaluation_time": 1.0,
        }
        for t in (0.5, 1.0)
    ]
    path = tmp_path / "old.json"
    path.write_text(json.dumps({"search_metadata": {}, "all_results": results}))
    said = report(read_document(path))
    assert "Best overall score: 8.000" in said
    assert "best mean may be the luckiest one" in said
    assert "Search timestamp: not known" in said


def test_bars_show_intervals_on_one_scale():
    assert bar(Interval(mean=5, low=0, high=10), 0, 10) == "─" * 12 + "●" + "─" * 11
    assert bar(Interval(mean=10), 0, 10) == " " * (BAR - 1) + "●"
    assert bar(Interval(mean=3, low=3, high=3), 3, 3).startswith("●")


# Comparison


def two(first, second, **server):
    one = document_of(table_of(first, each=8), problem_of())
    return {"a.json": one, "b.json": document_of(table_of(second, each=8), problem_of(), **server)}


def test_ranks_studies_of_the_same_circumstances_together():
    said = compare(two(hot, lambda c: 9.0))
    assert "⚖️ Same model, judge and prompts." in said
    ranking = said[said.index("All configurations, best estimate first") :]
    assert re.search(r"^   B ", ranking, re.MULTILINE)
    assert "A - B, same configurations in both (14): -" in said


def drifts(shift, configs, seeds):
    """What is said of the drift between studies of one truth, the other's scores so much higher."""
    said = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        cells = [Cell(c, p, k) for c in configs for p in range(2) for k in range(2)]
        pair = [
            document_of(
                ScoreTable.of([(c, JUDGED, 6 + up + 0.6 * rng.normal()) for c in cells], 2),
                problem_of(),
            )
            for up in (0.0, shift)
        ]
        (drift,) = comparison(dict(zip("ab", pair, strict=True))).drift
        said.append(drift_words(drift))
    return said


def test_drift_is_not_claimed_from_noise():
    """Also not from one shared configuration, whose texts may differ by .7 points on average."""
    one = drifts(0.0, [BASELINE], range(6))
    assert all("may be chance" in line for line in one)
    many = drifts(0.0, GRID, range(4))
    assert sum("judge or server drifted" in line for line in many) <= 1
    assert all("so judge or server drifted" in line for line in drifts(2.0, GRID, range(2)))


def test_names_models_that_differ_and_still_ranks():
    said = compare(two(hot, hot, model="another"))
    assert "model: A a-model, B another" in said
    assert "All configurations" in said
    assert "same configurations in both" not in said


def test_other_judges_are_never_ranked_together():
    one = document_of(table_of(hot), problem_of())
    other = document_of(table_of(hot), problem_of(), judges=("another",))
    said = compare({"a": one, "b": other})
    assert "No common ranking: judges differ" in said
    assert "All configurations" not in said
    assert "Winners" not in said


def test_other_prompts_leave_only_the_shared_ones():
    one = document_of(table_of(hot), problem_of())
    prompts = ("Write about a storm.", "Another.")
    said = compare({"a": one, "b": document_of(table_of(hot), problem_of(), prompts=prompts)})
    assert "prompts: 1 shared by all, of 3" in said
    assert re.search(
        r"A - B: seen [+-]\d\.\d{3} points \(no interval\) on 1 shared prompt$", said, re.M
    )
    assert "No common ranking: estimates speak of different prompts" in said
    none = document_of(table_of(hot), problem_of(), prompts=("X", "Y"))
    assert "no prompt is shared by all" in compare({"a": one, "b": none})


def test_winners_are_paired_by_prompt():
    def study(scores):
        rows = [(Cell(BASELINE, p, 0), JUDGED, score) for p, score in enumerate(scores)]
        return document_of(ScoreTable.of(rows, 3), problem_of(3))

    one, two_ = study([5.0, 7.0, 9.0]), study([4.0, 6.1, 7.9])
    gain, shared = paired(one, one.all_results[0], two_, two_.all_results[0])
    half = 4.302653 * 0.1 / 3**0.5  # Student's t on differences 1.0, 0.9, 1.1
    assert shared == 3
    assert (gain.mean, gain.low) == (pytest.approx(1.0), pytest.approx(1.0 - half, abs=1e-6))


def test_the_estimated_difference_corrects_what_the_seen_one_flatters():
    one, other = two(hot, hot).values()
    found = comparison({"a": one, "b": other})
    (pair,) = found.winners
    first, second = one.best_configuration.estimate, other.best_configuration.estimate
    assert pair.estimated.mean == pytest.approx(first.mean - second.mean)
    down = math.hypot(first.mean - first.low, second.high - second.mean)
    up = math.hypot(first.high - first.mean, second.mean - second.low)
    assert pair.estimated.mean - pair.estimated.low == pytest.approx(down, rel=1e-5)
    assert pair.estimated.high - pair.estimated.mean == pytest.approx(up, rel=1e-5)
    assert len(found.ranking) == 2 * len(one.all_results)
    assert not found.no_ranking
    assert found.studies[0].best == one.best_configuration.config


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("spec", {"task": "demo"}),
        ("objective", "quality+diversity"),
        ("failure_score", 3.0),
    ],
)
def test_scores_of_another_kind_are_never_ranked_together(key, value):
    one = document_of(table_of(hot), problem_of())
    meta = one.search_metadata.model_copy(update={key: value})
    other = one.model_copy(update={"search_metadata": meta})
    found = comparison({"a": one, "b": other})
    assert "so scores do not compare" in found.no_ranking
    assert (found.winners, found.ranking) == ([], [])


def test_compares_one_an_empty_and_many():
    empty = document_of(awkward_tables()["empty"], problem_of())
    assert "Nothing was judged yet." in compare({"e": empty})
    assert compare({f"{i}": empty for i in range(28)}, plain=True).isascii()
    failed = document_of(
        ScoreTable.of([(Cell(c, 0, 0), FAILED, 0.0) for c in GRID], 2), problem_of()
    )
    assert "All configurations" in compare({"f": failed, "e": empty})


def test_shows_quality_against_diversity_with_the_front():
    document = whole()
    said = report(document)
    part = said[said.index("Variety") : said.index("Recommendations")]
    for config in document.diversity.front[:1]:
        row = next(r for r in document.all_results if r.config == config)
        told = f"quality {row.diversity.quality.mean:.3f}"
        assert told in part
        assert config in part
    assert part.count("●") >= 1
    assert report(document, plain=True).isascii()


def test_says_that_variety_is_not_known_where_nothing_was_written_twice():
    said = report(document_of(awkward_tables()["all alike"], problem_of()))
    assert "The data cannot tell yet: 0 pairs of texts on one prompt." in said
    one = document_of(awkward_tables()["all alike"], problem_of())
    assert one.diversity is not None
    diversity = one.diversity.model_copy(update={"pairs": 1})
    said = report(one.model_copy(update={"diversity": diversity}))
    assert "The data cannot tell yet: 1 pair of texts on one prompt." in said


def test_says_whether_variety_is_part_of_the_score():
    document = whole()
    assert "not part of the score" in report(document)
    changed = {"objective": "quality+diversity", "diversity_weight": 0.3}
    meta = document.search_metadata.model_copy(update=changed)
    said = report(document.model_copy(update={"search_metadata": meta}))
    assert "30% of the score, as the study asked" in said
