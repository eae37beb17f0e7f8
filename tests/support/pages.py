"""Pages of studies of every kind, written by the real path, for tests in a browser."""

from dataclasses import replace

from support.cli import run
from support.documents import JUDGE, PROMPTS, document_of, trials_of
from support.tables import GRID, problem_of, table_of

from sampler_bench.cli._page import presets, write_page
from sampler_bench.records import FAILED, JUDGED, Cell, SamplerConfig, ScoreTable
from sampler_bench.reports._document import Document, Interval, Metadata, Result, read_document
from sampler_bench.reports.html import report

SECRET = "<img src=x onerror=window.ran=1>"
HOSTILE = (
    "<script>window.ran = 1</script><svg onload=window.ran=1><style>body{display:none}</style>",
    "</script><script>window.ran = 1</script><!-- ]]> <iframe srcdoc='<script>top.ran=1</script>'>",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J bell\x07 back\x08space\x7f",
    "left \u202eright to left\u202c \u2066isolated\u2069 \u200fmark \u200bzero \ufeffbom",
    "nul\x00nul\x00nul and half \ud800 surrogate \udfff of two",
    "&lt;b&gt; &amp; {{ 7*7 }} ${7*7} javascript:alert(1) %3Cscript%3E \\u003cscript\\u003e",
    "a line without an end " * 48000,  # 1 MB
    "",
    "\u2028line\u2029paragraph\r\ncarriage\rreturn\ttab",
)


def good(config):
    """A planted truth: hot top_p fails, min_p likes heat."""
    return -1 if config.get("top_p") == 0.9 else 6.0 + 1.5 * config.get("temperature")


def table_and_problem(each=4, n_prompts=2, fresh=4):
    return table_of(good, each=each, n_prompts=n_prompts, fresh=fresh), problem_of(n_prompts)


def usual(folder):
    """A study of a usual kind: (page, document)."""
    table, problem = table_and_problem()
    document = document_of(table, problem)
    return written(folder, document, trials_of(table)), document


def written(folder, document, trials):
    """Write a page as the command does; return its path."""
    path = folder / "study.html"
    write_page(path, document, trials)
    return path


