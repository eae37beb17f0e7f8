"""The picture and the page of `inspect`."""

import re
from html.parser import HTMLParser

from sampler_bench.plugins import find
from sampler_bench.records import SamplerConfig
from sampler_bench.reports._inspection import bar, report, share
from sampler_bench.reports._inspection_page import page
from sampler_bench.samplers.bank import Bank, builtin
from sampler_bench.samplers.inspection import inspect

TEXTS = ("min_p:temperature=1.2,min_p=0.02", "top_p:temperature=1,top_p=0.9",
         "top_p:temperature=1,top_p=0.905", "top_k:temperature=1,top_k=3",
         "dry:temperature=1,dry_multiplier=0.8")  # fmt: skip

ORDER = "min_p, temperature, as in llama.cpp"


def look(*texts):
    return inspect([SamplerConfig.parse(text) for text in texts or TEXTS], builtin(), True)


def test_the_picture_names_and_draws_every_configuration():
    text = report(look(), "a bank", "last", ORDER)
    for letter, config in zip("ABCDE", TEXTS, strict=True):
        assert f"   {letter}  {config}" in text
    assert f"Order of samplers: {ORDER}.\n" in text
    assert "░" in text
    alike = "Practically the same (at most 2 % apart, and alike in tokens under 1 % by the model)"
    assert f"{alike}: B, C." in text
    assert "Not computed for E (it depends on the text so far): dry_multiplier" in text
    assert max(map(len, text.splitlines())) <= 104
    assert "of it estimated" not in text


def test_what_is_cut_altogether_says_so():
    lines = report(look(TEXTS[3]), "x", "last", ORDER).splitlines()
    (line,) = [row for row in lines if row.startswith("4 to 5")]
    assert line.endswith("0 %")
    assert line.rstrip(" 0%").endswith("░")


def test_what_is_not_as_computed_is_marked():
    """llama.cpp's typical_p takes an entropy that is no number after top_n_sigma."""
    doubtful = "top_n_sigma+typical_p:top_n_sigma=2,typical_p=0.6"
    marked = "Not computed exactly for A (what they do together there): top_n_sigma+typical_p"
    assert marked in report(look(doubtful), "x", "last", ORDER)
    assert f"<p>{marked}.</p>" in page(look(doubtful), "x", "last", ORDER)
    alone = look("top_n_sigma+typical_p:top_n_sigma=2,typical_p=1", "typical_p:typical_p=0.6")
    assert "Not computed" not in report(alone, "x", "last", ORDER)
    chain = find("engines", "vllm").DIALECT.chain
    found = inspect([SamplerConfig.parse(doubtful)], builtin(), False, chain)
    lines = report(found, "x", "first", ORDER).splitlines()
    assert "Not computed for A (it is not spoken there): top_n_sigma, typical_p" in lines
    assert found.effects[1].candidates == found.effects[0].candidates


def test_an_estimate_is_marked():
    told = Bank.of(builtin().logprobs[:, :20], vocabulary=2000)
    found = inspect([SamplerConfig.parse("temperature:temperature=1.5")], told, True)
    assert "of it estimated" in report(found, "x", "last", ORDER)
    assert "of it estimated" in page(found, "x", "last", ORDER)


def test_old_consoles_get_letters_only():
    text = report(look(), "a bank", "first", ORDER, plain=True)
    assert text.isascii()
    assert "?" not in text
    assert "#" in text


def test_bars_and_shares_have_the_digits_they_need():
    assert bar(1.0) == "█" * 13
    assert bar(0.25) == "█" * 6 + "▌"
    assert bar(0.0) == ""
    wanted = {1.0: "100 %", 0.991: "99.1 %", 0.42: "42 %", 0.041: "4.1 %", 0.0012: "0.12 %",
              0.00001: "<0.01 %", 0.0: "0 %"}  # fmt: skip
    assert {value: share(value) for value in wanted} == wanted


class Tags(HTMLParser):
    """Open and close every tag; collect what could reach out of the page."""

    def __init__(self):
        super().__init__()
        self.open, self.reaching = [], []

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "rect", "line"):
            self.open.append(tag)
        reaches = {"src", "href", "action", "onload", "onclick"}
        self.reaching += [(tag, k) for k, _ in attributes if k in reaches or tag == "script"]

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_reaches_for_nothing():
    text = page(look(), "study <script>alert(1)</script> \u202e", "last", ORDER)
    tags = Tags()
    tags.feed(text)
    tags.close()
    assert tags.open == []
    assert tags.reaching == []
    assert "<script" not in text
    assert "\u202e" not in text
    assert not re.search(r"https?://", text)
    for config in TEXTS:
        assert config in text
    assert text.count("<polyline") == 6
