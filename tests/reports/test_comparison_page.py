"""The page of a comparison: honest, equal to the numbers, and quiet in a real browser."""

import json
import re

import pytest
from support.browser import Visit, a_browser, serious_faults
from support.cli import in_process
from support.documents import document_of
from support.pages import SECRET
from support.tables import problem_of, table_of

from sampler_bench.records import ScoreTable
from sampler_bench.reports._comparison import Pair, comparison
from sampler_bench.reports._comparison_page import ComparisonView, comparison_page, turned
from sampler_bench.reports._comparison_words import told
from sampler_bench.reports._document import Interval

DATA = re.compile(r'<data value="([^"]+)">([^<]+)</data>')
TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL)


def liking(sampler, most=3.0):
    """Scores that favour one sampler and its heat."""
    return lambda c: 4.0 + c.get("temperature") + most * (c.sampler == sampler)


def study(score=None, **changes):
    table = table_of(score or liking("min_p"), each=8)
    return document_of(table, problem_of(), **changes)


def differing(document, **changes):
    meta = document.search_metadata.model_copy(update=changes)
    return document.model_copy(update={"search_metadata": meta})


STRONG = {"a.json": study(liking("min_p", 4.0)), "b.json": study(liking("top_p", 2.0))}
LEVEL = {"a.json": study(liking("min_p")), "b.json": study(liking("top_p", 3.2))}
PARTLY = {"a.json": study(), "b.json": study(prompts=("Write about a lighthouse.", "Else."))}
JUDGES = {"a.json": study(), "b.json": study(judges=("another",))}
EMPTY = {f"{i}.json": document_of(ScoreTable.of([], 2), problem_of()) for i in range(28)}
HOSTILE = {
    f"{SECRET}\x1b[31m.json": differing(
        study(prompts=(SECRET, "\u202eb")), model=SECRET, strategy=SECRET
    ),
    "b\u202e.json": study(prompts=(SECRET, "\u202eb")),
}
KINDS = {
    "strong": STRONG,
    "level": LEVEL,
    "partly": PARTLY,
    "judges": JUDGES,
    "empty": EMPTY,
    "hostile": HOSTILE,
}


def html_of(kind):
    return comparison_page(comparison(KINDS[kind]))


def words(html):
    """What a reader sees."""
    return re.sub(r"\s+", " ", TAGS.sub(" ", html))


def test_a_lead_that_is_sure_is_told_with_its_setting_gain_and_certainty():
    found, said = comparison(STRONG), words(html_of("strong"))
    gain = found.winners[0].estimated
    assert gain.low > 0
    assert "A clear lead" in said
    assert f"{gain.mean:+.2f} points of 10, A over B" in said
    assert "Model, judge, server and prompts are the same" in said
    assert "A is better" in said


def test_what_is_only_seen_decides_nothing():
    """Winners were chosen on those very texts, so that a seen difference flatters."""
    seen = Interval(mean=1.0, low=0.5, high=1.5)
    view = ComparisonView(comparison(PARTLY))
    assert view.said(Pair(first="A", second="B", shared=3, seen=seen)) == "cannot tell"
    assert view.said(Pair(first="A", second="B", seen=seen, estimated=seen)) == "A is better"


def test_what_is_level_is_called_level():
    said = words(html_of("level"))
    assert "Too close to call" in said
    assert "No setting is clearly ahead" in said
    assert "cannot be told apart from the best of" in said
    assert "Not shown to be ahead." in said


def test_the_same_setting_twice_is_no_contest():
    documents = {"a.json": study(), "b.json": study()}
    said = words(comparison_page(comparison(documents)))
    assert "The same answer" in said
    assert "points of 10, " not in said


def test_a_setting_that_two_studies_found_still_leads_the_third():
    documents = {**STRONG, "c.json": STRONG["a.json"]}
    said = words(comparison_page(comparison(documents)))
    assert "A clear lead" in said
    assert "What A recommends beats the best of B." in said


def test_other_judges_stand_apart_without_a_common_scale():
    said = words(html_of("judges"))
    assert "These scores do not compare" in said
    assert "Judges differ, so scores do not compare: each study stands for itself." in said
    assert "There is no common ranking: judges differ" in said
    assert "Winners are not compared" in said
    assert "score out of 10, 95 % intervals" not in said


def test_partly_shared_prompts_are_paired_and_not_ranked():
    said = words(html_of("partly"))
    assert "1 of 3 prompts are shared" in said
    assert "winners are compared on the shared prompts alone" in said
    assert "There is no common ranking: estimates speak of different prompts" in said
    assert "1 shared prompt" in said
    assert "Estimates are not put on one scale" in said


def test_models_that_differ_are_named_in_the_answer():
    documents = {"a.json": study(), "b.json": differing(study(), model="another")}
    said = words(comparison_page(comparison(documents)))
    assert "Not only settings differ: model too." in said
    assert "The models differ. A lead is one of model and setting together" in said


