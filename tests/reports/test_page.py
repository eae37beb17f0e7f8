"""Pages in a real browser: they open offline, quickly, quietly; nothing in them runs."""

import re

import pytest
from support.browser import Visit, a_browser, serious_faults
from support.documents import document_of, trials_of
from support.pages import HOSTILE, KINDS, written
from support.tables import GRID, problem_of

from sampler_bench.records import JUDGED, Cell, ScoreTable
from sampler_bench.reports._document import ImportanceResult
from sampler_bench.reports._picture_words import PictureWords

LARGEST = 15_000_000  # bytes
FIRST_PAINT = 2.0  # seconds


@pytest.fixture(scope="module")
def browser():
    with a_browser() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Each kind of page, written once."""
    made = {}

    def get(kind):
        if kind not in made:
            made[kind] = KINDS[kind](tmp_path_factory.mktemp("page"))
        return made[kind]

    return get


ORDINARY = ("usual", "hostile")
EVERY = [k if k in ORDINARY else pytest.param(k, marks=pytest.mark.slow) for k in KINDS]


@pytest.mark.parametrize("kind", EVERY)
def test_every_kind_of_page_opens_quietly_offline_and_small(browser, pages, kind):
    path, _ = pages(kind)
    assert path.stat().st_size < LARGEST
    with Visit(browser, path) as visit:
        visit.draw_all()
        assert visit.complaints == []
        assert visit.outside() == []
        assert visit.page.locator("h1").count() == 1
        assert visit.page.evaluate("window.ran") is None


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["usual", "large"])
def test_the_first_paint_comes_at_once(browser, pages, kind):
    path, _ = pages(kind)
    times = []
    for _ in range(6):  # the best of six: a busy machine is not the page's fault
        with Visit(browser, path) as visit:
            visit.page.wait_for_load_state("load")
            script = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
            times.append(visit.page.evaluate(script) / 1000)
        if times[-1] and times[-1] < FIRST_PAINT:
            break
    assert min(time for time in times if time) < FIRST_PAINT


SEEN_BY_ALL = [
    pytest.param("usual", "light"),
    pytest.param("usual", "dark", marks=pytest.mark.slow),
    *(
        pytest.param(kind, scheme, marks=pytest.mark.slow)
        for kind in ("all failed", "hostile", "nothing")
        for scheme in ("light", "dark")
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "scheme"), SEEN_BY_ALL)
def test_axe_finds_no_serious_fault(browser, pages, kind, scheme):
    path, _ = pages(kind)
    with Visit(browser, path, color_scheme=scheme, bypass_csp=True) as visit:
        visit.draw_all()
        assert serious_faults(visit.page) == []


@pytest.mark.slow
def test_no_text_runs_and_each_is_shown_as_it_is(browser, pages):
    path, _ = pages("hostile")
    with Visit(browser, path) as visit:
        page = visit.reader()
        seen = set()
        for _ in range(len(HOSTILE) * 3):
            seen.add(page.locator("#side-a .text").text_content()[:2000])
            page.click("#read-next")
        page.click("#read-scores")
        assert page.locator("#side-a .marks-of").text_content().count("<img src=x onerror") >= 1
        assert page.evaluate("window.ran") is None
        assert page.locator("main iframe, main svg[onload], .text script, .text img").count() == 0
        text = "\n".join(seen)
        assert HOSTILE[0] in text
        assert HOSTILE[1] in text
        assert "␛[31mred" in text
        assert "U+202E" in text
        assert "nul␀nul" in text
        assert "U+D800" in text
        assert visit.complaints == []


@pytest.mark.slow
def test_the_page_says_what_is_outside_it_and_takes_it_in(browser, pages):
    path, document = pages("large")
    beside = path.with_name("study.texts.json.gz")
    assert beside.is_file()
    with Visit(browser, path) as visit:
        page = visit.reader()
        assert beside.name in page.locator(".beside").text_content()
        before = int(page.locator("#find-count").text_content().split()[0])
        assert 0 < before < document.search_metadata.texts
        page.set_input_files("#beside", str(beside))
        page.locator("#find-count", has_text=f"{document.search_metadata.texts} texts").wait_for()
        page.set_input_files("#beside", str(path))
        page.locator("#said", has_text="not the file of texts").wait_for()


@pytest.mark.slow
def test_the_page_of_a_resumed_study_holds_the_texts_of_every_run(browser, pages):
    path, document = pages("resumed")
    meta = document.search_metadata
    assert (len(meta.runs), meta.texts) == (2, 4)
    with Visit(browser, path) as visit:
        page = visit.reader()
        assert page.locator("#find-count").text_content() == f"{meta.texts} texts"
        commands = page.locator("#command").text_content().splitlines()
        assert commands == [run.command for run in meta.runs]
        assert "--resume" in commands[1]
        assert page.locator("#repeat tbody tr", has_text=meta.runs[1].started).count() >= 1
        assert "went on where the one before ended" in page.locator("#repeat").text_content()
        assert visit.complaints == []


def test_the_reader_hides_scores_until_asked(browser, pages):
    with Visit(browser, pages("usual")[0]) as visit:
        page = visit.reader()
        assert not page.locator("#side-a .marks-of").is_visible()
        page.click("#read-scores")
        shown = page.locator("#side-a .marks-of").text_content()
        assert "creativity" in shown
        assert "fine" in shown
        page.click("#read-scores")
        assert not page.locator("#side-a .marks-of").is_visible()


@pytest.mark.slow
def test_the_reader_shows_two_settings_on_one_prompt_and_repeat(browser, pages):
    path, document = pages("usual")
    with Visit(browser, path) as visit:
        page = visit.reader()
        best, base = document.verdict.best, document.verdict.baseline
        for _ in range(4):
            left = page.locator("#side-a .text").text_content()
            right = page.locator("#side-b .text").text_content()
            assert left.endswith(f"{best}.")
            assert right.endswith(f"{base}.")
            assert re.findall(r"prompt \d|the \d+th", left) == re.findall(
                r"prompt \d|the \d+th", right
            )
            page.click("#read-next")
        assert page.locator("#side-a mark").count() >= 1
        page.uncheck("#read-diff")
        assert page.locator("#side-a mark").count() == 0


@pytest.mark.slow
def test_blind_hides_names_and_a_vote_is_told_after_all(browser, pages):
    path, document = pages("usual")
    with Visit(browser, path) as visit:
        page = visit.reader()
        page.check("#read-blind")
        names = page.locator("#side-a select, #side-b select").all_text_contents()
        assert names == ["Left: hidden", "Right: hidden"]
        assert "seed" not in page.locator("#side-a .facts").text_content()
        for _ in range(6):
            text = page.locator("#side-a .text").text_content()
            page.click(
                "[data-vote=a]" if text.endswith(f"{document.verdict.best}.") else "[data-vote=b]"
            )
        assert "6 votes" in page.locator("#read-tally").text_content()
        page.click("#read-scores")
        assert "6 for min_p" in page.locator("#read-tally").text_content()


@pytest.mark.slow
def test_votes_are_for_one_pair(browser, pages):
    path, document = pages("usual")
    first, other = (row.config for row in document.all_results[-2:])
    with Visit(browser, path) as visit:
        page = visit.reader()
        page.check("#read-blind")
        page.click("[data-vote=a]")
        assert page.locator("#read-tally").text_content().startswith("1 vote;")
        page.uncheck("#read-blind")
        assert page.locator("#read-tally").text_content().startswith("1 vote;")
        page.select_option("#side-a select", first)
        page.select_option("#side-b select", other)
        assert page.locator("#read-tally").text_content() == ""
        page.check("#read-blind")
        page.click("[data-vote='=']")
        assert page.locator("#read-tally").text_content().startswith("1 vote;")


@pytest.mark.slow
def test_next_passes_over_prompts_that_neither_was_tried_on(browser, tmp_path):
    cells = [Cell(config, prompt, 0) for config in GRID[:2] for prompt in (0, 2)]
    cells.append(Cell(GRID[2], 1, 0))
    rows = [(cell, JUDGED, 7.0 - (cell.prompt == 1)) for cell in cells]
    table = ScoreTable.of(rows, 3)
    document = document_of(table, problem_of(3, baseline=None))
    with Visit(browser, written(tmp_path, document, trials_of(table))) as visit:
        page = visit.reader()
        page.select_option("#side-a select", GRID[0].text)
        page.select_option("#side-b select", GRID[1].text)
        page.select_option("#read-prompt", "0")
        for button, wanted in (("next", "2"), ("next", "0"), ("back", "2"), ("back", "0")):
            page.click(f"#read-{button}")
            assert page.locator("#read-prompt").input_value() == wanted


@pytest.mark.slow
def test_filters_find_failed_texts_with_their_reason(browser, pages):
    path, document = pages("usual")
    with Visit(browser, path) as visit:
        page = visit.reader()
        page.select_option("#find-outcome", "failed")
        failed = document.search_metadata.failed
        assert page.locator("#find-count").text_content() == f"{failed} texts"
        page.locator("#found button").first.click()
        assert "Failed: loops (the same again)" in page.locator("#side-a .facts").text_content()
        page.fill("#find-words", "no such words")
        assert page.locator("#find-count").text_content() == "0 texts"
        page.select_option("#find-outcome", "")
        page.fill("#find-words", "ON PROMPT 1, THE 0TH")
        assert int(page.locator("#find-count").text_content().split()[0]) >= 10


@pytest.mark.slow
def test_a_link_leads_into_a_text(browser, pages):
    path, document = pages("usual")
    other = document.all_results[3].config
    with Visit(browser, path) as visit:
        page = visit.reader()
        page.select_option("#side-a select", other)
        page.click("#read-next")
        page.click("#read-link")
        page.locator("#said", has_text="Copied").wait_for()
        fragment = "#" + page.url.split("#")[1]
        text = page.locator("#side-a .text").text_content()
    with Visit(browser, path, fragment) as visit:
        page = visit.reader()
        assert page.locator("#side-a .text").text_content() == text
        assert page.locator("#side-a select").input_value() == other


def test_presets_are_copied_saved_and_shown(browser, pages, tmp_path):
    path, document = pages("usual")
    with Visit(browser, path, permissions=["clipboard-read", "clipboard-write"]) as visit:
        page = visit.page
        page.select_option("#quick-format", "ollama")
        page.click("#quick-copy")
        page.locator("#said", has_text="Copied").wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert "PARAMETER temperature 1.2" in copied
        assert document.verdict.best in copied
        item = page.locator('.formats li[data-format="guide-yaml"]')
        item.locator("[data-do=show]").click()
        assert "best_overall:" in item.locator("pre").text_content()
        page.select_option("#export-config", document.verdict.baseline)
        page.locator(
            '.formats li[data-format="guide-yaml"] pre', has_text=document.verdict.baseline
        ).wait_for()
        with page.expect_download() as download:
            item.locator("[data-do=save]").click()
        download.value.save_as(tmp_path / "saved")
        assert document.verdict.baseline in (tmp_path / "saved").read_text()
        assert download.value.suggested_filename.endswith(".yaml")


@pytest.mark.slow
def test_the_ranking_is_filtered_and_leads_to_the_reader(browser, pages):
    path, document = pages("large")
    with Visit(browser, path) as visit:
        page = visit.reader()
        page.fill("#rank-find", "temperature=0.7")
        hits = [r for r in document.all_results if "temperature=0.7" in r.config]
        page.locator("#rank-count", has_text=f"of {len(hits)} shown").wait_for()
        page.fill("#rank-find", "")
        page.click("#rank-all")
        page.locator("#rank-count", has_text="2000 of 2000 shown").wait_for()
        page.locator("#rank-table [data-read]").nth(5).click()
        assert page.locator("#side-a select").input_value() == document.all_results[5].config


@pytest.mark.slow
def test_everything_can_be_done_from_the_keyboard(browser, pages):
    with Visit(browser, pages("usual")[0]) as visit:
        page = visit.reader()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        page.locator("#side-a .text").focus()
        before = page.locator("#side-a .text").text_content()
        page.keyboard.press("j")
        assert page.locator("#side-a .text").text_content() != before
        page.keyboard.press("k")
        assert page.locator("#side-a .text").text_content() == before
        page.keyboard.press("s")
        assert page.locator("#side-a .marks-of").is_visible()
        page.keyboard.press("b")
        assert page.locator("#read-blind").is_checked()
        page.locator("#find-words").focus()
        page.keyboard.type("jskb")
        assert page.locator("#find-words").input_value() == "jskb"


@pytest.mark.slow
def test_light_and_dark_follow_the_system_and_the_button(browser, pages):
    path, _ = pages("usual")
    with Visit(browser, path, color_scheme="dark") as visit:
        paper = "getComputedStyle(document.body).backgroundColor"
        dark = visit.page.evaluate(paper)
        visit.page.click("#theme")
        light = visit.page.evaluate(paper)
        assert sum(map(int, re.findall(r"\d+", dark))) < 200
        assert sum(map(int, re.findall(r"\d+", light))) > 600


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1200, 1400])
def test_nothing_sticks_out_of_the_screen(browser, pages, width):
    wide = (
        "[...document.querySelectorAll('.formats li')].filter(e => e.scrollWidth > e.clientWidth)"
    )
    for kind in ("usual", "hostile"):
        with Visit(browser, pages(kind)[0], viewport={"width": width, "height": 844}) as visit:
            visit.draw_all()
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
            assert visit.page.evaluate(f"{wide}.map(e => e.textContent)") == []


@pytest.mark.slow
def test_it_prints_with_its_pictures(browser, pages, tmp_path):
    with Visit(browser, pages("usual")[0]) as visit:
        visit.draw_all()
        visit.page.pdf(path=str(tmp_path / "page.pdf"))
        assert (tmp_path / "page.pdf").stat().st_size > 50_000


def test_a_knob_that_moves_alone_in_its_sampler_is_not_said_to_matter():
    def row(sampler, parameter, share):
        found = {"mean": share, "low": share, "high": share}
        return ImportanceResult(sampler=sampler, parameter=parameter, share=found, told=True)

    rows = [
        row("temperature", "temperature", 1.0),
        row("all", "sampler", 0.4),
        row("min_p", "temperature", 0.7),
        row("min_p", "min_p", 0.3),
    ]
    document = document_of(ScoreTable.of([], 1), problem_of())
    said = PictureWords(document.model_copy(update={"importance": rows})).importance_sentence
    assert said.startswith("Surely matters: the choice of sampler, temperature of min_p (70%")
    assert "100%" not in said
