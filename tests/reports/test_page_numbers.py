"""The page shows the numbers of the JSON, to the digit shown, and the terminal's ranking."""

import json
import re
from html import unescape

import pytest
from support.studies import random_study

from sampler_bench.cli._page import presets
from sampler_bench.reports.html import report
from sampler_bench.reports.terminal import report as terminal

DATA = re.compile(r'<data value="([^"]+)">([^<]+)</data>')
ROW = re.compile(r'<tr[^>]*>\s*<td>\d+</td>.*?data-read="([^"]+)".*?</tr>', re.DOTALL)
NO_NUMBER = re.compile(  # axes, and versions
    r'<section id="repeat".*?</section>|<th[^>]*class="wide".*?</th>|<div class="axis".*?</div>',
    re.DOTALL,
)
HIDDEN = re.compile(r"<(script|style|pre|noscript)\b.*?</\1>", re.DOTALL)
BARE = re.compile(r"(?<![\d.])\d+\.(?:\d{2}|\d{3})(?![\d.])")


def numbers(value):
    """All numbers of a JSON value, truths aside."""
    if isinstance(value, dict):
        return [n for inner in value.values() for n in numbers(inner)]
    if isinstance(value, list):
        return [n for inner in value for n in numbers(inner)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def formatted(value, shown):
    """A number with as many digits and the same sign as what was shown."""
    if shown.endswith("%"):
        return f"{value:.0%}"
    digits = len(shown.partition(".")[2])
    signed = "+" if shown.startswith("+") else ""
    return f"{value:{signed}.{digits}f}"


def check_equal(document):
    html = report(document, presets=list(presets(document))).html
    known = numbers(json.loads(document.text()))
    for value, shown in DATA.findall(html):
        assert float(value) in known, f"{value} is no number of the JSON"
        assert formatted(float(value), shown).replace("-", "−") == shown
    visible = DATA.sub("", NO_NUMBER.sub("", HIDDEN.sub("", html)))
    told = {f"{abs(value):.{digits}f}" for value in known for digits in (2, 3)}
    bare = set(BARE.findall(unescape(re.sub(r"<[^>]*>", " ", visible))))
    assert bare <= told, bare - told
    check_ranking(document, html)


def check_ranking(document, html):
    named, said = {row.config: row for row in document.all_results}, terminal(document)
    for found in ROW.finditer(html):
        worth = named[unescape(found[1])].estimate
        ends = [] if worth.low is None else [worth.low, worth.high]
        assert [float(v) for v, _ in DATA.findall(found[0])][: 1 + len(ends)] == [worth.mean, *ends]
        mean = DATA.search(found[0])[2]
        for line in said.splitlines():
            if re.search(rf" {re.escape(unescape(found[1]))}( |$)", line) and "●" in line:
                assert f" {mean} " in line


@pytest.mark.parametrize("seed", range(3))
def test_the_page_shows_the_numbers_of_the_json(seed):
    check_equal(random_study(seed)[0])


@pytest.mark.slow
def test_two_hundred_random_studies_show_the_same_numbers_on_the_page():
    for seed in range(200):
        check_equal(random_study(seed)[0])
