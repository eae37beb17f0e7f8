"""A real browser for tests of the page: Debian's Chromium, driven by Playwright.

Where no browser is found, tests that need one are skipped and say so; in CI they fail.
"""

import os
import shutil
from contextlib import contextmanager

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Chromium looks up its maker's hosts in the background unless it is told not to.
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


def found_browser():
    """The path of a browser, or None."""
    named = os.environ.get("SAMPLER_BENCH_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def a_browser():
    """A browser for as long as the tests of a module need it."""
    path = found_browser()
    if path is None:
        message = "no Chromium: apt-get install chromium, or set SAMPLER_BENCH_CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """A page in the browser, with what it complained of and asked the network for."""

    def __init__(self, browser, path, fragment="", **context):
        self.context = browser.new_context(offline=True, **context)
        self.context.set_default_timeout(60_000)
        self.page = self.context.new_page()
        self.complaints, self.requests = [], []
        self.page.on("console", lambda m: self.complaints.append(f"{m.type}: {m.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.url = path.as_uri() + fragment
        self.page.goto(self.url)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()

    def draw_all(self):
        """Have every picture drawn, as before printing."""
        self.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        for place in self.page.locator(".plot").all():
            place.locator("svg").first.wait_for(state="attached")

    def reader(self):
        """Wait for the reader."""
        self.page.wait_for_selector('#reading[data-ready="true"]')
        return self.page

    def outside(self):
        """Requests for anything but the page itself and what is inside it."""
        return [
            u
            for u in self.requests
            if u != self.url.split("#")[0] and ":" in u and not u.startswith(("data:", "blob:"))
        ]


def serious_faults(page):
    """What axe finds wrong of a page, as far as it is serious or critical."""
    from axe_playwright_python.sync_playwright import Axe

    return [
        f"{fault['id']}: {node['html']}"
        for fault in Axe().run(page).response["violations"]
        for node in fault["nodes"]
        if fault["impact"] in ("serious", "critical")
    ]
