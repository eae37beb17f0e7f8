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