@pytest.mark.parametrize("kind", KINDS)
def test_page_terminal_and_json_have_the_same_numbers(kind):
    found = comparison(KINDS[kind])
    known = {abs(n) for n in numbers(json.loads(found.model_dump_json()))}
    terminal = told(found)
    for value, shown in DATA.findall(html_of(kind)):
        digits = len(shown.rstrip("%").partition(".")[2])
        assert abs(float(value)) in known
        if not shown.endswith("%"):
            sign = "+" if shown[0] == "+" else ""
            assert f"{float(value):{sign}.{digits}f}".replace("-", "−") == shown
    for pair in found.winners:
        if pair.estimated.mean is not None:
            assert f"{pair.estimated.mean:+.3f}" in terminal
            assert f"{pair.estimated.mean:+.3f}".replace("-", "−") in html_of(kind)


def numbers(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = [value] if isinstance(value, int | float) and not isinstance(value, bool) else []
    return [*own, *(n for part in inner for n in numbers(part))]


def test_configurations_in_several_studies_stand_side_by_side():
    found = comparison(LEVEL)
    first, second = found.across[:2]
    assert (first.winner_of, second.winner_of) == (["A"], ["B"])
    assert all(list(row.estimates) == ["A", "B"] for row in found.across)
    assert len({row.config for row in found.across}) == len(found.across)
    assert comparison(PARTLY).across == []
    assert comparison(JUDGES).by_prompt == []


def test_a_difference_is_turned_with_its_interval():
    gain = turned(Interval(mean=0.5, low=-0.1, high=1.1))
    assert (gain.mean, gain.low, gain.high) == (-0.5, -1.1, 0.1)


# The command


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    for name, document in LEVEL.items():
        (folder / name).write_text(document.text(), encoding="utf-8")
    return folder


@pytest.fixture
def command(files, monkeypatch, capfd):
    """Run the command line in this process: (exit code, stdout, stderr)."""
    return lambda *words: in_process(words, files, monkeypatch, capfd)


def test_the_command_writes_a_page_and_never_over_another(files, command):
    code, out, _ = command("report", "--compare", "a.json", "b.json")
    assert (code, out.strip()) == (0, "comparison.html")
    code, out, _ = command("report", "--compare", "?.json")
    assert out.strip() == "comparison_2.html"
    html = (files / "comparison_2.html").read_text(encoding="utf-8")
    assert "sampler-bench report --compare a.json b.json" in html


def test_the_command_says_what_it_takes(command):
    code, _, error = command("report", "--compare", "a.json", "a.json")
    assert code == 2
    assert "expected two or more results files, found a.json" in error
    code, _, error = command("report", "--latest", "--compare", "a.json", "b.json")
    assert code == 2
    assert "results files after it, and leave out --latest" in error


# In a real browser


@pytest.fixture(scope="module")
def browser():
    with a_browser() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    def get(kind):
        path = tmp_path_factory.mktemp("page") / "comparison.html"
        path.write_text(html_of(kind), encoding="utf-8", errors="backslashreplace")
        return path

    return get


def check_quiet(browser, path):
    assert path.stat().st_size < 200_000
    with Visit(browser, path) as visit:
        visit.page.wait_for_load_state("load")
        assert (visit.complaints, visit.outside()) == ([], [])
        assert visit.page.locator("h1").count() == 1
        assert visit.page.evaluate("window.ran") is None
        return visit.page.locator("body").inner_text()


def test_names_from_outside_are_text_in_the_browser(browser, pages):
    text = check_quiet(browser, pages("hostile"))
    assert SECRET in text
    assert "\u202e" not in text
    assert "\x1b" not in text


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_opens_quietly_and_fits_a_phone(browser, pages, kind):
    path = pages(kind)
    check_quiet(browser, path)
    with Visit(browser, path, viewport={"width": 390, "height": 844}) as visit:
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["strong", "judges", "hostile"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(browser, pages, kind, scheme):
    with Visit(browser, pages(kind), color_scheme=scheme, bypass_csp=True) as visit:
        assert serious_faults(visit.page) == []


@pytest.mark.slow
def test_the_keyboard_copies_and_the_page_prints(browser, pages, tmp_path):
    permissions = ["clipboard-read", "clipboard-write"]
    with Visit(browser, pages("strong"), permissions=permissions) as visit:
        page = visit.page
        page.locator("[data-copy]").first.focus()
        page.keyboard.press("Enter")
        page.locator("#said", has_text="Copied").wait_for()
        best = comparison(STRONG).studies[0].best
        assert page.evaluate("navigator.clipboard.readText()") == best
        page.pdf(path=str(tmp_path / "page.pdf"))
        assert (tmp_path / "page.pdf").stat().st_size > 20_000