def one_configuration(folder):
    """A study that tried one configuration, and has no baseline."""
    rows = [(Cell(GRID[0], k % 2, k // 2), JUDGED, 5.0 + k / 10) for k in range(4)]
    table = ScoreTable.of(rows, 2)
    document = document_of(table, problem_of(baseline=None))
    return written(folder, document, trials_of(table)), document


def all_failed(folder):
    """A study in which every text failed."""
    rows = [(Cell(config, k, 0), FAILED, 0.0) for config in GRID for k in range(2)]
    table = ScoreTable.of(rows, 2)
    document = document_of(table, problem_of())
    return written(folder, document, trials_of(table)), document


def no_scores(folder):
    """A study whose judge never answered: texts without any score."""
    table, problem = table_and_problem(fresh=0)
    from sampler_bench.records import MISSING, Unscored

    trials = [
        replace(trial, judgments=(Unscored(JUDGE, "overload", "try later"),))
        for trial in trials_of(table)
        if trial.failure is None
    ]
    rows = [(trial.cell, MISSING, 0.0) for trial in trials]
    missing = ScoreTable.of(rows, table.n_prompts)
    from support.documents import SERVER, study_row

    from sampler_bench.reports._collect import collect

    document = collect(study_row(2), trials, missing, problem, SERVER, (JUDGE,))
    return written(folder, document, trials), document


def nothing(folder):
    """A study that was begun, and no text has come back."""
    document = document_of(ScoreTable.of([], 2), problem_of())
    return written(folder, document, ()), document


def hostile(folder):
    """A study whose model, judge, server and prompts are out to break the page."""
    table, problem = table_and_problem(n_prompts=3, each=9, fresh=0)
    numbers = {}

    def text(cell):
        return HOSTILE[numbers.setdefault(cell, len(numbers)) % len(HOSTILE)]

    trials = [
        replace(
            trial,
            judgments=tuple(replace(j, comment=SECRET + HOSTILE[3]) for j in trial.judgments),
            failure=trial.failure and replace(trial.failure, detail=SECRET),
        )
        for trial in trials_of(table, text)
    ]
    document = document_of(
        table,
        problem,
        prompts=(SECRET, "</script><script>window.ran=1</script>", "\u202eprompt\x00"),
        judges=(JUDGE,),
        model=SECRET,
        version="\x1b[31m" + SECRET,
    )
    changes = {"model": SECRET, "study": SECRET, "judges": [SECRET], "templates": [SECRET]}
    meta = document.search_metadata.model_copy(update=changes)
    document = document.model_copy(update={"search_metadata": meta})
    return written(folder, document, trials), document


RESUMED = """
model: demo
judge: demo
task: demo
sampler_types: [min_p]
search_strategy: random
n_iterations: 4
samples_per_config: 1
confirm: 0
parameter_ranges:
  min_p: {temperature: [0.7, 0.9, 1.1, 1.3], min_p: [0.05], max_tokens: [40]}
test_prompts: [Create a mystery]
"""


def resumed(folder):
    """A study that ended early and was gone on with, by the commands that a user types."""
    (folder / "study.yaml").write_text(RESUMED)
    common = ("--max-samples", 2, "--quiet", "--slots", 1)
    begun = run("search", "--config", "study.yaml", "--seed", 5, *common, cwd=folder)
    assert begun[0] == 0, begun
    gone_on = run("search", "--resume", "--max-samples", 4, "--quiet", cwd=folder)
    assert gone_on[0] == 0, gone_on
    [page] = (folder / "results").glob("*.html")
    return page, read_document(page.with_suffix(".json"))


def large(folder, configs=2000, each=10):
    """2,000 configurations x 10 texts of 2,000 characters; more than a page holds."""
    document, trials = many(configs, each)
    path = folder / "study.html"
    write_page(path, document, trials)
    return path, document


def many(configs, each):
    """A document and trials of many configurations, without fitting a model to them."""
    rows = []
    for i in range(configs):
        config = SamplerConfig.of("min_p", {"temperature": 0.5 + i / 1000, "min_p": 0.05})
        rows += [(Cell(config, k % 3, k // 3), JUDGED, 5 + (i % 97) / 40) for k in range(each)]
    table = ScoreTable.of(rows, 3)
    trials = trials_of(table, lambda cell: f"{cell} says: " + "once upon a time " * 110)
    results = [_result(table.configs[i], i, each) for i in range(configs)]
    results.sort(key=lambda row: -row.estimate.mean)
    meta = Metadata(
        study="large",
        model="a-model",
        prompts=list(PROMPTS),
        total_configurations=configs,
        texts=configs * each,
        judged=configs * each,
        judges=[JUDGE],
        timestamp="2024-01-01T12:00:00Z",
    )
    document = Document(search_metadata=meta, best_configuration=results[0], all_results=results)
    return document, trials


def _result(config, i, each):
    mean = 5 + (i % 97) / 40
    return Result(
        parameters=config.as_dict(),
        sampler_type=config.sampler,
        config=config.text,
        sample_count=each,
        scores=[mean] * each,
        mean=mean,
        std=0.0,
        objective=mean,
        failure_rate=0.0,
        estimate=Interval(mean=mean, low=mean - 0.3, high=mean + 0.3),
        tokens=1000 + i,
        writing_seconds=20.0,
        entropy=1 + i / 1000,
    )


KINDS = {
    "usual": usual,
    "one configuration": one_configuration,
    "all failed": all_failed,
    "no scores": no_scores,
    "nothing": nothing,
    "hostile": hostile,
    "resumed": resumed,
    "large": large,
}

__all__ = ["HOSTILE", "KINDS", "SECRET", "presets", "report", "table_and_problem", "written"]
